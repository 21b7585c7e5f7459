// The first rows of groups in the order of a key. A group has `take` entries of 16 bytes in `tops`: a 64-bit key and the number of the row that it is of, NONE
// where there is none; by key, those of one key by number.
import { NONE } from './hash.ts';
import { bitAt } from './memory.ts';

const NAN: i64 = 0x7ff8000000000000;
const ENTRY: u32 = 16;

/** Doubles as ints of the same order: NaN the greatest, -0 as 0. */
function doubleKey(x: f64): i64 {
  if (x !== x) return NAN;
  const bits = reinterpret<i64>(x + 0.0);
  return bits ^ ((bits >> 63) & i64.MAX_VALUE);
}

function putKeys<V>(values: u32, validity: u32, n: u32, flip: i64, none: i64, out: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const v = load<V>(values + i * <u32>sizeof<V>());
    const key = isFloat<V>() ? doubleKey(<f64>v) : <i64>v;
    store<i64>(out + (i << 3), validity === NONE || bitAt(validity, i) !== 0 ? key ^ flip : none);
  }
}

/** Keys that ascend as rows are sorted: falling with `desc`, nulls before all others (`first`) or behind. `kind`: 0 for 32-bit ints, 1 for 64-bit ones, 2 for doubles. */
export function group_top_keys(kind: u32, values: u32, validity: u32, n: u32, desc: u32, first: u32, out: u32): void {
  const flip: i64 = desc ? -1 : 0;
  const none = first ? i64.MIN_VALUE : i64.MAX_VALUE;
  if (kind === 0) putKeys<i32>(values, validity, n, flip, none, out);
  else if (kind === 1) putKeys<i64>(values, validity, n, flip, none, out);
  else putKeys<f64>(values, validity, n, flip, none, out);
}

/**
 * Enters rows 0 to n - 1 of the groups `ids`, if they are among the first ones of theirs so far. Those go to `out`, how many; they are numbered from `next` on. Of equal
 * keys the row that came first stays.
 */
export function group_tops(ids: u32, keys: u32, n: u32, take: u32, tops: u32, next: u32, out: u32): u32 {
  let kept: u32 = 0;
  const bytes = take * ENTRY;
  for (let i: u32 = 0; i < n; i++) {
    const key = load<i64>(keys + (i << 3));
    const first = tops + load<u32>(ids + (i << 2)) * bytes;
    let place = first + bytes - ENTRY;
    if (load<u32>(place, 8) !== NONE && key >= load<i64>(place)) continue;
    for (; place > first; place -= ENTRY) {
      if (load<u32>(place - ENTRY, 8) !== NONE && key >= load<i64>(place - ENTRY)) break;
      v128.store(place, v128.load(place - ENTRY));
    }
    store<i64>(place, key);
    store<u32>(place, next + kept, 8);
    store<u32>(out + (kept << 2), i);
    kept++;
  }
  return kept;
}

/** The numbers, all below `rows`, of rows that are still entered, ascending in `order`; how many. Entries get the places there as numbers. `marks`: `rows` words to work in. */
export function group_top_rows(tops: u32, entries: u32, rows: u32, marks: u32, order: u32): u32 {
  const end = tops + entries * ENTRY;
  memory.fill(marks, 0, rows << 2);
  for (let at = tops; at < end; at += ENTRY) {
    const row = load<u32>(at, 8);
    if (row !== NONE) store<u32>(marks + (row << 2), 1);
  }
  let n: u32 = 0;
  for (let row: u32 = 0; row < rows; row++) {
    store<u32>(order + (n << 2), row);
    const mark = marks + (row << 2);
    const entered = load<u32>(mark);
    store<u32>(mark, n);
    n += entered;
  }
  for (let at = tops; at < end; at += ENTRY) {
    const row = load<u32>(at, 8);
    if (row !== NONE) store<u32>(at, load<u32>(marks + (row << 2)), 8);
  }
  return n;
}
