/**
 * The code of the command, compiled once: V8 takes longer to compile it than a small run takes. Compiled code lies in a folder of the user's own, as what lies there is
 * executed. NODE_DISABLE_COMPILE_CACHE=1 prevents it. Whatever goes wrong with the folder, the command is compiled anew.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, Script } from 'node:vm';
import { crc32 } from 'node:zlib';
import { version } from './version.ts';

/** Functions are compiled when they are first called, so that what is kept grows with what was run. After it was written so many times it stays as it is. */
const MOST_WRITES = 4;
/** V8 drops the code of functions that were not called for a while: after longer runs that of starting is gone. */
const LONG_RUN_MICROSECONDS = 5e6;

/** A file ends in a checksum of the code, which V8 trusts, and the build; in how often it was written. */
const TAIL = 8;

interface Kept {
  readonly code: Buffer | undefined;
  readonly writes: number;
}

/**
 * Runs a script of dist/ as a CommonJS module, from compiled code where there is some.
 * @param url of the script
 * @param build changes with its content
 * @param role what the process does: what is compiled is kept for each by itself
 */
export function runCached(url: URL, build: string, role: string): unknown {
  const path = fileURLToPath(url);
  const folder = process.env.NODE_DISABLE_COMPILE_CACHE === '1' ? null : cacheFolder();
  const file = folder === null ? '' : join(folder, `${version}-${process.version}-${process.arch}-${role}`);
  const kept = folder === null ? NOTHING : read(file, build);
  // The build escapes what is not ASCII.
  const ascii = readFileSync(path, 'latin1');
  const script = new Script(`(function (module, require, moduleUrl) {${ascii}\n})`, {
    // As a URL, as in the frames of modules.
    filename: url.href,
    ...(kept.code === undefined ? {} : { cachedData: kept.code }),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const writes = script.cachedDataRejected === true ? 0 : kept.writes;
  if (folder !== null && writes < MOST_WRITES) {
    process.on('exit', () => {
      if (process.cpuUsage().user < LONG_RUN_MICROSECONDS) keep(folder, file, script, build, writes + 1);
    });
  }
  const module = { exports: {} };
  const run = script.runInThisContext() as (module: object, require: NodeJS.Require, moduleUrl: string) => void;
  run(module, createRequire(url), url.href);
  return module.exports;
}

const NOTHING: Kept = { code: undefined, writes: 0 };

function cacheFolder(): string | null {
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
function keep(folder: string, file: string, script: Script, build: string, writes: number): void {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
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
