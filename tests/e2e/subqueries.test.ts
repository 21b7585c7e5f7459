// scalar, in, except, intersect and grouping sets against what a few lines of JavaScript say, over random tables with nulls and duplicates.
import * as fs from 'node:fs';
import * as path from 'node:path';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type CompileOptions, check, Engine, encodeRows, plan } from '../../index.ts';
import { runEverywhere, tempDir } from './harness.ts';

const dir = tempDir();
const engines = [16, 256].flatMap((mib) => [1, 2].map((workers) => new Engine({ workers, memory: mib << 20 })));
test.after(async () => {
  for (const engine of engines) await engine.close();
});

interface Row {
  readonly k: number | null;
  readonly s: string | null;
}

const row: fc.Arbitrary<Row> = fc.record({
  k: fc.option(fc.integer({ min: 0, max: 4 }), { freq: 4 }),
  s: fc.option(fc.constantFrom('a', 'b', 'ü'), { freq: 4 }),
});
const table = fc.array(row, { maxLength: 25 });
let files = 0;

function source(rows: readonly Row[]): string {
  const file = path.join(dir, `t${files++}.csv`);
  fs.writeFileSync(file, `k,s\n${rows.map((r) => `${r.k ?? ''},${r.s ?? ''}`).join('\n')}\n`);
  return `from csv("${file}") as { k: int?, s: string? }`;
}

/** The lines of a flow's result, the same under every engine. */
async function lines(text: string, options: CompileOptions = {}): Promise<string[]> {
  const bound = await check(text, 'test.flow', options);
  if (bound.plan === null) throw new Error(bound.diagnostics.map((d) => `${d.code} ${d.message}`).join('\n'));
  const { physical } = await plan(bound.plan, options);
  let first: string | null = null;
  for (const engine of engines) {
    const { results } = await engine.run(physical);
    const parts: Buffer[] = [];
    for (const r of results) {
      for (const bytes of encodeRows(r.schema, r.batches(), 'csv')) parts.push(Buffer.from(bytes));
      r.release();
    }
    const all = Buffer.concat(parts).toString();
    first ??= all;
    assert.is(all, first);
  }
  return (first as string).trimEnd().split('\n').slice(1);
}

const show = (...cells: readonly (string | number | boolean | null)[]): string => cells.map((c) => c ?? '').join(',');
const sorted = (rows: readonly string[]): string[] => [...rows].sort();

/** SQL's `x in set`: true, false, or null where that cannot be told. */
function isIn(x: number | null, set: readonly (number | null)[]): boolean | null {
  if (set.length === 0) return false;
  if (x !== null && set.includes(x)) return true;
  return x === null || set.includes(null) ? null : false;
}

const not = (b: boolean | null): boolean | null => (b === null ? null : !b);
const OPTIONS: CompileOptions[] = [{}, { broadcastBytes: 0 }];

test('in and not in, as a filter, as a value, and below or', async () => {
  await fc.assert(
    fc.asyncProperty(table, table, fc.constantFrom(...OPTIONS), async (left, right, options) => {
      const set = right.map((r) => r.k);
      const [l, r] = [source(left), source(right)];
      const answer = left.map((x) => isIn(x.k, set));
      const kept = (want: (b: boolean | null, x: Row) => boolean | null): string[] =>
        sorted(left.filter((x, i) => want(answer[i] ?? null, x) === true).map((x) => show(x.k, x.s)));
      const of = async (step: string): Promise<string[]> => sorted(await lines(`${l} | ${step}`, options));
      assert.equal(
        await of(`where k in (${r} | select k)`),
        kept((b) => b),
      );
      assert.equal(await of(`where k not in (${r} | select k)`), kept(not));
      assert.equal(
        await of(`remove k in (${r} | select k)`),
        kept((b) => b !== true),
      );
      assert.equal(
        await of(`remove k not in (${r} | select k)`),
        kept((b) => not(b) !== true),
      );
      assert.equal(
        await of(`where k in (${r} | select k) or s == "a"`),
        kept((b, x) => b === true || x.s === 'a'),
      );
      assert.equal(
        await of(`derive b = k in (${r} | select k)`),
        sorted(left.map((x, i) => show(x.k, x.s, answer[i] ?? null))),
      );
    }),
    { numRuns: 25 },
  );
});

test('scalar is the only value, null without a row, and an error with two', async () => {
  await fc.assert(
    fc.asyncProperty(table, table, async (left, right) => {
      const [l, r] = [source(left), source(right)];
      const known = right.flatMap((x) => (x.k === null ? [] : [x.k]));
      const max = known.length === 0 ? null : Math.max(...known);
      assert.equal(
        await lines(`${l} | derive m = scalar(${r} | summarize max(k)) | select k, m, n = 1`),
        left.map((x) => show(x.k, max, 1)),
      );
      assert.equal(
        await lines(`${l} | where k < scalar(${r} | summarize max(k)) | derive n = 1`),
        left.filter((x) => x.k !== null && max !== null && x.k < max).map((x) => show(x.k, x.s, 1)),
      );
      const some = `${r} | where s == "a" | select k`;
      const found = right.filter((x) => x.s === 'a');
      if (found.length <= 1) {
        const value = found[0]?.k ?? null;
        assert.equal(
          await lines(`${l} | select v = scalar(${some}), n = 1`),
          left.map(() => show(value, 1)),
        );
      } else
        await lines(`${l} | select v = scalar(${some}), n = 1`).then(
          () => assert.unreachable('two rows are no scalar'),
          (e: Error) => assert.match(e.message, /a scalar is one row, and this pipeline gives/),
        );
    }),
    { numRuns: 25 },
  );
});

test('except and intersect, distinct and all; nulls are equal', async () => {
  await fc.assert(
    fc.asyncProperty(table, table, table, async (a, b, c) => {
      const [x, y, z] = [source(a), source(b), source(c)];
      const count = (rows: readonly Row[], key: string): number => rows.filter((r) => show(r.k, r.s) === key).length;
      const keys = [...new Set(a.map((r) => show(r.k, r.s)))];
      const times = (n: (key: string) => number): string[] =>
        sorted(keys.flatMap((key) => new Array<string>(Math.max(0, n(key))).fill(key)));
      const of = async (step: string): Promise<string[]> => sorted(await lines(`${x} | ${step}`));
      const both = `(${y}), (${z} | select s, k)`;
      assert.equal(
        await of(`except ${both}`),
        times((k) => (count(b, k) + count(c, k) === 0 ? 1 : 0)),
      );
      assert.equal(
        await of(`except all ${both}`),
        times((k) => count(a, k) - count(b, k) - count(c, k)),
      );
      assert.equal(
        await of(`intersect ${both}`),
        times((k) => Math.min(1, count(b, k), count(c, k))),
      );
      assert.equal(
        await of(`intersect all ${both}`),
        times((k) => Math.min(count(a, k), count(b, k), count(c, k))),
      );
    }),
    { numRuns: 25 },
  );
});

const FORMS: readonly (readonly [string, readonly (readonly ('k' | 's')[])[]])[] = [
  ['rollup(k, s)', [['k', 's'], ['k'], []]],
  ['cube(k, s)', [['k', 's'], ['k'], ['s'], []]],
  ['sets((s), (k, s))', [['s'], ['k', 's']]],
  ['s, rollup(k)', [['s', 'k'], ['s']]],
];

test('grouping sets are one summarize for each set', async () => {
  await fc.assert(
    fc.asyncProperty(table, fc.constantFrom(...FORMS), async (rows, [by, sets]) => {
      const expected: string[] = [];
      for (const set of sets) {
        const groups = new Map<string, Row[]>();
        if (set.length === 0) groups.set(show(null, null), []);
        for (const r of rows) {
          const key = show(set.includes('k') ? r.k : null, set.includes('s') ? r.s : null);
          groups.set(key, [...(groups.get(key) ?? []), r]);
        }
        const bits = (set.includes('k') ? 0 : 2) + (set.includes('s') ? 0 : 1);
        for (const [key, group] of groups) {
          const values = group.flatMap((r) => (r.k === null ? [] : [r.k]));
          const sum = values.length === 0 ? null : values.reduce((p, q) => p + q, 0);
          expected.push(`${key},${show(group.length, sum, bits)}`);
        }
      }
      const flow = `${source(rows)} | summarize n = count(), t = sum(k), g = grouping(k, s) by ${by} | select k, s, n, t, g`;
      assert.equal(sorted(await lines(flow)), sorted(expected));
    }),
    { numRuns: 40 },
  );
});

test('out of core: many groups, many rows, and a row that is there very often', async () => {
  const big = path.join(dir, 'big.csv');
  const wide = 'y'.repeat(60);
  fs.writeFileSync(
    big,
    `a,b,pad\n${Array.from({ length: 120_000 }, (_, i) => `${i % 40_000},${i % 7},${i % 40_000}${wide}`).join('\n')}\n`,
  );
  const { results } = await runEverywhere(`let t = from csv("${big}")
    from t | summarize n = count(), g = grouping(pad) by rollup(a, pad) | summarize rows = count(), n = sum(n), totals = sum(g)
    from t | except all (from t | where b == 3) | summarize n = count()
    from t | where a in (from t | where b == 1 | select a) | summarize n = count()
    from t | select x = 1 | intersect all (from t | select x = 1) | summarize n = count(), x = sum(x)`);
  assert.equal(
    results.map((r) => r.trim().split('\n')[1]),
    [`80001,360000,40001`, '102857', '51429', '120000,120000'],
  );
});

test.run();
