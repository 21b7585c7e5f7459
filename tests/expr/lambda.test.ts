import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { valuesOf } from '../../engine/batch/access.ts';
import { batchFromRows } from '../../engine/batch/build.ts';
import type { Batch } from '../../engine/batch/column.ts';
import { gatherBatch } from '../../engine/batch/gather.ts';
import { sliceBatch } from '../../engine/batch/slice.ts';
import { RunError } from '../../engine/errors.ts';
import { compileFilter, compileProjection } from '../../engine/expr/compile.ts';
import type { Expr, LiteralValue, LocalExpr } from '../../engine/expr.ts';
import { heapScratch } from '../../engine/memory/heap_scratch.ts';
import { type DataType, field, type Schema, T } from '../../engine/types.ts';
import { call, lit } from '../functions/mini.ts';

const scratch = heapScratch();
const SCHEMA: Schema = [
  field('k', T.int),
  field('s', T.string),
  field('xs', T.list(T.int)),
  field('ys', T.list(T.list(T.int))),
  field('p', T.struct([field('q', T.int)])),
];
const column = (name: string): Expr => ({
  kind: 'column',
  name,
  type: SCHEMA.find((f) => f.name === name)?.type ?? T.null,
  nullable: true,
});
const [k, s, xs, ys, p] = ['k', 's', 'xs', 'ys', 'p'].map(column) as [Expr, Expr, Expr, Expr, Expr];
const local = (name: string, type: DataType, level = 0): LocalExpr => ({
  kind: 'local',
  name,
  level,
  type,
  nullable: true,
});
const lambda = (params: readonly LocalExpr[], body: Expr): Expr => ({
  kind: 'lambda',
  params,
  body,
  type: body.type,
  nullable: false,
});
const int = (v: number): Expr => lit(T.int, v);
const [x, i, acc, y, row] = [
  local('x', T.int),
  local('i', T.int, 1),
  local('acc', T.int),
  local('y', T.int, 1),
  local('row', T.list(T.int)),
];

interface Row {
  readonly k: number | null;
  readonly s: string | null;
  readonly xs: readonly (number | null)[] | null;
  readonly ys: readonly (readonly (number | null)[] | null)[] | null;
  readonly p: { readonly q: number | null } | null;
}
type Values = readonly (number | null)[];

const small = fc.option(fc.integer({ min: -9, max: 9 }), { freq: 5 });
const listOf = fc.option(fc.array(small, { maxLength: 4 }), { freq: 5 });
const rowsOf: fc.Arbitrary<Row[]> = fc.array(
  fc.record({
    k: small,
    s: fc.option(fc.constantFrom('a', 'b', 'ü'), { freq: 5 }),
    xs: listOf,
    ys: fc.option(fc.array(listOf, { maxLength: 3 }), { freq: 5 }),
    p: fc.option(fc.record({ q: small }), { freq: 5 }),
  }),
  { minLength: 1, maxLength: 30 },
);

/** null where one of them is. */
const lift =
  (f: (...args: number[]) => LiteralValue) =>
  (...args: readonly (number | null | undefined)[]): LiteralValue =>
    args.some((v) => v === null || v === undefined) ? null : f(...(args as number[]));
const plus = lift((a, b) => a + b);
const less = lift((a, b) => a < b);

/** Each expression, and what it should be for a row. */
const CASES: readonly (readonly [string, Expr, (r: Row) => unknown])[] = [
  ['transform', call('list_transform', [xs, lambda([x], call('add', [x, k]))]), (r) => r.xs?.map((v) => plus(v, r.k))],
  [
    'transform with positions and texts',
    call('list_transform', [xs, lambda([x, i], call('concat', [s, lit(T.string, ':'), i]))]),
    (r) => r.xs?.map((_, at) => (r.s === null ? null : `${r.s}:${at}`)),
  ],
  [
    'a field of a struct around',
    call('list_transform', [xs, lambda([x], call('add', [x, call('get', [p, lit(T.string, 'q')])]))]),
    (r) => r.xs?.map((v) => plus(v, r.p?.q)),
  ],
  [
    'filter',
    call('list_filter', [xs, lambda([x], call('lt', [x, k]))]),
    (r) => r.xs?.filter((v) => less(v, r.k) === true),
  ],
  [
    'any',
    call('list_any', [xs, lambda([x], call('lt', [x, k]))]),
    (r) => {
      const found = r.xs?.map((v) => less(v, r.k));
      if (found === undefined) return null;
      return found.includes(true) ? true : found.includes(null) ? null : false;
    },
  ],
  [
    'all',
    call('list_all', [xs, lambda([x], call('lt', [x, k]))]),
    (r) => {
      const found = r.xs?.map((v) => less(v, r.k));
      if (found === undefined) return null;
      return found.includes(false) ? false : found.includes(null) ? null : true;
    },
  ],
  [
    'sort by a key',
    call('list_sort', [xs, lambda([x], call('abs', [x])), lit(T.string, 'desc')]),
    (r) =>
      r.xs &&
      [...r.xs].sort((a, b) =>
        a === null || b === null ? Number(a === null) - Number(b === null) : Math.abs(b) - Math.abs(a),
      ),
  ],
  [
    'reduce from the first item',
    call('list_reduce', [xs, lambda([acc, y], call('sub', [call('mul', [acc, int(2)]), y]))]),
    (r) =>
      r.xs === null || r.xs.length === 0
        ? null
        : r.xs.reduce((a, b) => lift((m, n) => 2 * m - n)(a, b) as number | null),
  ],
  [
    'reduce from a start',
    call('list_reduce', [xs, lambda([acc, y], call('add', [acc, call('coalesce', [y, k])])), int(100)]),
    (r) => (r.xs as Values | null)?.reduce<number | null>((a, b) => plus(a, b ?? r.k) as number | null, 100),
  ],
  [
    'one lambda within another',
    call('list_transform', [
      ys,
      lambda(
        [row],
        call('list_transform', [
          row,
          lambda([local('z', T.int, 1)], call('add', [local('z', T.int, 1), call('length', [row])])),
        ]),
      ),
    ]),
    (r) => r.ys?.map((list) => list?.map((v) => plus(v, list.length))),
  ],
  [
    'calls of calls',
    call('list_sum', [
      call('list_filter', [
        call('list_transform', [xs, lambda([x], call('neg', [x]))]),
        lambda([x], call('gt', [x, int(0)])),
      ]),
    ]),
    (r) => {
      const kept = r.xs?.filter((v) => v !== null && -v > 0).map((v) => -(v as number));
      return kept === undefined || kept.length === 0 ? null : kept.reduce((a, b) => a + b, 0);
    },
  ],
];

const plain = (v: unknown): string =>
  JSON.stringify(v, (_, one: unknown) => (Object.is(one, -0) ? 0 : typeof one === 'bigint' ? Number(one) : one));

test('lambdas give what a loop over each row gives, over batches, parts of them and rows of any order', () => {
  const outputs = CASES.map(([name, expr]) => ({ name, expr }));
  const project = compileProjection(null, outputs, SCHEMA);
  const filtered = compileProjection(call('lt', [k, int(3)]), outputs, SCHEMA);
  const check = (batch: Batch, rows: readonly Row[], by = project): void => {
    const made = by(batch, scratch);
    CASES.forEach(([name, , expected], at) => {
      const column = made.columns[at];
      if (column === undefined) throw new Error(name);
      assert.is(column.length, rows.length);
      const [seen, wanted] = [plain(valuesOf(column)), plain(rows.map(expected))];
      if (seen !== wanted) throw new Error(`${name}: ${seen}, not ${wanted}`);
    });
  };
  fc.assert(
    fc.property(rowsOf, fc.nat(), (rows, cut) => {
      const batch = batchFromRows(SCHEMA, rows as never);
      check(batch, rows);
      const from = cut % rows.length;
      check(sliceBatch(batch, from, rows.length), rows.slice(from));
      const turned = Uint32Array.from(rows, (_, at) => rows.length - 1 - at);
      check(gatherBatch(batch, turned, rows.length, scratch), [...rows].reverse());
      check(
        batch,
        rows.filter((r) => r.k !== null && r.k < 3),
        filtered,
      );
    }),
    { numRuns: 150 },
  );
});

/** 10 // (x - 1), which fails for an item of 1. */
const risky = call('list_transform', [xs, lambda([x], call('intdiv', [int(10), call('sub', [x, int(1)])]))]);
const rows = [
  { k: 0, xs: [1, 2] },
  { k: 1, xs: [2, 3] },
  { k: null, xs: [1] },
];
const batch = batchFromRows(SCHEMA, rows as never);
const result = (e: Expr): unknown =>
  valuesOf(
    compileProjection(null, [{ name: 'out', expr: e }], SCHEMA)(batch, scratch).columns[0] as Batch['columns'][number],
  );

test('a lambda is evaluated only where its value is asked for', () => {
  const one = call('is', [k, int(1)]);
  assert.equal(result(call('if', [one, risky])), [null, [10, 5], null]);
  const branch: Expr = {
    kind: 'case',
    branches: [
      { when: call('eq', [k, int(0)]), then: xs },
      { when: one, then: risky },
    ],
    otherwise: lit(xs.type, null),
    type: xs.type,
    nullable: true,
  };
  assert.equal(result(branch), [[1, 2], [10, 5], null]);
  assert.equal(result(call('coalesce', [call('if', [call('isnot', [k, int(1)]), xs]), risky])), [[1, 2], [10, 5], [1]]);
  const some = call('list_any', [risky, lambda([x], call('gt', [x, int(5)]))]);
  assert.equal([...compileFilter(call('and', [one, some]), SCHEMA)(batch, scratch)], [1]);
  assert.equal(
    valuesOf(
      compileProjection(one, [{ name: 'out', expr: risky }], SCHEMA)(batch, scratch)
        .columns[0] as Batch['columns'][number],
    ),
    [[10, 5]],
  );
});

test('an error in a lambda names the row', () => {
  for (const [e, at] of [
    [risky, 0],
    [call('if', [call('is', [k, lit(T.int, null)]), risky]), 2],
    [call('if', [call('isnot', [k, int(0)]), risky]), 2],
  ] as const) {
    try {
      result(e);
      assert.unreachable();
    } catch (error) {
      assert.instance(error, RunError);
      assert.is((error as RunError).where.batchRow, at);
    }
  }
});

test('lists and structs of computed values', () => {
  const list = call('list_value', [k, call('length', [xs]), lit(T.int, null)]);
  assert.equal(result(list), [
    [0, 2, null],
    [1, 2, null],
    [null, 1, null],
  ]);
  const struct = call('struct_pack', [
    lit(T.string, 'a'),
    list,
    lit(T.string, 'b'),
    call('struct_pack', [lit(T.string, 'c'), k]),
  ]);
  assert.equal(result(struct), [
    { a: [0, 2, null], b: { c: 0 } },
    { a: [1, 2, null], b: { c: 1 } },
    { a: [null, 1, null], b: { c: null } },
  ]);
  // Within another expression they are values of a row.
  assert.equal(result(call('length', [list])), [3, 3, 3]);
  assert.equal(result(call('index', [list, k])), [0, 2, null]);
});

test('many items, and a list as long as all others together', () => {
  const long = Array.from({ length: 300_000 }, (_, at) => at);
  const wide = batchFromRows(SCHEMA, [{ xs: long }, { xs: [] }, { xs: [7] }] as never);
  const doubled = call('list_transform', [xs, lambda([x], call('mul', [x, int(2)]))]);
  const [sum] = compileProjection(
    null,
    [{ name: 'out', expr: call('list_sum', [doubled]) }],
    SCHEMA,
  )(wide, scratch).columns;
  assert.equal(valuesOf(sum as Batch['columns'][number]), [299_999 * 300_000, null, 14]);
});

test.run();
