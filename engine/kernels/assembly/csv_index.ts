// Where the fields of regular records of delimited text are: what engine/formats/csv_index.ts finds, for as long as nothing is unusual.
//
// Pass 1 turns 64 bytes at a time into bits (delimiters and line ends outside of quotes) and these into a list of positions; pass 2 takes whole
// records out of the list. Quotes are followed by parity: right as long as each opens a field as its first byte, closes it as its last
// or stands doubled inside. The first one that does not ends the run before its record, as does a record with another number of fields.

/** Bytes of text between two passes; the list of positions holds what a pass finds and what the one before left over. */
const CHUNK: u32 = 8192;

// The job: 32-bit words in, and from OUT_ROWS on results. engine/formats/csv_kernels.ts lays it out.
const TEXT: usize = 0;
const FROM: usize = 4;
const STOP: usize = 8;
const LENGTH: usize = 12;
const ENDS: usize = 16;
const MAX_ROWS: usize = 20;
const WIDTH: usize = 24;
const TRAILING: usize = 28;
const DELIMITER: usize = 32;
const NEWLINE: usize = 36;
const QUOTE: usize = 40;
const QUOTES: usize = 44;
const COMMENT: usize = 48;
const FIELDS: usize = 52;
const FIELDS_ROOM: usize = 56;
const OUT_ROWS: usize = 60;
const OUT_NEXT: usize = 64;
const OUT_END: usize = 68;
// What the passes hand on to each other.
const FIELD_COUNT: usize = 72;
const LINE_COUNT: usize = 76;
const INSIDE: usize = 80;
const BEFORE: usize = 88;

/** No position; no comments. */
const NOTHING: u32 = 0xffffffff;

const CR: u32 = 13;

/** QUOTES: quotes are as other bytes; doubled inside quotes; unusual wherever they stand. */
const NO_QUOTES: u32 = 0;
const DOUBLED: u32 = 1;

function bitsOf(a: v128, b: v128, c: v128, d: v128): u64 {
  return (
    <u64>(<u32>i8x16.bitmask(a)) |
    ((<u64>(<u32>i8x16.bitmask(b))) << 16) |
    ((<u64>(<u32>i8x16.bitmask(c))) << 32) |
    ((<u64>(<u32>i8x16.bitmask(d))) << 48)
  );
}

/** Bit i: the parity of the bits up to and with i. */
function parities(bits: u64): u64 {
  let b = bits ^ (bits << 1);
  b ^= b << 2;
  b ^= b << 4;
  b ^= b << 8;
  b ^= b << 16;
  return b ^ (b << 32);
}

/** Bits of the 64 bytes that are the byte that `x` repeats. */
function equal(a: v128, b: v128, c: v128, d: v128, x: v128): u64 {
  return bitsOf(i8x16.eq(a, x), i8x16.eq(b, x), i8x16.eq(c, x), i8x16.eq(d, x));
}

/** Appends the positions of the bits; up to three words behind the last one are overwritten. */
function append(list: u32, bits: u64, base: u32): u32 {
  let rest = bits;
  let o = list;
  while (rest) {
    store<u32>(o, base + <u32>ctz<u64>(rest));
    rest &= rest - 1;
    store<u32>(o, base + <u32>ctz<u64>(rest), 4);
    rest &= rest - 1;
    store<u32>(o, base + <u32>ctz<u64>(rest), 8);
    rest &= rest - 1;
    store<u32>(o, base + <u32>ctz<u64>(rest), 12);
    rest &= rest - 1;
    o += 16;
  }
  return list + ((<u32>popcnt<u64>(bits)) << 2);
}

/**
 * Pass 1 over bytes [from, end): a whole number of blocks, the last of which may reach behind the content. Position of the first unusual quote less
 * what may belong to it, or NOTHING. BEFORE: bits for the byte before: 1 a field may open here, 2 it closed quotes, 4 it is a CR behind those.
 */
function scan(job: u32, from: u32, end: u32): u32 {
  const text = load<u32>(job, TEXT);
  const length = load<u32>(job, LENGTH);
  const delimiter = i8x16.splat(<i8>load<u32>(job, DELIMITER));
  const newline = i8x16.splat(<i8>load<u32>(job, NEWLINE));
  const quote = i8x16.splat(<i8>load<u32>(job, QUOTE));
  const quotes = load<u32>(job, QUOTES);
  let fields = load<u32>(job, FIELDS) + (load<u32>(job, FIELD_COUNT) << 2);
  let lines = load<u32>(job, LINE_COUNT);
  let inside = load<u64>(job, INSIDE);
  let before = load<u32>(job, BEFORE);
  let odd = NOTHING;
  for (let i = from; i < end; i += 64) {
    const at = text + i;
    const a = v128.load(at);
    const b = v128.load(at, 16);
    const c = v128.load(at, 32);
    const d = v128.load(at, 48);
    let ends = equal(a, b, c, d, newline);
    let seps = ends | equal(a, b, c, d, delimiter);
    if (i + 64 > length) {
      const content = ((<u64>1) << (length - i)) - 1;
      ends &= content;
      seps &= content;
    }
    const qa = i8x16.eq(a, quote);
    const qb = i8x16.eq(b, quote);
    const qc = i8x16.eq(c, quote);
    const qd = i8x16.eq(d, quote);
    const some = v128.any_true(v128.or(v128.or(qa, qb), v128.or(qc, qd)));
    if (quotes !== NO_QUOTES && (some || before > 1)) {
      const q = bitsOf(qa, qb, qc, qd);
      const within = parities(q) ^ inside;
      const closing = q & ~within;
      const cr = i8x16.splat(<i8>CR);
      const crs = equal(a, b, c, d, cr);
      const after = (closing << 1) | ((before >> 1) & 1);
      const behind = after & crs & ~seps;
      const line = (behind << 1) | ((before >> 2) & 1);
      let wrong = (after & ~(seps | q | crs)) | (line & ~ends) | (quotes === DOUBLED ? <u64>0 : q);
      seps &= ~within;
      ends &= ~within;
      wrong |= q & within & ~(((seps | closing) << 1) | (before & 1));
      inside = <u64>(<i64>within >> 63);
      before = <u32>((seps | closing) >> 63) | ((<u32>(closing >> 63)) << 1) | ((<u32>(behind >> 63)) << 2);
      if (wrong) {
        odd = i + <u32>ctz<u64>(wrong);
        odd = odd > 2 ? odd - 2 : 0;
        // What stands before it in this block is right.
        const kept = odd > i ? ((<u64>1) << (odd - i)) - 1 : 0;
        fields = append(fields, seps & kept, i);
        lines += <u32>popcnt<u64>(ends & kept);
        break;
      }
    } else {
      seps &= ~inside;
      ends &= ~inside;
      before = <u32>(seps >> 63);
    }
    fields = append(fields, seps, i);
    lines += <u32>popcnt<u64>(ends);
  }
  store<u32>(job, (fields - load<u32>(job, FIELDS)) >> 2, FIELD_COUNT);
  store<u32>(job, lines, LINE_COUNT);
  store<u64>(job, inside, INSIDE);
  store<u32>(job, before, BEFORE);
  return odd;
}

/** Moves what is left of the list of positions to its start. */
function keep(job: u32, taken: u32): void {
  const fields = load<u32>(job, FIELDS);
  const left = load<u32>(job, FIELD_COUNT) - taken;
  memory.copy(fields, fields + (taken << 2), left << 2);
  store<u32>(job, left, FIELD_COUNT);
}

/** One record: the byte before it, the ends of its fields. The next record's place. */
function put(out: u32, start: u32, fields: u32, width: u32): u32 {
  store<u32>(out, start - 1);
  for (let f: u32 = 0; f < width; f += 4) v128.store(out + 4 + (f << 2), v128.load(fields + (f << 2)));
  return out + ((width + 1) << 2);
}

/**
 * Pass 2 while each record has its number of fields and there are no blank lines. False when that turns out not to be so, or when there is an
 * end to the run before that of the list: nothing is taken then.
 */
function takeAll(job: u32): bool {
  const text = load<u32>(job, TEXT);
  const width = load<u32>(job, WIDTH);
  const trailing = load<u32>(job, TRAILING);
  const stop = load<u32>(job, STOP);
  const comment = load<u32>(job, COMMENT);
  const fields = load<u32>(job, FIELDS);
  const count = load<u32>(job, FIELD_COUNT);
  const newline = load<u32>(job, NEWLINE);
  const lines = load<u32>(job, LINE_COUNT);
  const used = width + trailing;
  const rows = load<u32>(job, OUT_ROWS);
  let start = load<u32>(job, OUT_NEXT);
  if (rows + lines > load<u32>(job, MAX_ROWS)) return false;
  let out = load<u32>(job, ENDS) + rows * ((width + 1) << 2);
  let taken: u32 = 0;
  let k: u32 = 0;
  for (; k + used <= count; k += used) {
    const from = fields + (k << 2);
    const end = load<u32>(from + (used << 2) - 4);
    if (<u32>load<u8>(text + end) !== newline || start >= stop) return false;
    if (comment !== NOTHING && <u32>load<u8>(text + start) === comment) return false;
    // The record's text ends before a CR that belongs to the line end.
    const last = newline !== CR && end > start && <u32>load<u8>(text + end - 1) === CR ? end - 1 : end;
    out = put(out, start, from, width);
    if (trailing === 0) store<u32>(out - 4, last);
    else if (load<u32>(out - 4) + 1 !== last) return false;
    taken++;
    start = end + 1;
  }
  // As many line ends as records: there is none inside a record or behind the last one.
  if (taken !== lines) return false;
  store<u32>(job, rows + taken, OUT_ROWS);
  store<u32>(job, start, OUT_NEXT);
  store<u32>(job, 0, LINE_COUNT);
  keep(job, k);
  return true;
}

/**
 * Pass 2 record by record, past blank lines. False when it ends the run: enough rows, the next record starts at STOP or behind, or it is an
 * unusual one.
 */
function takeSome(job: u32): bool {
  const text = load<u32>(job, TEXT);
  const width = load<u32>(job, WIDTH);
  const stop = load<u32>(job, STOP);
  const maxRows = load<u32>(job, MAX_ROWS);
  const trailing = load<u32>(job, TRAILING);
  const comment = load<u32>(job, COMMENT);
  const fields = load<u32>(job, FIELDS);
  const fieldCount = load<u32>(job, FIELD_COUNT);
  const newline = load<u32>(job, NEWLINE);
  const crEnds = newline !== CR;
  let rows = load<u32>(job, OUT_ROWS);
  let start = load<u32>(job, OUT_NEXT);
  let out = load<u32>(job, ENDS) + rows * ((width + 1) << 2);
  let k: u32 = 0;
  let usual = true;
  for (let m: u32 = 0; ; m++) {
    while (m < fieldCount && <u32>load<u8>(text + load<u32>(fields + (m << 2))) !== newline) m++;
    if (m === fieldCount) break;
    const end = load<u32>(fields + (m << 2));
    const first = <u32>load<u8>(text + start);
    if (start >= stop || rows === maxRows || first === comment) {
      usual = false;
      break;
    }
    const length = end - start;
    if (width !== 1 && (length === 0 || (length === 1 && first === CR && crEnds))) {
      k++;
      start = end + 1;
      continue;
    }
    // The record's text ends before a CR that belongs to the line end.
    const last = crEnds && length > 0 && <u32>load<u8>(text + end - 1) === CR ? end - 1 : end;
    const from = fields + (k << 2);
    let used = width;
    if (k + width > fieldCount || load<u32>(from + (width << 2) - 4) !== end) {
      const more =
        trailing !== 0 &&
        k + width < fieldCount &&
        load<u32>(from + (width << 2)) === end &&
        load<u32>(from + (width << 2) - 4) + 1 === last;
      if (!more) {
        usual = false;
        break;
      }
      used++;
    }
    out = put(out, start, from, width);
    if (used === width) store<u32>(out - 4, last);
    k += used;
    rows++;
    start = end + 1;
  }
  store<u32>(job, rows, OUT_ROWS);
  store<u32>(job, start, OUT_NEXT);
  store<u32>(job, 0, LINE_COUNT);
  keep(job, k);
  return usual;
}

/**
 * Indexes regular records of text[from, length) that start before `stop`: rows of width + 1 positions at `ends`, which has room for 4 words
 * more than `maxRows` rows take. 64 bytes behind the text may be read. OUT_END: 1 when it went on to the end of the text (what is left is no
 * whole record), 0 when something else came before.
 */
export function csv_index(job: u32): void {
  const length = load<u32>(job, LENGTH);
  const room = load<u32>(job, FIELDS_ROOM);
  store<u32>(job, 0, OUT_ROWS);
  store<u32>(job, load<u32>(job, FROM), OUT_NEXT);
  store<u32>(job, 0, OUT_END);
  store<u32>(job, 0, FIELD_COUNT);
  store<u32>(job, 0, LINE_COUNT);
  store<u64>(job, 0, INSIDE);
  store<u32>(job, 1, BEFORE);
  for (let at = load<u32>(job, FROM); ; ) {
    const end = min(at + CHUNK, at + ((length - at + 63) & ~63));
    const odd = scan(job, at, end);
    if (!(takeAll(job) || takeSome(job)) || odd !== NOTHING) return;
    at = end;
    if (at >= length) break;
    // One record with more fields than the list holds.
    if (load<u32>(job, FIELD_COUNT) + CHUNK + 68 > room) return;
  }
  store<u32>(job, 1, OUT_END);
}
