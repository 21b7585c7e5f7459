// Columns of text of delimited text: offsets and bytes, then codes where the texts are few.

import {
  EMPTY_NULL,
  ENDS,
  finish,
  NARROW,
  NULL_TEXTS,
  NULL_TEXTS_AT,
  OPTION_A,
  OPTION_B,
  OUT,
  putNull,
  QUOTE,
  ROWS,
  STRIDE,
  TEXT,
} from './csv_cells.ts';
import { unescape } from './json_escapes.ts';
import { bitAt } from './memory.ts';

export const BACKSLASH: u32 = 92;

/** Bytes of all fields of the column, quotes included. */
export function csv_text_room(job: u32): u32 {
  const stride = load<u32>(job, STRIDE);
  const rows = load<u32>(job, ROWS);
  let at = load<u32>(job, ENDS);
  let room: u32 = 0;
  for (let row: u32 = 0; row < rows; row++, at += stride) {
    room += <u32>max(<i32>(load<u32>(at, 4) - load<u32>(at) - 1), 0);
  }
  return room;
}

/** Copies `n` bytes. Up to 31 more are read and written: lengths around 16 are common, and a branch on them is not foreseen. */
function spill(to: u32, from: u32, n: u32): void {
  v128.store(to, v128.load(from));
  v128.store(to, v128.load(from, 16), 16);
  if (n > 32) memory.copy(to + 32, from + 32, n - 32);
}

/** Whether the byte that `x` repeats is among `n`. */
export function holds(from: u32, n: u32, x: v128): bool {
  for (let i: u32 = 0; i < n; i += 16) {
    let found = <u32>i8x16.bitmask(i8x16.eq(v128.load(from + i), x));
    if (n - i < 16) found &= (1 << (n - i)) - 1;
    if (found) return true;
  }
  return false;
}

/** Copies the inside of quotes, where two quotes stand for one. Its length. */
function unquote(to: u32, from: u32, n: u32, quotes: v128): u32 {
  let out = to;
  let at = from;
  const end = from + n;
  while (at < end) {
    const bytes = v128.load(at);
    v128.store(out, bytes);
    const left = end - at;
    let found = <u32>i8x16.bitmask(i8x16.eq(bytes, quotes));
    if (left < 16) found &= (1 << left) - 1;
    const step = found ? ctz<u32>(found) + 1 : min<u32>(left, 16);
    out += step;
    at += step + <u32>(found !== 0);
  }
  return out - to;
}

/** Whether the text is one of the null texts. */
export function isNullText(job: u32, from: u32, n: u32): bool {
  const count = load<u32>(job, NULL_TEXTS);
  let at = load<u32>(job, NULL_TEXTS_AT);
  for (let i: u32 = 0; i < count; i++, at += 16) {
    if (load<u32>(at) === n && load<u64>(at, 8) === head(from, n)) return true;
  }
  return false;
}

/**
 * The texts: bytes at OUT (room for those of csv_text_room, and 32 more), offsets at OPTION_A. OPTION_B: 1 when an empty field is no empty text, plus 2 when null
 * texts may be nulls, plus 4 when quotes hold a text of JSON with its escapes, plus 8 when a backslash stands before a quote that is text: quotes that hold one
 * are for the caller. NARROW: a field is for the caller, and so is the whole column.
 */
export function csv_text(job: u32): void {
  const text = load<u32>(job, TEXT);
  const stride = load<u32>(job, STRIDE);
  const rows = load<u32>(job, ROWS);
  const quote = load<u32>(job, QUOTE);
  const quotes = i8x16.splat(<i8>quote);
  const emptyNull = load<u32>(job, EMPTY_NULL);
  const emptyOdd = (load<u32>(job, OPTION_B) & 1) !== 0;
  const nullable = (load<u32>(job, OPTION_B) & 2) !== 0;
  const escapes = (load<u32>(job, OPTION_B) & 4) !== 0;
  const slashed = (load<u32>(job, OPTION_B) & 8) !== 0;
  const slashes = i8x16.splat(<i8>BACKSLASH);
  const nullTexts = load<u32>(job, NULL_TEXTS) > 0;
  const bytes = load<u32>(job, OUT);
  let at = load<u32>(job, ENDS);
  let offsets = load<u32>(job, OPTION_A);
  let nulls: u32 = 0;
  let used: u32 = 0;
  let flags: u32 = 0;
  for (let row: u32 = 0; row < rows; row++, at += stride, offsets += 4) {
    store<u32>(offsets, used);
    const from = text + load<u32>(at) + 1;
    const n = <i32>(text + load<u32>(at, 4) - from);
    if (n > 0 && <u32>load<u8>(from) === quote) {
      if (n < 2 || <u32>load<u8>(from + n - 1) !== quote || (slashed && holds(from + 1, n - 2, slashes))) {
        flags = NARROW;
        break;
      }
      const inner = escapes ? unescape(bytes + used, from + 1, n - 2) : unquote(bytes + used, from + 1, n - 2, quotes);
      if (nullTexts && inner > 0 && isNullText(job, bytes + used, inner)) {
        if (!nullable) {
          flags = NARROW;
          break;
        }
        putNull(job, row, nulls++);
      } else used += inner;
    } else if (n > 0) {
      if (nullTexts && isNullText(job, from, n)) {
        if (!nullable) {
          flags = NARROW;
          break;
        }
        putNull(job, row, nulls++);
        continue;
      }
      spill(bytes + used, from, n);
      used += n;
    } else if (emptyNull) putNull(job, row, nulls++);
    else if (emptyOdd) {
      flags = NARROW;
      break;
    }
  }
  store<u32>(offsets, used);
  finish(job, 0, nulls, flags);
}

export const SLOTS: u32 = 16384;
export const MAX_ENTRIES: u32 = 4096;
/** Of more texts than these, or than a quarter of the rows. */
export const TOO_MANY: u32 = 0xffffffff;
/** Behind the rows of the entries stand their hashes. */
const HASHES: usize = 16384;

/** The bytes at `from` (up to eight, `n` of them) as a number. */
export function head(from: u32, n: u32): u64 {
  const bytes = load<u64>(from);
  return n >= 8 ? bytes : bytes & (((<u64>1) << (n << 3)) - 1);
}

function hashOf(from: u32, n: u32): u32 {
  let h = (head(from, n) ^ n) * 0x9e3779b97f4a7c15;
  for (let i: u32 = 8; i < n; i += 8) h = (rotl<u64>(h, 29) ^ head(from + i, n - i)) * 0x9e3779b97f4a7c15;
  return <u32>(h >> 32);
}

export function isSame(a: u32, b: u32, n: u32): bool {
  for (let i: u32 = 0; i < n; i += 8) if (head(a + i, n - i) !== head(b + i, n - i)) return false;
  return true;
}

/**
 * The texts as codes in order of their first appearance. How many there are, or 0xffffffff when they are too many: the rule is that of
 * engine/formats/text_dictionary.ts. `entries`: room for 8192 words, at first the row in which each text first stands; `slots`: 16384 words. Up to 7
 * bytes behind the last text are read.
 */
export function csv_codes(
  offsets: u32,
  bytes: u32,
  validity: u32,
  rows: u32,
  codes: u32,
  slots: u32,
  entries: u32,
): u32 {
  memory.fill(slots, 0xff, SLOTS << 2);
  const limit = min(MAX_ENTRIES, (rows + 3) / 4 - 1);
  let count: u32 = 0;
  let last: u32 = TOO_MANY;
  let check: u32 = 256;
  for (let row: u32 = 0; row < rows; row++) {
    if (validity !== 0xffffffff && !bitAt(validity, row)) {
      store<u32>(codes + (row << 2), 0);
      continue;
    }
    const at = offsets + (row << 2);
    const from = bytes + load<u32>(at);
    const n = load<u32>(at, 4) - load<u32>(at);
    const hash = hashOf(from, n);
    let slot = (hash ^ (hash >> 15)) & (SLOTS - 1);
    let entry: u32;
    for (;;) {
      entry = load<u32>(slots + (slot << 2));
      if (entry === 0xffffffff) break;
      const known = entries + (entry << 2);
      if (load<u32>(known, HASHES) === hash) {
        const first = offsets + (load<u32>(known) << 2);
        const start = load<u32>(first);
        if (load<u32>(first, 4) - start === n && isSame(bytes + start, from, n)) break;
      }
      slot = (slot + 1) & (SLOTS - 1);
    }
    if (entry === 0xffffffff) {
      if (count >= limit) return TOO_MANY;
      entry = count++;
      store<u32>(slots + (slot << 2), entry);
      store<u32>(entries + (entry << 2), row);
      store<u32>(entries + (entry << 2), hash, HASHES);
    }
    store<u32>(codes + (row << 2), entry);
    if (entry === last) continue;
    last = entry;
    if (row >= check) {
      if (count * 2 > row) return TOO_MANY;
      check *= 2;
    }
  }
  return count;
}
