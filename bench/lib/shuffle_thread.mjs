// One thread of the rates that bench/shuffle.mjs compares with: writes, reads or copies `bytes` bytes and tells when it began and ended.
import { closeSync, openSync, readSync, writevSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';

const { kind, dir, bytes, index, ready, workers } = workerData;
/** As spill files are: large blocks, a new file every 100 MiB. */
const BLOCK = 64 << 20;
const FILE = 100 << 20;
const now = () => performance.timeOrigin + performance.now();
/** Not a block that stays in the cache: what a store spills comes from memory, and what it reads goes there. */
const ROOM = 4 * BLOCK;
const memory = new Uint8Array(new SharedArrayBuffer(kind === 'copy' ? 2 * bytes : ROOM)).fill(index + 1);

function eachPart(visit) {
  let turn = 0;
  for (let at = 0; at < bytes; ) {
    const inFile = at % FILE;
    const n = Math.min(BLOCK, FILE - inFile, bytes - at);
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
    files.set(number, openSync(join(dir, `rate-${index}-${number}`), flags));
  }
  return files.get(number);
}

function run() {
  if (kind === 'write') eachPart((f, at, part) => writevSync(file(f, 'w'), [part], at));
  else if (kind === 'read') eachPart((f, at, part) => readSync(file(f, 'r'), part, 0, part.length, at));
  else memory.copyWithin(bytes, 0, bytes);
}

if (kind === 'copy') run();
// All begin together, with their memory touched.
Atomics.add(ready, 0, 1);
Atomics.notify(ready, 0);
for (let n = Atomics.load(ready, 0); n < workers; n = Atomics.load(ready, 0)) Atomics.wait(ready, 0, n);
const start = now();
run();
parentPort.postMessage({ start, end: now() });
