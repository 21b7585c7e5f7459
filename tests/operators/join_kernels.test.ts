// Joins with kernels against joins without them, on the same columns in the arena: every type of key, every kind of join, any cut.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { rowsOf } from '../../engine/batch/access.ts';
import { batchFromRows } from '../../engine/batch/build.ts';
import type { Batch } from '../../engine/batch/column.ts';
import type { LiteralValue } from '../../engine/expr.ts';
import { useKernels } from '../../engine/kernels/load.ts';
import { arenaScratch } from '../../engine/memory/scratch.ts';
import { join } from '../../engine/operators/join.ts';
import { lookup } from '../../engine/operators/lookup.ts';
import type { JoinParams } from '../../engine/operators/params.ts';
import { hashWriter } from '../../engine/shuffle/hash.ts';
import { hashPartition, relationReader } from '../../engine/shuffle/reader.ts';
import type { Store } from '../../engine/store/types.ts';
import type { DataType, Schema } from '../../engine/types.ts';
import { field, T } from '../../engine/types.ts';
import { nullable, toDict } from '../batch/arbitrary.ts';
import { inArena } from '../kernels/arena.ts';
import type { Row } from './harness.ts';
import { context, release, step, textOf, withStore } from './harness.ts';

const BITS = 1;

interface Case {
  readonly params: JoinParams;
  readonly schemas: readonly [Schema, Schema];
  readonly left: readonly Row[];
  readonly right: readonly Row[];
  readonly batchRows: number;
  readonly dictionaries: boolean;
  readonly grant: number;
}

function inBatches(rows: readonly Row[], schema: Schema, c: Case, into: (b: Batch) => Batch): Batch[] {
  const out: Batch[] = [];
  for (let at = 0; at < rows.length; at += c.batchRows) {
    const b = batchFromRows(schema, rows.slice(at, at + c.batchRows));
    // Every other batch, so that both forms meet.
    const columns = b.columns.map((col) =>
      c.dictionaries && col.phys === 'utf8' && (at / c.batchRows) % 2 === 0 ? toDict(col) : col,
    );
    out.push(into({ ...b, columns }));
  }
  return out;
}

async function texts(source: AsyncIterable<Batch>): Promise<string[]> {
  const out: string[] = [];
  for await (const b of source) for (const r of rowsOf(b)) out.push(textOf(r));
  return out;
}

async function lookedUp(c: Case, store: Store): Promise<string[]> {
  const [leftSchema, rightSchema] = c.schemas;
  const memory = arenaScratch(store);
  const refs = inBatches(c.right, rightSchema, c, (b) => b).map((b) => store.putBatch(b));
  const ctx = context(store, c.grant, [relationReader(store, refs, rightSchema)]);
  const sides = [{ relation: 0, schema: rightSchema }];
  const ref = step('lookup', 'map', c.params, leftSchema, lookup.schema(c.params, c.schemas), sides);
  try {
    const source = (async function* () {
      yield* inBatches(c.left, leftSchema, c, (b) => inArena(b, memory));
    })();
    return await texts(lookup.map?.(c.params, ref, ctx)(source) as AsyncIterable<Batch>);
  } finally {
    ctx.end();
    memory.release();
    release(store, [refs]);
  }
}

async function partitioned(c: Case, store: Store): Promise<string[]> {
  const [leftSchema, rightSchema] = c.schemas;
  const ctx = context(store, c.grant);
  const write = (rows: readonly Row[], schema: Schema, keys: readonly string[]) => {
    const writer = hashWriter(ctx, schema, keys, BITS);
    for (const b of inBatches(rows, schema, c, (x) => x)) writer.add(b);
    const { pieces } = writer.finish();
    writer.free();
    return pieces;
  };
  const lefts = write(c.left, leftSchema, c.params.leftKeys);
  const rights = write(c.right, rightSchema, c.params.rightKeys);
  const ref = step('join', 'final', c.params, leftSchema, join.schema(c.params, c.schemas));
  const out: string[] = [];
  try {
    for (let p = 0; p < 2 ** BITS; p++) {
      const readers = [
        hashPartition(store, lefts[p] ?? [], leftSchema, BITS),
        hashPartition(store, rights[p] ?? [], rightSchema, BITS),
      ];
      for (const t of await texts(join.final?.(c.params, ref, readers, ctx) as AsyncIterable<Batch>)) out.push(t);
    }
    return out;
  } finally {
    ctx.end();
    release(store, lefts);
    release(store, rights);
  }
}

async function agree(c: Case): Promise<number> {
  let rows = 0;
  for (const run of [lookedUp, partitioned]) {
    const fast = await withStore((store) => run(c, store));
    useKernels(false);
    try {
      const plain = await withStore((store) => run(c, store));
      assert.is(fast.length, plain.length, `${run.name}: number of rows`);
      for (let i = 0; i < fast.length; i++) assert.is(fast[i], plain[i], `${run.name}: row ${i}`);
    } finally {
      useKernels(true);
    }
    rows = fast.length;
  }
  return rows;
}

function schemasOf(types: readonly DataType[]): readonly [Schema, Schema] {
  return [
    [...types.map((t, k) => field(`a${k}`, t)), field('x', T.int, false)],
    [...types.map((t, k) => field(`b${k}`, t)), field('y', T.int, false), field('s', T.string)],
  ];
}

const RESIDUAL: Partial<JoinParams> = {
  residual: {
    kind: 'call',
    fn: 'lt',
    type: T.bool,
    nullable: false,
    args: [
      { kind: 'column', name: 'x', type: T.int, nullable: false },
      { kind: 'column', name: 'ry', type: T.int, nullable: false },
    ],
  },
  right: [{ name: 'ry', column: 'y' }],
};

function paramsOf(kind: JoinParams['kind'], keys: number, residual: boolean): JoinParams {
  return {
    kind,
    leftKeys: Array.from({ length: keys }, (_, k) => `a${k}`),
    rightKeys: Array.from({ length: keys }, (_, k) => `b${k}`),
    residual: null,
    nearest: null,
    right: [],
    add: [
      { name: 'y', column: 'y' },
      { name: 's', column: 's' },
    ],
    matching: 'many',
    ...(residual ? RESIDUAL : {}),
  };
}

const KINDS = ['inner', 'left', 'semi', 'anti'] as const;
const TYPES: readonly DataType[] = [
  T.int,
  T.string,
  T.float,
  T.bool,
  T.date,
  T.timestamp,
  T.interval,
  T.decimal(38, 2),
  T.list(T.int),
  T.null,
];
/** Ints that only differ where one half of the word, or the sign, does; neighbours, for direct tables. */
const INTS: readonly LiteralValue[] = [
  0,
  1,
  2,
  3,
  -1,
  4294967296,
  4294967297,
  -4294967296,
  2147483647,
  -2147483648,
  null,
];

const cases: fc.Arbitrary<Case> = fc
  .record({
    types: fc.array(fc.constantFrom(...TYPES), { minLength: 1, maxLength: 2 }),
    kind: fc.constantFrom(...KINDS),
    residual: fc.boolean(),
    batchRows: fc.constantFrom(1, 7, 64, 1000),
    dictionaries: fc.boolean(),
    grant: fc.constantFrom(64 << 10, 32 << 20),
  })
  .chain((r) => {
    const pools = r.types.map((t) =>
      t.kind === 'int'
        ? fc.subarray([...INTS, ...Array.from({ length: 12 }, (_, i) => i)], { minLength: 1 })
        : fc.array(nullable(t), { minLength: 1, maxLength: 8 }),
    );
    return fc.tuple(...pools).chain((values) => {
      const picks = fc.array(fc.tuple(...values.map((v) => fc.constantFrom(...v))), { maxLength: 150 });
      return fc.tuple(picks, picks).map(([ls, rs]): Case => {
        const rowsAs = (all: typeof ls, name: string, more: (i: number) => Row): Row[] =>
          all.map((keys, i) => ({ ...Object.fromEntries(keys.map((v, k) => [`${name}${k}`, v])), ...more(i) }));
        return {
          ...r,
          params: paramsOf(r.kind, r.types.length, r.residual),
          schemas: schemasOf(r.types),
          left: rowsAs(ls as typeof ls, 'a', (x) => ({ x })),
          right: rowsAs(rs as typeof rs, 'b', (y) => ({ y, s: y % 5 === 0 ? null : `right ${y}` })),
        };
      });
    });
  });

test('joins with kernels give what joins without them give', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async (c) => void (await agree(c))),
    { numRuns: 80 },
  );
});

function large(
  kind: JoinParams['kind'],
  leftKey: (i: number) => LiteralValue,
  rightKey: (j: number) => LiteralValue,
): Case {
  return {
    params: paramsOf(kind, 1, false),
    schemas: schemasOf([typeof leftKey(1) === 'string' ? T.string : T.int]),
    left: Array.from({ length: 70001 }, (_, x) => ({ a0: leftKey(x), x })),
    right: Array.from({ length: 20003 }, (_, y) => ({ b0: rightKey(y), y, s: y % 7 === 0 ? null : `r${y}` })),
    batchRows: 65536,
    dictionaries: false,
    grant: 64 << 20,
  };
}

test('many rows: complete and sparse keys, nulls, lists longer than a block and one key with many rows', async () => {
  const sparse = (i: number): LiteralValue => (i % 11 === 0 ? null : Math.imul(i % 30011, 0x9e3779b1) | 0);
  const dense = (i: number): LiteralValue => i % 20003;
  const skewed = (i: number): LiteralValue => (i % 4 === 0 ? 5 : Math.imul(i, 7919) % 100000);
  const text = (i: number): LiteralValue => (i % 13 === 0 ? null : `key ${i % 9973} ${'x'.repeat(i % 9)}`);
  assert.is(await agree(large('inner', dense, dense)), 70001);
  for (const kind of KINDS) {
    await agree(large(kind, sparse, sparse));
    await agree(large(kind, text, text));
  }
  // 2001 left rows meet the 5000 right rows of the hot key.
  const hot = large('left', (i) => (i % 35 === 0 ? 5 : i + 200000), skewed);
  await agree({ ...hot, left: hot.left.slice(0, 1001) });
  await agree({ ...hot, params: paramsOf('semi', 1, false) });
});

test.run();
