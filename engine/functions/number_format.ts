import { type DataType, T } from '../types.ts';
import { family, overload, type Resolve } from './build.ts';
import type { FunctionImpl } from './def.ts';
import { formatDecimal, formatFloat } from './format.ts';
import { divRound, type Int, narrow, pow10 } from './ints.ts';
import { roundFloat } from './math.ts';
import { formatNumber } from './text.ts';
import { implicitCost } from './types.ts';

/** Decimal places that format_number writes at most. */
const MOST_PLACES = 20;

function fixedFloat(v: number, places: number): string {
  if (!Number.isFinite(v)) return formatFloat(v);
  if (places === 0) return String(Math.abs(v) < 1e21 ? roundFloat(v) : v);
  return v.toFixed(places);
}

function fixedExact(v: Int, scale: number, places: number): string {
  const n = BigInt(v);
  const unscaled = places >= scale ? n * pow10(places - scale) : divRound(n, pow10(scale - places));
  return formatDecimal(narrow(unscaled), places);
}

const formatNumberFn: Resolve = ([t, places, ...more]) => {
  if (t === undefined || more.length > 0 || implicitCost(t, T.float) === null) return null;
  if (places !== undefined && implicitCost(places, T.int) === null) return null;
  const of: DataType = t.kind === 'null' ? T.int : t;
  const fixed = (v: number | Int, n: number): string =>
    of.kind === 'float' ? fixedFloat(v as number, n) : fixedExact(v as Int, of.kind === 'decimal' ? of.scale : 0, n);
  const call: FunctionImpl['call'] = (v: number | Int, n: Int = 0) =>
    formatNumber(fixed(v, Math.max(0, Math.min(MOST_PLACES, Number(n)))));
  return overload([of, ...(places === undefined ? [] : [T.int])], T.string, { call });
};

export const NUMBER_FORMAT = family('string', {
  format_number: {
    doc: 'A number for people: thousands apart by commas, rounded to a number of decimal places (0 when left out).',
    signature: 'format_number(x, places?)',
    examples: [
      ['format_number(1234567.891, 2)', '"1,234,567.89"'],
      ['format_number(-1234)', '"-1,234"'],
    ],
    resolve: formatNumberFn,
  },
});
