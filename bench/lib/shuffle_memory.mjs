// A shuffle of rows that lie in the store, without spilling, by the library: map tasks split them, reduce tasks read what they got.
import { Engine, fromModule, shuffle, task } from '../../dist/index.js';
import { processorMs } from './processor.mjs';

const WARM_UP = 2;
const WORKERS = new URL('../../dist/shuffle_tasks.js', import.meta.url);

/**
 * `between` is run after each run that counts.
 * @returns {Promise<Record<'split' | 'whole', { clock: number[], processors: number[] }>>} milliseconds of splitting, and with reading every row; `processors`: that
 * all processors together worked for it, which is the same however busy the machine is otherwise
 */
export function inMemoryShuffle({ bytes, partitions, workers, runs }, between) {
  const engine = new Engine({ workers, memory: 4 * 2 ** 30 });
  return measure(engine, { bytes, partitions, workers, runs }, between).finally(() => engine.close());
}

async function measure(engine, { bytes, partitions, workers, runs }, between) {
  const split = { clock: [], processors: [] };
  const whole = { clock: [], processors: [] };
  const maps = 4 * workers;
  const rows = Math.floor(bytes / maps / 16);
  const make = task(fromModule(WORKERS, 'make'), { name: 'make' });
  const inputs = Array.from({ length: maps }, (_, m) => engine.task(make, { first: m * rows, rows, seed: 1 }));
  await engine.wait(inputs, { count: maps });
  for (let i = 0; i < runs + WARM_UP; i++) {
    const started = processorMs();
    let mapped = started;
    const done = await shuffle(engine, {
      inputs,
      map: fromModule(WORKERS, 'mapRows'),
      partitions,
      reduce: fromModule(WORKERS, 'foldPieces'),
      strategy: 'simple',
      bytes,
      width: 2,
      onProgress: ({ phase }) => {
        if (phase === 'map') mapped = processorMs();
      },
    });
    const ended = processorMs();
    for (const r of done.results) r.release();
    // The first runs touch the memory and compile.
    if (i < WARM_UP) continue;
    split.clock.push(done.mapMs);
    split.processors.push(mapped - started);
    whole.clock.push(done.mapMs + done.reduceMs);
    whole.processors.push(ended - started);
    await between();
  }
  return { split, whole };
}
