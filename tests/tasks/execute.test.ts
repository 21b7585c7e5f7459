import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RunError } from '../../engine/errors.ts';
import { createStore, testStore } from '../../engine/store/store.ts';
import { type CallContext, runCall } from '../../engine/tasks/execute.ts';
import { type AnyFunction, describeFunction } from '../../engine/tasks/functions.ts';
import { placeValue } from '../../engine/tasks/places.ts';
import { Thrown } from '../../engine/tasks/thrown.ts';
import {
  type CallJob,
  type FunctionSource,
  INLINE_BYTES,
  type TaskScope,
  type ValuePlace,
} from '../../engine/tasks/types.ts';
import { decodeValue } from '../../engine/tasks/values.ts';
import { same } from './same.ts';

interface Bench extends CallContext {
  readonly store: ReturnType<typeof testStore>;
  readonly abort: AbortController;
  run(fn: unknown, args?: readonly ValuePlace[], more?: Partial<CallJob>): ValuePlace[] | Promise<ValuePlace[]>;
}

function bench(): Bench {
  const store = testStore();
  const functions = new Map<number, ReturnType<typeof describeFunction>>();
  const abort = new AbortController();
  const ctx: Bench = {
    store,
    abort,
    functions,
    actors: new Map(),
    signal: abort.signal,
    inline: INLINE_BYTES,
    run(fn, values = [], more = {}) {
      functions.set(1, isSource(fn) ? fn : describeFunction(fn));
      const shape: ValuePlace = { kind: 'plain', value: values.map((_, i) => [i]) };
      const job: CallJob = {
        type: 'call',
        id: 1,
        fn: 1,
        args: { shape, values },
        returns: null,
        name: 'step',
        attempt: 2,
        actor: null,
        ...more,
      };
      return runCall(job, ctx);
    },
  };
  return ctx;
}

function isSource(f: unknown): f is FunctionSource {
  return typeof f === 'object' && f !== null && 'kind' in f;
}

const plain = (value: unknown): ValuePlace => ({ kind: 'plain', value });

async function failure(f: () => unknown): Promise<unknown> {
  try {
    await f();
  } catch (e) {
    return e;
  }
  throw new Error('nothing was thrown');
}

async function thrownBy(f: AnyFunction | FunctionSource, args: readonly ValuePlace[] = []): Promise<Thrown['data']> {
  const b = bench();
  const e = await failure(() => b.run(f, args));
  b.store.close();
  if (!(e instanceof Thrown)) throw e;
  return e.data;
}

test('a synchronous function is answered at once, an asynchronous one when it settles', async () => {
  const b = bench();
  assert.equal(
    b.run((x: number) => x + 1, [plain(1)]),
    [plain(2)],
  );
  const later = b.run(async (x: number) => await Promise.resolve(x + 1), [plain(1)]);
  assert.instance(later, Promise);
  assert.equal(await later, [plain(2)]);
  assert.equal(await b.run(() => ({ then: (done: (v: number) => void) => done(3) })), [plain(3)]);
  b.store.close();
});

test('this is the scope of the task', async () => {
  const b = bench();
  const see = function (this: TaskScope): unknown[] {
    return [this.name, this.attempt, this.signal.aborted];
  };
  const [place] = await b.run(see);
  same(decodeValue((place as { bytes: Uint8Array }).bytes, { copy: false }), ['step', 2, false]);
  b.store.close();
});

test('arguments in the store are views, pinned until the call ends; results go there', async () => {
  const b = bench();
  const data = Float64Array.from({ length: 50_000 }, (_, i) => i);
  const arg = placeValue(b.store, data);
  assert.is(arg.kind, 'object');
  const twice = (x: Float64Array): unknown => ({
    shared: x.buffer instanceof SharedArrayBuffer,
    x,
    y: x.map((v) => 2 * v),
  });
  const [result] = await b.run(twice, [arg]);
  if (result?.kind !== 'object' || arg.kind !== 'object') throw new Error('not in the store');
  const lease = b.store.readBytes(result.object, result.offset, result.bytes);
  same(decodeValue(lease.view, { copy: true }), { shared: true, x: data, y: data.map((v) => 2 * v) });
  lease.release();
  b.store.release(result.object);
  b.store.release(arg.object);
  assert.is(b.store.stats().objects, 0);
  b.store.close();
});

test('an argument keeps its pin while an asynchronous call runs', async () => {
  const store = createStore({ limit: 16 << 20, threads: 2 });
  const b = { ...bench(), store };
  const arg = placeValue(store, new Uint8Array(1 << 20).fill(3));
  if (arg.kind !== 'object') throw new Error('not in the store');
  let go: (v: unknown) => void = () => {};
  (globalThis as Record<string, unknown>).gate = new Promise((resolve) => {
    go = resolve;
  });
  const wait = async (x: Uint8Array): Promise<number> => {
    await (globalThis as unknown as { gate: Promise<void> }).gate;
    return x.reduce((a, v) => a + v, 0);
  };
  (b.functions as Map<number, unknown>).set(1, describeFunction(wait));
  const job: CallJob = {
    type: 'call',
    id: 1,
    fn: 1,
    args: { shape: plain([[0]]), values: [arg] },
    returns: null,
    name: 'wait',
    attempt: 1,
    actor: null,
  };
  const running = runCall(job, b);
  // Released by its owner, and room is needed: the bytes stay, for the call looks at them.
  store.release(arg.object);
  for (let i = 0; i < 30; i++) store.release(store.create(1 << 20).seal());
  go(null);
  assert.equal(await running, [plain(3 << 20)]);
  assert.is(store.stats().objects, 0);
  store.close();
});

test('several results', async () => {
  const b = bench();
  assert.equal(await b.run(() => [1, 'x'], [], { returns: 2 }), [plain(1), plain('x')]);
  assert.equal(await b.run(() => [], [], { returns: 0 }), []);
  for (const [f, message] of [
    [() => [1, 2, 3], 'task "step" must return 2 values, but returned 3'],
    [() => 5, 'task "step" must return an array of 2 values, but returned a value of type number'],
    [() => undefined, 'task "step" must return an array of 2 values, but returned nothing'],
    [() => [1, () => 2], 'result 2 of task "step" is a function'],
  ] as const) {
    const e = await failure(() => b.run(f, [], { returns: 2 }));
    assert.instance(e, RunError);
    assert.is((e as RunError).code, 'FLOW7013');
    assert.is((e as RunError).message, message);
  }
  b.store.close();
});

test('actors: made, called with copies of arguments, told apart, missing methods', async () => {
  class Sum {
    total: number;
    seen: Float64Array[] = [];
    constructor(start: number) {
      this.total = start;
    }
    add(x: number): number {
      this.total += x;
      return this.total;
    }
    keep(x: Float64Array): boolean {
      this.seen.push(x);
      return x.buffer instanceof SharedArrayBuffer;
    }
    async later(): Promise<number> {
      await Promise.resolve();
      return this.total;
    }
  }
  const b = bench();
  const call = (id: number, method: string | null, ...args: ValuePlace[]): ValuePlace[] | Promise<ValuePlace[]> =>
    b.run(Sum, args, { actor: { id, method }, name: 'Sum' });
  assert.equal(await call(1, null, plain(10)), []);
  assert.equal(await call(2, null, plain(0)), []);
  assert.equal(await call(1, 'add', plain(5)), [plain(15)]);
  assert.equal(await call(2, 'add', plain(5)), [plain(5)]);
  assert.equal(await call(1, 'later'), [plain(15)]);
  const big = placeValue(b.store, new Float64Array(50_000));
  assert.equal(await call(1, 'keep', big), [plain(false)]);
  const e = (await failure(() => call(1, 'ad'))) as RunError;
  assert.is(e.code, 'FLOW7016');
  assert.is(e.message, 'actor Sum has no method "ad"');
  assert.is(e.hint, 'did you mean "add"?');
  b.store.close();
});

test('what a function throws: name, message, own frames, cause, fields', async () => {
  const data = await thrownBy(
    (x) => {
      const inner = Object.assign(new RangeError('inner'), { code: 'E_INNER', big: 1n, f: () => 1 });
      const check = (): never => {
        throw Object.assign(new TypeError(`bad ${String(x)}`, { cause: inner }), { status: 400 });
      };
      return check();
    },
    [plain('value')],
  );
  assert.is(data.name, 'TypeError');
  assert.is(data.message, 'bad value');
  assert.equal(data.fields, { status: 400 });
  assert.is(data.cause?.name, 'RangeError');
  assert.equal(data.cause?.fields, { code: 'E_INNER', big: 1n });
  assert.match(data.stack ?? '', /^TypeError: bad value\n\s+at check \(closure /);
  assert.not.match(data.stack ?? '', /engine\/tasks|node:internal/);
});

test('thrown by an asynchronous function, or by nobody at all', async () => {
  const later = await thrownBy(async () => {
    await Promise.resolve();
    throw new Error('later');
  });
  assert.is(later.message, 'later');
  const hostile = 'new Proxy({}, { get() { throw new Error("no"); }, getPrototypeOf() { throw new Error("no"); } })';
  for (const [value, message, thrown] of [
    ['42', '42 was thrown, which is no Error', 42],
    ['undefined', 'undefined was thrown, which is no Error', undefined],
    ['{ a: 1 }', '{ a: 1 } was thrown, which is no Error', undefined],
    ['"text"', "'text' was thrown, which is no Error", 'text'],
    [hostile, 'something was thrown that cannot be shown', undefined],
  ] as const) {
    for (const code of [`() => { throw ${value}; }`, `() => Promise.reject(${value})`]) {
      const data = await thrownBy({ kind: 'closure', code, name: '' });
      assert.is(data.message, message);
      assert.is(data.fields?.thrown, thrown);
    }
  }
});

test('AggregateError, huge messages, endless causes', async () => {
  const all = await thrownBy(() => {
    throw new AggregateError([new Error('one'), 2], 'several');
  });
  assert.is(all.message, 'several');
  assert.equal(
    all.errors?.map((e) => e.message),
    ['one', '2 was thrown, which is no Error'],
  );
  const huge = await thrownBy(() => {
    throw new Error('x'.repeat(1_000_000));
  });
  assert.ok(huge.message.length < 10_000);
  assert.match(huge.message, /… \(991808 more characters\)$/);
  const endless = await thrownBy(() => {
    const e = new Error('round');
    e.cause = e;
    throw e;
  });
  assert.is(endless.cause?.message, 'round');
});

test('a variable of the surroundings is told as what it is', async () => {
  const elsewhere = 1;
  const data = await thrownBy(() => elsewhere + 1);
  assert.is(data.name, 'ReferenceError');
  assert.match(
    data.hint ?? '',
    /pass elsewhere as an argument, or export the function from a module and use fromModule/,
  );
  // Also where it is needed to make the class at all.
  class Base {}
  class Derived extends Base {}
  const b = bench();
  const e = await failure(() => b.run(Derived, [], { actor: { id: 1, method: null } }));
  assert.instance(e, Thrown);
  assert.match((e as Thrown).data.hint ?? '', /pass Base as an argument/);
  b.store.close();
});

test('an argument whose object is damaged or gone: the error of the store, not of the function', async () => {
  const b = bench();
  const e = await failure(() => b.run((x: number) => x, [{ kind: 'object', object: 999_999, offset: 0, bytes: 8 }]));
  assert.not.instance(e, Thrown);
  b.store.close();
});

test.run();
