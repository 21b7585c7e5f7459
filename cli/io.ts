import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { suggest } from '../grammar/suggest.ts';
import { UsageError } from './exit.ts';

/** Standard output that survives a reader that leaves early (`flowc … | head`). */
export interface Output {
  /** Resolves when the stream can take more; resolves at once, writing nothing, after the reader has left. */
  write(chunk: string | Uint8Array): Promise<void>;
  /** Aborted when the reader has left. */
  readonly closed: AbortSignal;
  readonly isTTY: boolean;
  /** Columns of the terminal; undefined where lines may be of any length. */
  readonly columns: number | undefined;
}

/** Wraps a stream, once: it installs the handler without which a broken pipe ends the process with a stack trace. */
export function openOutput(stream: NodeJS.WriteStream): Output {
  const closed = new AbortController();
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
    closed.abort();
  });
  const write = (chunk: string | Uint8Array): Promise<void> => {
    if (closed.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => stream.write(chunk, () => resolve()));
  };
  return {
    write,
    closed: closed.signal,
    isTTY: stream.isTTY === true,
    get columns() {
      return stream.isTTY === true ? stream.columns : undefined;
    },
  };
}

/** A .flow file as text. `-` is standard input, named `<stdin>` in messages. */
export interface SourceText {
  readonly path: string;
  readonly text: string;
}

/** What is wrong with a path, by the system's error code; `{}` is what was to be done with the file. */
const FAILURES: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EISDIR: 'is a folder, not a file',
  EACCES: 'cannot be {}: permission denied',
  EPERM: 'cannot be {}: permission denied',
  EROFS: 'cannot be {}: the file system is read-only',
  ENOSPC: 'cannot be {}: the disk is full',
  EDQUOT: 'cannot be {}: the disk quota is used up',
  ENOTDIR: 'does not exist: a part of its path is not a folder',
  ENAMETOOLONG: 'has too long a name',
  EMFILE: 'cannot be {}: too many files are open',
};

/**
 * Reads a .flow file.
 * @throws UsageError saying what is wrong with the path, or that the bytes are not UTF-8
 */
export function readSource(path: string): SourceText {
  const bytes = readBytes(path);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return { path: path === '-' ? '<stdin>' : path, text };
  } catch {
    throw new UsageError(`${path} is not UTF-8 text`, 'a .flow file is text; data files stand in its `from` steps');
  }
}

function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path === '-' ? 0 : path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new UsageError(`${path} does not exist`, nearby(path));
    throw fileError(path, error, 'read');
  }
}

/** The .flow file beside a missing one whose name is nearest, as a hint. */
function nearby(path: string): string | undefined {
  const folder = dirname(path);
  try {
    const files = readdirSync(folder).filter((name) => name.endsWith('.flow'));
    const near = suggest(basename(path), files);
    return near === null ? undefined : `did you mean ${join(folder, near)}?`;
  } catch {
    return existsSync(folder) ? undefined : `there is no folder ${folder} either`;
  }
}

/** A UsageError for a file that the system refuses, or the error itself when it is none of the user's making. */
export function fileError(path: string, error: unknown, aim: 'read' | 'written'): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === undefined) return error;
  const failure = FAILURES[code]?.replace('{}', aim) ?? `cannot be ${aim} (${code})`;
  return new UsageError(`${path} ${failure}`);
}
