// Rows by hash.

/** Bits of a pass. */
const DIGIT: u32 = 11;
/** Rows of a part that is sorted within the nearest cache, about. */
const PART_BITS: u32 = 11;
/** Parts up to this are sorted by insertion. */
const FEW: u32 = 24;

/** Counts to first places. */
function places(counts: u32, digits: u32): void {
  let sum: u32 = 0;
  for (let at = counts; at < counts + (digits << 2); at += 4) {
    const count = load<u32>(at);
    store<u32>(at, sum);
    sum += count;
  }
}

function claim(counts: u32, digit: u32): u32 {
  const at = counts + (digit << 2);
  const place = load<u32>(at);
  store<u32>(at, place + 1);
  return place;
}

/** Entries by `bits` bits of their hashes from bit `low` on, stable. */
function pass(from: u32, to: u32, n: u32, low: u32, bits: u32, counts: u32): void {
  const mask: u32 = (1 << bits) - 1;
  memory.fill(counts, 0, 4 << bits);
  for (let i: u32 = 0; i < n; i++) claim(counts, (load<u32>(from + (i << 3)) >> low) & mask);
  places(counts, 1 << bits);
  for (let i: u32 = 0; i < n; i++) {
    const e = load<u64>(from + (i << 3));
    store<u64>(to + (claim(counts, (<u32>e >> low) & mask) << 3), e);
  }
}

function insertion(entries: u32, n: u32): void {
  for (let i: u32 = 1; i < n; i++) {
    const e = load<u64>(entries + (i << 3));
    let at = entries + (i << 3);
    while (at > entries && load<u32>(at - 8) > <u32>e) {
      store<u64>(at, load<u64>(at - 8));
      at -= 8;
    }
    store<u64>(at, e);
  }
}

/** Sorts the entries at `a` by the lowest `bits` bits of their hashes; gives where they are then, `a` or `b`. */
function sortPart(a: u32, b: u32, n: u32, bits: u32, counts: u32): u32 {
  if (n <= FEW) {
    insertion(a, n);
    return a;
  }
  const passes = (bits + DIGIT - 1) / DIGIT;
  const digit = passes === 0 ? 0 : (bits + passes - 1) / passes;
  for (let k: u32 = 0; k < passes; k++) {
    pass(a, b, n, k * digit, min(digit, bits - k * digit), counts);
    const other = a;
    a = b;
    b = other;
  }
  return a;
}

/**
 * Row numbers by (hash, number), to `order`, and the hashes in that order, to `sorted`. `a` and `b`: room for 8 n bytes each; `counts`: for 2 * 2048 words.
 * `skip`: leading bits that all hashes share, at most 31. Split by leading bits first, into parts that are sorted where they are near.
 */
export function join_sort(hashes: u32, n: u32, skip: u32, a: u32, b: u32, counts: u32, order: u32, sorted: u32): void {
  let bits: u32 = 0;
  while (bits < min(DIGIT, 32 - skip) && n >> (bits + PART_BITS) !== 0) bits++;
  const rest = 32 - skip - bits;
  const mask: u32 = (1 << bits) - 1;
  memory.fill(counts, 0, 4 << bits);
  // Shifts are by less than 32: where no bits are taken the mask is 0.
  const low = rest & 31;
  for (let i: u32 = 0; i < n; i++) claim(counts, (load<u32>(hashes + (i << 2)) >> low) & mask);
  places(counts, 1 << bits);
  for (let i: u32 = 0; i < n; i++) {
    const h = load<u32>(hashes + (i << 2));
    store<u64>(a + (claim(counts, (h >> low) & mask) << 3), <u64>h | ((<u64>i) << 32));
  }
  let from: u32 = 0;
  for (let part: u32 = 0; part <= mask; part++) {
    // Places have moved on to the ends of the parts.
    const to = load<u32>(counts + (part << 2));
    const entries = sortPart(a + (from << 3), b + (from << 3), to - from, rest, counts + (4 << DIGIT));
    for (let i: u32 = 0; i < to - from; i++) {
      const e = load<u64>(entries + (i << 3));
      store<u32>(order + ((from + i) << 2), <u32>(e >> 32));
      store<u32>(sorted + ((from + i) << 2), <u32>e);
    }
    from = to;
  }
}
