// One thread of the rates that bench/shuffle.mjs compares with: writes, reads or copies `bytes` bytes and tells when it began and ended.
import { closeSync, constants, openSync, readSync, writevSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { processorMs } from './processor.mjs';

const { kind, dir, bytes, index, ready, workers, direct } = workerData;
/** As spill files are: large blocks, a new file every 100 MiB. */
const BLOCK = 64 << 20;
const FILE = 100 << 20;
const now = () => performance.timeOrigin + performance.now();
/** Not a block that stays in the cache: what a store spills comes from memory, and what it reads goes there. */
const ROOM = 4 * BLOCK;
const size = kind === 'copy' ? 2 * bytes : ROOM;
/** That of a WebAssembly memory lies at whole pages, as what goes past the system's cache must. */
const buffer = direct
  ? new WebAssembly.Memory({ initial: ROOM / 65536, maximum: ROOM / 65536, shared: true }).buffer
  : new SharedArrayBuffer(size);
const memory = new Uint8Array(buffer).fill(index + 1);
const past = direct ? constants.O_DIRECT : 0;
/** Sectors a file on the disk is written in: the last part of what goes past the cache is rounded up. */
const SECTOR = direct ? 4096 : 1;

function eachPart(visit) {
  let turn = 0;
  for (let at = 0; at < bytes; ) {
    const inFile = at % FILE;
    const n = Math.ceil(Math.min(BLOCK, FILE - inFile, bytes - at) / SECTOR) * SECTOR;
    const from = turn++ % (ROOM / BLOCK);
    visit(Math.floor(at / FILE), inFile, memory.subarray(from * BLOCK, from * BLOCK + n));
    at += n;
  }
}

const files = new Map();
function file(number, flags) {
  if (!files.has(number)) {
    for (const fd of files.values()) closeSync(fd);
    files.clear();
    files.set(number, openSync(join(dir, `rate-${index}-${number}`), flags | past));
  }
  return files.get(number);
}

function run() {
  if (kind === 'write')
    eachPart((f, at, part) =>
      writevSync(file(f, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC), [part], at),
    );
  else if (kind === 'read') eachPart((f, at, part) => readSync(file(f, constants.O_RDONLY), part, 0, part.length, at));
  else memory.copyWithin(bytes, 0, bytes);
}

if (kind === 'copy') run();
// All begin together, with their memory touched.
Atomics.add(ready, 0, 1);
Atomics.notify(ready, 0);
for (let n = Atomics.load(ready, 0); n < workers; n = Atomics.load(ready, 0)) Atomics.wait(ready, 0, n);
const start = now();
const worked = processorMs();
run();
parentPort.postMessage({ start, end: now(), worked, workedAtEnd: processorMs() });
