// Lost values: spilled bytes that cannot be read any more are made again by the tasks that made them, or it is said why not.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Engine, type Ref, task } from '../../index.ts';
import { failing, MIB, withEngine } from './support.ts';

const OPTIONS = { workers: 1, memory: 16 * MIB, spill: { ioRetries: 0, minSpillBytes: 1 } };

/** Has everything spilled that can be: what needs room drives it out. */
async function pushOut(engine: Engine): Promise<void> {
  const filler = Array.from({ length: 12 }, (_, i) => engine.task((x: number) => new Float64Array(400_000).fill(x), i));
  await engine.wait(filler, { count: filler.length });
  for (const r of filler) r.release();
}

/** Flips bits all over the files of spilled objects. */
function damage(spill: string): number {
  const files = (fs.readdirSync(spill, { recursive: true }) as string[])
    .map((f) => path.join(spill, f))
    .filter((f) => fs.statSync(f).isFile() && fs.statSync(f).size > 65_536);
  for (const f of files) {
    const fd = fs.openSync(f, 'r+');
    const { size } = fs.fstatSync(fd);
    for (let at = 0; at < size; at += 1024) fs.writeSync(fd, Buffer.alloc(512, 0x5a), 0, 512, at);
    fs.closeSync(fd);
  }
  return files.length;
}

const make = (x: number): Float64Array => new Float64Array(150_000).fill(x);
const next = (x: Float64Array): Float64Array => x.map((v) => v + 1);
const last = (x: Float64Array): number => x[149_999] as number;

test('get makes a lost value again', () =>
  withEngine(OPTIONS, async (engine, spill) => {
    const a = engine.task(make, 5);
    await engine.wait([a]);
    await pushOut(engine);
    assert.ok(damage(spill) > 0, 'something was spilled');
    assert.is((await engine.get(a, { copy: true }))[149_999], 5);
    assert.ok(engine.tasks.stats().reconstructions >= 1);
  }));

test('a task whose argument is lost waits until it is made again, with all that it needs itself', () =>
  withEngine(OPTIONS, async (engine, spill) => {
    const a = engine.task(make, 5);
    const b = engine.task(next, a);
    const c = engine.task(next, b);
    await engine.wait([c]);
    // Only its children know how it was made.
    a.release();
    await pushOut(engine);
    assert.ok(damage(spill) > 0);
    assert.is(await engine.get(engine.task(last, c)), 7);
    const { reconstructions } = engine.tasks.stats();
    assert.ok(reconstructions >= 2, `${reconstructions}`);
    b.release();
    c.release();
    await engine.get(engine.task(() => 1));
  }));

test('several results of one task, of which one was released', () =>
  withEngine(OPTIONS, async (engine, spill) => {
    const split = task(
      (x: number): [Float64Array, Float64Array, number] => [
        new Float64Array(150_000).fill(x),
        new Float64Array(150_000).fill(x + 1),
        x,
      ],
      { returns: 3 },
    );
    const [a, b, n] = engine.task(split, 1);
    await engine.wait([a, b], { count: 2 });
    b.release();
    await pushOut(engine);
    assert.ok(damage(spill) > 0);
    assert.is(await engine.get(engine.task(last, a)), 1);
    assert.is((await engine.get(a, { copy: true }))[7], 1);
    assert.is(await engine.get(n), 1);
    a.release();
    assert.is(engine.stats().memory.objects, 0);
  }));

test('what was put is lost for good: FLOW7015; so is an actor’s result', () =>
  withEngine(OPTIONS, async (engine, spill) => {
    class Maker {
      make(x: number): Float64Array {
        return new Float64Array(150_000).fill(x);
      }
    }
    const put: Ref<Float64Array> = engine.put(new Float64Array(150_000));
    const made = engine.actor(Maker).call('make', 1);
    await engine.wait([made]);
    await pushOut(engine);
    assert.ok(damage(spill) > 0);
    const e = await failing(engine.get(put), 'FLOW7015');
    assert.match(e.message, /is lost and cannot be made again/);
    await failing(engine.get(engine.task(last, put)), 'FLOW7015');
    await failing(engine.get(made), 'FLOW7015');
    assert.is(engine.tasks.stats().reconstructions, 0);
  }));

test('a value that is always lost again is given up', () =>
  withEngine(OPTIONS, async (engine, spill) => {
    const a = engine.task(make, 5);
    await engine.wait([a]);
    for (let i = 0; i < 3; i++) {
      await pushOut(engine);
      damage(spill);
      assert.is(await engine.get(engine.task(last, a)), 5);
    }
    await failing(
      (async () => {
        await pushOut(engine);
        damage(spill);
        await engine.get(engine.task(task(last, { retries: 0 }), a));
      })(),
      'FLOW7015',
    );
  }));

test.run();
