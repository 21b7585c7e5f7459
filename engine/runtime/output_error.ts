import { RunError } from '../errors.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would become larger than the file system allows',
  EACCES: 'no permission to write there',
  EPERM: 'no permission to write there',
  ENOTDIR: 'a part of the path is not a folder',
  EEXIST: 'a part of the path is not a folder',
  ENOENT: 'the folder is not there and cannot be made',
  EISDIR: 'it is a folder',
  EROFS: 'the file system is read-only',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'its symbolic links go round in circles',
  EIO: 'the disk reports an error',
  EPIPE: 'its reader has left',
};

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: 'free some space, or write to another disk; nothing was left there',
  EDQUOT: 'free some space, or write to another disk; nothing was left there',
  EISDIR: 'name a file in it',
};

/** A failed system call on an output becomes a run error that names the file; anything else passes. */
export function outputError(e: unknown, path: string): unknown {
  if (!(e instanceof Error) || !('code' in e) || !('syscall' in e)) return e;
  const code = String(e.code);
  if (code === 'EPIPE' && path === '-')
    return new RunError('FLOW7012', 'the reader of standard output has left', { file: path });
  const shown = path === '-' ? 'standard output' : path;
  return new RunError('FLOW7006', `cannot write ${shown}: ${REASONS[code] ?? e.message}`, { file: path }, HINTS[code]);
}
