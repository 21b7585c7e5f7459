// Copies and fills within shared memory, by TypedArray and by kernel, at places that lie alike within 8 bytes and at places that do not: GB/s on one thread,
// medians. node bench/copy.mjs [--bytes N] [--runs N]
import { parseArgs } from 'node:util';
import { register } from 'tsx/esm/api';
import { median } from './lib/measure.mjs';

register();
const { createStore } = await import('../engine/store/store.ts');
const { copyInto, fillBytes } = await import('../engine/kernels/copy.ts');

const { values } = parseArgs({
  options: { bytes: { type: 'string', default: '262144' }, runs: { type: 'string', default: '200' } },
});
const [bytes, runs] = [values.bytes, values.runs].map(Number);
const store = createStore({ limit: 2 ** 28, threads: 1 });
const { view } = store.allocate(2 * bytes + 128, 'bench');
const to = view.subarray(bytes + 64);
const words = new Int32Array(to.buffer, to.byteOffset, bytes / 4);

const cases = [
  ['set, alike', () => to.set(view.subarray(0, bytes))],
  ['set, one byte apart', () => to.set(view.subarray(1, 1 + bytes))],
  ['set, four bytes apart', () => to.set(view.subarray(4, 4 + bytes))],
  ['copyInto, one byte apart', () => copyInto(to, view.subarray(1, 1 + bytes))],
  ['fill', () => to.fill(0, 0, bytes)],
  ['fill, four bytes a value', () => words.fill(0)],
  ['fillBytes', () => fillBytes(to, 0, 0, bytes)],
];
const times = cases.map(() => []);
// Side by side, so that what else the machine does falls on all alike.
for (let r = -5; r < runs; r++) {
  for (const [i, [, run]] of cases.entries()) {
    const start = performance.now();
    run();
    if (r >= 0) times[i].push(performance.now() - start);
  }
}
for (const [i, [name]] of cases.entries()) {
  console.log(`${name.padEnd(26)} ${(bytes / median(times[i]) / 1e6).toFixed(2).padStart(6)} GB/s`);
}
store.close();
