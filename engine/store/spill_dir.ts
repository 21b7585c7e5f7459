import * as fs from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { RunError } from '../errors.ts';
import { makeFolders } from '../io/folders.ts';
import { randomName } from '../random_name.ts';
import { isAlive, isGone, OWNER_FILE, type Owner, ownOwner, SPILL_FOLDER } from './spill_owner.ts';

/** A folder without an owner file this old was left by a process that died between making the two. */
const NEWBORN_MS = 60_000;

/** Name of a new folder for the spill files of one store, in each of its spill directories; nothing is made yet. */
export function spillFolderName(): string {
  return `flowc-${process.pid}-${randomName()}`;
}

/** Path of such a folder in one directory. */
export function spillFolder(dir: string): string {
  return join(resolve(dir), spillFolderName());
}

/** Makes the folder and says in it whose it is. */
export function makeSpillFolder(folder: string): void {
  makeFolders(folder);
  fs.writeFileSync(join(folder, OWNER_FILE), JSON.stringify(ownOwner()));
}

export function removeSpillFolder(folder: string): void {
  fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

/** Fails early when nothing could be spilled to `dir`: RunError FLOW7008 that names it. The directory need not exist yet. */
export function checkSpillDir(dir: string): void {
  let at = resolve(dir);
  for (;;) {
    const stat = statOf(at);
    if (stat === undefined && dirname(at) !== at) {
      at = dirname(at);
      continue;
    }
    if (stat === undefined || !stat.isDirectory()) throw cannotSpill(dir, `${at} is not a directory`);
    break;
  }
  try {
    fs.accessSync(at, fs.constants.W_OK | fs.constants.X_OK);
  } catch {
    throw cannotSpill(dir, `${at} is not writable`);
  }
}

function statOf(path: string): fs.Stats | undefined {
  try {
    return fs.statSync(path);
  } catch (e) {
    const { code } = e as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw cannotSpill(path, e instanceof Error ? e.message : String(e));
  }
}

/** Removes what processes that no longer run left in a spill directory. Never fails. */
export function cleanStale(dir: string): void {
  let names: string[];
  try {
    names = fs.readdirSync(dir);
  } catch {
    return;
  }
  for (const name of names) {
    const match = SPILL_FOLDER.exec(name);
    if (match === null) continue;
    const folder = join(dir, name);
    try {
      if (isStale(folder, Number(match[1]))) removeSpillFolder(folder);
    } catch {
      // Another user's, or another process was faster.
    }
  }
}

function isStale(folder: string, pid: number): boolean {
  const file = join(folder, OWNER_FILE);
  if (!fs.existsSync(file)) return !isAlive(pid) && Date.now() - fs.statSync(folder).mtimeMs > NEWBORN_MS;
  return isGone(JSON.parse(fs.readFileSync(file, 'utf8')) as Owner);
}

/** `dir`: the spill directory as the user named it. */
export function cannotSpill(dir: string, why: string): RunError {
  return new RunError(
    'FLOW7008',
    `cannot spill to ${dir}: ${why}`,
    { file: dir },
    'Give another directory with --spill-dir, or more memory with --memory.',
  );
}

/** A failed write of `bytes` bytes, with the space that is left. */
export function spillFailure(e: unknown, dir: string, bytes: number): RunError {
  if (e instanceof RunError) return e;
  const code = (e as NodeJS.ErrnoException).code;
  const why =
    code === 'ENOSPC'
      ? 'the disk is full'
      : code === 'EDQUOT'
        ? 'the disk quota is used up'
        : code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
          ? 'it is not writable'
          : e instanceof Error
            ? e.message
            : String(e);
  return cannotSpill(dir, `${why} (needed ${size(bytes)}${freeSpace(dir)})`);
}

function freeSpace(dir: string): string {
  try {
    const s = fs.statfsSync(dir);
    return `, free ${size(s.bavail * s.bsize)}`;
  } catch {
    // Not a folder of this machine.
    return '';
  }
}

export function size(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let u = 0;
  let n = bytes;
  while (n >= 1024 && u < units.length - 1) {
    n /= 1024;
    u++;
  }
  return `${u === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${units[u]}`;
}
