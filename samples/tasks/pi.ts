// Pi by throwing points at a square; an actor collects what the tasks find: node --import tsx samples/tasks/pi.ts [POINTS]
import { Engine } from 'flowc';

const points = Number(process.argv[2] ?? 4_000_000);
const tasks = 16;

/** Points within the circle, of a sequence of its own for each seed: the same in every run, on any number of workers. */
function throwPoints(seed: number, count: number): { inside: number; count: number } {
  let state = (seed * 0x9e3779b9 + 1) | 0;
  const random = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
  let inside = 0;
  for (let i = 0; i < count; i++) if (random() ** 2 + random() ** 2 < 1) inside++;
  return { inside, count };
}

/** Lives on a worker; its calls run one at a time, in the order in which they were made. */
class Collector {
  #inside = 0;
  #count = 0;

  add({ inside, count }: { inside: number; count: number }): string {
    this.#inside += inside;
    this.#count += count;
    return `${String(this.#count).padStart(8)} points: ${((4 * this.#inside) / this.#count).toFixed(4)}`;
  }
}

const engine = new Engine({ workers: 2 });
const collector = engine.actor(Collector);
const lines = Array.from({ length: tasks }, (_, seed) => {
  const found = engine.task(throwPoints, seed, Math.ceil(points / tasks));
  // The call waits for the task; nothing comes back to this thread but the line.
  return collector.call('add', found);
});
for (const line of lines) console.log(await engine.get(line));
collector.release();
await engine.close();
