import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EngineBug, RunError } from '../../engine/errors.ts';
import { type ShuffleOptions, type ShuffleProgress, shuffle } from '../../engine/shuffle_tasks/shuffle.ts';
import { fakeEngine } from './fake_engine.ts';

const splitNumbers = (input: number[], partitions: number): Float64Array[] => {
  const pieces: number[][] = Array.from({ length: partitions }, () => []);
  for (const v of input) pieces[v % partitions]?.push(v);
  return pieces.map((p) => Float64Array.from(p));
};
const concat = (pieces: readonly Float64Array[], _p: number, before: number[] | undefined): number[] => [
  ...(before ?? []),
  ...pieces.flatMap((p) => [...p]),
];

const numbers = (
  n: number,
): Partial<ShuffleOptions<number[], Float64Array, number[]>> &
  Pick<ShuffleOptions<number[], Float64Array, number[]>, 'inputs' | 'map' | 'reduce'> => ({
  inputs: Array.from({ length: n }, (_, m) => Array.from({ length: (m * 7) % 13 }, (_, i) => m * 100 + i)),
  map: splitNumbers,
  reduce: concat,
});

function reference(inputs: readonly (readonly number[])[], partitions: number): number[][] {
  return Array.from({ length: partitions }, (_, p) => inputs.flatMap((all) => all.filter((v) => v % partitions === p)));
}

test('any strategy, memory, workers and order of arrival gives the same, and leaves nothing', async () => {
  const cases = fc.record({
    maps: fc.integer({ min: 0, max: 20 }),
    partitions: fc.integer({ min: 1, max: 9 }),
    workers: fc.integer({ min: 1, max: 4 }),
    memory: fc.integer({ min: 100, max: 20_000 }),
    strategy: fc.constantFrom('simple' as const, 'push' as const, 'auto' as const),
    streaming: fc.boolean(),
    bytes: fc.constantFrom(undefined, 5000),
    delays: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 7 }),
  });
  await fc.assert(
    fc.asyncProperty(cases, async ({ maps, partitions, workers, memory, strategy, streaming, bytes, delays }) => {
      let turn = 0;
      const fake = fakeEngine({ workers, memory, delay: () => delays[turn++ % delays.length] as number });
      try {
        const o = numbers(maps);
        const done = await shuffle(fake.engine, { ...o, partitions, strategy, streaming, ...(bytes ? { bytes } : {}) });
        const results = await Promise.all(done.results.map((r) => fake.engine.get(r)));
        const expected = reference(o.inputs as number[][], partitions);
        assert.equal(results, expected);
        assert.is(done.rows, expected.flat().length);
        assert.is(done.bytes, 8 * done.rows);
        assert.is(fake.live.size, partitions);
        assert.is(fake.store.stats().objects, 0);
      } finally {
        fake.store.close();
      }
    }),
    { numRuns: 40 },
  );
});

test('push: maps by rounds, few pieces for each reduce', async () => {
  const fake = fakeEngine({ memory: 10_000 });
  const seen: number[] = [];
  const done = await shuffle(fake.engine, {
    ...numbers(12),
    partitions: 4,
    strategy: 'push',
    bytes: 6000,
    reduce: (pieces: readonly Float64Array[]) => pieces.length,
  });
  for (const r of done.results) seen.push((await fake.engine.get(r)) as number);
  assert.is(done.strategy, 'push');
  assert.is(done.rounds, 3);
  assert.equal(seen, [3, 3, 3, 3]);
  assert.is(fake.counts.get('shuffle merge'), 3 * 2);
  fake.store.close();
});

test('streaming: a partition larger than memory is reduced by steps', async () => {
  const fake = fakeEngine({ memory: 2000 });
  const big = Array.from({ length: 500 }, (_, i) => 2 * i);
  const done = await shuffle(fake.engine, {
    inputs: [big, big, big],
    map: splitNumbers,
    partitions: 1,
    streaming: true,
    strategy: 'simple',
    reduce: (pieces: readonly Float64Array[], _p: number, before: number[] | undefined) => [
      ...(before ?? []),
      pieces.length,
    ],
  });
  assert.equal(await fake.engine.get(done.results[0] as never), [1, 1, 1]);
  fake.store.close();
});

test('no more than inFlight tasks are at work, and progress never passes what there is', async () => {
  const fake = fakeEngine({ delay: () => 2 });
  const seen: ShuffleProgress[] = [];
  await shuffle(fake.engine, { ...numbers(15), partitions: 6, inFlight: 3, onProgress: (p) => seen.push(p) });
  assert.ok(fake.most <= 3, `${fake.most} at once`);
  for (const phase of ['map', 'reduce']) {
    const own = seen.filter((p) => p.phase === phase);
    const total = reference(numbers(15).inputs as number[][], 1).flat().length;
    assert.is(own.at(-1)?.done, own.at(-1)?.tasks);
    assert.is(own.at(-1)?.rows, total);
    assert.ok(own.every((p, i) => p.rows <= total && p.done === i + 1));
  }
  fake.store.close();
});

test('inputs made when their task is due are released', async () => {
  const fake = fakeEngine();
  let open = 0;
  const done = await shuffle(fake.engine, {
    ...numbers(0),
    inputs: Array.from({ length: 5 }, (_, i) => () => {
      open++;
      return fake.ref([i, i + 1]) as never;
    }),
    partitions: 2,
  });
  assert.is(open, 5);
  assert.is(fake.live.size, done.results.length);
  fake.store.close();
});

test('what a function throws ends it, and leaves nothing', async () => {
  for (const strategy of ['simple', 'push'] as const) {
    for (const where of ['map', 'reduce'] as const) {
      const fake = fakeEngine();
      const failing = () => {
        throw new Error('no such luck');
      };
      const error = await shuffle(fake.engine, { ...numbers(9), partitions: 3, strategy, [where]: failing }).catch(
        (e: Error) => e,
      );
      assert.match((error as Error).message, 'no such luck');
      assert.is(fake.live.size, 0);
      fake.store.close();
    }
  }
});

test('a map must give a piece for each partition', async () => {
  const fake = fakeEngine();
  const error = await shuffle(fake.engine, { ...numbers(2), partitions: 3, map: () => [new Float64Array(1)] }).catch(
    (e: RunError) => e,
  );
  assert.match((error as Error).message, 'must return 3 pieces, but returned 1 values');
  fake.store.close();
});

test('lost rows are a bug that says how many', async () => {
  const fake = fakeEngine();
  const { task } = fake.engine;
  // A store that loses a piece.
  const engine = {
    ...fake.engine,
    task: (def: never, ...args: readonly unknown[]) =>
      task(def, ...(args.length > 6 && args[1] === 1 ? args.slice(0, -1) : args)),
  };
  const error = await shuffle(engine, {
    ...numbers(6),
    inputs: [
      [1, 2, 3],
      [4, 5, 7],
    ],
    partitions: 2,
    strategy: 'simple',
  }).catch((e: Error) => e);
  assert.instance(error, EngineBug);
  assert.match((error as Error).message, /partition 1 of a shuffle: 4 rows, 32 bytes went in and 2 rows, 16 bytes/);
  fake.store.close();
});

test('bad options are told before anything starts', async () => {
  const fake = fakeEngine();
  for (const bad of [{ partitions: 0 }, { partitions: 1.5 }, { inFlight: 0 }, { strategy: 'pull' }, { bytes: -1 }]) {
    const error = await shuffle(fake.engine, { ...numbers(2), partitions: 2, ...(bad as object) }).catch((e) => e);
    assert.instance(error, RunError);
    assert.is((error as RunError).code, 'FLOW7016');
  }
  assert.is(fake.counts.size, 0);
  fake.store.close();
});

test.run();
