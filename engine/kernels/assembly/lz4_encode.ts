// LZ4's block format, compressed.
import { common } from './snappy_encode.ts';

const TABLE_BITS: u32 = 13;
const FAR: u32 = 65535;
/** The last bytes are literals, and no match begins within so many of them. */
const LAST: u32 = 5;
const MARGIN: u32 = 12;

function slot(word: u32): u32 {
  return (word * 0x9e3779b1) >> (32 - TABLE_BITS);
}

/** What does not fit the four bits of a length. */
function more(to: u32, length: u32): u32 {
  let out = to;
  let left = length - 15;
  for (; left >= 255; left -= 255) store<u8>(out++, 255);
  store<u8>(out++, left);
  return out;
}

/** Literals, and, unless `length` is 0, a match behind them. */
function sequence(to: u32, from: u32, count: u32, offset: u32, length: u32): u32 {
  let out = to + 1;
  const extra = length === 0 ? 0 : length - 4;
  store<u8>(to, (min<u32>(count, 15) << 4) | min<u32>(extra, 15));
  if (count >= 15) out = more(out, count);
  memory.copy(out, from, count);
  out += count;
  if (length === 0) return out;
  store<u16>(out, offset);
  out += 2;
  return extra >= 15 ? more(out, extra) : out;
}

/** Compresses `n` bytes into at most 16 + n + n / 255 bytes; how many they are. `table`: 32 KiB to work in. */
export function lz4_encode(from: u32, n: u32, to: u32, table: u32): u32 {
  const end = from + n;
  let out = to;
  let kept = from;
  if (n > MARGIN) {
    memory.fill(table, 0, 4 << TABLE_BITS);
    const limit = end - MARGIN;
    let at = from + 1;
    for (let tries: u32 = 64; at < limit; ) {
      const word = load<u32>(at);
      const place = table + (slot(word) << 2);
      const found = from + load<u32>(place);
      store<u32>(place, at - from);
      if (at - found > FAR || load<u32>(found) !== word) {
        at += tries++ >> 6;
        continue;
      }
      const length = 4 + common(found + 4, at + 4, end - LAST);
      out = sequence(out, kept, at - kept, at - found, length);
      at += length;
      kept = at;
      tries = 64;
    }
  }
  return sequence(out, kept, end - kept, 0, 0) - to;
}
