import type { CallExpr, Expr, LiteralValue } from '../expr.ts';
import { columnsOf } from '../expr.ts';
import type { DataType, Field } from '../types.ts';

/** What is known of a column in a part of a file without reading it. Unknown is null. */
export interface ColumnRange {
  readonly type: DataType;
  readonly rows: number;
  readonly nulls: number | null;
  /** Bounds of the values that are not null: conventions of LiteralValue, but text and bytes as raw bytes. They need not be reached. */
  readonly min: Bound | null;
  readonly max: Bound | null;
}

export type Bound = boolean | number | bigint | Uint8Array;

/** What is known of a column that has one value in all rows. */
export function constantRange(f: Field, value: LiteralValue, rows: number): ColumnRange {
  const bound: Bound | null =
    typeof value === 'string'
      ? Buffer.from(value)
      : typeof value === 'number' || typeof value === 'bigint'
        ? value
        : null;
  return { type: f.type, rows, nulls: value === null ? rows : 0, min: bound, max: bound };
}

/**
 * False only when the predicate can be true for no row of the part: a comparison with a constant lies outside a column's range,
 * or a column is all null where a value is needed. `range` gives null for a column of which nothing is known.
 */
export function mayMatch(e: Expr, range: (column: string) => ColumnRange | null): boolean {
  if (e.kind === 'literal') return e.value !== false && e.value !== null;
  if (e.kind === 'in') return mayBeIn(e.arg, e.values, e.negated, range);
  if (e.kind !== 'call') return true;
  if (e.fn === 'and') return e.args.every((a) => mayMatch(a, range));
  if (e.fn === 'or') return e.args.some((a) => mayMatch(a, range));
  return mayCompare(e, range);
}

const MIRRORED: Readonly<Record<string, string>> = {
  eq: 'eq',
  ne: 'ne',
  is: 'is',
  isnot: 'isnot',
  lt: 'gt',
  le: 'ge',
  gt: 'lt',
  ge: 'le',
};

function mayCompare(e: CallExpr, range: (column: string) => ColumnRange | null): boolean {
  const [a, b] = e.args;
  const mirrored = MIRRORED[e.fn];
  if (a === undefined || b === undefined || mirrored === undefined) return true;
  if (b.kind === 'literal') return test(e.fn, a, b.value, b.type, range);
  return a.kind === 'literal' ? test(mirrored, b, a.value, a.type, range) : true;
}

function mayBeIn(
  arg: Expr,
  values: readonly LiteralValue[],
  negated: boolean,
  range: (column: string) => ColumnRange | null,
): boolean {
  return negated || values.some((v) => test('eq', arg, v, arg.type, range));
}

function test(
  fn: string,
  arg: Expr,
  value: LiteralValue,
  type: DataType,
  range: (column: string) => ColumnRange | null,
): boolean {
  const [name, second] = columnsOf(arg);
  if (name === undefined || second !== undefined) return true;
  const known = range(name);
  const through = known === null ? null : columnUnder(arg, known);
  if (known === null || through === null) return true;
  const allNull = known.nulls === known.rows;
  if (value === null) {
    if (fn === 'is') return known.nulls === null || known.nulls > 0;
    return fn === 'isnot' && !allNull;
  }
  if (fn === 'isnot') return true;
  // NaN is greater than every number, and bounds do not tell whether there is one.
  if (known.type.kind === 'float' && (fn === 'gt' || fn === 'ge')) return true;
  if (allNull) return false;
  const bound = asBound(value);
  if (bound === null || known.min === null || known.max === null || !comparable(through, type)) return true;
  const toLow = order(bound, known.min, type);
  const toHigh = order(bound, known.max, type);
  if (toLow === null || toHigh === null) return true;
  switch (fn) {
    case 'eq':
    case 'is':
      return toLow >= 0 && toHigh <= 0;
    case 'lt':
      return toLow > 0;
    case 'le':
      return toLow >= 0;
    case 'gt':
      return toHigh < 0;
    case 'ge':
      return toHigh <= 0;
    default:
      return true;
  }
}

/** The type in which a bare column, or one widened from int to float, is compared; null for anything else. */
function columnUnder(arg: Expr, known: ColumnRange): DataType | null {
  if (arg.kind === 'column') return known.type;
  if (arg.kind === 'cast' && arg.arg.kind === 'column' && known.type.kind === 'int' && arg.type.kind === 'float')
    return arg.type;
  return null;
}

function comparable(column: DataType, literal: DataType): boolean {
  if (column.kind === 'decimal' || literal.kind === 'decimal') {
    return column.kind === 'decimal' && literal.kind === 'decimal' && column.scale === literal.scale;
  }
  return column.kind === literal.kind;
}

function asBound(value: LiteralValue): Bound | null {
  if (typeof value === 'string') return Buffer.from(value);
  if (
    typeof value === 'number' ||
    typeof value === 'bigint' ||
    typeof value === 'boolean' ||
    value instanceof Uint8Array
  )
    return value;
  return null;
}

/** Sign of a constant against a bound; null when they do not compare (NaN, other kinds). */
function order(a: Bound, b: Bound, type: DataType): number | null {
  if (a instanceof Uint8Array || b instanceof Uint8Array)
    return a instanceof Uint8Array && b instanceof Uint8Array ? Buffer.compare(a, b) : null;
  if (typeof a === 'boolean' || typeof b === 'boolean') return typeof a === typeof b ? Number(a) - Number(b) : null;
  // Numbers and bigints compare exactly; an int column that was cast to float is compared as the cast leaves it.
  const other = type.kind === 'float' ? Number(b) : b;
  if (a < other) return -1;
  if (a > other) return 1;
  return Number.isNaN(Number(a)) || Number.isNaN(Number(other)) ? null : 0;
}
