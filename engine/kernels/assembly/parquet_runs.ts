// Parquet's hybrid of runs and packed values. A reader is a few words of state, so that any number of values can be taken at a time:
// a page may end anywhere in a batch. Up to 16 bytes behind the data's end may be read.

/** Where the next run begins, or the packed values of this one, and where the data ends. */
const AT: usize = 0;
const END: usize = 4;
/** Bits of a value, 0 to 32. */
const WIDTH: usize = 8;
/** Values left of the run. */
const LEFT: usize = 12;
/** The value that is repeated, when the run is not packed. */
const VALUE: usize = 16;
/** Packed values taken so far. */
const TAKEN: usize = 20;
const PACKED: usize = 24;

/** Moves to the next run that has values; false at the end of the data, or where it makes no sense. */
function next(state: u32): bool {
  const end = load<u32>(state, END);
  const width = load<u32>(state, WIDTH);
  let at = load<u32>(state, AT);
  // The packed values of the run before were left where they are.
  if (load<u32>(state, PACKED)) at += (load<u32>(state, TAKEN) >> 3) * width;
  let head: u32 = 0;
  for (let shift: u32 = 0; ; shift += 7) {
    if (at >= end || shift > 28) return false;
    const b = <u32>load<u8>(at++);
    head |= (b & 127) << shift;
    if (b < 128) break;
  }
  const count = head >> 1;
  if (count === 0) return false;
  if (head & 1) {
    if (count > 0x0fffffff || <u64>count * width > <u64>(end - at)) return false;
    store<u32>(state, count << 3, LEFT);
    store<u32>(state, 0, TAKEN);
    store<u32>(state, 1, PACKED);
  } else {
    const bytes = (width + 7) >> 3;
    if (bytes > end - at) return false;
    const value = bytes === 0 ? 0 : load<u32>(at) & (0xffffffff >> ((4 - bytes) << 3));
    if (width < 32 && value >> width !== 0) return false;
    at += bytes;
    store<u32>(state, value, VALUE);
    store<u32>(state, count, LEFT);
    store<u32>(state, 0, PACKED);
  }
  store<u32>(state, at, AT);
  return true;
}

/** Widest values of which four lie in 16 bytes so that each, with the bits before it in its first byte, is in four of them. */
const MAX_VECTOR_WIDTH: u32 = 25;

/** Where each of four values, of which the first begins with bit `first` (0 to 7) of 16 bytes, has its four bytes. */
function quads(first: u32, width: u32): v128 {
  let four = i32x4.splat(first >> 3);
  four = i32x4.replace_lane(four, 1, (first + width) >> 3);
  four = i32x4.replace_lane(four, 2, (first + 2 * width) >> 3);
  four = i32x4.replace_lane(four, 3, (first + 3 * width) >> 3);
  return i32x4.add(i32x4.mul(four, i32x4.splat(0x01010101)), i32x4.splat(0x03020100));
}

/** What moves the four values to the tops of their words. A vector has no shift of its own for each lane. */
function lifts(first: u32, width: u32): v128 {
  const room = 32 - width;
  let by = i32x4.splat((<u32>1) << (room - (first & 7)));
  by = i32x4.replace_lane(by, 1, (<u32>1) << (room - ((first + width) & 7)));
  by = i32x4.replace_lane(by, 2, (<u32>1) << (room - ((first + 2 * width) & 7)));
  return i32x4.replace_lane(by, 3, (<u32>1) << (room - ((first + 3 * width) & 7)));
}

/** `n`, a multiple of 8, values packed from the byte `at` on, of 1 to MAX_VECTOR_WIDTH bits. */
function unpackEights(at: u32, width: u32, n: u32, out: u32): void {
  // The second four begin in the middle of a byte when the width is odd.
  const half = (4 * width) >> 3;
  const second = (4 * width) & 7;
  const places = quads(0, width);
  const lift = lifts(0, width);
  const places2 = quads(second, width);
  const lift2 = lifts(second, width);
  const drop = 32 - width;
  let from = at;
  for (let to = out, end = out + (n << 2); to < end; to += 32, from += width) {
    const a = i32x4.mul(i8x16.swizzle(v128.load(from), places), lift);
    const b = i32x4.mul(i8x16.swizzle(v128.load(from + half), places2), lift2);
    v128.store(to, i32x4.shr_u(a, drop));
    v128.store(to, i32x4.shr_u(b, drop), 16);
  }
}

/** Values [from, from + n) of those packed at `at`. */
function unpack(at: u32, width: u32, from: u32, n: u32, out: u32): void {
  const mask = width === 32 ? 0xffffffff : ((<u32>1) << width) - 1;
  let bit = <u64>from * width;
  let i: u32 = 0;
  if (width > 0 && width <= MAX_VECTOR_WIDTH) {
    for (; i < n && ((from + i) & 7) !== 0; i++, bit += width) {
      store<u32>(out + (i << 2), <u32>(load<u64>(at + <u32>(bit >> 3)) >> (bit & 7)) & mask);
    }
    const eights = (n - i) & ~7;
    unpackEights(at + <u32>(bit >> 3), width, eights, out + (i << 2));
    i += eights;
    bit += <u64>eights * width;
  }
  for (; i < n; i++, bit += width) {
    store<u32>(out + (i << 2), <u32>(load<u64>(at + <u32>(bit >> 3)) >> (bit & 7)) & mask);
  }
}

/** Takes the next `n` values. False when there are no more, or where the data makes no sense. */
export function parquet_codes(state: u32, n: u32, out: u32): bool {
  for (let done: u32 = 0; done < n; ) {
    if (load<u32>(state, LEFT) === 0 && !next(state)) return false;
    const left = load<u32>(state, LEFT);
    const take = min(left, n - done);
    const to = out + (done << 2);
    if (load<u32>(state, PACKED)) {
      const taken = load<u32>(state, TAKEN);
      unpack(load<u32>(state, AT), load<u32>(state, WIDTH), taken, take, to);
      store<u32>(state, taken + take, TAKEN);
    } else {
      const value = load<u32>(state, VALUE);
      const values = i32x4.splat(value);
      const whole = take & ~3;
      for (let i: u32 = 0; i < whole; i += 4) v128.store(to + (i << 2), values);
      for (let i = whole; i < take; i++) store<u32>(to + (i << 2), value);
    }
    store<u32>(state, left - take, LEFT);
    done += take;
  }
  return true;
}

/** Sets, among the `n` bits from bit `first` on, those that the (at most 25) low bits of `values` have. The others are 0 already. */
function put(bits: u32, first: u32, values: u32): void {
  const at = bits + (first >> 3);
  const shifted = values << (first & 7);
  store<u8>(at, <u32>load<u8>(at) | shifted);
  if (shifted >> 8) store<u8>(at, <u32>load<u8>(at, 1) | (shifted >> 8), 1);
  if (shifted >> 16) store<u8>(at, <u32>load<u8>(at, 2) | (shifted >> 16), 2);
  if (shifted >> 24) store<u8>(at, <u32>load<u8>(at, 3) | (shifted >> 24), 3);
}

function putOnes(bits: u32, first: u32, n: u32): void {
  let i = first;
  const end = first + n;
  for (; i < end && (i & 7) !== 0; i++) put(bits, i, 1);
  const bytes = (end - i) >> 3;
  memory.fill(bits + (i >> 3), 0xff, bytes);
  for (i += bytes << 3; i < end; i++) put(bits, i, 1);
}

/** Sets bits [first, first + n) of a bitmap, all 0, from `n` bits that begin with bit `from` of the data. Gives how many are set. */
export function parquet_bits(data: u32, from: u32, n: u32, bits: u32, first: u32): u32 {
  let ones: u32 = 0;
  for (let i: u32 = 0; i < n; i += 24) {
    const count = min<u32>(24, n - i);
    const bit = from + i;
    const values = (load<u32>(data + (bit >> 3)) >> (bit & 7)) & (((<u32>1) << count) - 1);
    ones += popcnt<u32>(values);
    put(bits, first + i, values);
  }
  return ones;
}

/** Takes the next `n` values of one bit into bits [first, first + n) of a bitmap, all 0. How many are set; -1 where the data makes no sense. */
export function parquet_levels(state: u32, n: u32, bits: u32, first: u32): i32 {
  let ones: u32 = 0;
  for (let done: u32 = 0; done < n; ) {
    if (load<u32>(state, LEFT) === 0 && !next(state)) return -1;
    const left = load<u32>(state, LEFT);
    const take = min(left, n - done);
    if (load<u32>(state, PACKED)) {
      const taken = load<u32>(state, TAKEN);
      ones += parquet_bits(load<u32>(state, AT), taken, take, bits, first + done);
      store<u32>(state, taken + take, TAKEN);
    } else if (load<u32>(state, VALUE)) {
      putOnes(bits, first + done, take);
      ones += take;
    }
    store<u32>(state, left - take, LEFT);
    done += take;
  }
  return ones;
}
