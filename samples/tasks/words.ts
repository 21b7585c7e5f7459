// The words of several files, counted by one task for each, and added up in a tree: node --import tsx samples/tasks/words.ts [FILE …]
import { type DagNode, dag, Engine } from 'flowc';

const data = 'node_modules/vega-datasets/data';
const defaults = [
  'movies.json',
  'birdstrikes.csv',
  'cars.json',
  'budgets.json',
  'annual-precip.json',
  'us-employment.csv',
];
const files = process.argv.length > 2 ? process.argv.slice(2) : defaults.map((name) => `${data}/${name}`);

/** Runs on a worker: everything it needs are its arguments, and what it imports. */
async function count(file: string): Promise<Map<string, number>> {
  const { readFile } = await import('node:fs/promises');
  const counts = new Map<string, number>();
  for (const [word] of (await readFile(file, 'utf8')).toLowerCase().matchAll(/\p{L}{5,}/gu)) {
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

function merge(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): Map<string, number> {
  const counts = new Map(a);
  for (const [word, n] of b) counts.set(word, (counts.get(word) ?? 0) + n);
  return counts;
}

function top(counts: ReadonlyMap<string, number>, n: number): [word: string, count: number][] {
  return [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, n);
}

const g = dag('words');
let level: DagNode<ReadonlyMap<string, number>>[] = files.map((file) => g.task(`count ${file}`, count, file));
for (let round = 1; level.length > 1; round++) {
  const below = level;
  level = below.flatMap((a, i) => {
    if (i % 2 === 1) return [];
    const b = below[i + 1];
    return b === undefined ? [a] : [g.task(`merge ${round}.${i / 2}`, merge, a, b)];
  });
}
const [all] = level;
if (all === undefined) throw new Error('no files');

const n = g.input('n', { default: 8 });
const words = g.output('top', g.task('top', top, all, n));

const engine = new Engine({ workers: 2 });
for (const [word, times] of (await words.run(engine)).top) console.log(word, times);
await engine.close();
