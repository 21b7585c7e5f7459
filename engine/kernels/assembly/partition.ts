// The partition of a row: (hash << skip) >>> shift, the bits of its hash behind the first `skip`.

/** Adds the rows of each partition to `counts`, one 32-bit word a partition. */
export function partition_count(hashes: u32, n: u32, skip: u32, shift: u32, counts: u32): void {
  const end = hashes + (n << 2);
  for (let at = hashes; at < end; at += 4) {
    const c = counts + (((load<u32>(at) << skip) >> shift) << 2);
    store<u32>(c, load<u32>(c) + 1);
  }
}

/**
 * A stable counting sort of `n` rows into 2^bits partitions: places[i] = the place of row i, starts[p] = the first place of partition p, and
 * starts[2^bits] = n. `counters`: 2 * 2^bits words to work in. The halves of the rows are counted apart and placed side by side, so that one
 * row need not wait for the counter the row before it has just changed.
 */
export function partition_rows(
  hashes: u32,
  n: u32,
  skip: u32,
  bits: u32,
  counters: u32,
  starts: u32,
  places: u32,
): void {
  // Four times the partition of a hash: its bits turned to where they are an offset of words.
  const turn = skip + bits + 2;
  const mask: u32 = ((1 << bits) - 1) << 2;
  const half = (n >> 1) << 2;
  const bytes: u32 = 4 << bits;
  const others = counters + bytes;
  const behind = hashes + half;
  memory.fill(counters, 0, 2 * bytes);
  for (let at: u32 = 0; at < half; at += 4) {
    const a = counters + (rotl<u32>(load<u32>(hashes + at), turn) & mask);
    const b = others + (rotl<u32>(load<u32>(behind + at), turn) & mask);
    store<u32>(a, load<u32>(a) + 1);
    store<u32>(b, load<u32>(b) + 1);
  }
  const last = (n - 1) << 2;
  if (n & 1) {
    const b = others + (rotl<u32>(load<u32>(hashes + last), turn) & mask);
    store<u32>(b, load<u32>(b) + 1);
  }
  let place: u32 = 0;
  for (let p: u32 = 0; p < bytes; p += 4) {
    store<u32>(starts + p, place);
    const first = load<u32>(counters + p);
    const second = load<u32>(others + p);
    store<u32>(counters + p, place);
    store<u32>(others + p, place + first);
    place += first + second;
  }
  store<u32>(starts + bytes, place);
  for (let at: u32 = 0; at < half; at += 4) {
    const a = counters + (rotl<u32>(load<u32>(hashes + at), turn) & mask);
    const b = others + (rotl<u32>(load<u32>(behind + at), turn) & mask);
    const i = load<u32>(a);
    const j = load<u32>(b);
    store<u32>(places + at, i);
    store<u32>(places + half + at, j);
    store<u32>(a, i + 1);
    store<u32>(b, j + 1);
  }
  if (n & 1) {
    const b = others + (rotl<u32>(load<u32>(hashes + last), turn) & mask);
    store<u32>(places + last, load<u32>(b));
  }
}

/** A stable counting sort: order[place] = first + i; `next`: the first place of each partition, moved on. */
export function partition_order(hashes: u32, n: u32, skip: u32, shift: u32, next: u32, first: u32, order: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const c = next + (((load<u32>(hashes + (i << 2)) << skip) >> shift) << 2);
    const place = load<u32>(c);
    store<u32>(c, place + 1);
    store<u32>(order + (place << 2), first + i);
  }
}
