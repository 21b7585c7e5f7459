import { EngineBug } from '../errors.ts';
import type { SortKey } from '../expr.ts';
import type { RangeKey } from './types.ts';

/** Sort keys as data. A range exchange sorts by columns only. */
export function rangeKeysOf(keys: readonly SortKey[]): RangeKey[] {
  return keys.map((k) => {
    if (k.expr.kind !== 'column') throw new EngineBug('a range exchange sorts by columns only');
    return { name: k.expr.name, desc: k.desc, nullsFirst: k.nullsFirst };
  });
}
