// Rows of 16 bytes: a 64-bit key and a 64-bit payload, side by side. What the shuffle and sort experiments make, split and sort.

const WIDTH: u32 = 16;

/** The key of row number `i`: the counter, multiplied and folded, a permutation of the 64-bit numbers (so keys do not repeat). */
function keyOf(i: u64, seed: u64): u64 {
  const x = (i + seed) * 0x9e3779b97f4a7c15;
  return x ^ (x >> 32);
}

/** Partition of a key by its hash: the upper half of a product, scaled to the number of partitions. */
function partOf(key: u64, partitions: u64): u32 {
  return <u32>((((key * 0xd6e8feb86659fd93) >> 32) * partitions) >> 32);
}

/** Rows first to first + n - 1: the key and, as payload, the row number. */
export function rows_make(out: u32, first: u64, n: u32, seed: u64): void {
  const end = out + n * WIDTH;
  for (let at = out; at < end; at += WIDTH, first++) {
    store<u64>(at, keyOf(first, seed));
    store<u64>(at, first, 8);
  }
}

/** As if made, then rows_hash_ids, without the rows. */
export function rows_make_ids(first: u64, n: u32, seed: u64, partitions: u32, ids: u32, counts: u32): void {
  const parts = <u64>partitions;
  for (let i: u32 = 0; i < n; i++) {
    const p = partOf(keyOf(first + i, seed), parts);
    store<u16>(ids + (i << 1), <u16>p);
    const c = counts + (p << 2);
    store<u32>(c, load<u32>(c) + 1);
  }
}

/** ids[i] (16 bits) = the partition of row i by the hash of its key; adds the rows of each partition to `counts` (32 bits each). */
export function rows_hash_ids(rows: u32, n: u32, partitions: u32, ids: u32, counts: u32): void {
  const parts = <u64>partitions;
  const end = rows + n * WIDTH;
  for (let at = rows; at < end; at += WIDTH, ids += 2) {
    const p = partOf(load<u64>(at), parts);
    store<u16>(ids, <u16>p);
    const c = counts + (p << 2);
    store<u32>(c, load<u32>(c) + 1);
  }
}

/** As rows_hash_ids, by ranges: the partition is the number of bounds (sorted, 64 bits each) that are not above the key. */
export function rows_range_ids(rows: u32, n: u32, bounds: u32, count: u32, ids: u32, counts: u32): void {
  const end = rows + n * WIDTH;
  for (let at = rows; at < end; at += WIDTH, ids += 2) {
    const key = load<u64>(at);
    let base: u32 = 0;
    let left = count;
    while (left > 0) {
      const half = (left + 1) >> 1;
      base = load<u64>(bounds + ((base + half - 1) << 3)) <= key ? base + half : base;
      left = left - half;
    }
    store<u16>(ids, <u16>base);
    const c = counts + (base << 2);
    store<u32>(c, load<u32>(c) + 1);
  }
}

/** Row i goes to address next[ids[i]], which moves on. Stable. */
export function rows_scatter(rows: u32, n: u32, ids: u32, next: u32): void {
  const end = rows + n * WIDTH;
  for (let at = rows; at < end; at += WIDTH, ids += 2) {
    const c = next + ((<u32>load<u16>(ids)) << 2);
    const to = load<u32>(c);
    store<u32>(c, to + WIDTH);
    v128.store(to, v128.load(at));
  }
}

/** One row to the place of its partition by the hash of its key. */
// @ts-expect-error: decorator
function put(at: u32, parts: u64, next: u32): void {
  const c = next + (partOf(load<u64>(at), parts) << 2);
  const to = load<u32>(c);
  store<u32>(c, to + WIDTH);
  v128.store(to, v128.load(at));
}

/** Each row goes to address next[p] of its partition p by the hash of its key, which moves on. For few partitions: each has a line in the cache. Stable. */
export function rows_hash_scatter(rows: u32, n: u32, partitions: u32, next: u32): void {
  if (partitions <= LANES) {
    scatterByLanes(rows, n, partitions, next);
    return;
  }
  const parts = <u64>partitions;
  const end = rows + n * WIDTH;
  for (let at = rows; at < end; at += WIDTH) put(at, parts, next);
}

/** Counters in one vector, and rows after which one of them might overflow. */
const LANES: u32 = 16;
const LANE_ROWS: u32 = 254;

/**
 * As rows_hash_scatter, for up to LANES partitions. How many rows of a stretch each got is counted in a register: half as many stores wait for the cache as with
 * counters in memory.
 */
function scatterByLanes(rows: u32, n: u32, partitions: u32, next: u32): void {
  const parts = <u64>partitions;
  const lanes = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const end = rows + (n & ~1) * WIDTH;
  for (let at = rows; at < end; ) {
    const stop = min(end, at + LANE_ROWS * WIDTH);
    let counts = i8x16.splat(0);
    for (; at < stop; at += 2 * WIDTH) {
      const p = partOf(load<u64>(at), parts);
      const q = partOf(load<u64>(at, WIDTH), parts);
      const first = i8x16.splat(<i8>p);
      const second = i8x16.splat(<i8>q);
      const between = i8x16.sub(counts, i8x16.eq(lanes, first));
      const i = <u32>i8x16.extract_lane_u(v128.swizzle(counts, first), 0);
      const j = <u32>i8x16.extract_lane_u(v128.swizzle(between, second), 0);
      counts = i8x16.sub(between, i8x16.eq(lanes, second));
      v128.store(load<u32>(next + (p << 2)) + i * WIDTH, v128.load(at));
      v128.store(load<u32>(next + (q << 2)) + j * WIDTH, v128.load(at, WIDTH));
    }
    for (let p: u32 = 0; p < partitions; p++) {
      const moved = <u32>i8x16.extract_lane_u(v128.swizzle(counts, i8x16.splat(<i8>p)), 0);
      const c = next + (p << 2);
      store<u32>(c, load<u32>(c) + moved * WIDTH);
    }
  }
  if (n & 1) put(end, parts, next);
}

/** Fewer rows than this are looked at one by one, whether there is room. */
const FEW_ROWS: u32 = 64;

/**
 * As rows_hash_scatter, but no row of partition p goes to limits[p] or beyond it.
 * @returns rows that were moved: n, or fewer when a row had no room
 */
export function rows_hash_scatter_within(rows: u32, n: u32, partitions: u32, next: u32, limits: u32): u32 {
  const words = partitions << 2;
  const end = rows + n * WIDTH;
  let at = rows;
  while (at < end) {
    // As many as have room whichever partition they belong to.
    let sure = end - at;
    for (let c: u32 = 0; c < words; c += 4) sure = min(sure, load<u32>(limits + c) - load<u32>(next + c));
    if (sure < FEW_ROWS * WIDTH) break;
    rows_hash_scatter(at, sure / WIDTH, partitions, next);
    at += sure;
  }
  for (; at < end; at += WIDTH) {
    const c = partOf(load<u64>(at), <u64>partitions) << 2;
    const to = load<u32>(next + c);
    if (to === load<u32>(limits + c)) break;
    store<u32>(next + c, to + WIDTH);
    v128.store(to, v128.load(at));
  }
  return (at - rows) / WIDTH;
}

/** Adds the rows of each partition by the hash of their keys to `counts` (32 bits each). */
export function rows_hash_count(rows: u32, n: u32, partitions: u32, counts: u32): void {
  const parts = <u64>partitions;
  const end = rows + n * WIDTH;
  for (let at = rows; at < end; at += WIDTH) {
    const c = counts + (partOf(load<u64>(at), parts) << 2);
    store<u32>(c, load<u32>(c) + 1);
  }
}

/** sums[0] += keys, sums[1] += payloads, sums[2] ^= keys, sums[3] ^= payloads: 64 bits each. */
export function rows_fold(rows: u32, n: u32, sums: u32): void {
  let sum = v128.load(sums);
  let xor = v128.load(sums, 16);
  const end = rows + n * WIDTH;
  const fours = rows + (n & ~3) * WIDTH;
  let at = rows;
  for (; at < fours; at += 4 * WIDTH) {
    const a = v128.load(at);
    const b = v128.load(at, WIDTH);
    const c = v128.load(at, 2 * WIDTH);
    const d = v128.load(at, 3 * WIDTH);
    sum = i64x2.add(sum, i64x2.add(i64x2.add(a, b), i64x2.add(c, d)));
    xor = v128.xor(xor, v128.xor(v128.xor(a, b), v128.xor(c, d)));
  }
  for (; at < end; at += WIDTH) {
    const row = v128.load(at);
    sum = i64x2.add(sum, row);
    xor = v128.xor(xor, row);
  }
  v128.store(sums, sum);
  v128.store(sums, xor, 16);
}

/** Number of rows whose key does not hash to partition `p`. */
export function rows_strangers(rows: u32, n: u32, partitions: u32, p: u32): u32 {
  let strangers: u32 = 0;
  const end = rows + n * WIDTH;
  for (let at = rows; at < end; at += WIDTH) {
    if (partOf(load<u64>(at), <u64>partitions) !== p) strangers++;
  }
  return strangers;
}

/** Number of rows i >= 1 that come before row i - 1. */
export function rows_disorder(rows: u32, n: u32): u32 {
  let wrong: u32 = 0;
  for (let i: u32 = 1; i < n; i++) {
    const at = rows + i * WIDTH;
    if (before(at, at - WIDTH)) wrong++;
  }
  return wrong;
}

/** The row at `a` comes before the one at `b`: by key, then by payload, both unsigned. */
function before(a: u32, b: u32): bool {
  const x = load<u64>(a);
  const y = load<u64>(b);
  return x < y || (x === y && load<u64>(a, 8) < load<u64>(b, 8));
}

function swap(a: u32, b: u32): void {
  const row = v128.load(a);
  v128.store(a, v128.load(b));
  v128.store(b, row);
}

/** Levels of buckets, and the most buckets of a level. */
const LEVELS: u32 = 3;
const BUCKET_BITS: i32 = 10;
/** Rows a bucket should have. */
const BUCKET_ROWS_BITS: i32 = 3;
const SHORT: u32 = 64;

/**
 * Sorts n rows by key, then payload: the same bytes whatever the order was. `other`: room for n rows; `counts`: room for LEVELS x 2^BUCKET_BITS words.
 */
export function rows_sort(rows: u32, n: u32, other: u32, counts: u32): void {
  sortLevel(rows, n, other, counts, LEVELS);
}

/** Rows go to buckets by the leading bits of their distance from the smallest key; buckets by themselves. */
function sortLevel(rows: u32, n: u32, other: u32, counts: u32, levels: u32): void {
  if (n < SHORT || levels === 0) {
    sortSpan(rows, n);
    return;
  }
  let low = u64.MAX_VALUE;
  let high: u64 = 0;
  const end = rows + n * WIDTH;
  for (let at = rows; at < end; at += WIDTH) {
    const key = load<u64>(at);
    low = min(low, key);
    high = max(high, key);
  }
  const wanted = min(BUCKET_BITS, 31 - <i32>clz(n) - BUCKET_ROWS_BITS);
  const shift = <u64>max(0, 64 - <i32>clz(high - low) - wanted);
  const size: u32 = 4 << wanted;
  memory.fill(counts, 0, size);
  for (let at = rows; at < end; at += WIDTH) {
    const c = counts + ((<u32>((load<u64>(at) - low) >> shift)) << 2);
    store<u32>(c, load<u32>(c) + 1);
  }
  let place = other;
  for (let c = counts; c < counts + size; c += 4) {
    const count = load<u32>(c);
    store<u32>(c, place);
    place += count * WIDTH;
  }
  for (let at = rows; at < end; at += WIDTH) {
    const c = counts + ((<u32>((load<u64>(at) - low) >> shift)) << 2);
    const to = load<u32>(c);
    store<u32>(c, to + WIDTH);
    v128.store(to, v128.load(at));
  }
  let from = other;
  for (let c = counts; c < counts + size; c += 4) {
    const to = load<u32>(c);
    sortLevel(from, (to - from) / WIDTH, rows + (from - other), counts + (4 << BUCKET_BITS), levels - 1);
    from = to;
  }
  memory.copy(rows, other, n * WIDTH);
}

/** Quicksort by the median of three, insertion sort of short spans; heaps where the pivots are bad, so that it is never quadratic. */
function sortSpan(rows: u32, n: u32): void {
  let budget = 2 * (32 - <i32>clz(n));
  while (n > 24) {
    if (budget-- === 0) {
      heapSort(rows, n);
      return;
    }
    const split = partitionSpan(rows, n);
    const right = n - split;
    if (split < right) {
      sortSpan(rows, split);
      rows += split * WIDTH;
      n = right;
    } else {
      sortSpan(rows + split * WIDTH, right);
      n = split;
    }
  }
  for (let i: u32 = 1; i < n; i++) {
    let at = rows + i * WIDTH;
    const row = v128.load(at);
    const key = load<u64>(at);
    const payload = load<u64>(at, 8);
    for (; at > rows; at -= WIDTH) {
      const other = load<u64>(at - WIDTH);
      if (other < key || (other === key && load<u64>(at - WIDTH, 8) <= payload)) break;
      v128.store(at, v128.load(at - WIDTH));
    }
    v128.store(at, row);
  }
}

/** Rows to the left of the returned index do not come after those from it on; both sides have rows. */
function partitionSpan(rows: u32, n: u32): u32 {
  const first = rows;
  const middle = rows + (n >> 1) * WIDTH;
  const last = rows + (n - 1) * WIDTH;
  if (before(middle, first)) swap(middle, first);
  if (before(last, middle)) {
    swap(last, middle);
    if (before(middle, first)) swap(middle, first);
  }
  const key = load<u64>(middle);
  const payload = load<u64>(middle, 8);
  let i = first;
  let j = last;
  while (true) {
    do {
      i += WIDTH;
    } while (load<u64>(i) < key || (load<u64>(i) === key && load<u64>(i, 8) < payload));
    do {
      j -= WIDTH;
    } while (load<u64>(j) > key || (load<u64>(j) === key && load<u64>(j, 8) > payload));
    if (i >= j) return (i - rows) / WIDTH;
    swap(i, j);
  }
}

function heapSort(rows: u32, n: u32): void {
  for (let i = n >> 1; i > 0; i--) sift(rows, i - 1, n);
  for (let i = n - 1; i > 0; i--) {
    swap(rows, rows + i * WIDTH);
    sift(rows, 0, i);
  }
}

function sift(rows: u32, i: u32, n: u32): void {
  while (true) {
    let child: u32 = 2 * i + 1;
    if (child >= n) return;
    if (child + 1 < n && before(rows + child * WIDTH, rows + (child + 1) * WIDTH)) child++;
    if (!before(rows + i * WIDTH, rows + child * WIDTH)) return;
    swap(rows + i * WIDTH, rows + child * WIDTH);
    i = child;
  }
}
