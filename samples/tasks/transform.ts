// Three steps over more numbers than fit into memory: measure, standardize, summarize: node --import tsx samples/tasks/transform.ts
import { dag, Engine } from 'flowc';

const PARTS = 12;
const ROWS = 500_000;

function measure(part: number, rows: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => ((part * rows + i) % 1009) + part);
}

function moments(xs: Float64Array): { n: number; sum: number; squares: number } {
  let sum = 0;
  let squares = 0;
  for (const x of xs) {
    sum += x;
    squares += x * x;
  }
  return { n: xs.length, sum, squares };
}

function scaleOf(all: readonly { n: number; sum: number; squares: number }[]): { mean: number; sd: number } {
  const n = all.reduce((a, m) => a + m.n, 0);
  const mean = all.reduce((a, m) => a + m.sum, 0) / n;
  return { mean, sd: Math.sqrt(all.reduce((a, m) => a + m.squares, 0) / n - mean ** 2) };
}

/** The argument lies in the store and must not be written to: the result is an array of its own. */
function standardize(xs: Float64Array, { mean, sd }: { mean: number; sd: number }): Float64Array {
  return xs.map((x) => (x - mean) / sd);
}

function histogram(xs: Float64Array): Uint32Array {
  const bins = new Uint32Array(8);
  for (const x of xs) {
    const bin = Math.min(7, Math.max(0, Math.floor(2 * x) + 4));
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  return bins;
}

function addUp(all: readonly Uint32Array[]): number[] {
  return Array.from({ length: 8 }, (_, bin) => all.reduce((sum, bins) => sum + (bins[bin] ?? 0), 0));
}

const g = dag('transform');
const parts = Array.from({ length: PARTS }, (_, i) => g.task(`measure ${i}`, measure, i, ROWS));
const scale = g.task(
  'scale',
  scaleOf,
  parts.map((part, i) => g.task(`moments ${i}`, moments, part)),
);
// All parts are needed again once the scale is known: until then they lie in the store, or spilled.
const bins = parts.map((part, i) =>
  g.task(`histogram ${i}`, histogram, g.task(`standardize ${i}`, standardize, part, scale)),
);
const steps = g.output('scale', scale).output('bins', g.task('add up', addUp, bins));

// 48 MB of numbers, twice, through 32 MiB.
const engine = new Engine({ workers: 2, memory: 32 * 2 ** 20 });
const { scale: found, bins: counts } = await steps.run(engine);
console.log(`mean ${found.mean.toFixed(3)}, standard deviation ${found.sd.toFixed(3)}`);
counts.forEach((count, i) => {
  console.log(`${(i / 2 - 2).toFixed(1).padStart(4)} ${'#'.repeat(Math.round(count / 40_000))} ${count}`);
});
console.log(engine.stats().spill.spilledBytes > 0 ? 'spilled' : 'in memory');
await engine.close();
