// Snappy's block format, decompressed. Up to SLACK bytes behind the output's end may be overwritten, and as many behind the input's end read.

/** Copies in steps of 16 bytes; up to 15 bytes behind the end are written, too. */
export function wild(to: u32, from: u32, length: u32): void {
  for (let k: u32 = 0; k < length; k += 16) v128.store(to + k, v128.load(from + k));
}

/** A match `offset` bytes back that may overlap what it writes. */
export function repeat(to: u32, offset: u32, length: u32): void {
  let from = to - offset;
  if (offset >= 16) {
    wild(to, from, length);
    return;
  }
  if (offset >= 8) {
    for (let k: u32 = 0; k < length; k += 8) store<u64>(to + k, load<u64>(from + k));
    return;
  }
  if (offset === 1) {
    memory.fill(to, load<u8>(from), length);
    return;
  }
  // Each step doubles what is there of the pattern, until it has eight bytes.
  let at = to;
  while (at - from < 8) {
    store<u64>(at, load<u64>(from));
    at += at - from;
  }
  for (const end = to + length; at < end; at += 8, from += 8) store<u64>(at, load<u64>(from));
}

/** A literal of up to 16 bytes, or a match of as many that lies 8 bytes back or more. */
const SHORT: u32 = 16;

/** Decompresses `n` bytes at `from`. True when they are a whole block that gives exactly `size` bytes. */
export function snappy_decode(from: u32, n: u32, to: u32, size: u32): bool {
  const end = from + n;
  const last = to + size;
  let at = from;
  let out = to;
  let told: u64 = 0;
  for (let shift: u64 = 0; ; shift += 7) {
    if (at >= end || shift > 28) return false;
    const b = <u64>load<u8>(at++);
    told |= (b & 127) << shift;
    if (b < 128) break;
  }
  if (told !== <u64>size) return false;
  while (at < end) {
    const tag = <u32>load<u8>(at++);
    let length = (tag >> 2) + 1;
    if ((tag & 3) === 0) {
      if (length <= SHORT) {
        if (length > last - out || length > end - at) return false;
        v128.store(out, v128.load(at));
      } else {
        if (length > 60) {
          const bytes = length - 60;
          if (bytes > end - at) return false;
          // One byte less than the literal has.
          length = load<u32>(at) & (0xffffffff >> ((4 - bytes) << 3));
          at += bytes;
          if (length >= end - at) return false;
          length++;
        }
        if (length > last - out || length > end - at) return false;
        if (length <= 64) wild(out, at, length);
        else memory.copy(out, at, length);
      }
      at += length;
      out += length;
      continue;
    }
    let offset: u32 = 0;
    if ((tag & 3) === 1) {
      if (at >= end) return false;
      length = ((tag >> 2) & 7) + 4;
      offset = ((tag >> 5) << 8) | load<u8>(at++);
    } else {
      const bytes: u32 = (tag & 3) === 2 ? 2 : 4;
      if (bytes > end - at) return false;
      offset = bytes === 2 ? <u32>load<u16>(at) : load<u32>(at);
      at += bytes;
    }
    // An offset of 0 is above all, too.
    if (offset - 1 >= out - to || length > last - out) return false;
    if (length <= SHORT && offset >= 8) {
      const source = out - offset;
      store<u64>(out, load<u64>(source));
      store<u64>(out, load<u64>(source, 8), 8);
    } else repeat(out, offset, length);
    out += length;
  }
  return out === last;
}
