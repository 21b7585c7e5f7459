/**
 * Scripts of dist/, compiled once: V8 takes longer to compile them than a small run takes. Compiled code lies in a folder of the user's own, as what lies there is
 * executed. NODE_DISABLE_COMPILE_CACHE=1 prevents it. Whatever goes wrong with the folder, a script is compiled anew.
 */

import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cachedDataVersionTag } from 'node:v8';
import { Script } from 'node:vm';
import { threadId } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import { makeFolders } from '../io/folders.ts';
import { SCRIPTS } from './script_name.ts';

/** Functions are compiled when they are first called, so that what is kept grows with what was run. After it was written so many times it stays as it is. */
const MOST_WRITES = 6;
/** A file ends in a checksum of the code, which V8 trusts, and the build; in how often it was written. */
const TAIL = 8;

interface Kept {
  readonly code: Buffer | undefined;
  readonly writes: number;
}

type Import = (specifier: string) => Promise<unknown>;
type Run = (module: object, require: NodeJS.Require, moduleUrl: string, importFor: Import) => void;

export interface CachedScript {
  readonly exports: unknown;
  /** Keeps what is compiled by now, once; null: it is not worth it. */
  readonly keep: (() => void) | null;
}

/**
 * Runs a script of dist/ as a CommonJS module, from compiled code where there is some. The build has made a function of it.
 * @param url of the script
 * @param build `version+hash`; the hash changes with its content
 * @param importFor imports a module for it
 * @param role what the process or thread does: what is compiled is kept for each by itself
 */
export function runCached(url: URL, build: string, role: string, importFor: Import): CachedScript {
  const path = fileURLToPath(url);
  const folder = cacheFolder();
  const [version] = build.split('+', 1);
  const tag = cachedDataVersionTag();
  const file = folder === null ? '' : join(folder, `${version}-${process.version}-${process.arch}-${tag}-${role}`);
  const kept = folder === null ? NOTHING : read(file, build);
  // The build escapes what is not ASCII.
  const script = new Script(readFileSync(path, 'latin1'), {
    // Kept code has the name in frames that it was compiled with, wherever flowc lies that uses it.
    filename: folder === null ? url.href : `${SCRIPTS}${basename(path)}`,
    ...(kept.code === undefined ? {} : { cachedData: kept.code }),
  });
  const writes = script.cachedDataRejected === true ? 0 : kept.writes;
  const module = { exports: {} };
  const run = script.runInThisContext() as Run;
  run(module, createRequire(url), url.href, importFor);
  const keep = (): void => {
    // V8 takes code only under the flags it was kept under, which may have been changed since.
    if (folder !== null && cachedDataVersionTag() === tag) write(folder, file, script, build, writes + 1);
  };
  return { exports: module.exports, keep: folder === null || writes >= MOST_WRITES ? null : keep };
}

const NOTHING: Kept = { code: undefined, writes: 0 };

/** Code from there has no counters of coverage. */
function cacheFolder(): string | null {
  if (process.env.NODE_DISABLE_COMPILE_CACHE === '1' || process.env.NODE_V8_COVERAGE !== undefined) return null;
  try {
    return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'flowc');
  } catch {
    // Without a home there is no such folder.
    return null;
  }
}

function read(file: string, build: string): Kept {
  try {
    const bytes = readFileSync(file);
    const code = bytes.subarray(0, -TAIL);
    if (crc32(code, crc32(build)) !== bytes.readUInt32LE(code.length)) return NOTHING;
    return { code, writes: bytes.readUInt32LE(code.length + 4) };
  } catch {
    return NOTHING;
  }
}

/** Whole or not at all: other processes may read it now. */
function write(folder: string, file: string, script: Script, build: string, writes: number): void {
  const temporary = `${file}.${process.pid}-${threadId}.tmp`;
  try {
    makeFolders(folder, [], 0o700);
    const code = script.createCachedData();
    const tail = Buffer.alloc(TAIL);
    tail.writeUInt32LE(crc32(code, crc32(build)), 0);
    tail.writeUInt32LE(writes, 4);
    writeFileSync(temporary, Buffer.concat([code, tail]), { mode: 0o600 });
    renameSync(temporary, file);
  } catch {
    remove(temporary);
  }
}

function remove(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // Where nothing can be written there is nothing to remove.
  }
}
