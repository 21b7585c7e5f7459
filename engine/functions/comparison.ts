import type { LiteralValue } from '../expr.ts';
import { type DataType, formatType, T } from '../types.ts';
import { alignDecimals } from './arithmetic.ts';
import { family, overload, type Resolved } from './build.ts';
import type { FunctionImpl } from './def.ts';
import { compareText, compareValues } from './ordering.ts';
import { commonType } from './types.ts';

type Op = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge';

const JS: Readonly<Record<Op, string>> = { eq: '===', ne: '!==', lt: '<', le: '<=', gt: '>', ge: '>=' };

/** Over floats, with nan equal to itself and greater than the rest. */
const FLOAT: Readonly<Record<Op, (a: string, b: string) => string>> = {
  eq: (a, b) => `(${a} === ${b} || (${a} !== ${a} && ${b} !== ${b}))`,
  ne: (a, b) => `(${a} !== ${b} && (${a} === ${a} || ${b} === ${b}))`,
  lt: (a, b) => `(${a} < ${b} || (${b} !== ${b} && ${a} === ${a}))`,
  le: (a, b) => `(${a} <= ${b} || ${b} !== ${b})`,
  gt: (a, b) => `(${a} > ${b} || (${a} !== ${a} && ${b} === ${b}))`,
  ge: (a, b) => `(${a} >= ${b} || ${a} !== ${a})`,
};

const TEST: Readonly<Record<Op, (c: number) => boolean>> = {
  eq: (c) => c === 0,
  ne: (c) => c !== 0,
  lt: (c) => c < 0,
  le: (c) => c <= 0,
  gt: (c) => c > 0,
  ge: (c) => c >= 0,
};

/** The comparison of two values of one type. */
export function comparisonImpl(op: Op, t: DataType): FunctionImpl {
  const test = TEST[op];
  switch (t.kind) {
    case 'float':
      return { inline: FLOAT[op] };
    case 'bool':
    case 'int':
    case 'decimal':
    case 'date':
    case 'time':
    case 'timestamp': {
      const code = (a: string, b: string) => `(${a} ${JS[op]} ${b})`;
      return { inline: code, inlineWide: code };
    }
    case 'string':
      if (op === 'eq' || op === 'ne') return { inline: (a, b) => `(${a} ${JS[op]} ${b})` };
      return { call: (a: string, b: string) => test(compareText(a, b)) };
    default:
      return { call: (a: LiteralValue, b: LiteralValue) => test(compareValues(t, a, b)) };
  }
}

/** The types both sides are cast to before they are compared, or why they do not compare. */
export function comparable(
  args: readonly DataType[],
  literals: readonly unknown[],
): readonly DataType[] | { error: string } | null {
  const [a, b] = args;
  if (args.length !== 2 || a === undefined || b === undefined) return null;
  if (a.kind === 'timestamp' && b.kind === 'timestamp') return [a, b];
  const aligned = alignDecimals(a, b, literals);
  if (aligned !== null) return aligned;
  const common = commonType(a, b, literals);
  if (common !== null) return [common, common];
  return { error: `${formatType(a)} does not compare with ${formatType(b)}${hint(a, b)}` };
}

function hint(a: DataType, b: DataType): string {
  const other = a.kind === 'string' ? b : b.kind === 'string' ? a : null;
  if (other?.kind === 'date') return '; write a date as @2024-05-01';
  if (other?.kind === 'timestamp') return '; write a timestamp as @2024-05-01T12:00:00Z';
  return other === null ? '' : `; cast one side, e.g. \`::${formatType(other)}\``;
}

function unordered(t: DataType): boolean {
  if (t.kind === 'struct') return t.fields.some((f) => unordered(f.type));
  return t.kind === 'map' || t.kind === 'json';
}

function compare(op: Op): (args: readonly DataType[], literals: readonly unknown[]) => Resolved {
  return (args, literals) => {
    const params = comparable(args, literals);
    if (params === null || 'error' in params) return params;
    const t = params[0] as DataType;
    if (op !== 'eq' && op !== 'ne' && unordered(t)) return { error: `${formatType(t)} values have no order` };
    return overload(params, T.bool, comparisonImpl(op, t));
  };
}

/** `is`: both null, or equal. */
function nullSafe(op: 'eq' | 'ne'): (args: readonly DataType[], literals: readonly unknown[]) => Resolved {
  return (args, literals) => {
    const params = comparable(args, literals);
    if (params === null || 'error' in params) return params;
    const t = params[0] as DataType;
    const test = TEST[op];
    const call = (a: LiteralValue, b: LiteralValue): boolean =>
      a === null || b === null ? (a === b) === (op === 'eq') : test(compareValues(t, a, b));
    return overload(params, T.bool, { call }, () => false);
  };
}

const NOTE =
  'Text compares by code point; nan equals itself and is greater than every number; a date compares with a timestamp as its midnight. Null if a side is null.';

export const COMPARISON = family('operator', {
  eq: {
    doc: `Equality. ${NOTE}`,
    signature: 'a == b',
    examples: [
      ['1 == 1.0', 'true'],
      ['null::int == 1', 'null'],
    ],
    resolve: compare('eq'),
  },
  ne: { doc: `Inequality. ${NOTE}`, signature: 'a != b', examples: [['"a" != "b"', 'true']], resolve: compare('ne') },
  lt: {
    doc: `Less than. ${NOTE}`,
    signature: 'a < b',
    examples: [
      ['2 < 10', 'true'],
      ['"Z" < "a"', 'true'],
    ],
    resolve: compare('lt'),
  },
  le: {
    doc: `Less than or equal. ${NOTE}`,
    signature: 'a <= b',
    examples: [['2 <= 2', 'true']],
    resolve: compare('le'),
  },
  gt: {
    doc: `Greater than. ${NOTE}`,
    signature: 'a > b',
    examples: [['@2024-05-01T00:00:01Z > @2024-05-01', 'true']],
    resolve: compare('gt'),
  },
  ge: {
    doc: `Greater than or equal. ${NOTE}`,
    signature: 'a >= b',
    examples: [['0.0 / 0 >= 1 / 0', 'true']],
    resolve: compare('ge'),
  },
  is: {
    doc: 'Null-safe equality: true when both are null, never null itself.',
    signature: 'a is b',
    examples: [
      ['null is null', 'true'],
      ['1 is null', 'false'],
      ['1 is 1', 'true'],
    ],
    nulls: 'custom',
    resolve: nullSafe('eq'),
  },
  isnot: {
    doc: 'Null-safe inequality: false when both are null, never null itself.',
    signature: 'a is not b',
    examples: [
      ['1 is not null', 'true'],
      ['1 is not 1', 'false'],
    ],
    nulls: 'custom',
    resolve: nullSafe('ne'),
  },
});
