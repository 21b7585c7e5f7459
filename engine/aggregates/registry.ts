import type { DataType } from '../types.ts';
import { APPROXIMATE_QUANTILES } from './approx_quantile.ts';
import { BIT_FOLDS } from './bits.ts';
import { COLLECTED } from './collected.ts';
import { COUNTED } from './counted.ts';
import { COUNTS } from './counts.ts';
import type { AggregateDef, ResolvedAggregate } from './def.ts';
import { distinctAggregates, overDistinct } from './distinct.ts';
import { MOMENTS } from './moments.ts';
import { PICKS } from './picks.ts';
import { DISCRETE_QUANTILES } from './quantile_disc.ts';
import { QUANTILES } from './quantiles.ts';
import { REGRESSIONS } from './regressions.ts';
import { SHAPES } from './shapes.ts';
import { SKETCHES } from './sketch.ts';
import { SUMS } from './sums.ts';

/** Every aggregate once, in the order of the reference. */
export const AGGREGATE_LIST: readonly AggregateDef[] = [
  ...COUNTS,
  ...SUMS,
  ...PICKS,
  ...MOMENTS,
  ...REGRESSIONS,
  ...SHAPES,
  ...BIT_FOLDS,
  ...COLLECTED,
  ...QUANTILES,
  ...DISCRETE_QUANTILES,
  ...distinctAggregates(COUNTS[0] as AggregateDef),
  ...COUNTED,
  ...SKETCHES,
  ...APPROXIMATE_QUANTILES,
];

/** Every aggregate by name and by alias; without a prototype, so that any text may be looked up. */
export const AGGREGATES: Readonly<Record<string, AggregateDef>> = Object.freeze(
  Object.assign(
    Object.create(null) as Record<string, AggregateDef>,
    Object.fromEntries(AGGREGATE_LIST.flatMap((def) => [def.name, ...(def.aliases ?? [])].map((name) => [name, def]))),
  ),
);

/** Repeated values do not change these, so that `distinct` costs them nothing. */
const BLIND_TO_REPEATS = new Set([
  'min',
  'max',
  'any',
  'all',
  'first',
  'any_value',
  'count_distinct',
  'approx_count_distinct',
]);

/** The aggregate for argument types; `distinct` for `name(distinct x)`. null when there is none of that name or for these types. */
export function resolveAggregate(name: string, args: readonly DataType[], distinct: boolean): ResolvedAggregate | null {
  const def = AGGREGATES[name];
  const resolved = def?.resolve(args) ?? null;
  if (resolved === null || def === undefined || !distinct) return resolved;
  return BLIND_TO_REPEATS.has(def.name) ? resolved : overDistinct(def.name, resolved, args);
}
