// Moving rows to places in a buffer, and segments of the buffer to where they stay.
import { bitAt, copy } from './memory.ts';

function scatter<V>(values: u32, places: u32, n: u32, out: u32): void {
  const width: u32 = sizeof<V>();
  const whole = n & ~3;
  for (let i: u32 = 0; i < whole; i += 4) {
    const at = places + (i << 2);
    const from = values + i * width;
    store<V>(out + load<u32>(at) * width, load<V>(from));
    store<V>(out + load<u32>(at, 4) * width, load<V>(from + width));
    store<V>(out + load<u32>(at, 8) * width, load<V>(from + 2 * width));
    store<V>(out + load<u32>(at, 12) * width, load<V>(from + 3 * width));
  }
  for (let i = whole; i < n; i++) store<V>(out + load<u32>(places + (i << 2)) * width, load<V>(values + i * width));
}

export function scatter_4(values: u32, places: u32, n: u32, out: u32): void {
  scatter<u32>(values, places, n, out);
}

export function scatter_8(values: u32, places: u32, n: u32, out: u32): void {
  scatter<u64>(values, places, n, out);
}

/** 32-bit values, sign-extended to 64 bits. */
export function scatter_4_to_8(values: u32, places: u32, n: u32, out: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    store<i64>(out + (load<u32>(places + (i << 2)) << 3), <i64>load<i32>(values + (i << 2)));
  }
}

export function scatter_16(values: u32, places: u32, n: u32, out: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    v128.store(out + (load<u32>(places + (i << 2)) << 4), v128.load(values + (i << 4)));
  }
}

/** Bits first..first + n - 1 of a bitmap, each to a byte of 0 or 1. */
export function scatter_bits(bits: u32, first: u32, places: u32, n: u32, out: u32): void {
  for (let i: u32 = 0; i < n; i++) store<u8>(out + load<u32>(places + (i << 2)), bitAt(bits, first + i));
}

// Segments: `count` times four words: first value, values, where their column starts (bytes from `base`), and the row in it they go to.

export function copy_segments(segments: u32, count: u32, values: u32, width: u32, base: u32): void {
  const end = segments + (count << 4);
  for (let s = segments; s < end; s += 16) {
    const to = base + load<u32>(s, 8) + load<u32>(s, 12) * width;
    copy(to, values + load<u32>(s) * width, load<u32>(s, 4) * width);
  }
}

function putBit(bits: u32, at: u32, on: u32): void {
  const byte = bits + (at >> 3);
  store<u8>(byte, (<u32>load<u8>(byte) & ~(1 << (at & 7))) | (on << (at & 7)));
}

/** Bytes of 0 or 1 become bits [at, at + n) of a bitmap; its other bits stay. */
function packBits(bytes: u32, n: u32, bits: u32, at: u32): void {
  let i: u32 = 0;
  for (; i < n && ((at + i) & 7) !== 0; i++) putBit(bits, at + i, load<u8>(bytes + i));
  const zero = i8x16.splat(0);
  for (; i + 16 <= n; i += 16) {
    store<u16>(bits + ((at + i) >> 3), i8x16.bitmask(i8x16.ne(v128.load(bytes + i), zero)));
  }
  for (; i < n; i++) putBit(bits, at + i, load<u8>(bytes + i));
}

/** The values are bytes of 0 or 1, and the columns bitmaps. */
export function pack_segments(segments: u32, count: u32, bytes: u32, base: u32): void {
  const end = segments + (count << 4);
  for (let s = segments; s < end; s += 16) {
    packBits(bytes + load<u32>(s), load<u32>(s, 4), base + load<u32>(s, 8), load<u32>(s, 12));
  }
}
