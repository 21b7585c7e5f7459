// Snappy's block format, compressed, in fragments of 64 KiB: each match lies within its own.

const FRAGMENT: u32 = 65536;
/** Bits of the table of places; of two bytes each. */
const TABLE_BITS: u32 = 14;
/** So near to the end no match is looked for: whole words can be read up to there. */
const MARGIN: u32 = 15;

function slot(word: u32): u32 {
  return (word * 0x1e35a7bd) >> (32 - TABLE_BITS);
}

function literal(out: u32, from: u32, length: u32): u32 {
  if (length === 0) return out;
  let to = out;
  const n = length - 1;
  if (n < 60) store<u8>(to++, n << 2);
  else if (n < 256) {
    store<u8>(to, 60 << 2);
    store<u8>(to, n, 1);
    to += 2;
  } else {
    // A fragment has 65536 bytes at most.
    store<u8>(to, 61 << 2);
    store<u16>(to, n, 1);
    to += 3;
  }
  memory.copy(to, from, length);
  return to + length;
}

function match(out: u32, offset: u32, length: u32): u32 {
  let to = out;
  let left = length;
  // What is left for the last one is four bytes at least.
  for (; left >= 68; left -= 64, to += 3) {
    store<u8>(to, (63 << 2) | 2);
    store<u16>(to, offset, 1);
  }
  if (left > 64) {
    store<u8>(to, (59 << 2) | 2);
    store<u16>(to, offset, 1);
    to += 3;
    left -= 60;
  }
  if (left < 12 && offset < 2048) {
    store<u8>(to, ((offset >> 8) << 5) | ((left - 4) << 2) | 1);
    store<u8>(to, offset, 1);
    return to + 2;
  }
  store<u8>(to, ((left - 1) << 2) | 2);
  store<u16>(to, offset, 1);
  return to + 3;
}

/** How many bytes from `a` on are those from `b` on; `b`, which comes later, ends at `end`. */
export function common(a: u32, b: u32, end: u32): u32 {
  let k: u32 = 0;
  for (; b + k + 8 <= end; k += 8) {
    const x = load<u64>(a + k) ^ load<u64>(b + k);
    if (x !== 0) return k + <u32>(ctz(x) >> 3);
  }
  while (b + k < end && load<u8>(a + k) === load<u8>(b + k)) k++;
  return k;
}

function fragment(from: u32, n: u32, to: u32, table: u32): u32 {
  const end = from + n;
  let out = to;
  let kept = from;
  if (n > MARGIN) {
    memory.fill(table, 0, 2 << TABLE_BITS);
    const limit = end - MARGIN;
    let at = from + 1;
    while (at < limit) {
      let word = load<u32>(at);
      let place = table + (slot(word) << 1);
      let found: u32 = from + load<u16>(place);
      store<u16>(place, at - from);
      // The longer nothing is found, the wider the steps.
      for (let tries: u32 = 32; load<u32>(found) !== word; ) {
        at += tries++ >> 5;
        if (at >= limit) break;
        word = load<u32>(at);
        place = table + (slot(word) << 1);
        found = from + load<u16>(place);
        store<u16>(place, at - from);
      }
      if (at >= limit) break;
      out = literal(out, kept, at - kept);
      do {
        const length = 4 + common(found + 4, at + 4, end);
        out = match(out, at - found, length);
        at += length;
        kept = at;
        if (at >= limit) break;
        store<u16>(table + (slot(load<u32>(at - 1)) << 1), at - 1 - from);
        word = load<u32>(at);
        place = table + (slot(word) << 1);
        found = from + load<u16>(place);
        store<u16>(place, at - from);
      } while (load<u32>(found) === word);
      at++;
    }
  }
  return literal(out, kept, end - kept);
}

/** Compresses `n` bytes into at most 32 + n + n / 6 bytes; how many they are. `table`: 32 KiB to work in. */
export function snappy_encode(from: u32, n: u32, to: u32, table: u32): u32 {
  let out = to;
  let rest = n;
  for (; rest > 127; rest >>= 7) store<u8>(out++, rest | 128);
  store<u8>(out++, rest);
  for (let at: u32 = 0; at < n; at += FRAGMENT) out = fragment(from + at, min(FRAGMENT, n - at), out, table);
  return out - to;
}
