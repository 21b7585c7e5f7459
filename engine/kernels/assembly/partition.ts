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
 * Gives rows their places, each partition its own stretch: `next` has the next place of each partition, `limits` where its stretch ends, and a
 * row takes `step`. Stops at the first row whose partition is full; how many rows were placed.
 */
export function partition_places(
  hashes: u32,
  n: u32,
  skip: u32,
  shift: u32,
  next: u32,
  limits: u32,
  step: u32,
  places: u32,
): u32 {
  const end = n << 2;
  for (let i: u32 = 0; i < end; i += 4) {
    const p = ((load<u32>(hashes + i) << skip) >> shift) << 2;
    const place = load<u32>(next + p);
    if (place === load<u32>(limits + p)) return i >> 2;
    store<u32>(next + p, place + step);
    store<u32>(places + i, place);
  }
  return n;
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
