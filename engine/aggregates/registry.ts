import type { DataType } from '../types.ts';
import { COUNTS } from './counts.ts';
import type { AggregateDef, ResolvedAggregate } from './def.ts';
import { SUMS } from './sums.ts';

const ALL: readonly AggregateDef[] = [...COUNTS, ...SUMS];

/** Every aggregate by name and by alias. */
export const AGGREGATES: Readonly<Record<string, AggregateDef>> = Object.freeze(
  Object.assign(Object.create(null), Object.fromEntries(ALL.flatMap((def) => [def.name, ...(def.aliases ?? [])].map((name) => [name, def])))),
);

/** Definitions in the order of the reference, each once. */
export const AGGREGATE_LIST: readonly AggregateDef[] = ALL;

/** The aggregate for argument types; `distinct` for `name(distinct x)`. null when there is none of that name or for these types. */
export function resolveAggregate(name: string, args: readonly DataType[], distinct: boolean): ResolvedAggregate | null {
  const resolved = AGGREGATES[name]?.resolve(args) ?? null;
  return resolved === null || !distinct ? resolved : null;
}
