// Moving rows to places given as byte offsets from `base` (bits: as bit offsets).
import { bitAt } from './memory.ts';

function scatter<V>(values: u32, places: u32, n: u32, base: u32): void {
  const width: u32 = sizeof<V>();
  const whole = n & ~3;
  for (let i: u32 = 0; i < whole; i += 4) {
    const at = places + (i << 2);
    const from = values + i * width;
    store<V>(base + load<u32>(at), load<V>(from));
    store<V>(base + load<u32>(at, 4), load<V>(from + width));
    store<V>(base + load<u32>(at, 8), load<V>(from + 2 * width));
    store<V>(base + load<u32>(at, 12), load<V>(from + 3 * width));
  }
  for (let i = whole; i < n; i++) store<V>(base + load<u32>(places + (i << 2)), load<V>(values + i * width));
}

export function scatter_4(values: u32, places: u32, n: u32, base: u32): void {
  scatter<u32>(values, places, n, base);
}

export function scatter_8(values: u32, places: u32, n: u32, base: u32): void {
  scatter<u64>(values, places, n, base);
}

/** 32-bit values, sign-extended to 64 bits. */
export function scatter_4_to_8(values: u32, places: u32, n: u32, base: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    store<i64>(base + load<u32>(places + (i << 2)), <i64>load<i32>(values + (i << 2)));
  }
}

export function scatter_16(values: u32, places: u32, n: u32, base: u32): void {
  for (let i: u32 = 0; i < n; i++) v128.store(base + load<u32>(places + (i << 2)), v128.load(values + (i << 4)));
}

/** Rows from..from + n - 1 of a bitmap; places[0] is that of row `from`. */
export function scatter_bits(bits: u32, from: u32, places: u32, n: u32, base: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const place = load<u32>(places + (i << 2));
    const byte = base + (place >> 3);
    const bit = place & 7;
    store<u8>(byte, (<u32>load<u8>(byte) & ~(1 << bit)) | (bitAt(bits, from + i) << bit));
  }
}

/** As scatter_bits, into bits that are all 1. */
export function scatter_zeros(bits: u32, from: u32, places: u32, n: u32, base: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    if (bitAt(bits, from + i)) continue;
    const place = load<u32>(places + (i << 2));
    const byte = base + (place >> 3);
    store<u8>(byte, <u32>load<u8>(byte) & ~(1 << (place & 7)));
  }
}
