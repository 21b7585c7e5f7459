// What goes wrong in functions of the host language: each gives one clear error that names the function, its file and line, the row and its file; nothing hangs.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type CompileOptions, check, Engine, plan, RunError } from '../../index.ts';
import { folder, rowsOf } from './harness.ts';

const engine = new Engine({ workers: 2, memory: 64 << 20 });

const dir = folder({
  'x.csv': 'k,s\n1,a\n2,b\n3,c\n4,d\n',
  'f.ts': `import { deep } from './deep.ts';
export function throws(k: number): number {
  if (k === 3) {
    throw new RangeError('three is too many');
  }
  return k;
}
export const nested = (k: number): number => deep(k);
export const wrong = (k: number): number => (k === 2 ? 'two' : k) as number;
export const nothing = (k: number): number => { if (k < 4) return k; return undefined as never; };
export const fraction = (k: number): { a: number; list: bigint[] } => ({ a: k, list: [1n, (k / 2) as never] });
export const quits = (k: number): number => { if (k === 2) process.exit(9); return k; };
export const loops = (k: number): number => { while (k === 2); return k; };
export const promises = (k: number): number => Promise.resolve(k) as never;
export const value = 3;
export const throwsText = (k: number): number => { throw 'just text'; };
`,
  'deep.ts': `export function deep(k: number): number {
  if (k === 4) throw new Error(\`deep \${k}\`);
  return k;
}
`,
  'syntax.ts': 'export const f = (k: number): number => k;\n\nexport const g = (k: number) => k +;\n',
  'enum.ts': 'enum E { a }\nexport const f = (k: number): number => k + E.a;\n',
  'missing.ts': 'import x from "no-such-package";\nexport const f = (k: number): number => k;\n',
  'top.ts': 'export const f = (k: number): number => k;\nthrow new Error("no configuration");\n',
  'forever.ts': 'export const f = (k: number): number => k;\nfor (;;);\n',
  'setup.ts':
    'export const f = (k: number): number => k;\nexport function setup(): void {\n  throw new Error("no table");\n}\n',
  're.js': 'export * from "./other.js";\n',
  'other.js': 'export const there = (k) => k;\n',
  'package.json': '{"type":"module"}',
});

async function failureOf(name: string, e: string, file = './f.ts', options: CompileOptions = {}): Promise<RunError> {
  try {
    await rowsOf(dir, `use { ${name} } from "${file}"\nfrom csv("x.csv")\n| derive v = ${e}`, engine, options);
  } catch (error) {
    if (error instanceof RunError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

const told = ({ code, message, where }: RunError): string =>
  `${code} ${message.replaceAll(`${dir}/`, '')}${where.file === undefined ? '' : ` (${where.file.split('/').at(-1)}, row ${where.row})`}`;

test('what a function throws: its call, its line, the row of the data, the frames of its own code', async () => {
  const error = await failureOf('throws', 'throws(k)');
  assert.is(told(error), 'FLOW7017 throws(3) failed at ./f.ts:4: RangeError: three is too many (x.csv, row 3)');
  assert.is(error.where.step, 'derive v');
  assert.equal(
    error.where.frames?.map((f) => f.replaceAll(`${dir}/`, '')),
    ['at throws (f.ts:4:11)'],
  );
  assert.ok(error.cause instanceof RangeError);
  const deep = await failureOf('nested', 'nested(k)');
  assert.is(told(deep), 'FLOW7017 nested(4) failed at ./f.ts:8: Error: deep 4 (x.csv, row 4)');
  assert.equal(
    deep.where.frames?.map((f) => f.replaceAll(`${dir}/`, '').replace(/:\d+\)$/, ')')),
    ['at deep (deep.ts:2)', 'at nested (f.ts:8)'],
  );
  assert.match(
    told(await failureOf('throwsText', 'throwsText(k)')),
    "FLOW7017 throwsText(1) failed at ./f.ts: Error: 'just text' was thrown",
  );
});

test('results of another type: the call, the value, its place within, and the row', async () => {
  assert.is(
    told(await failureOf('wrong', 'wrong(k)')),
    'FLOW7018 wrong(2) (./f.ts) gave "two", which is not of the type float (x.csv, row 2)',
  );
  const nothing = await failureOf('nothing', 'nothing(k)');
  assert.is(
    told(nothing),
    'FLOW7018 nothing(4) (./f.ts) gave nothing (undefined), which is not of the type float (x.csv, row 4)',
  );
  assert.is(nothing.hint, 'state that it may be null: `float?`');
  assert.is(
    told(await failureOf('fraction', 'fraction(k).a')),
    'FLOW7018 fraction(1) (./f.ts) gave 0.5 for list[1], which is not of the type int (x.csv, row 1)',
  );
  assert.match((await failureOf('promises', 'promises(k)')).hint ?? '', /`async`/);
});

test('a function that ends its process costs tries, then the run, and the engine goes on', async () => {
  const e = await failureOf('quits', 'quits(k)');
  assert.is(e.code, 'FLOW7010');
  assert.is(e.hint, 'quits (./f.ts) runs there, and must not end its process (process.exit)');
  assert.match(
    await rowsOf(dir, 'use { throws } from "./f.ts"\nfrom csv("x.csv") | take 2 | derive v = throws(k)', engine),
    /^k,s,v\n/,
  );
});

test('a function that never returns ends with its timeout, and so does a module that never ends to load', async () => {
  const e = await failureOf('loops', 'loops(k)', './f.ts', { udf: { timeout: 300 } });
  assert.is(told(e), 'FLOW7014 loops (./f.ts) has not returned for 300 ms');
  const f = await failureOf('f', 'f(k)', './forever.ts', { udf: { timeout: 300 } });
  assert.is(told(f), 'FLOW7014 f (./forever.ts) has not returned for 300 ms');
  assert.match(
    await rowsOf(dir, 'use { throws } from "./f.ts"\nfrom csv("x.csv") | take 2 | derive v = throws(k)', engine, {
      udf: { timeout: 60_000 },
    }),
    /^k,s,v\n/,
  );
});

test('a call that never returns ends with the signal of the run', async () => {
  const bound = await check(`use { loops } from "./f.ts"\nfrom csv("x.csv") | derive v = loops(k)`, `${dir}/t.flow`, {
    cwd: dir,
  });
  const { physical } = await plan(bound.plan as NonNullable<typeof bound.plan>);
  const error = await engine.run(physical, { signal: AbortSignal.timeout(200) }).catch((e: unknown) => e);
  assert.is((error as RunError).code, 'FLOW7012');
});

test('modules that cannot be loaded, before any row is read', async () => {
  const message = async (file: string): Promise<string> => told(await failureOf('f', 'f(k)', file));
  assert.match(await message('./syntax.ts'), /^FLOW7017 \.\/syntax\.ts:3 cannot be loaded: SyntaxError/);
  assert.match(await message('./enum.ts'), /^FLOW7017 \.\/enum\.ts:1 cannot be loaded: SyntaxError.*enum/);
  assert.match(
    await message('./missing.ts'),
    /^FLOW7017 \.\/missing\.ts cannot be loaded: Error: Cannot find package 'no-such-package'/,
  );
  assert.is(
    (await failureOf('f', 'f(k)', './missing.ts')).hint,
    'install it beside the module: npm install no-such-package',
  );
  assert.is(await message('./top.ts'), 'FLOW7017 ./top.ts:2 cannot be loaded: Error: no configuration');
  assert.is(await message('./setup.ts'), 'FLOW7017 setup failed at ./setup.ts:3: Error: no table');
});

test('what only shows when the module is there: exports that are missing, or no functions', async () => {
  const missing = await failureOf('thre: (int) -> int', 'thre(k)', './re.js');
  assert.is(told(missing), 'FLOW7016 ./re.js does not export "thre"');
  assert.is(missing.hint, 'did you mean "there"?');
  assert.is(
    told(await failureOf('value: (int) -> int', 'value(k)')),
    'FLOW7016 "value" of ./f.ts is no function, but number',
  );
});

test.after(() => engine.close());

test.run();
