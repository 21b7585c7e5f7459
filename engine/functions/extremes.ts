import type { LiteralValue } from '../expr.ts';
import { type DataType, T } from '../types.ts';
import { family, overload, type Resolve } from './build.ts';
import { comparable } from './comparison.ts';
import { compareValues } from './ordering.ts';
import { commonTypeOf } from './types.ts';

/** All arguments to one type that has an order. */
function commonOrdered(args: readonly DataType[], literals: readonly unknown[]): DataType | { error: string } | null {
  if (args.length === 0) return null;
  const t = commonTypeOf(args, literals);
  if (t === null) return { error: 'the arguments have no common type' };
  return t.kind === 'struct' || t.kind === 'map' || t.kind === 'json' ? { error: `${t.kind} values have no order` } : t;
}

function extreme(sign: 1 | -1): Resolve {
  return (args, literals) => {
    const t = commonOrdered(args, literals);
    if (t === null || 'error' in t) return t;
    const call = (...values: LiteralValue[]): LiteralValue => {
      let best: LiteralValue = null;
      for (const v of values) if (v !== null && (best === null || sign * compareValues(t, v, best) > 0)) best = v;
      return best;
    };
    return overload(
      args.map(() => t),
      t,
      { call },
      (n) => n.every(Boolean),
    );
  };
}

const clamp: Resolve = (args, literals) => {
  if (args.length !== 3) return null;
  const t = commonOrdered(args, literals);
  if (t === null || 'error' in t) return t;
  const call = (v: LiteralValue, low: LiteralValue, high: LiteralValue): LiteralValue =>
    compareValues(t, v, low) < 0 ? low : compareValues(t, v, high) > 0 ? high : v;
  return overload([t, t, t], t, { call });
};

const nullif: Resolve = (args, literals) => {
  const [a] = args;
  const params = comparable(args, literals);
  if (params === null || a === undefined || 'error' in params)
    return params === null || 'error' in params ? params : null;
  const t = params[0] as DataType;
  if (t.kind === 'null') return overload([T.null, T.null], T.null, { call: () => null }, () => true);
  const call = (x: LiteralValue, y: LiteralValue): LiteralValue =>
    x !== null && y !== null && compareValues(t, x, y) === 0 ? null : x;
  return overload(params, t, { call }, () => true);
};

export const EXTREMES = family('conditional', {
  greatest: {
    doc: 'The greatest argument; nulls are passed over, null when all are. nan is greater than every number.',
    signature: 'greatest(a, b, …)',
    examples: [
      ['greatest(1, 3, 2)', '3'],
      ['greatest(null, 2.5, 1)', '2.5'],
    ],
    nulls: 'custom',
    resolve: extreme(1),
  },
  least: {
    doc: 'The least argument; nulls are passed over, null when all are.',
    signature: 'least(a, b, …)',
    examples: [['least("b", "a")', '"a"']],
    nulls: 'custom',
    resolve: extreme(-1),
  },
  clamp: {
    doc: 'x, or the bound it lies beyond.',
    signature: 'clamp(x, low, high)',
    examples: [
      ['clamp(12, 0, 10)', '10'],
      ['clamp(0.5, 0, 1)', '0.5'],
    ],
    resolve: clamp,
  },
  nullif: {
    doc: 'Null where a equals b, else a.',
    signature: 'nullif(a, b)',
    examples: [
      ['nullif(0, 0)', 'null'],
      ['nullif(5, 0)', '5'],
    ],
    nulls: 'custom',
    resolve: nullif,
  },
});
