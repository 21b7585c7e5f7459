import type { Scratch } from '../memory/types.ts';
import type { Utf8Column } from './column.ts';
import { equalRows } from './compare.ts';
import { gatherColumn } from './gather.ts';
import { hashColumns } from './hash.ts';

export interface DistinctEntries {
  /** In order of first appearance. */
  readonly dictionary: Utf8Column;
  /** For each row of the input its code in `dictionary`. */
  readonly codes: Int32Array;
}

/** The distinct values of a column without nulls. */
export function distinctEntries(all: Utf8Column, scratch: Scratch): DistinctEntries {
  const hashes = new Uint32Array(all.length);
  hashColumns([all], all.length, hashes);
  const equal = equalRows([all], [all]);
  let slots = 16;
  while (slots < 2 * all.length) slots *= 2;
  const table = new Int32Array(slots).fill(-1);
  const kept = scratch.u32(all.length);
  const codes = scratch.i32(all.length);
  let n = 0;
  for (let i = 0; i < all.length; i++) {
    let s = (hashes[i] as number) & (slots - 1);
    let code = table[s] as number;
    while (code >= 0 && !equal(kept[code] as number, i)) {
      s = (s + 1) & (slots - 1);
      code = table[s] as number;
    }
    if (code < 0) {
      code = n++;
      kept[code] = i;
      table[s] = code;
    }
    codes[i] = code;
  }
  return { dictionary: gatherColumn(all, kept, n, scratch) as Utf8Column, codes };
}
