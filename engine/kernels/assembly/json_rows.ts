// Lines of JSON objects whose values are all scalars: where each column's value is. What is in any way unusual is left to the caller, who knows what is wrong
// with it, if anything is.

// The job: 32-bit words in, and from OUT_ROWS on results. engine/formats/json_kernels.ts lays it out. Places are relative to TEXT. Up to 32 bytes behind the
// text are read.
const TEXT: usize = 0;
/** The first line starts at FROM; lines that start at STOP or later are not read. */
const FROM: usize = 4;
const STOP: usize = 8;
const LENGTH: usize = 12;
/** Not 0: the text ends with the input. */
const FINAL: usize = 16;
/** Start and end of each line, blanks before it left out. */
const BOUNDS: usize = 20;
const MAX_ROWS: usize = 24;
/** For each row and column two words: the byte before the value and the one behind it, quotes included; the one after the other for a null. */
const ENDS: usize = 28;
const COLUMNS: usize = 32;
/** For each column: address and length of its name in quotes, the kinds of values it takes, and whether it takes an empty text. */
const NAMES: usize = 36;
const OUT_ROWS: usize = 40;
/** Where the next line starts. */
const OUT_NEXT: usize = 44;
const OUT_WHY: usize = 48;
/** Columns of which texts have escapes, as bits. */
const OUT_ESCAPED: usize = 52;
/** Whether the text looked at last has escapes. */
const ESCAPE: usize = 56;

const WHY_END: u32 = 0;
const WHY_FULL: u32 = 1;
const WHY_INCOMPLETE: u32 = 2;
const WHY_ODD: u32 = 3;

const NUMBER: u32 = 1;
const BOOL: u32 = 2;
const STRING: u32 = 4;
const NULL: u32 = 8;

/** What stands for a place where there is none: it makes no sense here, or the text ends. */
const ODD: u32 = 0;
const ENDED: u32 = 1;

const QUOTE: u32 = 34;
const COMMA: u32 = 44;
const MINUS: u32 = 45;
const COLON: u32 = 58;
const BACKSLASH: u32 = 92;
const OPEN: u32 = 123;
const CLOSE: u32 = 125;
const LF: u32 = 10;

function skip(at: u32): u32 {
  let p = at;
  let ch = <u32>load<u8>(p);
  while (ch === 32 || ch === 9 || ch === 13) ch = load<u8>(++p);
  return p;
}

function isHex(ch: u32): bool {
  return ch - 48 <= 9 || (ch | 32) - 97 <= 5;
}

/** Behind the escape at `at`, or ODD. */
function escapeEnd(at: u32): u32 {
  const ch = <u32>load<u8>(at, 1);
  if (ch === 117) {
    for (let k: u32 = 2; k < 6; k++) if (!isHex(load<u8>(at + k))) return ODD;
    return at + 6;
  }
  const known = ch === QUOTE || ch === BACKSLASH || ch === 47 || ch === 98 || ch === 102 || ch === 110 || ch === 114;
  return known || ch === 116 ? at + 2 : ODD;
}

/** The closing quote of the text that begins at `at`, or ODD. */
function closing(job: u32, at: u32, limit: u32): u32 {
  const quotes = i8x16.splat(<i8>QUOTE);
  const slashes = i8x16.splat(<i8>BACKSLASH);
  const blank = i8x16.splat(32);
  let p = at;
  store<u32>(job, 0, ESCAPE);
  while (p < limit) {
    const v = v128.load(p);
    const hits = i8x16.bitmask(v128.or(v128.or(i8x16.eq(v, quotes), i8x16.eq(v, slashes)), i8x16.lt_u(v, blank)));
    if (hits === 0) {
      p += 16;
      continue;
    }
    p += ctz(hits);
    const ch = <u32>load<u8>(p);
    if (ch === QUOTE) return p < limit ? p : ENDED;
    if (ch !== BACKSLASH) return p < limit ? ODD : ENDED;
    store<u32>(job, 1, ESCAPE);
    p = escapeEnd(p);
    if (p === ODD) return ODD;
  }
  return ENDED;
}

function digitsEnd(at: u32): u32 {
  let p = at;
  while (<u32>load<u8>(p) - 48 <= 9) p++;
  return p;
}

/** Behind the number at `at`, or ODD for what JSON does not allow. */
function numberEnd(at: u32): u32 {
  const first = at + <u32>(<u32>load<u8>(at) === MINUS);
  let p = digitsEnd(first);
  if (p === first || (<u32>load<u8>(first) === 48 && p - first > 1)) return ODD;
  if (<u32>load<u8>(p) === 46) {
    const start = p + 1;
    p = digitsEnd(start);
    if (p === start) return ODD;
  }
  if ((<u32>load<u8>(p) | 32) === 101) {
    p++;
    const sign = <u32>load<u8>(p);
    if (sign === 43 || sign === MINUS) p++;
    const start = p;
    p = digitsEnd(start);
    if (p === start) return ODD;
  }
  return p;
}

function same(a: u32, b: u32, n: u32): bool {
  let k: u32 = 0;
  for (; k + 8 <= n; k += 8) if (load<u64>(a + k) !== load<u64>(b + k)) return false;
  const rest = n - k;
  return rest === 0 || (load<u64>(a + k) ^ load<u64>(b + k)) << ((8 - rest) << 3) === 0;
}

const TRUE: u32 = 0x65757274;
const FALS: u32 = 0x736c6166;
const NULL_WORD: u32 = 0x6c6c756e;

/** Kind of the value at `at`; ODD for lists, objects and what is none. */
function kindAt(at: u32): u32 {
  const ch = <u32>load<u8>(at);
  if (ch === QUOTE) return STRING;
  if (ch - 48 <= 9 || ch === MINUS) return NUMBER;
  const word = load<u32>(at);
  if (word === NULL_WORD) return NULL;
  if (word === TRUE) return BOOL;
  return word === FALS && <u32>load<u8>(at, 4) === 101 ? BOOL : ODD;
}

/** Behind the value of this kind. */
function valueEnd(job: u32, at: u32, kind: u32, limit: u32): u32 {
  if (kind === STRING) {
    const quote = closing(job, at + 1, limit);
    return quote > ENDED ? quote + 1 : quote;
  }
  if (kind === NUMBER) return numberEnd(at);
  return at + 4 + <u32>(load<u32>(at) === FALS);
}

/** The column of this name, of `n` bytes with its quotes; `columns` when there is none. */
function columnOf(names: u32, columns: u32, name: u32, n: u32): u32 {
  for (let c: u32 = 0; c < columns; c++) {
    const at = names + (c << 4);
    if (load<u32>(at, 4) === n && same(name, load<u32>(at), n)) return c;
  }
  return columns;
}

/** Notes where the values of the object at `at` are. Its line's end, ODD or ENDED. */
function row(job: u32, at: u32, limit: u32, ends: u32): u32 {
  const text = load<u32>(job, TEXT);
  const columns = load<u32>(job, COLUMNS);
  const names = load<u32>(job, NAMES);
  const none = at - text;
  for (let c: u32 = 0; c < columns; c++) store<u64>(ends + (c << 3), ((<u64>none + 1) << 32) | none);
  if (<u32>load<u8>(at) !== OPEN) return ODD;
  let p = skip(at + 1);
  let seen: u64 = 0;
  let expected: u32 = 0;
  let open = <u32>load<u8>(p) !== CLOSE;
  if (!open) p++;
  while (open) {
    if (<u32>load<u8>(p) !== QUOTE) return p < limit ? ODD : ENDED;
    const likely = names + (expected << 4);
    let column = expected;
    if (expected < columns && same(p, load<u32>(likely), load<u32>(likely, 4))) {
      p += load<u32>(likely, 4);
      expected++;
    } else {
      const quote = closing(job, p + 1, limit);
      if (quote <= ENDED || load<u32>(job, ESCAPE)) return quote === ENDED ? ENDED : ODD;
      column = columnOf(names, columns, p, quote + 1 - p);
      if (column < columns) expected = column + 1;
      p = quote + 1;
    }
    p = skip(p);
    if (<u32>load<u8>(p) !== COLON) return p < limit ? ODD : ENDED;
    const from = skip(p + 1);
    const kind = kindAt(from);
    if (kind === ODD) return from + 5 < limit ? ODD : ENDED;
    const to = valueEnd(job, from, kind, limit);
    if (to <= ENDED) return to;
    if (column < columns && ((seen >> column) & 1) === 0) {
      seen |= (<u64>1) << column;
      if (kind !== NULL) {
        const about = names + (column << 4);
        if ((load<u32>(about, 8) & kind) === 0) return ODD;
        if (kind === STRING) {
          if (to - from === 2 && load<u32>(about, 12) === 0) return ODD;
          if (load<u32>(job, ESCAPE)) store<u32>(job, load<u32>(job, OUT_ESCAPED) | (1 << column), OUT_ESCAPED);
        }
        store<u32>(ends + (column << 3), from - text - 1);
        store<u32>(ends + (column << 3), to - text, 4);
      }
    }
    p = skip(to);
    const ch = <u32>load<u8>(p);
    if (ch === COMMA) p = skip(p + 1);
    else if (ch === CLOSE) {
      open = false;
      p++;
    } else return p < limit ? ODD : ENDED;
  }
  // All of it lies within the text.
  if (p > limit) return ENDED;
  p = skip(p);
  if (p >= limit) return load<u32>(job, FINAL) ? limit : ENDED;
  return <u32>load<u8>(p) === LF ? p : ODD;
}

export function json_rows(job: u32): void {
  const text = load<u32>(job, TEXT);
  const limit = text + load<u32>(job, LENGTH);
  const stop = text + load<u32>(job, STOP);
  const most = load<u32>(job, MAX_ROWS);
  const stride = load<u32>(job, COLUMNS) << 3;
  let line = text + load<u32>(job, FROM);
  let bounds = load<u32>(job, BOUNDS);
  let ends = load<u32>(job, ENDS);
  let rows: u32 = 0;
  let why = WHY_END;
  store<u32>(job, 0, OUT_ESCAPED);
  while (line < stop) {
    if (rows === most) {
      why = WHY_FULL;
      break;
    }
    let p = line;
    // Blank lines count for nothing.
    while (p < limit && line < stop) {
      p = skip(p);
      if (p >= limit || <u32>load<u8>(p) !== LF) break;
      line = ++p;
    }
    if (line >= stop) break;
    if (p >= limit) {
      if (load<u32>(job, FINAL)) line = limit;
      else why = WHY_INCOMPLETE;
      break;
    }
    const end = row(job, p, limit, ends);
    if (end <= ENDED) {
      why = end === ENDED && load<u32>(job, FINAL) === 0 ? WHY_INCOMPLETE : WHY_ODD;
      break;
    }
    store<u32>(bounds, p - text);
    store<u32>(bounds, end - text, 4);
    bounds += 8;
    ends += stride;
    rows++;
    line = min(end + 1, limit);
  }
  store<u32>(job, rows, OUT_ROWS);
  store<u32>(job, line - text, OUT_NEXT);
  store<u32>(job, why, OUT_WHY);
}
