import fc from 'fast-check';
import type { Expr, LiteralValue } from '../../engine/expr.ts';
import { type DataType, T } from '../../engine/types.ts';
import type { Row } from '../../testing/reference/expr.ts';
import { call, castTo, lit } from '../functions/mini.ts';
import { COLUMNS } from './random.ts';

/**
 * Expressions that native code computes, over rows most of which it can compute too: the other generator's nearly always hold a value that
 * fails, or a text.
 */

/** A sequence of numbers from 0 to below 1. */
function sequence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const WORDS = ['', 'a', 'b', 'ab', 'é', 'zz'];

function tameValue(t: DataType, next: () => number): LiteralValue {
  const whole = (most: number): number => Math.floor((next() * 2 - 1) * most);
  const size = next();
  switch (t.kind) {
    case 'int':
      return whole(size < 0.8 ? 50 : size < 0.95 ? 100_000 : 3_000_000_000) + 0;
    case 'decimal':
      return whole(size < 0.9 ? 1000 : 99_999) + 0;
    case 'float':
      return size < 0.02 ? Number.NaN : size < 0.04 ? -0 : size < 0.06 ? Number.POSITIVE_INFINITY : whole(2000) / 8;
    case 'bool':
      return size < 0.5;
    case 'date':
      return whole(size < 0.9 ? 30_000 : 3_000_000) + 0;
    case 'timestamp':
      return whole(4_000_000) * 1e9 + whole(1e9) + 0;
    default:
      return WORDS[Math.floor(size * WORDS.length)] as string;
  }
}

/** Lengths around those of vectors, bytes of bitmaps and whole batches. */
const LENGTHS = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 257];

export const tameRows: fc.Arbitrary<Row[]> = fc
  .tuple(
    fc.constantFrom(...LENGTHS),
    fc.integer(),
    fc.array(fc.constantFrom(0, 0, 0.2), { minLength: COLUMNS.length, maxLength: COLUMNS.length }),
  )
  .map(([length, seed, nulls]) => {
    const next = sequence(seed);
    const value = (k: number): LiteralValue =>
      next() < (nulls[k] as number) ? null : tameValue((COLUMNS[k] as (typeof COLUMNS)[number]).type, next);
    return Array.from({ length }, () => Object.fromEntries(COLUMNS.map((c, k) => [c.name, value(k)])));
  });

const column = (...names: string[]): fc.Arbitrary<Expr> =>
  fc.constantFrom(
    ...COLUMNS.filter((c) => names.includes(c.name)).map(
      (c): Expr => ({ kind: 'column', name: c.name, type: c.type, nullable: true }),
    ),
  );

const literal = (type: DataType, ...values: LiteralValue[]): fc.Arbitrary<Expr> =>
  fc.constantFrom(...values).map((v) => lit(type, v));

type Kind = 'int' | 'float' | 'bool' | 'decimal' | 'date' | 'timestamp';
type Exprs = Readonly<Record<Kind, fc.Arbitrary<Expr>>>;

const TYPE: Readonly<Record<Kind, DataType>> = {
  int: T.int,
  float: T.float,
  bool: T.bool,
  decimal: T.decimal(12, 2),
  date: T.date,
  timestamp: T.timestamp,
};

const word = (s: fc.Arbitrary<string>) => fc.tuple(s, fc.constantFrom(...WORDS));
const text: Expr = { kind: 'column', name: 't', type: T.string, nullable: true };

const LEAF: Exprs = {
  int: fc.oneof(
    column('i', 'j', 'w'),
    literal(T.int, 0, 1, -3, 7, 1000, 3_000_000_000, null),
    fc.constant(call('length', [text])),
  ),
  float: fc.oneof(column('x'), literal(T.float, 0, -0, 0.5, -2.25, 1e6, Number.NaN, null)),
  bool: fc.oneof(
    column('b'),
    literal(T.bool, true, false, null),
    word(fc.constantFrom('eq', 'lt', 'starts_with', 'contains')).map(([fn, s]) => call(fn, [text, lit(T.string, s)])),
  ),
  decimal: fc.oneof(column('d'), literal(T.decimal(12, 2), 0, 150, -1, 99_999, null)),
  date: fc.oneof(column('day'), literal(T.date, 0, 8766, -1, null)),
  timestamp: fc.oneof(column('at'), literal(T.timestamp, 0, 1_700_000_000_000_000, null)),
};

function cast(arg: fc.Arbitrary<Expr>, type: DataType): fc.Arbitrary<Expr> {
  return fc.tuple(arg, fc.boolean()).map(([a, safe]): Expr => ({ kind: 'cast', arg: a, safe, type, nullable: true }));
}

/** A call, brought to a type; the first argument where it does not apply. */
function of(type: DataType, names: readonly string[], ...args: fc.Arbitrary<Expr>[]): fc.Arbitrary<Expr> {
  return fc.tuple(fc.constantFrom(...names), fc.tuple(...args)).map(([n, a]) => castTo(call(n, a), type));
}

function choices(kind: Kind, sub: Exprs): fc.Arbitrary<Expr>[] {
  const [type, arb] = [TYPE[kind], sub[kind]];
  const to = (e: Expr): Expr => castTo(e, type);
  const cases = fc.tuple(sub.bool, arb, sub.bool, arb, arb).map(
    ([p, a, q, b, o]): Expr => ({
      kind: 'case',
      branches: [
        { when: p, then: to(a) },
        { when: q, then: to(b) },
      ],
      otherwise: to(o),
      type,
      nullable: true,
    }),
  );
  return [cases, of(type, ['coalesce', 'greatest', 'least', 'nullif'], arb, arb), of(type, ['if'], sub.bool, arb, arb)];
}

const COMPARISONS = ['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'is', 'isnot'];

function inList(arg: fc.Arbitrary<Expr>, values: readonly LiteralValue[]): fc.Arbitrary<Expr> {
  return fc.tuple(arg, fc.subarray([...values]), fc.boolean(), fc.boolean()).map(
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

const DAYS = lit(T.interval, { months: 0, days: -2, micros: 0 });
const TIME = lit(T.interval, { months: 0, days: 1, micros: 3_000_000 });

/** Expressions of each kind, `depth` levels deep. */
export function tame(depth: number): Exprs {
  if (depth === 0) return LEAF;
  const sub = tame(depth - 1);
  const number = fc.oneof(sub.int, sub.float, sub.decimal);
  const when = fc.oneof(sub.date, sub.timestamp);
  const any = fc.oneof(...Object.values(sub));
  return {
    int: fc.oneof(
      LEAF.int,
      of(T.int, ['add', 'sub', 'mul', 'intdiv', 'mod'], sub.int, sub.int),
      of(T.int, ['neg', 'abs', 'sign'], sub.int),
      of(T.int, ['year', 'quarter', 'month', 'day', 'dayofyear', 'weekday', 'dayofweek'], when),
      of(T.int, ['hour', 'minute', 'second', 'millisecond', 'microsecond'], sub.timestamp),
      of(T.int, ['sub'], sub.date, sub.date),
      cast(fc.oneof(sub.float, sub.bool, sub.decimal), T.int),
      ...choices('int', sub),
    ),
    float: fc.oneof(
      LEAF.float,
      of(T.float, ['add', 'sub', 'mul', 'div', 'intdiv'], sub.float, number),
      of(T.float, ['neg', 'abs', 'sign', 'sqrt', 'round', 'floor', 'ceil', 'trunc'], sub.float),
      of(T.float, ['clamp'], sub.float, sub.float, sub.float),
      cast(number, T.float),
      ...choices('float', sub),
    ),
    bool: fc.oneof(
      LEAF.bool,
      of(T.bool, COMPARISONS, number, number),
      of(T.bool, COMPARISONS, when, when),
      of(T.bool, [...COMPARISONS, 'and', 'or', 'and', 'or'], sub.bool, sub.bool),
      of(T.bool, ['not'], sub.bool),
      of(T.bool, ['isnan', 'isinf', 'isfinite'], sub.float),
      any.map((e) => call('is', [e, lit(T.null, null)])),
      inList(sub.int, [0, 1, 7, -3, 5_000_000_000]),
      inList(sub.float, [0, 0.5, Number.NaN]),
      ...choices('bool', sub),
    ),
    decimal: fc.oneof(
      LEAF.decimal,
      of(TYPE.decimal, ['add', 'sub', 'mod'], sub.decimal, sub.decimal),
      of(TYPE.decimal, ['neg', 'abs'], sub.decimal),
      cast(fc.oneof(sub.int, sub.decimal), TYPE.decimal),
      cast(sub.decimal, T.decimal(9, 1)).map((e) => castTo(e, TYPE.decimal)),
      of(TYPE.decimal, ['round', 'floor', 'ceil', 'trunc'], sub.decimal, literal(T.int, 0, 1, 2)),
      ...choices('decimal', sub),
    ),
    date: fc.oneof(
      LEAF.date,
      of(T.date, ['add', 'sub'], sub.date, fc.oneof(sub.int, fc.constant(DAYS))),
      cast(sub.timestamp, T.date),
      of(T.date, ['date_trunc'], literal(T.string, 'day', 'week', 'month', 'year', 'quarter'), sub.date),
      ...choices('date', sub),
    ),
    timestamp: fc.oneof(
      LEAF.timestamp,
      of(T.timestamp, ['add', 'sub'], sub.timestamp, fc.constant(TIME)),
      cast(sub.date, T.timestamp),
      of(
        T.timestamp,
        ['date_trunc'],
        literal(T.string, 'second', 'hour', 'day', 'week', 'month', 'year'),
        sub.timestamp,
      ),
      ...choices('timestamp', sub),
    ),
  };
}
