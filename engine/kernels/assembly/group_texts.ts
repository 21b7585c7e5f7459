// Least and greatest texts of groups.
import { NONE } from './hash.ts';
import { bitAt } from './memory.ts';

/** Below 0 when text a comes before text b by their bytes, above when behind it. */
function order(a: u32, n: u32, b: u32, m: u32): i32 {
  const length = min(n, m);
  let k: u32 = 0;
  for (; k + 8 <= length; k += 8) {
    const x = load<u64>(a + k);
    const y = load<u64>(b + k);
    if (x !== y) return bswap(x) < bswap(y) ? -1 : 1;
  }
  for (; k < length; k++) {
    const x = load<u8>(a + k);
    const y = load<u8>(b + k);
    if (x !== y) return x < y ? -1 : 1;
  }
  return n === m ? 0 : n < m ? -1 : 1;
}

/**
 * Looks for the least (`sign` 1) or greatest (-1) text of each group among `n` rows and what is held of it: bytes [starts[g], starts[g] + sizes[g]) of `heap`, nothing where
 * the size is negative. `codes`: rows are entries of a dictionary, or NONE. For each group that has one better than what is held, its row and one goes to `best`, which is
 * 0 before, and the group to `found`. Gives how many these are.
 */
export function fold_extreme_text(
  groups: u32,
  offsets: u32,
  bytes: u32,
  codes: u32,
  validity: u32,
  n: u32,
  starts: u32,
  sizes: u32,
  heap: u32,
  sign: i32,
  best: u32,
  found: u32,
): u32 {
  let count: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    if (validity !== NONE && !bitAt(validity, i)) continue;
    const group = load<u32>(groups + (i << 2));
    const entry = codes === NONE ? i : load<u32>(codes + (i << 2));
    const at = load<u32>(offsets + (entry << 2));
    const length = load<u32>(offsets + (entry << 2), 4) - at;
    const place = best + (group << 2);
    const row = load<u32>(place);
    if (row === 0) {
      const size = load<i32>(sizes + (group << 2));
      const held = heap + load<u32>(starts + (group << 2));
      if (size >= 0 && order(bytes + at, length, held, size) * sign >= 0) continue;
      store<u32>(found + (count++ << 2), group);
    } else {
      const other = codes === NONE ? row - 1 : load<u32>(codes + ((row - 1) << 2));
      if (other === entry) continue;
      const from = load<u32>(offsets + (other << 2));
      const size = load<u32>(offsets + (other << 2), 4) - from;
      if (order(bytes + at, length, bytes + from, size) * sign >= 0) continue;
    }
    store<u32>(place, i + 1);
  }
  return count;
}
