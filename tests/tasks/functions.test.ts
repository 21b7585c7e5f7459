import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RunError } from '../../engine/errors.ts';
import { type AnyFunction, describeFunction, loadFunction } from '../../engine/tasks/functions.ts';

const folder = mkdtempSync(join(tmpdir(), 'flowc-functions-'));
test.after(() => rmSync(folder, { recursive: true }));

function moduleAt(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return pathToFileURL(join(folder, name)).href;
}

/** As it goes to a worker and comes out there. */
async function travelled<F>(f: F): Promise<F> {
  return (await loadFunction(structuredClone(describeFunction(f)))) as F;
}

async function refusal(f: () => unknown): Promise<RunError> {
  try {
    await f();
  } catch (e) {
    if (e instanceof RunError) return e;
    throw e;
  }
  throw new Error('nothing was refused');
}

const add = (a: number, b: number): number => a + b;

test('functions, arrows, async functions and methods travel by their text', async () => {
  async function later(x: number): Promise<number> {
    await Promise.resolve();
    return x + 1;
  }
  const key = 'computed name';
  const o = {
    half(x: number): number {
      return x / 2;
    },
    async wait(x: number): Promise<number> {
      return await Promise.resolve(x);
    },
    get(x: number): number {
      return x * 3;
    },
    'a b'(x: number): number {
      return x - 1;
    },
    [key]: (x: number): number => x - 2,
  };
  assert.is((await travelled(add))(1, 2), 3);
  assert.is((await travelled(add)).name, 'add');
  assert.is(await (await travelled(later))(1), 2);
  assert.is((await travelled(o.half))(5), 2.5);
  assert.is(await (await travelled(o.wait))(5), 5);
  assert.is((await travelled(o.get))(5), 15);
  assert.is((await travelled(o['a b']))(5), 4);
  assert.is((await travelled(o[key]))(5), 3);
  assert.is(
    (
      await travelled(function (this: { n: number }) {
        return this.n;
      })
    ).call({ n: 4 }),
    4,
  );
});

test('names inside of a function, which transpilers keep by a helper', async () => {
  const outer = (n: number): [string, string, number] => {
    const inner = (x: number): number => x + 1;
    class Box {
      value = inner(n);
    }
    return [inner.name, Box.name, new Box().value];
  };
  assert.equal((await travelled(outer))(1), ['inner', 'Box', 2]);
  // As esbuild writes it, with a collision.
  const source = {
    kind: 'closure',
    name: 'f',
    code: '() => { const g = __name(() => 1, "g"); return g.name; }',
  } as const;
  assert.is((loadFunction(source) as () => string)(), 'g');
});

class Counter {
  static made = 0;
  count: number;
  #step = 1;

  constructor(start: number) {
    this.count = start;
    Counter.made++;
  }

  get step(): number {
    return this.#step;
  }

  static zero(): Counter {
    return new Counter(0);
  }

  next(): number {
    this.count += this.#step;
    return this.count;
  }
}

test('classes with fields, statics and private members', async () => {
  const Travelled = await travelled(Counter);
  assert.is.not(Travelled, Counter);
  const c = new Travelled(5);
  assert.is(c.next(), 6);
  assert.is(c.step, 1);
  assert.is(Travelled.zero().count, 0);
  assert.is(Travelled.made, 2);
  assert.is(Travelled.name, 'Counter');
});

test('equal functions are described by one object', () => {
  const make = (): AnyFunction => () => 42;
  assert.is(describeFunction(make()), describeFunction(make()));
  assert.is(describeFunction(add), describeFunction(add));
});

test('functions run in strict mode and see globals', async () => {
  const f = (): unknown[] => [typeof structuredClone, typeof process, typeof globalThis];
  assert.equal((await travelled(f))(), ['function', 'object', 'object']);
  const sloppy = (loadFunction({ kind: 'closure', name: '', code: '() => { undeclared = 1; }' }) as AnyFunction).bind(
    null,
  );
  assert.throws(sloppy, /undeclared is not defined/);
});

test('what is no function that can travel is refused', async () => {
  const point = {
    get x(): number {
      return 1;
    },
  };
  const accessor = Object.getOwnPropertyDescriptor(point, 'x')?.get;
  const cases: readonly [unknown, RegExp][] = [
    [Math.max, /the function max has no text in JavaScript/],
    [add.bind(null, 1), /the function bound add is bound/],
    [
      function* rows() {
        yield 1;
      },
      /the function rows is a generator/,
    ],
    [
      async function* rows() {
        yield 1;
      },
      /the function rows is a generator/,
    ],
    [accessor, /getter or setter/],
    [() => import.meta.url, /cannot be taken out of its place: .*import\.meta/],
    [42, /number is no function/],
    [null, /null is no function/],
    [{ anything: 1 }, /an object is no function/],
    [{ url: './steps.js', name: 'clean' }, /"\.\/steps\.js" is not the URL of a module/],
    [{ url: 'https://example.org/steps.js', name: 'clean' }, /is not the URL of a module/],
  ];
  for (const [fn, message] of cases) {
    const e = await refusal(() => describeFunction(fn));
    assert.is(e.code, 'FLOW7016');
    assert.match(e.message, message);
    assert.ok(e.hint, e.message);
  }
});

test('functions of modules; what is missing is told with what is near', async () => {
  const url = moduleAt(
    'steps.mjs',
    'export const clean = (x) => x.trim(); export default (x) => x; export const version = 1; export class Store { get() { return 7; } }',
  );
  const load = async (name: string): Promise<AnyFunction> =>
    (await loadFunction(describeFunction({ url, name }))) as AnyFunction;
  assert.is((await load('clean'))(' a '), 'a');
  assert.is((await load('default'))(3), 3);

  const near = await refusal(() => load('claen'));
  assert.is(near.code, 'FLOW7016');
  assert.match(near.message, /steps\.mjs does not export "claen"/);
  assert.is(near.hint, 'did you mean "clean"?');
  assert.match((await refusal(() => load('nothing_like_it'))).hint ?? '', /its functions: .*clean/);
  assert.match((await refusal(() => load('version'))).message, /"version" of .* is no function/);
  assert.match((await refusal(() => load('toString'))).message, /does not export "toString"/);

  const absent = pathToFileURL(join(folder, 'absent.mjs')).href;
  const gone = await refusal(() => loadFunction({ kind: 'module', url: absent, name: 'f' }));
  assert.is(gone.code, 'FLOW7016');
  assert.match(gone.message, /there is no module .*absent\.mjs/);
});

test('what a module throws while it is loaded is thrown as it is', async () => {
  const throwing = moduleAt('throws.mjs', 'throw new RangeError("on load"); export const f = 1;');
  const lacking = moduleAt('lacks.mjs', 'import "./not_there.mjs"; export const f = () => 1;');
  for (const [url, message] of [
    [throwing, /on load/],
    [lacking, /not_there/],
  ] as const) {
    try {
      await loadFunction({ kind: 'module', url, name: 'f' });
      assert.unreachable();
    } catch (e) {
      assert.not.instance(e, RunError);
      assert.match((e as Error).message, message);
    }
  }
});

test('a TypeScript module needs a Node that strips types', async () => {
  const url = moduleAt('typed.ts', 'export const one = (): number => 1;');
  if ((process.features as { typescript?: unknown }).typescript) {
    assert.is(((await loadFunction(describeFunction({ url, name: 'one' }))) as AnyFunction)(), 1);
    return;
  }
  const e = await refusal(() => describeFunction({ url, name: 'one' }));
  assert.is(e.code, 'FLOW7016');
  assert.match(e.message, /does not load TypeScript modules on worker threads/);
  assert.match(e.hint ?? '', /22\.18/);
});

test.run();
