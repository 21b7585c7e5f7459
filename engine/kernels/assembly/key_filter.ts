// Sets of join keys, against which the rows of the other side are tested before they are moved: bits by key, where those are 32-bit integers in a narrow
// range, else a blocked Bloom filter over their hashes (one 64-bit word a key, as in F. Putze, P. Sanders, J. Singler, "Cache-, Hash- and Space-Efficient
// Bloom Filters", 2007), which may say yes for a key that is not there, and never no for one that is.

import { bitAt } from './memory.ts';

const NONE: u32 = 0xffffffff;

/** Sets the bits of the keys; all lie in [low, low + the number of bits). */
export function key_bits_set(values: u32, valid: u32, n: u32, low: i32, bits: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    if (valid !== NONE && !bitAt(valid, i)) continue;
    const place = load<u32>(values + (i << 2)) - low;
    const at = bits + (place >> 3);
    store<u8>(at, load<u8>(at) | ((<u8>1) << (<u8>(place & 7))));
  }
}

/** Rows whose key is in the set, to `out`; their number. `range`: the number of bits, less one. */
export function key_bits_test(values: u32, valid: u32, n: u32, low: i32, range: u32, bits: u32, out: u32): u32 {
  let kept: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const place = load<u32>(values + (i << 2)) - low;
    const known = place <= range;
    store<u32>(out + (kept << 2), i);
    kept += bitAt(bits, known ? place : 0) & <u32>known & (valid === NONE ? 1 : bitAt(valid, i));
  }
  return kept;
}

/** Three bits of a word. The hash's low bits choose the word, so that the others are mixed anew. */
function pattern(hash: u32): u64 {
  const h = hash * 0x9e3779b1;
  return ((<u64>1) << (h >> 26)) | ((<u64>1) << ((h >> 20) & 63)) | ((<u64>1) << ((h >> 14) & 63));
}

export function key_bloom_set(hashes: u32, valid: u32, n: u32, words: u32, mask: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    if (valid !== NONE && !bitAt(valid, i)) continue;
    const hash = load<u32>(hashes + (i << 2));
    const at = words + ((hash & mask) << 3);
    store<u64>(at, load<u64>(at) | pattern(hash));
  }
}

export function key_bloom_test(hashes: u32, valid: u32, n: u32, words: u32, mask: u32, out: u32): u32 {
  let kept: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const hash = load<u32>(hashes + (i << 2));
    const wanted = pattern(hash);
    store<u32>(out + (kept << 2), i);
    kept +=
      <u32>((load<u64>(words + ((hash & mask) << 3)) & wanted) === wanted) & (valid === NONE ? 1 : bitAt(valid, i));
  }
  return kept;
}
