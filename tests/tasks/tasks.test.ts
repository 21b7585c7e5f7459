// The task API: values in and out, refs, several results, errors, options.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Engine, fromModule, type Ref, type RunError, task } from '../../index.ts';
import { failing, MIB, sleep, until, withEngine } from './support.ts';

const add = (a: number, b: number): number => a + b;
const big = (n: number): Float64Array => new Float64Array(n).fill(n);

test('functions run on workers, refs stand for values', () =>
  withEngine({}, async (engine) => {
    const a = engine.task(add, 1, 2);
    const b = engine.task(add, a, engine.put(10));
    assert.is(await engine.get(b), 13);
    assert.equal(await engine.get([a, b] as const), [3, 13]);
    assert.equal(await engine.get([]), []);
    assert.is(a.name, 'add');
    assert.is(await engine.get(engine.task(async (x: number) => x * 2, b)), 26);
  }));

test('refs in arrays and objects, the same one twice, refs that are pending', () =>
  withEngine({}, async (engine) => {
    const slow = engine.task(async (x: number) => {
      await new Promise((r) => setTimeout(r, 30));
      return x;
    }, 7);
    const large = engine.task(big, 50_000);
    const nested = engine.task(
      (o: { list: number[]; deep: { at: Float64Array }; same: number }) =>
        o.list.reduce((x, y) => x + y, 0) + o.deep.at.length + o.same,
      { list: [slow, 1, slow], deep: { at: large }, same: slow },
    );
    assert.is(await engine.get(nested), 7 + 1 + 7 + 50_000 + 7);
  }));

test('all kinds of values come back as they were', () =>
  withEngine({}, async (engine) => {
    const values = [
      undefined,
      null,
      true,
      12n ** 30n,
      'text',
      'long '.repeat(1000),
      { a: [1, { b: new Date(5) }] },
      new Map([[{ k: 1 }, new Set([1, 2])]]),
      new Uint16Array([1, 2, 3]),
      new Float64Array(200_000).fill(0.5),
    ];
    for (const v of values) {
      assert.equal(await engine.get(engine.put(v)), v);
      assert.equal(await engine.get(engine.task((x: unknown) => x, v)), v);
    }
  }));

test('several results have refs of their own', () =>
  withEngine({}, async (engine) => {
    const split = task((n: number): [number, Float64Array, string] => [n, new Float64Array(n), `${n}`], {
      returns: 3,
      name: 'split',
    });
    const [n, zeros, text] = engine.task(split, 100_000);
    assert.is(zeros.name, 'split[1]');
    zeros.release();
    assert.equal(await engine.get([n, text] as const), [100_000, '100000']);
    await failing(engine.get(zeros), 'FLOW7016');
    const wrong = engine.task(task(() => [1, 2], { returns: 3 }));
    assert.match((await failing(engine.get(wrong[0] as Ref<number>), 'FLOW7013')).message, /3 values/);
  }));

test('what a function throws is told with its own message and frames, and to all that depend on it', () =>
  withEngine({}, async (engine) => {
    const bad = engine.task(
      task(
        (x: number): number => {
          throw new TypeError(`no ${x}`);
        },
        { name: 'bad' },
      ),
      5,
    );
    const after = engine.task(add, engine.task(add, bad, 1), 2);
    const error = await failing(engine.get(after), 'FLOW7013');
    assert.is(error.message, 'task "bad" failed: TypeError: no 5');
    assert.is(error.where.step, 'bad');
    assert.is((error.cause as Error).message, 'no 5');
    assert.is((error.cause as Error).name, 'TypeError');
    assert.not.match(String(error.stack), /runtime\.ts|pool\.ts|worker\.js|node:internal/);
    // A call that is made with a ref that failed already.
    assert.is((await failing(engine.get(engine.task(add, bad, 1)), 'FLOW7013')).message, error.message);
    const outside = 3;
    const free = await failing(engine.get(engine.task(() => outside + 1)), 'FLOW7013');
    assert.match(String(free.hint), /outside/);
  }));

test('functions of modules, and ones that are not there', () =>
  withEngine({}, async (engine) => {
    const url = new URL('./steps.mjs', import.meta.url);
    assert.is(await engine.get(engine.task(fromModule<typeof add>(url, 'plus'), 2, 3)), 5);
    await failing(engine.get(engine.task(fromModule<typeof add>(url, 'minus'), 2, 3)), 'FLOW7016');
    await failing(() => fromModule('steps', 'plus'), 'FLOW7016');
  }));

test('wait: a count, a time, the order of the refs', () =>
  withEngine({}, async (engine) => {
    const slow = (ms: number): Promise<number> => new Promise((r) => setTimeout(() => r(ms), ms));
    const refs = [engine.task(slow, 100_000), engine.task(slow, 1), engine.put(1)];
    const first = await engine.wait(refs);
    assert.ok(first.ready.includes(refs[2] as Ref<number>));
    const two = await engine.wait(refs, { count: 2 });
    assert.equal([two.ready, two.pending], [refs.slice(1), refs.slice(0, 1)]);
    const timed = await engine.wait(refs, { count: 3, timeout: 10 });
    assert.equal([timed.ready.length, timed.pending.length], [2, 1]);
    assert.is((await engine.wait(refs, { count: 3, timeout: 0 })).pending.length, 1);
    const failed = engine.task((): number => {
      throw new Error('x');
    });
    assert.is((await engine.wait([failed])).ready.length, 1);
    await failing(engine.wait(refs, { count: 4 }), 'FLOW7016');
    await failing(engine.wait(refs, { timeout: -1 }), 'FLOW7016');
    engine.cancel(refs[0] as Ref<number>);
  }));

test('retryErrors tries again what was thrown, and no more often than retries', () =>
  withEngine({}, async (engine) => {
    const flaky = function flaky(this: unknown, until: number): number {
      const { attempt } = this as { attempt: number };
      if (attempt < until) throw new Error(`attempt ${attempt}`);
      return attempt;
    };
    assert.is(await engine.get(engine.task(task(flaky, { retryErrors: true }), 3)), 3);
    const given = await failing(engine.get(engine.task(task(flaky, { retryErrors: true, retries: 2 }), 9)), 'FLOW7013');
    assert.match(given.message, /attempt 3/);
    await failing(engine.get(engine.task(flaky, 2)), 'FLOW7013');
    assert.is(engine.tasks.stats().retries, 4);
  }));

test('options and arguments that are wrong are told before anything starts', () =>
  withEngine({}, async (engine) => {
    const bad: readonly [object, RegExp][] = [
      [{ returns: 0 }, /returns of a task is 0; a whole number from 1/],
      [{ retries: -1 }, /retries/],
      [{ retries: 1.5 }, /retries/],
      [{ memory: Number.NaN }, /memory/],
      [{ threads: 0 }, /threads/],
      [{ priority: 'high' }, /priority of a task is "high"; a number/],
      [{ timeout: 0 }, /timeout/],
      [{ signal: {} }, /signal/],
      [{ name: '' }, /name/],
      [{ retrys: 1 }, /no option "retrys"/],
    ];
    for (const [options, says] of bad) {
      assert.match((await failing(() => task(add, options), 'FLOW7016')).message, says);
    }
    await failing(() => engine.task(task(add, { threads: 3 }), 1, 2), 'FLOW7016');
    await failing(() => engine.task(task(add, { memory: 33 * MIB }), 1, 2), 'FLOW7007');
    const released = engine.put(1);
    released.release();
    released.release();
    await failing(() => engine.task(add, released, 1), 'FLOW7016');
    await failing(engine.get(released), 'FLOW7016');
    await failing(() => engine.put(() => 1), 'FLOW7013');
    await failing(() => engine.task(5 as never), 'FLOW7016');
    await failing(engine.get(5 as never), 'FLOW7016');
    assert.is(engine.tasks.stats().done, 0);
  }));

test('memory and threads that tasks ask for bound what runs side by side', () =>
  withEngine({}, async (engine) => {
    const busy = async (): Promise<[number, number]> => {
      const start = Date.now();
      await new Promise((r) => setTimeout(r, 40));
      return [start, Date.now()];
    };
    for (const options of [{ memory: 20 * MIB }, { threads: 2 }]) {
      const def = task(busy, options);
      const spans = await engine.get([engine.task(def), engine.task(def), engine.task(def)]);
      spans.sort((a, b) => a[0] - b[0]);
      for (let i = 1; i < spans.length; i++) assert.ok((spans[i]?.[0] ?? 0) >= (spans[i - 1]?.[1] ?? 0) - 1);
    }
  }));

test('ready tasks with a higher priority go first', () =>
  withEngine({ workers: 1 }, async (engine) => {
    const order: string[] = [];
    const hold = engine.task(async () => void (await new Promise((r) => setTimeout(r, 50))));
    await until('the worker to be at work', () => engine.tasks.stats().running === 1);
    const after = async (ref: Ref<string>): Promise<void> => void order.push(await engine.get(ref));
    const name = (x: string): string => x;
    const refs = [0, 5, -1, 5].map((priority, i) => engine.task(task(name, { priority }), `${priority}.${i}`));
    await Promise.all([...refs.map(after), engine.get(hold)]);
    assert.equal(order, ['5.1', '5.3', '0.0', '-1.2']);
  }));

test('values go when nobody can ask for them any more', () =>
  withEngine({}, async (engine) => {
    const objects = (): number => engine.stats().memory.objects;
    const source = engine.put(new Float64Array(100_000));
    const length = engine.task(async (x: Float64Array) => {
      await new Promise((r) => setTimeout(r, 30));
      return x.length;
    }, source);
    assert.is(objects(), 1);
    source.release();
    assert.is(objects(), 1, 'a task still needs it');
    assert.is(await engine.get(length), 100_000);
    assert.is(objects(), 0);
    // Released while its task runs.
    engine.task(big, 100_000).release();
    await until('the task to be done', () => engine.tasks.stats().done === 2);
    assert.is(objects(), 0);
    // Arguments that are large themselves lie in the store as long as their task needs them.
    assert.is(await engine.get(engine.task((x: Float64Array) => x.length, new Float64Array(100_000))), 100_000);
    assert.is(objects(), 0);
  }));

test('refs that are forgotten give their values back', () =>
  withEngine({}, async (engine) => {
    const { setFlagsFromString } = await import('node:v8');
    const { runInNewContext } = await import('node:vm');
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    await (async () => {
      const refs = Array.from({ length: 20 }, () => engine.task(big, 30_000));
      await engine.get(refs);
    })();
    for (let i = 0; i < 50 && engine.stats().memory.objects > 0; i++) {
      gc();
      await sleep(5);
    }
    assert.is(engine.stats().memory.objects, 0);
  }));

test('get shows the store’s memory without a copy, and pins it only as long as it is looked at', () =>
  withEngine({ memory: 16 * MIB, workers: 1 }, async (engine) => {
    const ref = engine.task(big, 100_000);
    const view = await engine.get(ref);
    assert.instance(view.buffer, SharedArrayBuffer);
    const again = await engine.get(ref);
    assert.is(again.byteOffset, view.byteOffset);
    const copy = await engine.get(ref, { copy: true });
    assert.instance(copy.buffer, ArrayBuffer);
    const part = view.subarray(10, 20);
    // Much more than the store holds goes through it, and what is looked at stays what it was.
    for (let i = 0; i < 40; i++) {
      const r = engine.task((x: number) => new Float64Array(200_000).fill(x), i);
      assert.is((await engine.get(r))[199_999], i);
      r.release();
    }
    assert.equal(Array.from(part), Array(10).fill(100_000));
  }));

test('results on the heap are counted: beyond their share they go into the store', () =>
  withEngine({ memory: 16 * MIB }, async (engine) => {
    const refs = Array.from({ length: 300 }, (_, i) => engine.task((x: number) => new Uint8Array(12_000).fill(x), i));
    await engine.get(refs);
    assert.ok(engine.stats().memory.objects > 150, `${engine.stats().memory.objects} objects`);
    const values = await engine.get(refs, { copy: true });
    for (const [i, v] of values.entries()) assert.is(v[11_999], i & 255);
  }));

test('one worker and the smallest store: much more than fits goes through, no deadlock', () =>
  withEngine({ memory: 16 * MIB, workers: 1 }, async (engine) => {
    const make = (i: number): Float64Array => new Float64Array(262_144).fill(i);
    const parts = Array.from({ length: 24 }, (_, i) => engine.task(make, i));
    const pairs: Ref<Float64Array>[] = [];
    for (let i = 0; i < parts.length; i += 2) {
      const sum = (a: Float64Array, b: Float64Array): Float64Array => a.map((x, k) => x + (b[k] ?? 0));
      pairs.push(engine.task(sum, parts[i] as Ref<Float64Array>, parts[i + 1] as Ref<Float64Array>));
    }
    const total = engine.task(
      (all: number[]) => all.reduce((a, b) => a + b, 0),
      pairs.map((p) => engine.task((x: Float64Array) => x[0] as number, p)),
    );
    assert.is(await engine.get(total), (23 * 24) / 2);
    assert.ok(engine.stats().spill.spilledBytes > 0);
  }));

test('an engine that is closed: what is on its way is rejected, and nothing new is taken', async () => {
  let kept: Engine | undefined;
  const pending: Promise<RunError>[] = [];
  await withEngine({}, async (engine) => {
    kept = engine;
    const forever = engine.task(async () => void (await new Promise(() => {})));
    pending.push(failing(engine.get(forever), 'FLOW7012'));
    pending.push(failing(engine.get(engine.task((x: unknown) => x, forever)), 'FLOW7012'));
    pending.push(
      failing(
        engine.get(
          Array.from({ length: 50 }, () =>
            engine.task(() => {
              for (;;);
            }),
          ),
        ),
        'FLOW7012',
      ),
    );
    await sleep(20);
  });
  await Promise.all(pending);
  const engine = kept as Engine;
  await failing(() => engine.put(1), 'FLOW7012');
  await failing(() => engine.task(add, 1, 2), 'FLOW7012');
  await failing(engine.get([]), 'FLOW7012');
});

test('types: arguments are checked, results inferred, at compile time', () =>
  withEngine({}, async (engine) => {
    const f = (x: number, y: Float64Array, o: { k: string }): string => `${x + y.length}${o.k}`;
    const x: Ref<number> = engine.put(1);
    const y = engine.put(new Float64Array(2));
    const text: Ref<string> = engine.task(f, x, y, { k: engine.put('a') });
    assert.is(await engine.get(text), '3a');
    const never = (): void => {
      // @ts-expect-error a string is no number
      engine.task(f, 'a', y, { k: 'a' });
      // @ts-expect-error a ref to a string is no number
      engine.task(f, text, y, { k: 'a' });
      // @ts-expect-error the member is no string
      engine.task(f, 1, y, { k: x });
      // @ts-expect-error an argument is missing
      engine.task(f, 1, y);
      // @ts-expect-error the result is a string
      const wrong: Ref<number> = engine.task(f, 1, y, { k: 'a' });
      const def = task((n: number): [number, string] => [n, ''], { returns: 2 });
      const [first, second] = engine.task(def, 1);
      const good: [Ref<number>, Ref<string>] = [first, second];
      // @ts-expect-error the second result is a string
      const bad: [Ref<number>, Ref<number>] = [first, second];
      // @ts-expect-error a string is no number
      engine.task(def, 'a');
      // @ts-expect-error a number is no ref
      void engine.get(5);
      void [wrong, good, bad];
    };
    assert.type(never, 'function');
  }));

test.run();
