// The kit for users: what it lets pass, and what it finds.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkAggregate, checkShuffle, checkUdf, LawError, type Partitioner } from '../../testing/index.ts';

interface R {
  readonly k: number;
  readonly v: number;
}
const rows = fc.record({ k: fc.integer({ min: 0, max: 5 }), v: fc.integer({ min: 0, max: 99 }) });
const laws = { rows, key: (r: R) => r.k, seed: 3 };

function by(place: (r: R, partitions: number) => number): Partitioner<R> {
  return function byPlace(input, partitions) {
    const pieces: R[][] = Array.from({ length: partitions }, () => []);
    for (const r of input) pieces[place(r, partitions)]?.push(r);
    return pieces;
  };
}
const right = by((r, n) => r.k % n);

async function lawBroken(run: () => Promise<void>): Promise<LawError> {
  try {
    await run();
  } catch (e) {
    if (e instanceof LawError) return e;
    throw e;
  }
  throw new Error('no law is broken');
}

test('a right partitioner passes', async () => {
  await checkShuffle(right, laws);
  const many = { ...laws, rows: fc.record({ k: fc.integer({ min: 0, max: 1e6 }), v: fc.nat() }), balance: 1.5 };
  await checkShuffle(
    by((r, n) =>
      Math.imul(r.k, 0x9e3779b1) % n < 0 ? -(Math.imul(r.k, 0x9e3779b1) % n) : Math.imul(r.k, 0x9e3779b1) % n,
    ),
    many,
  );
});

const WRONG: readonly (readonly [string, Partitioner<R>])[] = [
  ['partitions', (input) => [input]],
  ['conservation', (input, n) => right(input, n).map((p) => p.filter((r) => r.v !== 7))],
  ['conservation', (input, n) => right(input, n).map((p) => [...p, ...p.filter((r) => r.v === 7)])],
  ['conservation', (input, n) => right(input, n).map((p) => p.map((r) => ({ ...r, v: Math.min(r.v, 98) })))],
  ['key locality', by((r, n) => (r.k + (r.v > 50 ? 1 : 0)) % n)],
  ['key locality', by((r, n) => r.v % n)],
  ['order', (input, n) => right([...input].reverse(), n)],
];
for (const [law, partitioner] of WRONG) {
  test(`a partitioner that breaks ${law} is found`, async () => {
    const e = await lawBroken(() => checkShuffle(partitioner, laws));
    assert.is(e.law, law);
    assert.match(e.message, /case: \{.*\}\n {2}again with \{ seed: 3 \}/s);
  });
}

test('a partitioner that depends on what was called before is found', async () => {
  let calls = 0;
  const e = await lawBroken(() =>
    checkShuffle((input, n) => {
      const turn = Math.floor(calls++ / 2);
      return right(input, n).map((_, i, all) => all[(i + turn) % n] ?? []);
    }, laws),
  );
  assert.ok(['determinism', 'key locality'].includes(e.law), e.law);
});

test('a partitioner that fills one partition is found', async () => {
  const many = { ...laws, rows: fc.record({ k: fc.integer({ min: 0, max: 1e6 }), v: fc.nat() }), balance: 1.5 };
  const e = await lawBroken(() =>
    checkShuffle(
      by((r, n) => (r.k % 10 < 8 ? 0 : r.k % n)),
      many,
    ),
  );
  assert.is(e.law, 'balance');
});

const mean = {
  init: () => ({ n: 0, sum: 0 }),
  add: (s: { n: number; sum: number }, v: number) => ({ n: s.n + 1, sum: s.sum + v }),
  merge: (a: { n: number; sum: number }, b: { n: number; sum: number }) => ({ n: a.n + b.n, sum: a.sum + b.sum }),
  value: (s: { n: number; sum: number }) => (s.n === 0 ? null : s.sum / s.n),
};
const values = fc.integer({ min: -50, max: 50 });

test('right aggregates pass', async () => {
  await checkAggregate(mean, { values, seed: 1 });
  const list = {
    init: (): number[] => [],
    add: (s: number[], v: number) => {
      s.push(v);
      return undefined;
    },
    merge: (a: number[], b: number[]) => [...a, ...b],
    value: (s: number[]) => s.join(),
  };
  await checkAggregate(list, { values, seed: 1, ordered: true });
  assert.is((await lawBroken(() => checkAggregate(list, { values, seed: 1 }))).law, 'commutativity');
});

test('a mean of means is found', async () => {
  const wrong = {
    ...mean,
    merge: (a: { n: number; sum: number }, b: { n: number; sum: number }) =>
      a.n === 0 ? b : b.n === 0 ? a : { n: 1, sum: (a.sum / a.n + b.sum / b.n) / 2 },
  };
  assert.is((await lawBroken(() => checkAggregate(wrong, { values, seed: 1 }))).law, 'parts');
});

test('an aggregate without an identity, and one whose state cannot travel, are found', async () => {
  const most = {
    init: () => 0,
    add: (s: number, v: number) => Math.max(s, v),
    merge: (a: number, b: number) => a + b,
    value: (s: number) => s,
  };
  assert.is((await lawBroken(() => checkAggregate(most, { values, seed: 1 }))).law, 'parts');
  const bound = { ...mean, init: () => ({ n: 0, sum: 0, f: () => 1 }) };
  assert.is((await lawBroken(() => checkAggregate(bound, { values, seed: 1 }))).law, 'state');
});

test('functions: what is right passes, what is not is found', async () => {
  const args = fc.tuple(fc.integer(), fc.array(fc.integer(), { maxLength: 4 }));
  await checkUdf((a: number, l: number[]) => a + l.length, { args, seed: 1, returns: Number.isFinite });
  const cases: readonly (readonly [string, (a: number, l: number[]) => unknown])[] = [
    ['arguments', (a, l) => l.push(a)],
    ['result', (a) => (a > 1000 ? undefined : a)],
    [
      'it throws',
      (a) => {
        if (a === 0) throw new Error('zero');
        return a;
      },
    ],
  ];
  for (const [law, fn] of cases) assert.is((await lawBroken(() => checkUdf(fn, { args, seed: 1 }))).law, law);
  let calls = 0;
  assert.is(
    (await lawBroken(() => checkUdf((a: number, l: number[]) => a + l.length + calls++, { args, seed: 1 }))).law,
    'determinism',
  );
});

test.run();
