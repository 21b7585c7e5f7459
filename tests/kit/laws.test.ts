// The kit for users: what it lets pass, and what it finds.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkAggregate, checkShuffle, checkUdf, type Partitioner } from '../../testing/index.ts';
import { broken } from './broken.ts';

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

/** Pieces in other places the second time that it is called with the same rows: a case asks for one input, the other, and the first again. */
function forgetful(): Partitioner<R> {
  let calls = 0;
  return (input, n) => {
    const pieces = right(input, n);
    return calls++ % 3 === 2 ? [...pieces.slice(1), ...pieces.slice(0, 1)] : pieces;
  };
}

/** By law: what breaks it, and what is said of it. */
const WRONG: readonly (readonly [string, Partitioner<R>, RegExp])[] = [
  ['partitions', (input) => [input], /^partitions: there are 1 pieces for \d partitions\n/],
  ['partitions', (input, n) => [...right(input, n), []], /there are \d pieces for \d partitions\n/],
  [
    'conservation',
    (input, n) => right(input, n).map((p) => p.filter((r) => r.v !== 7)),
    /^conservation: the row \{"k":\d,"v":7\} is lost\n/,
  ],
  [
    'conservation',
    (input, n) => right(input, n).map((p) => [...p, ...p.filter((r) => r.v === 7)]),
    /the row \{"k":\d,"v":7\} comes out 1 times more often than it goes in\n/,
  ],
  [
    'conservation',
    (input, n) => right(input, n).map((p) => p.map((r) => ({ ...r, v: Math.min(r.v, 98) }))),
    /the row \{"k":\d,"v":9[89]\} (is lost|comes out 1 times more often than it goes in)\n/,
  ],
  [
    'key locality',
    by((r, n) => (r.k + (r.v > 50 ? 1 : 0)) % n),
    /^key locality: the key \d is in partition \d and in partition \d\n/,
  ],
  ['key locality', by((r, n) => r.v % n), /the key \d is in partition \d and in partition \d\n/],
  // Within one input all rows of a key meet, but not those of another input.
  [
    'key locality',
    (input, n) => by((r, m) => (r.k + (input[0]?.v ?? 0)) % m)(input, n),
    /the key \d is in partition \d and in partition \d\n/,
  ],
  ['determinism', forgetful(), /^determinism: the same rows are split in another way the second time\n/],
  [
    'order',
    (input, n) => right([...input].reverse(), n),
    /^order: rows of the key (\d) come as (\{"k":\1,"v":\d+\}(, )?)+, and went in as (\{"k":\1,"v":\d+\}(, )?)+\n/,
  ],
];
for (const [law, partitioner, message] of WRONG) {
  test(`a partitioner that breaks ${law} is found: ${message.source.slice(0, 60)}`, async () => {
    const e = await broken(() => checkShuffle(partitioner, laws));
    assert.is(e.law, law);
    assert.match(e.message, message);
    assert.match(
      e.message,
      /\n {2}(byPlace|the partitioner), case: \{"one":\[.*\],"partitions":\d\}\n {2}again with \{ seed: 3 \}$/,
    );
  });
}

test('rows that are copied are the same rows', () =>
  checkShuffle((input, n) => right(input, n).map((p) => p.map((r) => ({ ...r }))), laws));

test('keys that are objects are equal by their members; order is not asked for where it is not promised', async () => {
  await checkShuffle(right, { ...laws, key: (r) => ({ k: r.k }) });
  await checkShuffle((input, n) => right([...input].reverse(), n), { ...laws, ordered: false });
});

test('a partitioner that depends on what was called before is found', async () => {
  let calls = 0;
  const e = await broken(() =>
    checkShuffle((input, n) => {
      const turn = Math.floor(calls++ / 2);
      return right(input, n).map((_, i, all) => all[(i + turn) % n] ?? []);
    }, laws),
  );
  assert.ok(['determinism', 'key locality'].includes(e.law), e.law);
});

test('a partitioner that fills one partition is found', async () => {
  const many = { ...laws, rows: fc.record({ k: fc.integer({ min: 0, max: 1e6 }), v: fc.nat() }), balance: 1.5 };
  const e = await broken(() =>
    checkShuffle(
      by((r, n) => (r.k % 10 < 8 ? 0 : r.k % n)),
      many,
    ),
  );
  assert.is(e.law, 'balance');
  assert.match(
    e.message,
    /^balance: of \d+ keys one of \d partitions has \d+, \d\.\d\d times the mean; 1\.5 are allowed\n/,
  );
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
  assert.is((await broken(() => checkAggregate(list, { values, seed: 1 }))).law, 'commutativity');
});

interface Total {
  readonly n: number;
  readonly sum: number;
  /** Made of parts. */
  readonly merged?: boolean;
  readonly f?: () => number;
}
const EMPTY: Total = { n: 0, sum: 0 };
const total = {
  init: (): Total => EMPTY,
  add: (s: Total, v: number): Total => ({ n: s.n + 1, sum: s.sum + v }),
  merge: (a: Total, b: Total): Total => ({ n: a.n + b.n, sum: a.sum + b.sum }),
  value: (s: Total): number => s.sum,
};
const both = (a: Total, b: Total): Total => total.merge(a, b);

/** By law: what breaks it, and what is said of it. */
const WRONG_AGGREGATES: readonly (readonly [string, string, Partial<typeof total>, RegExp])[] = [
  [
    'a mean of means',
    'parts',
    {
      merge: (a, b) => (a.n === 0 ? b : b.n === 0 ? a : { n: 1, sum: (a.sum / a.n + b.sum / b.n) / 2 }),
      value: (s) => (s.n === 0 ? 0 : s.sum / s.n),
    },
    /^parts: parts merged, and all at once: \S+ is not \S+\n/,
  ],
  ['a part that is lost', 'parts', { merge: (a, b) => (a.n > 0 ? a : b) }, /^parts: /],
  [
    'an empty part that counts as a value, behind',
    'identity',
    { merge: (a, b) => (b.n === 0 ? { ...a, sum: a.sum + 1 } : both(a, b)) },
    /^identity: an empty part behind [abc]: -?\d+ is not -?\d+\n/,
  ],
  [
    'an empty part that counts as a value, before',
    'identity',
    { merge: (a, b) => (a.n === 0 && b.n > 0 ? { ...b, sum: b.sum + 1 } : both(a, b)) },
    /^identity: an empty part before [abc]: -?\d+ is not -?\d+\n/,
  ],
  [
    'what is merged already and comes second loses a value',
    'associativity',
    { merge: (a, b) => ({ ...both(a, b), sum: a.sum + (b.merged === true && b.n > 1 ? 0 : b.sum), merged: true }) },
    /^associativity: \(a \+ b\) \+ c, and a \+ \(b \+ c\): -?\d+ is not -?\d+\n/,
  ],
  [
    'a state that cannot travel',
    'state',
    { init: () => ({ ...EMPTY, f: () => 1 }), add: (s, v) => ({ ...s, sum: s.sum + v }) },
    /^state: a state cannot be copied to another thread: .* could not be cloned/,
  ],
];
for (const [what, law, wrong, message] of WRONG_AGGREGATES) {
  test(`${what} is found`, async () => {
    const e = await broken(() => checkAggregate({ ...total, ...wrong }, { values, seed: 1 }));
    assert.is(e.law, law);
    assert.match(e.message, message);
    assert.match(
      e.message,
      /\n {2}the aggregate, case: \{"a":\[.*\],"b":\[.*\],"c":\[.*\]\}\n {2}again with \{ seed: 1 \}$/,
    );
  });
}

test('an aggregate in which the order shows, where that is not promised', async () => {
  const first = {
    init: (): { v: number | null } => ({ v: null }),
    add: (s: { v: number | null }, v: number) => ({ v: s.v ?? v }),
    merge: (a: { v: number | null }, b: { v: number | null }) => ({ v: a.v ?? b.v }),
    value: (s: { v: number | null }) => s.v,
  };
  await checkAggregate(first, { values, seed: 1, ordered: true });
  const e = await broken(() => checkAggregate(first, { values, seed: 1 }));
  assert.match(e.message, /^commutativity: a \+ b, and b \+ a: -?\d+ is not -?\d+\n/);
  // What counts as equal is the caller's to say.
  await checkAggregate(first, { values, seed: 1, equal: (a, b) => (a === null) === (b === null) });
});

/** By law: what breaks it, and what is said of it. Each is made anew, as some remember what they were called with. */
type Fn = (a: number, l: number[]) => unknown;
const WRONG_FUNCTIONS: readonly (readonly [string, () => Fn, RegExp])[] = [
  ['arguments', () => (a, l) => l.push(a), /^arguments: it changes its arguments: \[0,\[\]\] became \[0,\[0\]\]\n/],
  ['result', () => (a) => (a > 1000 ? undefined : a), /^result: it returns undefined\n/],
  ['result', () => async (a) => (a > 1000 ? undefined : a), /^result: it returns undefined\n/],
  [
    'it throws',
    () => (a) => {
      if (a === 0) throw new Error('zero');
      return a;
    },
    /^it throws: Error: zero\n/,
  ],
  ['it throws', () => (a) => (a === 0 ? Promise.reject(new Error('late')) : a), /^it throws: Error: late\n/],
  [
    'determinism',
    () => {
      let calls = 0;
      return () => calls++;
    },
    /^determinism: it returns \d+ first and \d+ later for the same arguments\n/,
  ],
  // The same each time, unless it was called with others in between.
  [
    'determinism',
    () => {
      let last = 0;
      return (a) => {
        const before = last;
        if (a > 5) last = a;
        return a > 5 ? a : before;
      };
    },
    /^determinism: it returns -?\d+ first and -?\d+ later for the same arguments\n/,
  ],
];

test('functions: what is right passes', async () => {
  const args = fc.tuple(fc.integer(), fc.array(fc.integer(), { maxLength: 4 }));
  await checkUdf((a: number, l: number[]) => a + l.length, { args, seed: 1, returns: Number.isFinite });
  await checkUdf(async (a: number, l: number[]) => a + l.length, { args, seed: 1, returns: Number.isFinite });
});

for (const [law, make, message] of WRONG_FUNCTIONS) {
  test(`a function that breaks ${law} is found: ${message.source}`, async () => {
    const args = fc.tuple(fc.integer(), fc.array(fc.integer(), { maxLength: 4 }));
    const e = await broken(() => checkUdf(make(), { args, seed: 1 }));
    assert.is(e.law, law);
    assert.match(e.message, message);
    assert.match(e.message, /\n {2}the function, case: \[\[.*\]\]\n {2}again with \{ seed: 1 \}$/);
  });
}

test.run();
