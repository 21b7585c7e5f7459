// Texts of JSON without their escapes.

const BACKSLASH: u32 = 92;
/** What stands for half of a pair. */
const REPLACEMENT: u32 = 0xfffd;

/** The digit at `at`, which is a hexadecimal one. */
function hex(at: u32): u32 {
  const ch = <u32>load<u8>(at);
  return ch <= 57 ? ch - 48 : (ch | 32) - 87;
}

/** The number of four hexadecimal digits. */
function unit(at: u32): u32 {
  return (hex(at) << 12) | (hex(at + 1) << 8) | (hex(at + 2) << 4) | hex(at + 3);
}

/** The byte that an escape of one letter stands for. */
function escaped(ch: u32): u32 {
  if (ch === 98) return 8;
  if (ch === 102) return 12;
  if (ch === 110) return 10;
  if (ch === 114) return 13;
  return ch === 116 ? 9 : ch;
}

/** Writes a code point; behind it. */
function put(at: u32, code: u32): u32 {
  if (code < 0x80) {
    store<u8>(at, code);
    return at + 1;
  }
  let to = at;
  if (code < 0x800) store<u8>(to++, 0xc0 | (code >> 6));
  else {
    if (code < 0x10000) store<u8>(to++, 0xe0 | (code >> 12));
    else {
      store<u8>(to++, 0xf0 | (code >> 18));
      store<u8>(to++, 0x80 | ((code >> 12) & 63));
    }
    store<u8>(to++, 0x80 | ((code >> 6) & 63));
  }
  store<u8>(to, 0x80 | (code & 63));
  return to + 1;
}

/** Copies the `n` bytes at `from`, whose escapes are right, without these. Its length, which is at most `n`; up to 16 bytes behind are read and written. */
export function unescape(to: u32, from: u32, n: u32): u32 {
  const slashes = i8x16.splat(<i8>BACKSLASH);
  const end = from + n;
  let out = to;
  let at = from;
  while (at < end) {
    const bytes = v128.load(at);
    v128.store(out, bytes);
    const left = end - at;
    let found = <u32>i8x16.bitmask(i8x16.eq(bytes, slashes));
    if (left < 16) found &= (1 << left) - 1;
    const plain = found ? ctz<u32>(found) : min<u32>(left, 16);
    out += plain;
    at += plain;
    if (!found) continue;
    const kind = <u32>load<u8>(at, 1);
    if (kind !== 117) {
      store<u8>(out++, escaped(kind));
      at += 2;
      continue;
    }
    let code = unit(at + 2);
    at += 6;
    if (code >= 0xd800 && code < 0xe000) {
      const paired = code < 0xdc00 && at + 5 < end && load<u8>(at) === BACKSLASH && load<u8>(at, 1) === 117;
      const low = paired ? unit(at + 2) : 0;
      if (low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        at += 6;
      } else code = REPLACEMENT;
    }
    out = put(out, code);
  }
  return out - to;
}
