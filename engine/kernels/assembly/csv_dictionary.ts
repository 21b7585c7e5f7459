// Columns of few texts of delimited text: codes straight from the fields.
import {
  EMPTY_NULL,
  ENDS,
  finish,
  NULL_TEXTS,
  OPTION_B,
  OUT,
  putNull,
  QUOTE,
  ROWS,
  STRIDE,
  TEXT,
} from './csv_cells.ts';
import { BACKSLASH, head, holds, isNullText, isSame, MAX_ENTRIES, SLOTS, TOO_MANY } from './csv_strings.ts';

/** Not for this kernel. */
const REFUSED: u32 = 0xfffffffe;
const FREE: u32 = 0xffffffff;

// An entry: its first 16 bytes behind which are zeros, its length, where it stands.
const ENTRY: u32 = 24;
const LENGTH: usize = 16;
const AT: usize = 20;

/** The first 16 bytes at `from`, of which those behind `n` are zeros. */
function prefix(from: u32, n: u32): v128 {
  const places = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return v128.and(v128.load(from), i8x16.lt_u(places, i8x16.splat(<i8>min<u32>(n, 16))));
}

function hashOf(first: v128, from: u32, n: u32): u32 {
  let h = (i64x2.extract_lane(first, 0) ^ n) * 0x9e3779b97f4a7c15;
  h = (rotl<u64>(h, 29) ^ i64x2.extract_lane(first, 1)) * 0x9e3779b97f4a7c15;
  for (let i: u32 = 16; i < n; i += 8) h = (rotl<u64>(h, 29) ^ head(from + i, n - i)) * 0x9e3779b97f4a7c15;
  return <u32>(h >> 47);
}

/** The slot in which the entry of the text stands, or could. */
function slotOf(slots: u32, entries: u32, first: v128, from: u32, n: u32): u32 {
  let slot = hashOf(first, from, n) & (SLOTS - 1);
  let entry = load<u32>(slots + (slot << 2));
  while (entry !== FREE) {
    const known = entries + entry * ENTRY;
    const same = i8x16.all_true(i8x16.eq(v128.load(known), first)) && load<u32>(known, LENGTH) === n;
    if (same && (n <= 16 || isSame(load<u32>(known, AT) + 16, from + 16, n - 16))) break;
    slot = (slot + 1) & (SLOTS - 1);
    entry = load<u32>(slots + (slot << 2));
  }
  return slots + (slot << 2);
}

/**
 * The texts as codes at OUT, in order of their first appearance; OPTION_B as for csv_text. How many there are; 0xffffffff when they are too many, by the rule
 * of csv_codes; 0xfffffffe when one is not for this kernel, as its quotes hold escapes. `slots`: 16384 words; `entries`: room for 4096 of 24 bytes.
 */
export function csv_dictionary(job: u32, slots: u32, entries: u32): u32 {
  const text = load<u32>(job, TEXT);
  const stride = load<u32>(job, STRIDE);
  const rows = load<u32>(job, ROWS);
  const quote = load<u32>(job, QUOTE);
  const emptyNull = load<u32>(job, EMPTY_NULL);
  const emptyOdd = (load<u32>(job, OPTION_B) & 1) !== 0;
  const nullable = (load<u32>(job, OPTION_B) & 2) !== 0;
  const escape = i8x16.splat(<i8>((load<u32>(job, OPTION_B) & 12) !== 0 ? BACKSLASH : quote));
  const nullTexts = load<u32>(job, NULL_TEXTS) > 0;
  const limit = min(MAX_ENTRIES, (rows + 3) / 4 - 1);
  memory.fill(slots, 0xff, SLOTS << 2);
  let at = load<u32>(job, ENDS);
  let out = load<u32>(job, OUT);
  let nulls: u32 = 0;
  let count: u32 = 0;
  let last = FREE;
  let check: u32 = 256;
  for (let row: u32 = 0; row < rows; row++, at += stride, out += 4) {
    let from = text + load<u32>(at) + 1;
    let n = <i32>(text + load<u32>(at, 4) - from);
    const quoted = n > 0 && <u32>load<u8>(from) === quote;
    if (quoted) {
      if (n < 2 || <u32>load<u8>(from + n - 1) !== quote || holds(from + 1, n - 2, escape)) return REFUSED;
      from++;
      n -= 2;
    }
    const none = n > 0 ? nullTexts && isNullText(job, from, n) : !quoted && emptyNull !== 0;
    if (none) {
      if (!nullable) return REFUSED;
      putNull(job, row, nulls++);
      store<u32>(out, 0);
      continue;
    }
    if (n <= 0) {
      if (!quoted && emptyOdd) return REFUSED;
      n = 0;
    }
    const first = prefix(from, n);
    const slot = slotOf(slots, entries, first, from, n);
    let entry = load<u32>(slot);
    if (entry === FREE) {
      if (count >= limit) return TOO_MANY;
      entry = count++;
      store<u32>(slot, entry);
      const known = entries + entry * ENTRY;
      v128.store(known, first);
      store<u32>(known, n, LENGTH);
      store<u32>(known, from, AT);
    }
    store<u32>(out, entry);
    if (entry === last) continue;
    last = entry;
    if (row >= check) {
      if (count * 2 > row) return TOO_MANY;
      check *= 2;
    }
  }
  finish(job, 0, nulls, 0);
  return count;
}

/** Offsets of the entries' texts, one more than they are; how many bytes these have. */
export function csv_dictionary_offsets(entries: u32, count: u32, offsets: u32): u32 {
  let used: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    store<u32>(offsets + (i << 2), used);
    used += load<u32>(entries + i * ENTRY, LENGTH);
  }
  store<u32>(offsets + (count << 2), used);
  return used;
}

/** The entries' texts, one behind the other. */
export function csv_dictionary_bytes(entries: u32, count: u32, out: u32): void {
  let to = out;
  for (let i: u32 = 0; i < count; i++) {
    const known = entries + i * ENTRY;
    const n = load<u32>(known, LENGTH);
    memory.copy(to, load<u32>(known, AT), n);
    to += n;
  }
}
