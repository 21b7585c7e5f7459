import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineBug, RunError } from '../errors.ts';
import { cleanStale, makeSpillFolder, removeSpillFolder, spillFolder } from '../store/spill_dir.ts';
import { readError, STDIN } from './files.ts';

let spool: string | null = null;
let spooling: Promise<string> | null = null;

/** Where the bytes of an input are: the path itself, or, for `-`, the temporary file that `spoolStdin` made. */
export function localPath(path: string): string {
  if (path !== STDIN) return path;
  if (spool === null) throw new EngineBug('standard input was not kept before it is read');
  return spool;
}

/**
 * Copies standard input, once a process, to a temporary file: planning samples it, workers then read it by ranges, and two sources may name it. The
 * file goes when the process ends. To be awaited before a source `-` is looked at; it does not block the thread, as input may be long in coming.
 * RunError FLOW7002 when it cannot be read, FLOW7008 when there is no room for it.
 */
export async function spoolStdin(): Promise<void> {
  spooling ??= copyStdin();
  spool = await spooling;
}

async function copyStdin(): Promise<string> {
  const folder = tempFolder();
  process.once('exit', () => removeSpillFolder(folder));
  const path = join(folder, 'input');
  const file = await open(path, 'wx', 0o600).catch(noRoom);
  try {
    for await (const chunk of chunks()) await file.writeFile(chunk).catch(noRoom);
  } finally {
    await file.close();
  }
  return path;
}

/** A folder like those of spill files: a later run recognises and removes it when this process is killed. */
function tempFolder(): string {
  try {
    cleanStale(tmpdir());
    const folder = spillFolder(tmpdir());
    makeSpillFolder(folder);
    return folder;
  } catch (e) {
    return noRoom(e);
  }
}

async function* chunks(): AsyncGenerator<Uint8Array> {
  try {
    yield* process.stdin as AsyncIterable<Uint8Array>;
  } catch (e) {
    throw readError(STDIN, e);
  }
}

function noRoom(e: unknown): never {
  throw new RunError(
    'FLOW7008',
    `cannot keep standard input in ${tmpdir()}: ${e instanceof Error ? e.message : String(e)}`,
    { file: tmpdir() },
    'set TMPDIR to a folder with more room',
  );
}
