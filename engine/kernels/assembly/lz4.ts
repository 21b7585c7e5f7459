// LZ4's block format, decompressed. Up to SLACK bytes behind the output's end may be overwritten, and as many behind the input's end read.
import { repeat, wild } from './snappy.ts';

/** Decompresses `n` bytes at `from`. True when they are a whole block that gives exactly `size` bytes. */
export function lz4_decode(from: u32, n: u32, to: u32, size: u32): bool {
  const end = from + n;
  const last = to + size;
  let at = from;
  let out = to;
  while (at < end) {
    const token = <u32>load<u8>(at++);
    let literals = token >> 4;
    if (literals === 15) {
      let more: u32 = 255;
      while (more === 255) {
        if (at >= end) return false;
        more = load<u8>(at++);
        literals += more;
      }
    }
    if (literals > end - at || literals > last - out) return false;
    if (literals <= 64) wild(out, at, literals);
    else memory.copy(out, at, literals);
    at += literals;
    out += literals;
    // The last sequence has no match.
    if (at === end) break;
    if (end - at < 2) return false;
    const offset = <u32>load<u16>(at);
    at += 2;
    let length = (token & 15) + 4;
    if (length === 19) {
      let more: u32 = 255;
      while (more === 255) {
        if (at >= end) return false;
        more = load<u8>(at++);
        length += more;
      }
    }
    if (offset === 0 || offset > out - to || length > last - out) return false;
    repeat(out, offset, length);
    out += length;
  }
  return out === last;
}
