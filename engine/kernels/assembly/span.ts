import { bitAt } from './memory.ts';

/** out[i] = values[i] + by: offsets moved to a new start. */
export function add_i32(values: u32, n: u32, by: i32, out: u32): void {
  const whole = n & ~3;
  const term = i32x4.splat(by);
  for (let i: u32 = 0; i < whole; i += 4) v128.store(out + (i << 2), i32x4.add(v128.load(values + (i << 2)), term));
  for (let i = whole; i < n; i++) store<i32>(out + (i << 2), load<i32>(values + (i << 2)) + by);
}

/** Bits set among [from, to). */
export function count_ones(bits: u32, from: u32, to: u32): u32 {
  let count: u32 = 0;
  let i = from;
  for (; i < to && (i & 63) !== 0; i++) count += bitAt(bits, i);
  for (; i + 64 <= to; i += 64) count += <u32>popcnt<u64>(load<u64>(bits + (i >> 3)));
  for (; i < to; i++) count += bitAt(bits, i);
  return count;
}
