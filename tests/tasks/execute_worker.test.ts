import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { JOB } from '../../engine/runtime/messages.ts';
import type { CallJob } from '../../engine/tasks/types.ts';
import { startWorker, type TestWorker, type WorkerOptions } from './worker_harness.ts';

/** Every test has a thread of its own: what one does to it is no other's. */
function workerTest(name: string, body: (w: TestWorker) => Promise<void>, options: WorkerOptions = {}): void {
  test(name, async () => {
    const w = startWorker(options);
    try {
      await body(w);
    } finally {
      await w.end();
    }
  });
}

workerTest('a call is answered with its result', async (w) => {
  const a = await w.call((x: number, y: number) => x + y, [1, 2]);
  assert.ok(a.ok && 'results' in a);
  assert.equal(a.ok && 'results' in a && a.results, [{ kind: 'plain', value: 3 }]);
  assert.ok(Math.abs(a.start - (performance.timeOrigin + performance.now())) < 60_000);
  assert.is(w.words[JOB.RUNNING], 0);
});

workerTest('tiny jobs: each answered once, in order, many in a message', async (w) => {
  const f = (i: number): number => i;
  await w.call(f, [0]);
  w.messages.length = 0;
  const jobs = Array.from({ length: 5000 }, (_, i) => w.job(f, [i]));
  for (let i = 0; i < jobs.length; i += 500) w.send({ type: 'jobs', jobs: jobs.slice(i, i + 500) });
  await w.answer((jobs.at(-1) as CallJob).id);
  const answers = w.messages.flat();
  assert.equal(
    answers.map((a) => a.id),
    jobs.map((j) => j.id),
  );
  assert.ok(w.messages.length < answers.length / 5, `${w.messages.length} messages`);
});

workerTest('asynchronous jobs run one at a time, in order', async (w) => {
  const f = async (i: number): Promise<string> => {
    const g = globalThis as { active?: number };
    g.active = (g.active ?? 0) + 1;
    await new Promise((resolve) => setTimeout(resolve, 5 - i));
    const seen = g.active;
    g.active--;
    return `${i}:${seen}`;
  };
  const jobs = [0, 1, 2, 3].map((i) => w.job(f, [i]));
  w.send({ type: 'jobs', jobs });
  await w.answer((jobs.at(-1) as CallJob).id);
  assert.equal(
    w.messages.flat().map((a) => a.ok && 'results' in a && a.results[0]?.kind === 'plain' && a.results[0].value),
    ['0:1', '1:1', '2:1', '3:1'],
  );
});

workerTest('a large result is in the store; what a failed job left is not', async (w) => {
  const a = await w.call((n: number) => new Float64Array(n).fill(1.5), [100_000]);
  if (!a.ok || !('results' in a)) throw new Error('failed');
  const [place] = a.results;
  if (place?.kind !== 'object') throw new Error('not in the store');
  assert.equal(await w.value(place), new Float64Array(100_000).fill(1.5));
  w.store.release(place.object);
  const b = await w.call(() => [new Float64Array(100_000), () => 1], [], { returns: 2 });
  assert.not(b.ok);
  assert.not(b.ok || b.thrown);
  assert.is(w.store.stats().objects, 0);
});

workerTest('a result in the store survives the thread that made it, once answered', async (w) => {
  const f = (n: number): unknown => new Float64Array(n).fill(2);
  const made = w.job(f, [50_000]);
  const dying = w.job(() => process.exit(3));
  w.send({ type: 'jobs', jobs: [made, dying] });
  const a = await w.answer(made.id);
  assert.is((await w.death).code, 3);
  w.store.releaseThread(1);
  if (!a.ok || !('results' in a) || a.results[0] === undefined) throw new Error('failed');
  assert.equal(await w.value(a.results[0]), new Float64Array(50_000).fill(2));
});

workerTest('cancelled: waiting jobs are dropped, a running one is told', async (w) => {
  const waiting = async function (this: { signal: AbortSignal }): Promise<string> {
    await new Promise((resolve) => this.signal.addEventListener('abort', resolve));
    return `aborted: ${(this.signal.reason as { code: string }).code}`;
  };
  const jobs = [w.job(waiting), w.job(() => 1), w.job(() => 2)];
  const [running, dropped, kept] = jobs as [CallJob, CallJob, CallJob];
  w.send({ type: 'jobs', jobs });
  w.send({ type: 'cancel', jobs: [dropped.id, 12345] });
  const d = await w.answer(dropped.id);
  assert.is(d.ok ? null : d.error.code, 'FLOW7012');
  w.send({ type: 'cancel', jobs: [running.id] });
  const r = await w.answer(running.id);
  assert.equal(r.ok && 'results' in r && r.results, [{ kind: 'plain', value: 'aborted: FLOW7012' }]);
  assert.ok((await w.answer(kept.id)).ok);
});

workerTest('a cancellation reaches jobs that wait behind synchronous ones', async (w) => {
  const spin = (ms: number): void => {
    const end = performance.now() + ms;
    while (performance.now() < end);
  };
  const jobs = Array.from({ length: 50 }, () => w.job(spin, [4]));
  w.send({ type: 'jobs', jobs });
  await w.answer((jobs[0] as CallJob).id);
  const last = jobs.at(-1) as CallJob;
  w.send({ type: 'cancel', jobs: [last.id] });
  const a = await w.answer(last.id);
  assert.is(a.ok ? null : a.error.code, 'FLOW7012');
  assert.ok(w.messages.flat().length < jobs.length);
});

workerTest('an actor lives between calls, until it is dropped', async (w) => {
  class Counter {
    n = 0;
    next(): number {
      return ++this.n;
    }
  }
  const on = (method: string | null): Partial<CallJob> => ({ actor: { id: 7, method }, name: 'Counter' });
  assert.ok((await w.call(Counter, [], on(null))).ok);
  await w.call(Counter, [], on('next'));
  const a = await w.call(Counter, [], on('next'));
  assert.equal(a.ok && 'results' in a && a.results, [{ kind: 'plain', value: 2 }]);
  w.send({ type: 'drop', actors: [7] });
  assert.not((await w.call(Counter, [], on('next'))).ok);
});

workerTest('what a function throws comes as it was, without our frames', async (w) => {
  const a = await w.call(() => {
    throw Object.assign(new TypeError('boom'), { status: 1 });
  });
  if (a.ok) throw new Error('no failure');
  assert.ok(a.thrown);
  assert.is(a.error.name, 'TypeError');
  assert.equal(a.error.fields, { status: 1 });
  assert.match(a.error.stack ?? '', /^TypeError: boom\n {4}at .*closure/);
  assert.not.match(a.error.stack ?? '', /dist|node:internal/);
});

workerTest('process.exit in a function ends its thread only', async (w) => {
  w.send({ type: 'jobs', jobs: [w.job(() => process.exit(5))] });
  assert.equal(await w.death, { code: 5, error: null });
  assert.ok((w.words[JOB.RUNNING] as number) > 0);
});

workerTest('an error in a timer of user code ends the thread with its message, while a job runs', async (w) => {
  const f = async (): Promise<void> => {
    setTimeout(() => {
      throw new RangeError('from a timer');
    }, 1);
    await new Promise(() => {});
  };
  w.send({ type: 'jobs', jobs: [w.job(f)] });
  const { error } = await w.death;
  assert.is(error?.message, 'from a timer');
  assert.ok((w.words[JOB.RUNNING] as number) > 0);
});

test('a rejection nobody handles ends the thread, and is told where no job runs any more', () => {
  const child = new URL('./stray_child.ts', import.meta.url);
  const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', fileURLToPath(child)], {
    encoding: 'utf8',
  });
  assert.is(stdout, 'answered\ndied: nobody listens\n');
  assert.match(stderr, /flowc: an error outside of any task ended a worker thread: Error: nobody listens\n {4}at/);
});

workerTest(
  'lines a function logs arrive',
  async (w) => {
    const text = new Promise<string>((resolve) => {
      let got = '';
      w.worker.stdout.on('data', (d: Buffer) => {
        got += d.toString();
        if (got.includes('two')) resolve(got);
      });
    });
    await w.call(() => {
      console.log('line one');
      console.log('line two');
    });
    assert.is(await text, 'line one\nline two\n');
  },
  { stdout: true },
);

workerTest('import() in a closure finds packages from the working directory, without a warning', async (w) => {
  const f = async (): Promise<unknown> => {
    const warnings: string[] = [];
    process.on('warning', (x) => warnings.push(x.message));
    const { sep } = await import('node:path');
    const { Table } = await import('apache-arrow');
    await new Promise(setImmediate);
    return `${typeof sep} ${typeof Table} ${warnings.join()}`;
  };
  const a = await w.call(f);
  assert.equal(a.ok && 'results' in a && a.results, [{ kind: 'plain', value: 'string function ' }]);
});

workerTest('Arrow tables in and out', async (w) => {
  const { makeTable, Table } = await import('apache-arrow');
  const t = makeTable({ a: Int32Array.of(1, 2, 3) });
  const f = (input: { t: typeof t }): unknown => ({ sum: input.t.getChild('a')?.toArray().length, back: input.t });
  const a = await w.call(f, [{ t }]);
  if (!a.ok || !('results' in a) || a.results[0] === undefined) throw new Error(JSON.stringify(a));
  const value = (await w.value(a.results[0])) as { sum: number; back: typeof t };
  assert.is(value.sum, 3);
  assert.instance(value.back, Table);
  assert.equal(value.back.getChild('a')?.toArray(), Int32Array.of(1, 2, 3));
});

test.run();
