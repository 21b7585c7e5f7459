// Numbering keys. Slots are pairs of words (tag, group + 1), a pair of zeros where free; a probe goes on at the next slot. `state`: words
// [next row, groups so far, group of null + 1, unused], and CHUNK words to work in; a new group's row goes to `fresh` (counted from the groups
// at the call), its hash to `groupHashes`. Probing stops before a row that would be group `room`.
//
// A chunk of rows looks at its first slots without a branch that depends on them, so that the memory's latencies overlap; what was not found
// there is then looked for row by row, in the cache.
import { hash64, NONE, NULL_HASH } from './hash.ts';
import { bitAt } from './memory.ts';

/** Rows whose first slots are looked at together. */
const CHUNK: u32 = 256;
/** Slots that surely are in the nearer caches: 256 KiB. */
const NEAR: u32 = 32768;

/**
 * Loads the first slots of a chunk's rows in a loop of little else, so that as many of these loads overlap as the processor can have under way. What they give goes to `out`, which
 * is written again.
 */
function touch(slots: u32, mask: u32, hashes: u32, rows: u32, from: u32, end: u32, out: u32): void {
  if (mask < NEAR) return;
  for (let i = from; i < end; i++) {
    const h = load<u32>(hashes + ((rows === NONE ? i : load<u32>(rows + (i << 2))) << 2));
    store<u32>(out + (i << 2), load<u32>(slots + ((h & mask) << 3)));
  }
}

/** The tag is the row's hash. `rows`: row numbers, or NONE for all rows. */
export function group_probe(
  slots: u32,
  mask: u32,
  hashes: u32,
  rows: u32,
  n: u32,
  out: u32,
  fresh: u32,
  groupHashes: u32,
  room: u32,
  state: u32,
): void {
  const first = load<u32>(state, 4);
  const misses = state + 16;
  let groups = first;
  for (let from = load<u32>(state); from < n; from += CHUNK) {
    const end = min(n, from + CHUNK);
    touch(slots, mask, hashes, rows, from, end, out);
    let missed: u32 = 0;
    for (let i = from; i < end; i++) {
      const h = load<u32>(hashes + ((rows === NONE ? i : load<u32>(rows + (i << 2))) << 2));
      const pair = load<u64>(slots + ((h & mask) << 3));
      store<u32>(out + (i << 2), <u32>(pair >> 32) - 1);
      store<u32>(misses + (missed << 2), i);
      missed += u32(<u32>pair !== h) | u32(pair >> 32 === 0);
    }
    for (let k: u32 = 0; k < missed; k++) {
      const i = load<u32>(misses + (k << 2));
      const row = rows === NONE ? i : load<u32>(rows + (i << 2));
      const h = load<u32>(hashes + (row << 2));
      let p = h & mask;
      let pair = load<u64>(slots + (p << 3));
      while (pair >> 32 !== 0 && <u32>pair !== h) {
        p = (p + 1) & mask;
        pair = load<u64>(slots + (p << 3));
      }
      let g = <u32>(pair >> 32);
      if (g === 0) {
        if (groups + 1 > room) {
          store<u32>(state, i);
          store<u32>(state, groups, 4);
          return;
        }
        store<u32>(fresh + ((groups - first) << 2), row);
        store<u32>(groupHashes + (groups << 2), h);
        g = ++groups;
        store<u64>(slots + (p << 3), ((<u64>g) << 32) | <u64>h);
      }
      store<u32>(out + (i << 2), g - 1);
    }
  }
  store<u32>(state, n);
  store<u32>(state, groups, 4);
}

/** The tag is the key itself, all keys being one column of 32-bit ints; null has a group of its own outside the slots. */
export function group_probe_i32(
  slots: u32,
  mask: u32,
  hashes: u32,
  values: u32,
  validity: u32,
  n: u32,
  out: u32,
  fresh: u32,
  groupHashes: u32,
  room: u32,
  state: u32,
): void {
  const first = load<u32>(state, 4);
  const misses = state + 16;
  let groups = first;
  for (let from = load<u32>(state); from < n; from += CHUNK) {
    const end = min(n, from + CHUNK);
    touch(slots, mask, hashes, NONE, from, end, out);
    let missed: u32 = 0;
    for (let i = from; i < end; i++) {
      const key = load<u32>(values + (i << 2));
      const pair = load<u64>(slots + ((load<u32>(hashes + (i << 2)) & mask) << 3));
      store<u32>(out + (i << 2), <u32>(pair >> 32) - 1);
      store<u32>(misses + (missed << 2), i);
      const none = validity === NONE ? 0 : bitAt(validity, i) ^ 1;
      missed += u32(<u32>pair !== key) | u32(pair >> 32 === 0) | none;
    }
    for (let k: u32 = 0; k < missed; k++) {
      const i = load<u32>(misses + (k << 2));
      const valid = validity === NONE || bitAt(validity, i) !== 0;
      const key = load<u32>(values + (i << 2));
      const h = load<u32>(hashes + (i << 2));
      let p = h & mask;
      let g: u32;
      if (valid) {
        let pair = load<u64>(slots + (p << 3));
        while (pair >> 32 !== 0 && <u32>pair !== key) {
          p = (p + 1) & mask;
          pair = load<u64>(slots + (p << 3));
        }
        g = <u32>(pair >> 32);
      } else {
        g = load<u32>(state, 8);
      }
      if (g === 0) {
        if (groups + 1 > room) {
          store<u32>(state, i);
          store<u32>(state, groups, 4);
          return;
        }
        store<u32>(fresh + ((groups - first) << 2), i);
        store<u32>(groupHashes + (groups << 2), h);
        g = ++groups;
        if (valid) store<u64>(slots + (p << 3), ((<u64>g) << 32) | <u64>key);
        else store<u32>(state, g, 8);
      }
      store<u32>(out + (i << 2), g - 1);
    }
  }
  store<u32>(state, n);
  store<u32>(state, groups, 4);
}

/** All keys lie in base .. base + (words of `map`) - 1, and `map` holds group + 1 of each, 0 for none. */
export function group_dense(
  values: u32,
  validity: u32,
  n: u32,
  map: u32,
  base: u32,
  out: u32,
  fresh: u32,
  groupHashes: u32,
  state: u32,
): void {
  let groups = load<u32>(state, 4);
  const first = groups;
  for (let i: u32 = 0; i < n; i++) {
    const valid = validity === NONE || bitAt(validity, i) !== 0;
    const key = load<u32>(values + (i << 2));
    const at = valid ? map + ((key - base) << 2) : state + 8;
    let g = load<u32>(at);
    if (g === 0) {
      store<u32>(fresh + ((groups - first) << 2), i);
      store<u32>(groupHashes + (groups << 2), valid ? hash64(key, <i32>key >> 31) : NULL_HASH);
      g = ++groups;
      store<u32>(at, g);
    }
    store<u32>(out + (i << 2), g - 1);
  }
  store<u32>(state, n);
  store<u32>(state, groups, 4);
}

/** The least and greatest of the values that are not null, as two words in `state`; 2^31 - 1 and -2^31 without any. */
export function group_range(values: u32, validity: u32, n: u32, state: u32): void {
  let low: i32 = i32.MAX_VALUE;
  let high: i32 = i32.MIN_VALUE;
  let i: u32 = 0;
  if (validity === NONE) {
    let l = i32x4.splat(low);
    let h = i32x4.splat(high);
    for (; i + 4 <= n; i += 4) {
      const v = v128.load(values + (i << 2));
      l = i32x4.min_s(l, v);
      h = i32x4.max_s(h, v);
    }
    low = min(
      min(i32x4.extract_lane(l, 0), i32x4.extract_lane(l, 1)),
      min(i32x4.extract_lane(l, 2), i32x4.extract_lane(l, 3)),
    );
    high = max(
      max(i32x4.extract_lane(h, 0), i32x4.extract_lane(h, 1)),
      max(i32x4.extract_lane(h, 2), i32x4.extract_lane(h, 3)),
    );
  }
  for (; i < n; i++) {
    if (validity !== NONE && !bitAt(validity, i)) continue;
    const v = load<i32>(values + (i << 2));
    low = min(low, v);
    high = max(high, v);
  }
  store<i32>(state, low);
  store<i32>(state, high, 4);
}

/** A code met for the first time waits for its group with this mark. */
const MARK: u32 = 0xffffffff;

/**
 * out[i] = map[code] - 1, where the place behind the last of `entries` codes stands for null. Rows of codes without a group (0) go to `fresh`, one
 * of each; how many. When there are any, `out` is not complete.
 */
export function group_codes(codes: u32, validity: u32, n: u32, entries: u32, map: u32, out: u32, fresh: u32): u32 {
  let missing: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const valid = validity === NONE || bitAt(validity, i) !== 0;
    const at = map + ((valid ? load<u32>(codes + (i << 2)) : entries) << 2);
    let g = load<u32>(at);
    if (g === 0) {
      store<u32>(fresh + (missing++ << 2), i);
      store<u32>(at, MARK);
      g = MARK;
    }
    store<u32>(out + (i << 2), g - 1);
  }
  return missing;
}

/**
 * Adds a key to codes of several: out[i] = out[i] * size (0 when `more` is 0) + the key's code. That is its value from `base` on; the last one, size - 1, is null.
 */
export function group_combine(values: u32, validity: u32, n: u32, base: u32, size: u32, more: u32, out: u32): void {
  const factor = more ? size : 0;
  let i: u32 = 0;
  if (validity === NONE) {
    for (; i + 4 <= n; i += 4) {
      const at = out + (i << 2);
      const code = i32x4.sub(v128.load(values + (i << 2)), i32x4.splat(base));
      v128.store(at, i32x4.add(i32x4.mul(v128.load(at), i32x4.splat(factor)), code));
    }
  }
  for (; i < n; i++) {
    const at = out + (i << 2);
    const code = validity === NONE || bitAt(validity, i) ? load<u32>(values + (i << 2)) - base : size - 1;
    store<u32>(at, load<u32>(at) * factor + code);
  }
}

/** map[code of row rows[i]] = groups[i] + 1. */
export function group_name_codes(
  codes: u32,
  validity: u32,
  entries: u32,
  rows: u32,
  n: u32,
  groups: u32,
  map: u32,
): void {
  for (let i: u32 = 0; i < n; i++) {
    const row = load<u32>(rows + (i << 2));
    const valid = validity === NONE || bitAt(validity, row) !== 0;
    const code = valid ? load<u32>(codes + (row << 2)) : entries;
    store<u32>(map + (code << 2), load<u32>(groups + (i << 2)) + 1);
  }
}

/** Slots, all free, get groups 0 .. n - 1, tagged by hash. */
export function group_fill(slots: u32, mask: u32, groupHashes: u32, n: u32): void {
  for (let g: u32 = 0; g < n; g++) {
    const h = load<u32>(groupHashes + (g << 2));
    let p = h & mask;
    while (load<u32>(slots + (p << 3), 4) !== 0) p = (p + 1) & mask;
    store<u64>(slots + (p << 3), ((<u64>g + 1) << 32) | <u64>h);
  }
}

/** The same, tagged by key: `keys` holds them as doubles, `none` is the group of null, which has no slot. */
export function group_fill_i32(slots: u32, mask: u32, groupHashes: u32, n: u32, keys: u32, none: u32): void {
  for (let g: u32 = 0; g < n; g++) {
    if (g === none) continue;
    const key = <u32>(<i32>load<f64>(keys + (g << 3)));
    let p = load<u32>(groupHashes + (g << 2)) & mask;
    while (load<u32>(slots + (p << 3), 4) !== 0) p = (p + 1) & mask;
    store<u64>(slots + (p << 3), ((<u64>g + 1) << 32) | <u64>key);
  }
}

/** A direct-address map, all 0, gets groups 0 .. n - 1. */
export function group_fill_map(map: u32, base: i32, n: u32, keys: u32, none: u32): void {
  for (let g: u32 = 0; g < n; g++) {
    if (g !== none) store<u32>(map + ((<i32>load<f64>(keys + (g << 3)) - base) << 2), g + 1);
  }
}

const DIGITS: u32 = 2048;

/**
 * Numbers 0 .. n - 1 by (hash, number), in `order`; `other`: n words, `counts`: 3 * 2048 words, both to work in. A radix sort of three
 * digits; those that are alike in all hashes cost nothing. 1 when the result lies in `other`.
 */
export function group_order(hashes: u32, n: u32, order: u32, other: u32, counts: u32): u32 {
  memory.fill(counts, 0, 3 * DIGITS * 4);
  for (let i: u32 = 0; i < n; i++) {
    const h = load<u32>(hashes + (i << 2));
    const a = counts + ((h & 2047) << 2);
    const b = counts + ((DIGITS + ((h >> 11) & 2047)) << 2);
    const c = counts + ((2 * DIGITS + (h >> 22)) << 2);
    store<u32>(a, load<u32>(a) + 1);
    store<u32>(b, load<u32>(b) + 1);
    store<u32>(c, load<u32>(c) + 1);
  }
  let from: u32 = NONE;
  let to = order;
  for (let pass: u32 = 0; pass < 3; pass++) {
    const digits = counts + ((pass * DIGITS) << 2);
    const shift = pass * 11;
    let at: u32 = 0;
    let alike = false;
    for (let d: u32 = 0; d < DIGITS; d++) {
      const c = load<u32>(digits + (d << 2));
      if (c === n) alike = true;
      store<u32>(digits + (d << 2), at);
      at += c;
    }
    if (alike) continue;
    for (let i: u32 = 0; i < n; i++) {
      const row = from === NONE ? i : load<u32>(from + (i << 2));
      const d = digits + (((load<u32>(hashes + (row << 2)) >> shift) & 2047) << 2);
      const place = load<u32>(d);
      store<u32>(d, place + 1);
      store<u32>(to + (place << 2), row);
    }
    from = to;
    to = from === order ? other : order;
  }
  if (from !== NONE) return from === order ? 0 : 1;
  for (let i: u32 = 0; i < n; i++) store<u32>(order + (i << 2), i);
  return 0;
}
