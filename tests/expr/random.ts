import fc from 'fast-check';
import { columnFromValues } from '../../engine/batch/build.ts';
import type { Batch, Column, DictColumn, Utf8Column } from '../../engine/batch/column.ts';
import type { Expr, LiteralValue } from '../../engine/expr.ts';
import { type DataType, field, type Schema, T } from '../../engine/types.ts';
import { call, castTo, lit } from '../functions/mini.ts';

/** Random typed expressions over random columns in every physical form. */

export interface ColumnSpec {
  readonly name: string;
  readonly type: DataType;
  readonly values: fc.Arbitrary<LiteralValue>;
  /** Strings: stored with a dictionary. */
  readonly dict?: boolean;
}

const SAFE = Number.MAX_SAFE_INTEGER;
const int64 = fc.oneof(
  fc.constantFrom<LiteralValue>(
    2n ** 63n - 1n,
    -(2n ** 63n),
    SAFE,
    -SAFE,
    2n ** 53n,
    0,
    1,
    -1,
    2147483647,
    -2147483648,
  ),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map(narrowed),
);
const safe = fc.oneof(fc.constantFrom<LiteralValue>(SAFE, -SAFE, 2147483648, -2147483649, 0), fc.maxSafeInteger());
const small = fc.oneof(
  fc.constantFrom<LiteralValue>(0, 1, -1, 2147483647, -2147483648),
  fc.integer({ min: -40, max: 40 }),
);
const float = fc.oneof(
  fc.constantFrom<LiteralValue>(
    0,
    -0,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    0.5,
    1.5,
    2.5,
    -0.5,
    1e300,
    5e-324,
  ),
  fc.double(),
  fc.integer({ min: -5, max: 5 }),
);
const word = fc.constantFrom<LiteralValue>(
  '',
  'a',
  'b',
  'ab',
  'a%',
  '12',
  '-7',
  '1.5',
  'é',
  '\u{ffff}',
  '\u{1f600}',
  "it's",
  '"q"',
  '\\',
  '${x}',
  '\n',
  '2024-02-29',
);
const date = fc.oneof(
  fc.constantFrom<LiteralValue>(0, -1, 19782, -719528, 2147483647, -2147483648),
  fc.integer({ min: -30000, max: 30000 }),
);
const timestamp = fc.oneof(
  safe,
  fc.integer({ min: -2_000_000_000, max: 2_000_000_000 }).map((s) => s * 1e6),
);

function narrowed(v: bigint): LiteralValue {
  return v <= BigInt(SAFE) && v >= -BigInt(SAFE) ? Number(v) : v;
}

function decimals(digits: number): fc.Arbitrary<LiteralValue> {
  const most = 10n ** BigInt(digits) - 1n;
  return fc.oneof(fc.constantFrom(most, -most, 0n, 1n, 5n, -5n, 15n), fc.bigInt(-most, most)).map(narrowed);
}

export const COLUMNS: readonly ColumnSpec[] = [
  { name: 'i', type: T.int, values: small },
  { name: 'j', type: T.int, values: safe },
  { name: 'w', type: T.int, values: int64 },
  { name: 'x', type: T.float, values: float },
  { name: 'b', type: T.bool, values: fc.boolean() },
  { name: 's', type: T.string, values: word },
  { name: 't', type: T.string, values: word, dict: true },
  { name: 'd', type: T.decimal(6, 2), values: decimals(6) },
  { name: 'e', type: T.decimal(18, 4), values: decimals(18) },
  { name: 'f', type: T.decimal(38, 6), values: decimals(38) },
  { name: 'day', type: T.date, values: date },
  { name: 'at', type: T.timestamp, values: timestamp },
];

export const SCHEMA: Schema = COLUMNS.map((c) => field(c.name, c.type));

/** Rows with no nulls, some nulls, or only nulls, by column. */
export const rows: fc.Arbitrary<Record<string, LiteralValue>[]> = fc
  .tuple(
    fc.integer({ min: 1, max: 20 }),
    fc.array(fc.constantFrom(0, 0, 0.3, 1), { minLength: COLUMNS.length, maxLength: COLUMNS.length }),
  )
  .chain(([n, nulls]) =>
    fc.array(
      fc.record(
        Object.fromEntries(
          COLUMNS.map((c, k) => {
            const share = nulls[k] as number;
            const arb =
              share === 0 ? c.values : share === 1 ? fc.constant(null) : fc.option(c.values, { nil: null, freq: 2 });
            return [c.name, arb];
          }),
        ),
      ),
      { minLength: n, maxLength: n },
    ),
  );

export function batchOf(all: readonly Record<string, LiteralValue>[]): Batch {
  const columns = COLUMNS.map((c) => {
    const values = all.map((r) => r[c.name] ?? null);
    return c.dict === true ? dictOf(values as (string | null)[]) : columnFromValues(c.type, values);
  });
  return { schema: SCHEMA, rows: all.length, columns };
}

function dictOf(values: readonly (string | null)[]): Column {
  const entries = [...new Set(['unused', ...values.filter((v) => v !== null)])];
  const plain = columnFromValues(T.string, values);
  const col: DictColumn = {
    type: T.string,
    phys: 'dict',
    length: values.length,
    nullCount: plain.nullCount,
    validity: plain.validity,
    codes: Int32Array.from(values, (v) => (v === null ? 0 : entries.indexOf(v))),
    dictionary: columnFromValues(T.string, entries) as Utf8Column,
  };
  return col;
}

const columnOf = (type: DataType): fc.Arbitrary<Expr> =>
  fc.constantFrom(
    ...COLUMNS.filter((c) => c.type.kind === type.kind).map(
      (c): Expr => ({ kind: 'column', name: c.name, type: c.type, nullable: true }),
    ),
  );

const literalOf = (type: DataType, values: fc.Arbitrary<LiteralValue>): fc.Arbitrary<Expr> =>
  fc.option(values, { nil: null, freq: 8 }).map((v) => lit(type, v));

/** A call, or the fallback where these types do not go together. */
function attempt(name: string, args: readonly Expr[], fallback: Expr): Expr {
  try {
    return call(name, args);
  } catch {
    return fallback;
  }
}

type Exprs = Readonly<
  Record<'int' | 'float' | 'bool' | 'string' | 'decimal' | 'date' | 'timestamp', fc.Arbitrary<Expr>>
>;

/** Leaves: columns and literals. */
const LEAF: Exprs = {
  int: fc.oneof(columnOf(T.int), literalOf(T.int, fc.oneof(small, safe))),
  float: fc.oneof(columnOf(T.float), literalOf(T.float, float)),
  bool: fc.oneof(columnOf(T.bool), literalOf(T.bool, fc.boolean())),
  string: fc.oneof(columnOf(T.string), literalOf(T.string, word)),
  decimal: fc.oneof(columnOf(T.decimal(6, 2)), literalOf(T.decimal(4, 1), decimals(4))),
  date: fc.oneof(columnOf(T.date), literalOf(T.date, date)),
  timestamp: fc.oneof(columnOf(T.timestamp), literalOf(T.timestamp, timestamp)),
};

/** A call of one of the names. */
function of(type: DataType, names: readonly string[], ...args: fc.Arbitrary<Expr>[]): fc.Arbitrary<Expr> {
  return fc
    .tuple(fc.constantFrom(...names), fc.tuple(...args))
    .map(([n, a]) => sameKind(attempt(n, a, lit(type, null)), type));
}

/** if, coalesce and case over expressions of one type. */
function choice(type: DataType, when: fc.Arbitrary<Expr>, arb: fc.Arbitrary<Expr>): fc.Arbitrary<Expr> {
  return fc.oneof(
    fc.tuple(when, arb, arb).map(([c, a, b]) => sameKind(attempt('if', [c, a, b], a), type)),
    fc.tuple(arb, arb).map(([a, b]) => sameKind(attempt('coalesce', [a, b], a), type)),
    fc.tuple(when, arb, when, arb, arb).map(([p, a, q, b, o]) => caseOf(p, a, q, b, o)),
  );
}

interface Parts {
  readonly sub: Exprs;
  readonly any: fc.Arbitrary<Expr>;
  readonly exact: fc.Arbitrary<Expr>;
}

function ints({ sub }: Parts): fc.Arbitrary<Expr> {
  return fc.oneof(
    LEAF.int,
    of(T.int, ['add', 'sub', 'mul', 'intdiv', 'mod'], sub.int, sub.int),
    of(T.int, ['neg', 'abs', 'sign'], sub.int),
    of(T.int, ['length'], sub.string),
    of(T.int, ['year', 'month', 'weekday', 'dayofyear'], fc.oneof(sub.date, sub.timestamp)),
    of(T.int, ['sub'], sub.date, sub.date),
    choice(T.int, sub.bool, sub.int),
    cast(fc.oneof(sub.string, sub.float, sub.decimal, sub.bool), T.int),
  );
}

function floats({ sub, exact }: Parts): fc.Arbitrary<Expr> {
  return fc.oneof(
    LEAF.float,
    of(T.float, ['add', 'sub', 'mul', 'intdiv', 'mod'], sub.float, fc.oneof(sub.float, exact)),
    of(T.float, ['div'], fc.oneof(sub.float, exact), fc.oneof(sub.float, exact)),
    of(T.float, ['neg', 'abs', 'sign', 'sqrt'], sub.float),
    of(T.float, ['round', 'floor', 'ceil', 'trunc'], sub.float),
    choice(T.float, sub.bool, sub.float),
    cast(fc.oneof(sub.string, sub.int, sub.decimal, sub.bool), T.float),
  );
}

function bools({ sub, any, exact }: Parts): fc.Arbitrary<Expr> {
  return fc.oneof(
    LEAF.bool,
    of(
      T.bool,
      ['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'is', 'isnot'],
      fc.oneof(sub.float, exact),
      fc.oneof(sub.float, exact),
    ),
    of(
      T.bool,
      ['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'is', 'isnot', 'like', 'contains', 'starts_with', 'ends_with'],
      sub.string,
      sub.string,
    ),
    of(T.bool, ['eq', 'lt', 'ge', 'is', 'isnot'], fc.oneof(sub.date, sub.timestamp), fc.oneof(sub.date, sub.timestamp)),
    of(T.bool, ['and', 'or', 'is', 'isnot', 'eq', 'lt'], sub.bool, sub.bool),
    of(T.bool, ['and', 'or'], sub.bool, sub.bool),
    of(T.bool, ['not'], sub.bool),
    of(T.bool, ['isnan'], sub.float),
    any.map((e) => call('is', [e, lit(T.null, null)])),
    inList(sub.int, fc.oneof(small, safe)),
    inList(sub.string, word),
    inList(sub.float, float),
    choice(T.bool, sub.bool, sub.bool),
  );
}

function strings({ sub, any }: Parts): fc.Arbitrary<Expr> {
  return fc.oneof(
    LEAF.string,
    of(T.string, ['concat', 'add'], sub.string, sub.string),
    of(T.string, ['lower', 'upper', 'trim', 'reverse', 'initcap'], sub.string),
    of(T.string, ['left', 'right', 'substr'], sub.string, literalOf(T.int, fc.integer({ min: -2, max: 3 }))),
    of(T.string, ['nullif'], sub.string, sub.string),
    choice(T.string, sub.bool, sub.string),
    cast(any, T.string),
  );
}

function decimalExprs({ sub, exact }: Parts): fc.Arbitrary<Expr> {
  return fc.oneof(
    LEAF.decimal,
    of(T.decimal(10, 2), ['add', 'sub', 'mul', 'intdiv', 'mod'], sub.decimal, exact),
    of(T.decimal(10, 2), ['neg', 'abs', 'round'], sub.decimal),
    choice(T.decimal(10, 2), sub.bool, sub.decimal),
    cast(fc.oneof(sub.string, sub.int, sub.decimal, sub.float), T.decimal(9, 3)),
    cast(fc.oneof(sub.int, sub.decimal), T.decimal(38, 10)),
  );
}

function dates({ sub }: Parts): fc.Arbitrary<Expr> {
  return fc.oneof(
    LEAF.date,
    of(T.date, ['add', 'sub'], sub.date, sub.int),
    of(T.date, ['last_day'], sub.date),
    fc
      .tuple(fc.constantFrom('month', 'week', 'year'), sub.date)
      .map(([u, d]) => call('date_trunc', [lit(T.string, u), d])),
    choice(T.date, sub.bool, sub.date),
    cast(fc.oneof(sub.string, sub.timestamp), T.date),
  );
}

function timestamps({ sub }: Parts): fc.Arbitrary<Expr> {
  return fc.oneof(
    LEAF.timestamp,
    of(
      T.timestamp,
      ['add', 'sub'],
      sub.timestamp,
      fc.constant(lit(T.interval, { months: 1, days: -2, micros: 3_000_000 })),
    ),
    choice(T.timestamp, sub.bool, sub.timestamp),
    cast(fc.oneof(sub.date, sub.string), T.timestamp),
  );
}

/** Expressions of each type, `depth` levels deep. */
export function exprs(depth: number): Exprs {
  if (depth === 0) return LEAF;
  const sub = exprs(depth - 1);
  const parts = { sub, any: fc.oneof(...Object.values(sub)), exact: fc.oneof(sub.int, sub.decimal) };
  return {
    int: ints(parts),
    float: floats(parts),
    bool: bools(parts),
    string: strings(parts),
    decimal: decimalExprs(parts),
    date: dates(parts),
    timestamp: timestamps(parts),
  };
}

function sameKind(e: Expr, type: DataType): Expr {
  return e.type.kind === type.kind ? e : lit(type, null);
}

function caseOf(p: Expr, a: Expr, q: Expr, b: Expr, o: Expr): Expr {
  const branches = [
    { when: p, then: castTo(a, o.type) },
    { when: q, then: castTo(b, o.type) },
  ];
  return { kind: 'case', branches, otherwise: o, type: o.type, nullable: true };
}

function cast(arg: fc.Arbitrary<Expr>, type: DataType): fc.Arbitrary<Expr> {
  return fc
    .tuple(arg, fc.boolean())
    .map(([a, safely]): Expr => ({ kind: 'cast', arg: a, safe: safely, type, nullable: true }));
}

function inList(arg: fc.Arbitrary<Expr>, values: fc.Arbitrary<LiteralValue>): fc.Arbitrary<Expr> {
  return fc.tuple(arg, fc.array(values, { maxLength: 6 }), fc.boolean(), fc.boolean()).map(
    ([a, list, hasNull, negated]): Expr => ({
      kind: 'in',
      arg: a,
      values: list,
      hasNull,
      negated,
      type: T.bool,
      nullable: true,
    }),
  );
}
