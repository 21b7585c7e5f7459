// Faults: functions that exit, exhaust their heap or throw where nobody listens; workers killed at any time. What can be done again is, the rest is told.
import type { Worker } from 'node:worker_threads';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Ref, task } from '../../index.ts';
import { failing, MIB, sleep, until, withEngine } from './support.ts';

const workers: Worker[] = [];
const note = (w: Worker): void => void workers.push(w);
test.before(() => void process.on('worker', note));
test.before.each(() => {
  workers.length = 0;
});
test.after(() => void process.off('worker', note));

const id = <T>(x: T): T => x;
const exit = (code: number): never => process.exit(code);

test('process.exit: tried again, then FLOW7010 says so; other tasks are not harmed', () =>
  withEngine({}, async (engine) => {
    const bad = engine.task(task(exit, { retries: 1, name: 'leaves' }), 7);
    const good = Array.from({ length: 50 }, (_, i) => engine.task(id, i));
    const e = await failing(engine.get(bad), 'FLOW7010');
    assert.is(e.message, 'a worker died 2 times running "leaves": a worker exited with code 7');
    assert.match(String(e.hint), /process\.exit/);
    assert.equal(
      await engine.get(good),
      good.map((_, i) => i),
    );
    assert.is((await failing(engine.get(engine.task(id, bad)), 'FLOW7010')).message, e.message);
    assert.is(engine.tasks.stats().workersLost, 2);
  }));

test('an exit at the first try only costs a retry', () =>
  withEngine({ workers: 1 }, async (engine) => {
    const once = function once(this: unknown): number {
      const { attempt } = this as { attempt: number };
      if (attempt === 1) process.exit(1);
      return attempt;
    };
    assert.is(await engine.get(engine.task(once)), 2);
    await failing(engine.get(engine.task(task(once, { retries: 0 }))), 'FLOW7010');
  }));

test('an exhausted heap: FLOW7010 names it, the process lives', () =>
  withEngine({ heap: 48 }, async (engine) => {
    const greedy = (): number => {
      const all: { x: number; s: string }[] = [];
      for (;;) all.push({ x: all.length, s: `text ${all.length}` });
    };
    const bad = engine.task(task(greedy, { retries: 1 }));
    const good = engine.task(id, 5);
    const e = await failing(engine.get(bad), 'FLOW7010');
    assert.match(e.message, /greedy.*heap of 48 MiB was exhausted/);
    assert.match(String(e.hint), /heap/);
    assert.is(await engine.get(good), 5);
  }));

test('an error nobody catches ends the worker, and is told', () =>
  withEngine({}, async (engine) => {
    const late = async (): Promise<void> => {
      setTimeout(() => {
        throw new Error('too late to catch');
      }, 1);
      await new Promise((r) => setTimeout(r, 1000));
    };
    const e = await failing(engine.get(engine.task(task(late, { retries: 0 }))), 'FLOW7010');
    assert.match(e.message, /too late to catch/);
    assert.is(await engine.get(engine.task(id, 1)), 1);
  }));

test('workers killed at random: every result is right, and only what ran is tried again', () =>
  withEngine({ memory: 32 * MIB }, async (engine) => {
    const make = (i: number): Float64Array => new Float64Array(30_000).fill(i);
    const sum = (a: Float64Array, b: Float64Array): number => (a[29_999] ?? 0) + (b[0] ?? 0);
    let killed = 0;
    let done = 0;
    // Not by the clock: a thread that never comes up proves nothing.
    const killer = setInterval(() => {
      const now = engine.tasks.stats().done;
      if (now < done + 25) return;
      done = now;
      const alive = workers.filter((w) => w.threadId > 0);
      void alive[killed++ % Math.max(1, alive.length)]?.terminate();
    }, 5);
    try {
      for (let round = 0; round < 4; round++) {
        const made = Array.from({ length: 60 }, (_, i) => engine.task(task(make, { retries: 50 }), i));
        const sums = made.map((m, i) =>
          engine.task(task(sum, { retries: 50 }), m, made[(i + 1) % 60] as Ref<Float64Array>),
        );
        const small = Array.from({ length: 300 }, (_, i) => engine.task(task(id<number>, { retries: 50 }), i));
        assert.equal(
          await engine.get(sums),
          sums.map((_, i) => i + ((i + 1) % 60)),
        );
        assert.equal(
          await engine.get(small),
          small.map((_, i) => i),
        );
        for (const r of [...made, ...sums]) r.release();
      }
    } finally {
      clearInterval(killer);
    }
    assert.ok(engine.tasks.stats().workersLost > 0);
    await until('all objects to go', () => engine.stats().memory.objects === 0);
  }));

test('a worker killed before it is up, while it waits, and while it runs', () =>
  withEngine({ workers: 1 }, async (engine) => {
    const slow = async (x: number): Promise<number> => {
      await new Promise((r) => setTimeout(r, 100));
      return x;
    };
    const first = engine.task(slow, 1);
    await sleep(1);
    void workers[0]?.terminate();
    assert.is(await engine.get(first), 1);
    await workers[1]?.terminate();
    const second = engine.task(slow, 2);
    await sleep(120);
    void workers[2]?.terminate();
    assert.is(await engine.get(second), 2);
    assert.is(workers.length, 4);
  }));

test('more than a task’s memory: what others hold is waited for, what can never fit is FLOW7007', () =>
  withEngine({ memory: 16 * MIB }, async (engine) => {
    const half = (i: number): Float64Array => new Float64Array(1_100_000).fill(i);
    const refs = Array.from({ length: 6 }, (_, i) => engine.task(half, i));
    for (const [i, r] of refs.entries()) assert.is((await engine.get(r, { copy: true }))[1_099_999], i);
    const e = await failing(engine.get(engine.task(() => new Float64Array(3_000_000))), 'FLOW7007');
    assert.match(e.message, /out of memory/);
    assert.is(await engine.get(engine.task(id, 1)), 1);
  }));

test.run();
