// The members that a line has, for lines behind it that have the same: what stands between two values is compared as one, names, colons, commas and blanks
// together, and need not be looked through.
import {
  BACKSLASH,
  COLUMNS,
  closing,
  ENDED,
  ESCAPE,
  kindAt,
  MINUS,
  NAMES,
  NULL,
  NUMBER,
  numberEnd,
  ODD,
  OUT_ESCAPED,
  QUOTE,
  SHAPE,
  STRING,
  TEXT,
  valueEnd,
} from './json_values.ts';

// At SHAPE: words, then MEMBER bytes for each member.
/** 0: no line is known. */
const COUNT: usize = 0;
/** Not 0: there are columns that are not among the members. */
const PARTIAL: usize = 4;
/** From the last value to the line end and with it. */
const TAIL: usize = 8;
const TAIL_LENGTH: usize = 12;
const MEMBERS: u32 = 16;

const MEMBER: u32 = 16;
/** What stands before the value, from the value before it on; the length of that. */
const GAP: usize = 0;
const GAP_LENGTH: usize = 4;
/** COLUMNS: of no column. */
const COLUMN: usize = 8;

const MAX_MEMBERS: u32 = 256;
/** So that no comparison reads far behind the text. */
const MAX_GAP: u32 = 64;

/** Forgets the line. */
export function shape_clear(job: u32): void {
  store<u32>(load<u32>(job, SHAPE), 0, COUNT);
}

/** Notes that member `index` has its value at `from`, behind what starts at `gap`. False when there is no room for it. */
export function shape_member(job: u32, index: u32, gap: u32, from: u32, column: u32): bool {
  if (index >= MAX_MEMBERS || from - gap > MAX_GAP) return false;
  const member = load<u32>(job, SHAPE) + MEMBERS + index * MEMBER;
  store<u32>(member, gap, GAP);
  store<u32>(member, from - gap, GAP_LENGTH);
  store<u32>(member, column, COLUMN);
  return true;
}

/** The line has `count` members, `wanted` of them of columns, and goes on from the last value at `tail` to its line end at `end`. */
export function shape_line(job: u32, count: u32, wanted: u32, tail: u32, end: u32): void {
  if (end + 1 - tail > MAX_GAP) return;
  const shape = load<u32>(job, SHAPE);
  store<u32>(shape, count, COUNT);
  store<u32>(shape, <u32>(wanted < load<u32>(job, COLUMNS)), PARTIAL);
  store<u32>(shape, tail, TAIL);
  store<u32>(shape, end + 1 - tail, TAIL_LENGTH);
}

export function shape_known(job: u32): bool {
  return load<u32>(load<u32>(job, SHAPE), COUNT) !== 0;
}

/** Whether `n` bytes (at least one) are the same. Up to 15 more are read. */
function isSame(a: u32, b: u32, n: u32): bool {
  let k: u32 = 0;
  for (; n - k > 16; k += 16) if (!i8x16.all_true(i8x16.eq(v128.load(a + k), v128.load(b + k)))) return false;
  const different = <u32>i8x16.bitmask(i8x16.ne(v128.load(a + k), v128.load(b + k)));
  return different << (32 - (n - k)) === 0;
}

/** As numberEnd; numbers without exponent and of up to 15 bytes behind the sign in one go. */
function shortNumberEnd(at: u32): u32 {
  const first = at + <u32>(<u32>load<u8>(at) === MINUS);
  const others = ~(<u32>i8x16.bitmask(i8x16.le_u(i8x16.sub(v128.load(first), i8x16.splat(48)), i8x16.splat(9))));
  const whole = ctz<u32>(others);
  if (whole === 0 || (whole > 1 && <u32>load<u8>(first) === 48)) return numberEnd(at);
  let end = whole;
  if (<u32>load<u8>(first + end) === 46) {
    const fraction = ctz<u32>(others >> (whole + 1));
    if (fraction === 0) return ODD;
    end += fraction + 1;
  }
  if (end >= 16 || (<u32>load<u8>(first + end) | 32) === 101) return numberEnd(at);
  return first + end;
}

/** Which bytes are `ch`. */
function bitsOf(v: v128, ch: u32): u32 {
  return <u32>i8x16.bitmask(i8x16.eq(v, i8x16.splat(<i8>ch)));
}

/** Which bytes begin an escape or may not stand in a text. */
function stopsIn(v: v128): u32 {
  return <u32>i8x16.bitmask(v128.or(i8x16.eq(v, i8x16.splat(<i8>BACKSLASH)), i8x16.le_u(v, i8x16.splat(31))));
}

/** The closing quote of a text that begins at `at`, most often without escapes. */
function textEnd(job: u32, at: u32, limit: u32): u32 {
  const a = v128.load(at);
  const b = v128.load(at, 16);
  const quotes = bitsOf(a, QUOTE) | (bitsOf(b, QUOTE) << 16);
  const others = stopsIn(a) | (stopsIn(b) << 16);
  // A quote before anything else that matters.
  if ((quotes & (0 - quotes)) - 1 < (others & (0 - others)) - 1) {
    store<u32>(job, 0, ESCAPE);
    return at + ctz<u32>(quotes);
  }
  return closing(job, at, limit);
}

/**
 * Notes where the values of the object at `at` are, if it has the members of the line that is known and all of their values are usual. Its line's end, which may
 * lie behind the text, or ODD.
 */
export function shape_row(job: u32, at: u32, limit: u32, ends: u32): u32 {
  const text = load<u32>(job, TEXT);
  const columns = load<u32>(job, COLUMNS);
  const names = load<u32>(job, NAMES);
  const shape = load<u32>(job, SHAPE);
  const none = at - text;
  if (load<u32>(shape, PARTIAL)) {
    for (let c: u32 = 0; c < columns; c++) store<u64>(ends + (c << 3), ((<u64>none + 1) << 32) | none);
  }
  const stop = shape + MEMBERS + load<u32>(shape, COUNT) * MEMBER;
  let p = at;
  for (let member = shape + MEMBERS; member < stop; member += MEMBER) {
    const gap = load<u32>(member, GAP_LENGTH);
    if (p >= limit || !isSame(p, load<u32>(member, GAP), gap)) return ODD;
    const from = p + gap;
    const ch = <u32>load<u8>(from);
    const column = load<u32>(member, COLUMN);
    let kind: u32;
    if (ch === QUOTE) {
      kind = STRING;
      p = textEnd(job, from + 1, limit) + 1;
      if (p <= ENDED + 1) return ODD;
    } else if (ch - 48 <= 9 || ch === MINUS) {
      kind = NUMBER;
      p = shortNumberEnd(from);
    } else {
      kind = kindAt(from);
      if (kind === ODD) return ODD;
      p = valueEnd(job, from, kind, limit);
    }
    if (p <= ENDED) return ODD;
    if (column === columns) continue;
    const about = names + (column << 4);
    const place = ends + (column << 3);
    if (kind === NULL) {
      store<u64>(place, ((<u64>none + 1) << 32) | none);
      continue;
    }
    if ((load<u32>(about, 8) & kind) === 0) return ODD;
    if (kind === STRING) {
      if (p - from === 2 && load<u32>(about, 12) === 0) return ODD;
      if (load<u32>(job, ESCAPE)) store<u32>(job, load<u32>(job, OUT_ESCAPED) | (1 << column), OUT_ESCAPED);
    }
    store<u64>(place, ((<u64>(p - text)) << 32) | (from - text - 1));
  }
  const tail = load<u32>(shape, TAIL_LENGTH);
  return p < limit && isSame(p, load<u32>(shape, TAIL), tail) ? p + tail - 1 : ODD;
}
