// Cancellation and time limits: of tasks that wait, run, or cannot be interrupted.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Ref, task } from '../../index.ts';
import { failing, sleep, until, withEngine } from './support.ts';

const id = <T>(x: T): T => x;
const forever = (): void => {
  for (;;);
};

test('a waiting task, with all that depend on it', () =>
  withEngine({ workers: 1 }, async (engine) => {
    const gate = engine.task(async () => void (await new Promise((r) => setTimeout(r, 60))));
    const a = engine.task((x: unknown) => [x].length, gate);
    const b = engine.task(id, a);
    const c = engine.task((x: unknown[]) => x.length, [b, gate]);
    const other = engine.task((x: unknown) => x ?? 'other', gate);
    engine.cancel(a);
    for (const r of [a, b, c]) {
      const e = await failing(engine.get(r as Ref<unknown>), 'FLOW7012');
      assert.match(e.message, /task ".*" was cancelled/);
    }
    assert.is(await engine.get(other), 'other');
    assert.is(engine.tasks.stats().cancelled, 3);
    // Done already: nothing happens.
    engine.cancel(other);
    assert.is(await engine.get(other), 'other');
  }));

test('a running asynchronous task gets its signal', () =>
  withEngine({ workers: 1 }, async (engine) => {
    const listening = engine.task(
      task(async function listening(this: unknown): Promise<string> {
        const { signal } = this as { signal: AbortSignal };
        await new Promise((r) => signal.addEventListener('abort', r));
        return 'ended';
      }),
    );
    await until('it to run', () => engine.tasks.stats().running === 1);
    await sleep(100);
    engine.cancel(listening);
    await failing(engine.get(listening), 'FLOW7012');
    await until('the worker to be free', () => engine.tasks.stats().running === 0);
    assert.is(engine.tasks.stats().workersLost, 0);
    assert.is(await engine.get(engine.task(id, 1)), 1);
  }));

test('a running synchronous task is ended with its worker; others that were sent there run elsewhere', () =>
  withEngine({ workers: 1 }, async (engine) => {
    const stuck = engine.task(forever);
    const behind = engine.task(id, 2);
    await sleep(150);
    const started = Date.now();
    engine.cancel(stuck);
    await failing(engine.get(stuck), 'FLOW7012');
    assert.ok(Date.now() - started < 1000, 'the caller need not wait for it');
    assert.is(await engine.get(behind), 2);
    const { workersLost, retries } = engine.tasks.stats();
    assert.equal([workersLost, retries], [1, 0]);
  }));

test('an AbortSignal cancels all tasks made with it', () =>
  withEngine({ workers: 4 }, async (engine) => {
    const controller = new AbortController();
    const wait = task(async (ms: number) => void (await new Promise((r) => setTimeout(r, ms))), {
      signal: controller.signal,
    });
    const refs = [engine.task(wait, 100_000), engine.task(wait, 100_000), engine.task(wait, 100_000)];
    const after = engine.task(id, refs[0] as Ref<void>);
    const quick = engine.task(wait, 0);
    engine.cancel(refs[1] as Ref<void>);
    await engine.get(quick);
    controller.abort();
    for (const r of [...refs, after]) await failing(engine.get(r), 'FLOW7012');
    await failing(engine.get(engine.task(wait, 0)), 'FLOW7012');
  }));

test('results of a task that was cancelled while it ran are given back', () =>
  withEngine({}, async (engine) => {
    const late = engine.task(async () => {
      await new Promise((r) => setTimeout(r, 60));
      return new Float64Array(50_000);
    });
    await until('it to run', () => engine.tasks.stats().running === 1);
    engine.cancel(late);
    await failing(engine.get(late), 'FLOW7012');
    await until('it to end', () => engine.tasks.stats().running === 0);
    assert.is(engine.stats().memory.objects, 0);
  }));

test('a task that takes too long: FLOW7014, from its own start, and its worker is ended', () =>
  withEngine({ workers: 1 }, async (engine) => {
    const quick = task(
      (ms: number) => {
        const end = Date.now() + ms;
        while (Date.now() < end);
        return ms;
      },
      { timeout: 400, name: 'quick' },
    );
    // Each by itself is fast enough, however long it waited for the others.
    assert.equal(await engine.get([1, 2, 3].map(() => engine.task(quick, 150))), [150, 150, 150]);
    const late = engine.task(quick, 100_000);
    const after = engine.task(id, late);
    const next = engine.task(id, 1);
    const e = await failing(engine.get(late), 'FLOW7014');
    assert.is(e.message, 'task "quick" took longer than 400 ms');
    await failing(engine.get(after), 'FLOW7014');
    assert.is(await engine.get(next), 1);
    const idle = task(async () => void (await new Promise(() => {})), { timeout: 50 });
    await failing(engine.get(engine.task(idle)), 'FLOW7014');
    assert.is(engine.tasks.stats().workersLost, 2);
  }));

test.run();
