// Whether texts are UTF-8.

/** First byte from `at` on that is not ASCII, or `end`. */
function skipAscii(at: u32, end: u32): u32 {
  let p = at;
  while (end - p >= 16) {
    const mask = i8x16.bitmask(v128.load(p));
    if (mask !== 0) return p + ctz(mask);
    p += 16;
  }
  while (p < end && load<u8>(p) < 128) p++;
  return p;
}

function follows(at: u32): bool {
  return (load<u8>(at) & 0xc0) === 0x80;
}

/** Behind the character of several bytes at `at`; 0 when it is none. */
function character(at: u32, end: u32): u32 {
  const a = <u32>load<u8>(at);
  const left = end - at;
  if (a < 0xc2 || a > 0xf4 || left < 2 || !follows(at + 1)) return 0;
  if (a < 0xe0) return at + 2;
  const b = <u32>load<u8>(at, 1);
  if (left < 3 || !follows(at + 2)) return 0;
  if (a < 0xf0) {
    // Neither what two bytes can say nor halves of surrogate pairs.
    return (a === 0xe0 && b < 0xa0) || (a === 0xed && b >= 0xa0) ? 0 : at + 3;
  }
  if (left < 4 || !follows(at + 3)) return 0;
  return (a === 0xf0 && b < 0x90) || (a === 0xf4 && b >= 0x90) ? 0 : at + 4;
}

/** Whether each of the `n` texts whose offsets begin at `offsets` is UTF-8. */
export function utf8_valid(offsets: u32, n: u32, bytes: u32): bool {
  const end = bytes + load<u32>(offsets + (n << 2));
  let plain = true;
  for (let p = skipAscii(bytes + load<u32>(offsets), end); p < end; p = skipAscii(p, end)) {
    plain = false;
    p = character(p, end);
    if (p === 0) return false;
  }
  if (plain) return true;
  // The whole is; no text may begin within a character.
  for (let i: u32 = 0; i < n; i++) {
    const at = load<u32>(offsets + (i << 2));
    if (at < load<u32>(offsets + (i << 2), 4) && follows(bytes + at)) return false;
  }
  return true;
}

function areSame(a: u32, b: u32, length: u32): bool {
  let k: u32 = 0;
  for (; k + 8 <= length; k += 8) if (load<u64>(a + k) !== load<u64>(b + k)) return false;
  for (; k < length; k++) if (load<u8>(a + k) !== load<u8>(b + k)) return false;
  return true;
}

/** Whether the `n` texts with these hashes are all different. `slots`: mask + 1 words, more than n. */
export function utf8_distinct(offsets: u32, n: u32, bytes: u32, hashes: u32, slots: u32, mask: u32): bool {
  memory.fill(slots, 0, (mask + 1) << 2);
  for (let i: u32 = 0; i < n; i++) {
    const hash = load<u32>(hashes + (i << 2));
    const from = load<u32>(offsets + (i << 2));
    const length = load<u32>(offsets + (i << 2), 4) - from;
    let slot = hash & mask;
    for (let other = load<u32>(slots + (slot << 2)); other !== 0; other = load<u32>(slots + (slot << 2))) {
      if (load<u32>(hashes + ((other - 1) << 2)) === hash) {
        const start = load<u32>(offsets + ((other - 1) << 2));
        const size = load<u32>(offsets + (other << 2)) - start;
        if (size === length && areSame(bytes + from, bytes + start, length)) return false;
      }
      slot = (slot + 1) & mask;
    }
    store<u32>(slots + (slot << 2), i + 1);
  }
  return true;
}
