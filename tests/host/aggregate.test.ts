// Aggregates of the host language: two phases, spilled states, distinct, and what goes wrong in them.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Engine, RunError } from '../../index.ts';
import { CONFIGS } from '../e2e/harness.ts';
import { diagnosticsOf, folder, rowsOf } from './harness.ts';

const engines = CONFIGS.map((config) => new Engine(config));
const [engine] = engines as [Engine];

const ROWS = 60_000;
const lines = ['k,x,w'];
for (let i = 0; i < ROWS; i++) lines.push(`${i % 6_000},${i % 7 === 0 ? '' : i % 100},${i % 3}`);

const dir = folder({
  'x.csv': `${lines.join('\n')}\n`,
  'small.csv': 'k,x,w\na,1,2\nb,5,1\na,3,2\nb,,1\na,1,0\n',
  'empty.csv': 'k,x,w\n',
  'f.ts': `
interface Weighted { sum: bigint; weight: bigint }
/** States that change in place. */
export const weighted = {
  init: (): Weighted => ({ sum: 0n, weight: 0n }),
  add(state: Weighted, x: number, w: number): void {
    state.sum += BigInt(x * w);
    state.weight += BigInt(w);
  },
  merge(a: Weighted, b: Weighted): void {
    a.sum += b.sum;
    a.weight += b.weight;
  },
  value(state: Weighted): number | null {
    return state.weight === 0n ? null : Number(state.sum) / Number(state.weight);
  },
};
/** States that are values, and nulls that are seen. */
export const nulls = {
  init: () => 0,
  add: (n: number, x: number | null): number => n + (x === null ? 1 : 0),
  merge: (a: number, b: number): number => a + b,
  value: (n: number): bigint => BigInt(n),
};
export const letters = {
  init: (): Set<string> => new Set(),
  add(state: Set<string>, s: string): Set<string> { return state.add(s); },
  merge: (a: Set<string>, b: Set<string>): Set<string> => new Set([...a, ...b]),
  value: (state: Set<string>): string[] => [...state].sort(),
};
export const adds = { init: () => 0, add(n: number, x: number): number { if (x === 5) throw new Error('five'); return n; }, merge: (a: number) => a, value: (n: number): number => n };
export const values = { ...({} as object), init: () => 0, add: (n: number, x: number): number => x, merge: (a: number) => a, value: (n: number): string => n as never };
export const travels = { init: () => ({ f: () => 1 }), add(s: object, x: number): void {}, merge: (a: object) => a, value: (s: object): number => 1 };
export const half = { init: () => 0, add(n: number, x: number): number { return n; }, value: (n: number): number => n };
`,
});

const of = (names: string, flow: string): string => `use { ${names} } from "./f.ts"\n${flow}`;

test('used as any aggregate: with and without keys, in expressions, over nothing, with distinct', async () => {
  const flow = of(
    'weighted, nulls, letters',
    `from csv("small.csv") | summarize w = weighted(x, w), n = nulls(x), d = weighted(x, w) * 2 + count(), l = letters(k) by k | sort k
     from csv("small.csv") | summarize w = weighted(x, w), l = letters(distinct upper(k))
     from csv("empty.csv") as { k: string?, x: float?, w: int? } | summarize w = weighted(x, w), n = nulls(x)`,
  );
  const expected = 'k,w,n,d,l\na,2.0,0,7.0,"[""a""]"\nb,5.0,1,12.0,"[""b""]"\n\nw,l\n2.6,"[""A"",""B""]"\n\nw,n\n,0\n';
  for (const e of engines) assert.is(await rowsOf(dir, flow, e), expected);
});

test('many groups, in two phases, with little memory', async () => {
  const flow = of(
    'weighted, nulls',
    'from csv("x.csv") | summarize a = weighted(x, w), n = nulls(x) by k | summarize groups = count(), s = sum(round(a, 6)), n = sum(n)',
  );
  const texts = new Set<string>();
  for (const e of engines) texts.add(await rowsOf(dir, flow, e));
  assert.is(texts.size, 1);
  assert.match([...texts][0] ?? '', new RegExp(`^groups,s,n\\n6000,[\\d.]+,${Math.ceil(ROWS / 7)}\\n$`));
});

test('before over: growing, sliding and whole frames, whatever the workers and the memory', async () => {
  const calls = [
    'weighted(x, w) over (by k sort w, x)',
    'weighted(x, w) over (by k sort w, x rows -20..3)',
    'nulls(x) over (by k sort w, x rows 2..9)',
    'nulls(x) over (by k)',
    'weighted(x, w) over (by k sort w range -1..0)',
  ];
  // What the library has for the same.
  const same = [
    'sum(x * w) over (by k sort w, x) / nullif(sum(if(x is not null, w, null)) over (by k sort w, x), 0)',
    'sum(x * w) over (by k sort w, x rows -20..3) / nullif(sum(if(x is not null, w, null)) over (by k sort w, x rows -20..3), 0)',
    'count_if(x is null) over (by k sort w, x rows 2..9)',
    'count_if(x is null) over (by k)',
    'sum(x * w) over (by k sort w range -1..0) / nullif(sum(if(x is not null, w, null)) over (by k sort w range -1..0), 0)',
  ];
  const flowOf = (all: readonly string[]): string =>
    `from csv("x.csv") | select k = k % 40, x, w | derive ${all.map((c, i) => `c${i} = ${c}`).join(', ')}
     | summarize ${all.map((_, i) => `s${i} = sum(round(if(isfinite(c${i}), c${i}, 0), 6)), n${i} = count(c${i})`).join(', ')} by k | sort k`;
  const expected = await rowsOf(dir, flowOf(same), engine);
  for (const e of engines) assert.is(await rowsOf(dir, of('weighted, nulls', flowOf(calls)), e), expected);
});

test('before over: order, distinct, empty frames, and a name that the library has', async () => {
  const flow = of(
    'letters, nulls as lag',
    `from csv("small.csv") | derive i = row_number() over () | derive l = letters(k) over (sort i rows -1..0), d = letters(distinct k) over (), n = lag(x) over (sort i rows 1..2) | select i, l, d, n`,
  );
  const both = '"[""a"",""b""]"';
  const expected = `i,l,d,n\n1,"[""a""]",${both},0\n2,${both},${both},1\n3,${both},${both},1\n4,${both},${both},0\n5,${both},${both},0\n`;
  for (const e of engines) assert.is(await rowsOf(dir, flow, e), expected);
});

test('failures name the function of the aggregate that failed', async () => {
  const failure = async (name: string): Promise<string> => {
    try {
      await rowsOf(dir, of(name, `from csv("small.csv") | summarize v = ${name}(x) by k`), engine);
    } catch (e) {
      if (e instanceof RunError) return `${e.code} ${e.message}`;
      throw e;
    }
    return 'it did not fail';
  };
  assert.match(await failure('adds'), /^FLOW7017 adds\.add\(5\) failed at \.\/f\.ts:\d+: Error: five$/);
  assert.match(await failure('travels'), /^FLOW7018 the state \{ f: .* \} of travels \(\.\/f\.ts\) cannot travel: /);
  assert.is(await failure('half'), 'FLOW7016 the aggregate "half" of ./f.ts lacks merge()');
});

test('types and places are checked before anything runs', async () => {
  const codes = async (steps: string): Promise<string[]> =>
    (await diagnosticsOf(dir, of('weighted, nulls', `from csv("small.csv") | ${steps}`))).map(
      (d) => `${d.code} ${d.message}`,
    );
  assert.equal(await codes('summarize v = weighted(x, w)'), []);
  assert.equal(await codes('summarize v = weighted(x)'), ['FLOW3011 weighted takes 2 arguments, not 1']);
  assert.equal(await codes('summarize v = weighted(k, w)'), ['FLOW3001 `x` of weighted is float, and this is string?']);
  assert.equal(await codes('summarize v = weighted(distinct x, w)'), [
    'FLOW3011 weighted takes `distinct` with a single argument only',
  ]);
  assert.equal(await codes('derive v = nulls(x)'), ['FLOW3007 nulls is an aggregate, and its place is summarize']);
});

test.after(async () => {
  for (const e of engines) await e.close();
});

test.run();
