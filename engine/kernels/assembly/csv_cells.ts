// What the kernels of delimited text's columns have in common. Each takes the fields of one column that are as most are, writes their values, and lists
// the rows of all others for the caller: so it may refuse whatever it likes, but what it takes must come out as the caller would make it.

// The job: 32-bit words in, and from OUT_ODD on results. engine/formats/csv_kernels.ts lays it out.
export const TEXT: usize = 0;
/** Of the column's first field: the word before its end. */
export const ENDS: usize = 4;
/** Bytes from one row's word to the next one's. */
export const STRIDE: usize = 8;
export const ROWS: usize = 12;
/** 256: none. */
export const QUOTE: usize = 16;
/** 1: an empty field is a null. 0: it is for the caller. */
export const EMPTY_NULL: usize = 20;
export const OUT: usize = 24;
/** Bitmap that is filled at the first null. */
export const VALIDITY: usize = 28;
/** Room for as many row numbers as there are rows. */
export const ODD: usize = 32;
/** 10^0 to 10^22 as doubles, 10^0 to 10^18 as 64-bit integers, then, as two words each, the first 128 bits of 10^0 to 10^-22. */
export const POWERS: usize = 36;
/** Decimal point; then what the kernel says. */
export const POINT: usize = 40;
export const OPTION_A: usize = 44;
export const OPTION_B: usize = 48;
export const OUT_ODD: usize = 52;
export const OUT_NULLS: usize = 56;
export const OUT_FLAGS: usize = 60;

/** Null texts of up to eight bytes: how many, and where they are: their length, then at 8 their bytes. */
export const NULL_TEXTS: usize = 64;
export const NULL_TEXTS_AT: usize = 68;

/** A value needs more bits than the output has: the run is void. */
export const NARROW: u32 = 1;
/** A value lies beyond +-(2^53 - 1). */
export const WIDE: u32 = 2;

/** 10^0 to 10^18, behind the doubles. */
export function power(job: u32, n: u32): u64 {
  return load<u64>(load<u32>(job, POWERS) + 184 + (n << 3));
}

/** Address of the first 128 bits of 10^-n: the low word, then the high one. */
export function inversePower(job: u32, n: u32): u32 {
  return load<u32>(job, POWERS) + 336 + (n << 4);
}

/** Marks a row as null. `nulls`: how many were before. */
export function putNull(job: u32, row: u32, nulls: u32): void {
  const bits = load<u32>(job, VALIDITY);
  if (nulls === 0) memory.fill(bits, 0xff, (load<u32>(job, ROWS) + 7) >> 3);
  const at = bits + (row >> 3);
  store<u8>(at, <u32>load<u8>(at) & ~((<u32>1) << (row & 7)));
}

/** Notes a row for the caller. */
export function putOdd(job: u32, row: u32, odd: u32): void {
  store<u32>(load<u32>(job, ODD) + (odd << 2), row);
}

export function finish(job: u32, odd: u32, nulls: u32, flags: u32): void {
  store<u32>(job, odd, OUT_ODD);
  store<u32>(job, nulls, OUT_NULLS);
  store<u32>(job, flags, OUT_FLAGS);
}

/** Eight bytes of text, the first `n` of which (1 to 8) count: those at the end, behind zeros. */
export function eight(at: u32, n: u32): u64 {
  return (load<u64>(at) << ((8 - n) << 3)) | (<u64>0x1818181818181818 >> ((n << 3) - 1));
}

/** Whether the bytes are eight digits. */
export function areDigits(bytes: u64): bool {
  return (((bytes + 0x4646464646464646) | (bytes - 0x3030303030303030)) & 0x8080808080808080) === 0;
}

/** The number that eight digits are. */
export function numberOf(digits: u64): u64 {
  let v = ((digits & 0x0f0f0f0f0f0f0f0f) * 2561) >> 8;
  v = ((v & 0x00ff00ff00ff00ff) * 6553601) >> 16;
  return ((v & 0x0000ffff0000ffff) * 42949672960001) >> 32;
}

/** What `digits` gives for other bytes; no number of 19 digits comes near it. */
export const NO_DIGITS: u64 = 0xffffffffffffffff;

/** The number that `n` bytes (0 to 19) are: 0 for none, NO_DIGITS when others are among them. */
export function digits(at: u32, n: u32): u64 {
  if (n <= 8) {
    if (n === 0) return 0;
    const only = eight(at, n);
    return areDigits(only) ? numberOf(only) : NO_DIGITS;
  }
  const last = load<u64>(at + n - 8);
  if (!areDigits(last)) return NO_DIGITS;
  if (n <= 16) {
    const first = eight(at, n - 8);
    return areDigits(first) ? numberOf(first) * 100000000 + numberOf(last) : NO_DIGITS;
  }
  const first = eight(at, n - 16);
  const middle = load<u64>(at + n - 16);
  if (!areDigits(first) || !areDigits(middle)) return NO_DIGITS;
  return (numberOf(first) * 100000000 + numberOf(middle)) * 100000000 + numberOf(last);
}

const MINUS: u32 = 45;

/** 1 for a field that starts with a minus, else 0. */
export function minus(from: u32): u32 {
  return <u32>(<u32>load<u8>(from) === MINUS);
}
