import { kernelsFor } from '../kernels/load.ts';
import type { Vector } from '../memory/vector.ts';

const BITS = 11;
const BUCKETS = 1 << BITS;
const PASSES = 3;

/**
 * Stable LSD radix sort of row numbers by 32-bit keys: `indices` (n of them) ends up ordered by `keys[index]`, ties as they came. `other` is
 * a second array of n. Digits that are the same in all keys are skipped. Returns the array that holds the result, `indices` or `other`.
 */
export function sortByKey(keys: Uint32Array, indices: Uint32Array, other: Uint32Array, n: number): Uint32Array {
  const counts = new Uint32Array(BUCKETS * PASSES);
  for (let i = 0; i < n; i++) {
    const k = keys[indices[i] as number] as number;
    counts[k & 2047] = (counts[k & 2047] as number) + 1;
    const b = 2048 + ((k >>> 11) & 2047);
    counts[b] = (counts[b] as number) + 1;
    const c = 4096 + (k >>> 22);
    counts[c] = (counts[c] as number) + 1;
  }
  let from = indices;
  let to = other;
  for (let pass = 0; pass < PASSES; pass++) {
    const digit = counts.subarray(pass * BUCKETS, (pass + 1) * BUCKETS);
    if (!prefixSums(digit, n)) continue;
    scatter(keys, from, to, digit, pass * BITS, n);
    const swap = from;
    from = to;
    to = swap;
  }
  return from;
}

/** Counts to start positions; false when one bucket has everything. */
function prefixSums(counts: Uint32Array, n: number): boolean {
  let at = 0;
  for (let b = 0; b < counts.length; b++) {
    const c = counts[b] as number;
    if (c === n) return false;
    counts[b] = at;
    at += c;
  }
  return true;
}

function scatter(
  keys: Uint32Array,
  from: Uint32Array,
  to: Uint32Array,
  starts: Uint32Array,
  shift: number,
  n: number,
): void {
  for (let i = 0; i < n; i++) {
    const row = from[i] as number;
    const digit = ((keys[row] as number) >>> shift) & (BUCKETS - 1);
    const at = starts[digit] as number;
    starts[digit] = at + 1;
    to[at] = row;
  }
}

/** Numbers 0 to n - 1 by (hash, number), in `memory`. */
export function sortByHash(hashes: Uint32Array, n: number, memory: Vector<Uint32Array>): Uint32Array {
  memory.reserve(2 * n + BUCKETS * PASSES);
  const a = memory.data.subarray(0, n);
  const b = memory.data.subarray(n, 2 * n);
  const k = kernelsFor(memory.data, hashes);
  if (k !== null) {
    const counts = memory.data.byteOffset + 8 * n;
    return k.group_order(hashes.byteOffset, n, a.byteOffset, b.byteOffset, counts) === 0 ? a : b;
  }
  for (let i = 0; i < n; i++) a[i] = i;
  return sortByKey(hashes, a, b, n);
}
