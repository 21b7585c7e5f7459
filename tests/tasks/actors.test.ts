// Actors: state on a worker, calls in order, restarts, what becomes of calls when the instance goes.
import type { Worker } from 'node:worker_threads';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { actor, fromModule, type Ref, task } from '../../index.ts';
import type { Tally } from './steps.d.mts';
import { failing, MIB, sleep, until, withEngine } from './support.ts';

class Log {
  readonly seen: number[] = [];
  constructor(first: number) {
    this.seen.push(first);
  }
  note(x: number): number {
    this.seen.push(x);
    return this.seen.length;
  }
  async slow(x: number, ms: number): Promise<number> {
    await new Promise((r) => setTimeout(r, ms));
    return this.note(x);
  }
  all(): number[] {
    return this.seen;
  }
  large(n: number): Float64Array {
    return new Float64Array(n).fill(this.seen.length);
  }
  sum(x: Float64Array): number {
    return this.note(x.reduce((a, b) => a + b, 0));
  }
  fail(): never {
    throw new RangeError('not today');
  }
  die(): never {
    process.exit(3);
  }
  thread(): number {
    return process.pid;
  }
}

const workers: Worker[] = [];
const note = (w: Worker): void => void workers.push(w);
test.before(() => void process.on('worker', note));
test.before.each(() => {
  workers.length = 0;
});
test.after(() => void process.off('worker', note));

test('calls run in the order they were made, one at a time, whatever they wait for', () =>
  withEngine({}, async (engine) => {
    const log = engine.actor(Log, 0);
    const late = engine.task(async () => {
      await new Promise((r) => setTimeout(r, 40));
      return 2;
    });
    log.call('slow', 1, 20);
    log.call('note', late);
    for (let i = 3; i < 600; i++) log.call('note', i);
    assert.equal(
      await engine.get(log.call('all')),
      Array.from({ length: 600 }, (_, i) => i),
    );
    log.release();
    await failing(() => log.call('note', 1), 'FLOW7016');
  }));

test('large arguments and results, refs to them in tasks', () =>
  withEngine({}, async (engine) => {
    const log = engine.actor(Log, 1);
    const big = log.call('large', 50_000);
    const twice = engine.task((x: Float64Array) => x.map((v) => 2 * v), big);
    assert.is(await engine.get(log.call('sum', twice)), 2);
    assert.equal(await engine.get(log.call('all')), [1, 100_000]);
    assert.is(await engine.get(engine.task((x: Float64Array) => x.length, log.call('large', 60_000))), 60_000);
  }));

test('what a method throws is of its call alone; a constructor that throws is of all calls', () =>
  withEngine({}, async (engine) => {
    const log = engine.actor(actor(Log, { name: 'journal' }), 1);
    const error = await failing(engine.get(log.call('fail')), 'FLOW7013');
    assert.is(error.message, 'task "journal.fail" failed: RangeError: not today');
    assert.is(await engine.get(log.call('note', 2)), 2);
    assert.match((await failing(engine.get(log.call('nope' as 'note', 2)), 'FLOW7016')).message, /no method "nope"/);
    class Broken {
      constructor() {
        throw new Error('no such place');
      }
      ask(): number {
        return 1;
      }
    }
    const broken = engine.actor(Broken);
    const calls = [broken.call('ask'), broken.call('ask')];
    for (const c of calls) assert.match((await failing(engine.get(c), 'FLOW7013')).message, /no such place/);
    assert.match((await failing(engine.get(broken.call('ask')), 'FLOW7013')).message, /no such place/);
    const bad = engine.task((): number => {
      throw new Error('bad');
    });
    assert.match((await failing(engine.get(engine.actor(Log, bad).call('all')), 'FLOW7013')).message, /bad/);
  }));

test('classes of modules, several actors side by side', () =>
  withEngine({}, async (engine) => {
    const type = fromModule<typeof Tally>(new URL('./steps.mjs', import.meta.url), 'Tally');
    const actors = Array.from({ length: 5 }, (_, i) => engine.actor(type, i));
    const sums = actors.flatMap((a) => [a.call('add', 10), a.call('add', 100)]);
    assert.equal(await engine.get(sums), [10, 110, 11, 111, 12, 112, 13, 113, 14, 114]);
    for (const a of actors) a.release();
  }));

test('an actor and tasks take turns on one worker', () =>
  withEngine({ workers: 1 }, async (engine) => {
    const log = engine.actor(Log, 0);
    const refs: Ref<unknown>[] = [];
    for (let i = 0; i < 200; i++) {
      refs.push(log.call('note', i));
      refs.push(engine.task((x: number) => x, i));
    }
    assert.is((await engine.get(refs)).length, 400);
    assert.is((await engine.get(log.call('all'))).length, 201);
  }));

test('a worker that dies: without restarts all calls fail; with them a new instance goes on', () =>
  withEngine({}, async (engine) => {
    const mortal = engine.actor(Log, 1);
    await engine.get(mortal.call('note', 2));
    const calls = [mortal.call('die'), mortal.call('note', 3)];
    for (const c of calls) await failing(engine.get(c), 'FLOW7010');
    const error = await failing(engine.get(mortal.call('all')), 'FLOW7010');
    assert.match(error.message, /Log.*exited with code 3/);
    const hardy = engine.actor(actor(Log, { restarts: 1 }), engine.put(7));
    assert.is(await engine.get(hardy.call('note', 8)), 2);
    const after = [hardy.call('slow', 9, 60), hardy.call('note', 10), hardy.call('all')];
    await sleep(20);
    for (const w of workers) void w.terminate();
    assert.equal(await engine.get(after), [2, 3, [7, 9, 10]]);
    await failing(engine.get(hardy.call('die')), 'FLOW7010');
    assert.ok(engine.tasks.stats().workersLost >= 3);
    // Other tasks are not harmed.
    assert.is(await engine.get(engine.task((x: number) => x, 5)), 5);
  }));

test('memory an actor asks for is taken as long as it lives', () =>
  withEngine({}, async (engine) => {
    const greedy = engine.actor(actor(Log, { memory: 20 * MIB }), 1);
    await engine.get(greedy.call('all'));
    const other = engine.task(task(() => 1, { memory: 20 * MIB }));
    assert.equal((await engine.wait([other], { timeout: 60 })).ready, []);
    greedy.release();
    assert.is(await engine.get(other), 1);
    await failing(() => engine.actor(actor(Log, { memory: 40 * MIB }), 1), 'FLOW7007');
    await failing(() => actor(Log, { restarts: -1 }), 'FLOW7016');
  }));

test('released: calls made so far are done, then the instance and its arguments go', () =>
  withEngine({}, async (engine) => {
    const start = engine.put(new Float64Array(50_000));
    class Holder {
      readonly length: number;
      constructor(x: Float64Array) {
        this.length = x.length;
      }
      async size(): Promise<number> {
        await new Promise((r) => setTimeout(r, 20));
        return this.length;
      }
    }
    const holder = engine.actor(Holder, start);
    start.release();
    const size = holder.call('size');
    holder.release();
    assert.is(await engine.get(size), 50_000);
    await until('the arguments to go', () => engine.stats().memory.objects === 0);
  }));

test('cancelled calls are left out; a closed engine rejects all', async () => {
  const last: Promise<unknown>[] = [];
  await withEngine({}, async (engine) => {
    const log = engine.actor(Log, 0);
    const slow = log.call('slow', 1, 50);
    const out = log.call('note', 2);
    const kept = log.call('note', 3);
    engine.cancel(out);
    await failing(engine.get(out), 'FLOW7012');
    assert.is(await engine.get(kept), 3);
    assert.is(await engine.get(slow), 2);
    last.push(failing(engine.get(log.call('slow', 4, 100_000)), 'FLOW7012'));
    last.push(failing(engine.get(log.call('note', 4)), 'FLOW7012'));
  });
  await Promise.all(last);
});

test.run();
