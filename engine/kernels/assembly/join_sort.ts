// Rows by hash.

/** Bits of a pass. */
const DIGIT: u32 = 11;
const PLACES: u32 = 1 << DIGIT;

/** Counts to first places. */
function places(counts: u32): void {
  let sum: u32 = 0;
  for (let d: u32 = 0; d < PLACES; d++) {
    const at = counts + (d << 2);
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

/**
 * Row numbers by (hash, number), to `order`, and the hashes in that order, to `sorted`. `a` and `b`: room for 8 n bytes each; `counts`: for 3 * 2048 words.
 * `skip`: leading bits that all hashes share, at most 31. Least digit first: two passes where 22 bits are left, else three.
 */
export function join_sort(hashes: u32, n: u32, skip: u32, a: u32, b: u32, counts: u32, order: u32, sorted: u32): void {
  const three: bool = 32 - skip > 2 * DIGIT;
  const second = counts + (PLACES << 2);
  const third = second + (PLACES << 2);
  const mask = PLACES - 1;
  memory.fill(counts, 0, (3 * PLACES) << 2);
  for (let i: u32 = 0; i < n; i++) {
    const h = load<u32>(hashes + (i << 2));
    claim(counts, h & mask);
    claim(second, (h >> DIGIT) & mask);
    claim(third, h >> (2 * DIGIT));
  }
  places(counts);
  places(second);
  places(third);
  for (let i: u32 = 0; i < n; i++) {
    const h = load<u32>(hashes + (i << 2));
    store<u64>(a + (claim(counts, h & mask) << 3), <u64>h | ((<u64>i) << 32));
  }
  let from = a;
  if (three) {
    for (let i: u32 = 0; i < n; i++) {
      const e = load<u64>(a + (i << 3));
      store<u64>(b + (claim(second, (<u32>e >> DIGIT) & mask) << 3), e);
    }
    from = b;
  }
  for (let i: u32 = 0; i < n; i++) {
    const e = load<u64>(from + (i << 3));
    const h = <u32>e;
    const at = (three ? claim(third, h >> (2 * DIGIT)) : claim(second, (h >> DIGIT) & mask)) << 2;
    store<u32>(order + at, <u32>(e >> 32));
    store<u32>(sorted + at, h);
  }
}
