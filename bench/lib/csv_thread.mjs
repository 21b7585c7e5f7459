// A thread of bench/csv.mjs: takes splits of a file in turn with the other threads and reads them.
import { parentPort, workerData } from 'node:worker_threads';
import { register } from 'tsx/esm/api';
import { profiled } from './profile.mjs';

register();
const { csvReader } = await import('../../engine/formats/csv.ts');
const { collectWriter } = await import('../../engine/shuffle/collect.ts');
const { arenaScratch } = await import('../../engine/memory/scratch.ts');
const { useKernels } = await import('../../engine/kernels/load.ts');
const { attachStore } = await import('../../engine/store/store.ts');

const { thread, control, profile } = workerData;
const store = attachStore(workerData.store, thread + 1);
const reader = csvReader();
const scratch = arenaScratch(store, 'bench');
const ctx = {
  scratch,
  store,
  grant: 64 << 20,
  index: thread,
  check() {},
  side() {},
  reject() {},
  shared: (_k, make) => make(),
};

/** Splits are claimed by a counter in shared memory. */
function* claimed(splits) {
  for (let i = Atomics.add(control, 1, 1); i < splits.length; i = Atomics.add(control, 1, 1)) yield splits[i];
}

const work = {
  probe({ scan, splits }) {
    const answers = [];
    for (const s of claimed(splits)) answers.push([splits.indexOf(s), reader.probe(s, scan, ctx)]);
    return Promise.all(answers.map(async ([i, answer]) => [i, await answer]));
  },
  /** Batches are looked at and gone. */
  async read({ scan, splits }) {
    let rows = 0;
    for (const s of claimed(splits)) for await (const b of reader.read(s, scan, ctx, () => {})) rows += b.rows;
    return { rows, objects: [] };
  },
  /** Batches stay in the store, as between two stages. */
  async keep({ scan, splits }) {
    let rows = 0;
    const writer = collectWriter(ctx, scan.schema);
    for (const s of claimed(splits)) {
      for await (const b of reader.read(s, scan, ctx, () => {})) {
        rows += b.rows;
        writer.add(b);
      }
    }
    const objects = [...new Set(writer.finish().map((r) => r.object))];
    writer.free();
    return { rows, objects };
  },
};

async function run(message) {
  useKernels(message.kernels);
  const generation = Atomics.load(control, 0);
  parentPort.postMessage('set');
  Atomics.wait(control, 0, generation);
  parentPort.postMessage(await profiled(profile && message.what !== 'probe', () => work[message.what](message)));
}

parentPort.on('message', (message) => {
  if (message.what !== 'end') return void run(message);
  scratch.release();
  parentPort.close();
});
parentPort.postMessage('ready');
