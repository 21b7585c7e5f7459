import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { shuffleExperiment } from '../../engine/shuffle_tasks/experiment.ts';
import { Engine, type Ref, RunError, shuffle } from '../../index.ts';

const folder = mkdtempSync(join(tmpdir(), 'flowc-shuffle-faults-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** Where calls that end their thread leave a mark that they did; threads get the environment as it is when they start. */
const MARKS = 'FLOWC_TEST_MARKS';

const splitNumbers = async (from: number, partitions: number): Promise<Float64Array[]> => {
  const { existsSync, writeFileSync } = await import('node:fs');
  const mark = `${process.env.FLOWC_TEST_MARKS}/map`;
  if (from === 3000 && !existsSync(mark)) {
    writeFileSync(mark, '');
    process.exit(1);
  }
  const pieces: number[][] = Array.from({ length: partitions }, () => []);
  for (let i = from; i < from + 1000; i++) pieces[i % partitions]?.push(i);
  return pieces.map((p) => Float64Array.from(p));
};

const sumUp = async (pieces: readonly Float64Array[], partition: number): Promise<number> => {
  const { existsSync, writeFileSync } = await import('node:fs');
  const mark = `${process.env.FLOWC_TEST_MARKS}/reduce`;
  if (partition === 2 && !existsSync(mark)) {
    writeFileSync(mark, '');
    process.exit(1);
  }
  return pieces.reduce((n, p) => n + p.reduce((x, y) => x + y, 0), 0);
};

for (const strategy of ['simple', 'push'] as const) {
  test(`${strategy}: a worker that dies in a map or in a reduce costs time only`, async () => {
    process.env[MARKS] = mkdtempSync(join(folder, 'marks-'));
    const engine = new Engine({ workers: 2, memory: 64 << 20, spillDirs: [folder] });
    try {
      const inputs = Array.from({ length: 8 }, (_, m) => 1000 * m);
      const done = await shuffle(engine, { inputs, map: splitNumbers, partitions: 5, reduce: sumUp, strategy });
      const expected = [0, 1, 2, 3, 4].map((p) => {
        let sum = 0;
        for (let i = p; i < 8000; i += 5) sum += i;
        return sum;
      });
      assert.equal(await engine.get(done.results), expected);
      assert.is(engine.stats().tasks.workersLost, 2);
      assert.equal(readdirSync(process.env[MARKS] as string).sort(), ['map', 'reduce']);
    } finally {
      await engine.close();
    }
  });
}

const storages: Readonly<Record<string, string>> = {
  'fails now and then': 'fail=0.1&seed=3',
  'flips bits': 'flip=0.05&seed=5',
  'refuses deletes': 'keep=1&seed=6',
};

for (const [what, query] of Object.entries(storages)) {
  test(`storage that ${what}: every row arrives`, async () => {
    for (const strategy of ['simple', 'push'] as const) {
      const dir = join(folder, `${strategy}-${query.replaceAll(/\W/g, '-')}`);
      const engine = new Engine({ workers: 2, memory: 24 << 20, spillDirs: [`unstable:${dir}?${query}`] });
      try {
        const report = await shuffleExperiment(engine, {
          partitions: 10,
          partitionBytes: 4 << 20,
          seed: 1,
          streaming: true,
          strategy,
          verify: true,
        });
        assert.is(report.bytes, 40 << 20);
        assert.ok(engine.stats().spill.spilledBytes > 0);
      } finally {
        await engine.close();
      }
    }
  });
}

test('storage that loses files: every row arrives, or the error says what is lost', async () => {
  for (const seed of [1, 2, 3, 4]) {
    const dir = join(folder, `lose-${seed}`);
    const engine = new Engine({ workers: 2, memory: 24 << 20, spillDirs: [`unstable:${dir}?lose=0.1&seed=${seed}`] });
    try {
      const e = {
        partitions: 10,
        partitionBytes: 4 << 20,
        seed: 1,
        streaming: true,
        strategy: 'auto',
        verify: true,
      } as const;
      const error = await shuffleExperiment(engine, e).then(
        () => null,
        (reason: unknown) => reason,
      );
      if (error === null) continue;
      assert.instance(error, RunError);
      assert.match((error as RunError).code, /^FLOW70(08|15)$/);
    } finally {
      await engine.close();
    }
  }
});

/** Worker threads that run, as node tells of them. */
const workers = new Set<Worker>();
process.on('worker', (w) => {
  workers.add(w);
  w.once('exit', () => workers.delete(w));
});

/** Ends all threads when the second task of that name is done: others of the phase run then. Counts them. */
function killDuring(engine: Engine, name: string): () => number {
  let seen = 0;
  const submit = engine.task.bind(engine) as (...args: unknown[]) => Ref<unknown> | Ref<unknown>[];
  const watched = (...args: unknown[]): Ref<unknown> | Ref<unknown>[] => {
    const made = submit(...args);
    const first = Array.isArray(made) ? made[0] : made;
    if (first?.name.includes(name)) {
      void engine.wait([first]).then(() => {
        if (++seen === 2) for (const w of workers) void w.terminate();
      });
    }
    return made;
  };
  Object.assign(engine, { task: watched });
  return () => seen;
}

for (const phase of ['map', 'merge', 'reduce']) {
  test(`push: workers killed during a ${phase} cost time only`, async () => {
    const engine = new Engine({ workers: 2, memory: 24 << 20, spillDirs: [folder] });
    const seen = killDuring(engine, phase);
    try {
      const e = { partitions: 12, partitionBytes: 2 << 20, seed: 1, streaming: true, strategy: 'push' } as const;
      const report = await shuffleExperiment(engine, { ...e, verify: true });
      assert.is(report.bytes, 24 << 20);
      assert.ok(seen() >= 2, `${seen()} tasks of the phase`);
      assert.ok(engine.stats().tasks.workersLost >= 1);
    } finally {
      await engine.close();
    }
  });
}

test('nothing is left in the folders', () => {
  const names = readdirSync(folder, { recursive: true }) as string[];
  assert.equal(
    names.filter((name) => /(^|\/)flowc-\d+-/.test(name)),
    [],
  );
});

test.run();
