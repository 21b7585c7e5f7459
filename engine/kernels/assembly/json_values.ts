// Lines of JSON objects whose values are all scalars: the words of the job, and where single values end.

// The job: 32-bit words in, and from OUT_ROWS on results. engine/formats/json_kernels.ts lays it out. Places are relative to TEXT. Up to 128 bytes behind the
// text are read.
export const TEXT: usize = 0;
/** The first line starts at FROM; lines that start at STOP or later are not read. */
export const FROM: usize = 4;
export const STOP: usize = 8;
export const LENGTH: usize = 12;
/** Not 0: the text ends with the input. */
export const FINAL: usize = 16;
/** Start and end of each line, blanks before it left out. */
export const BOUNDS: usize = 20;
export const MAX_ROWS: usize = 24;
/** For each row and column two words: the byte before the value and the one behind it, quotes included; the one after the other for a null. */
export const ENDS: usize = 28;
export const COLUMNS: usize = 32;
/** For each column: address and length of its name in quotes, the kinds of values it takes, and whether it takes an empty text. */
export const NAMES: usize = 36;
export const OUT_ROWS: usize = 40;
/** Where the next line starts. */
export const OUT_NEXT: usize = 44;
export const OUT_WHY: usize = 48;
/** Columns of which texts have escapes, as bits. */
export const OUT_ESCAPED: usize = 52;
/** Whether the text looked at last has escapes. */
export const ESCAPE: usize = 56;
/** The members of a line that others are likely to have: see json_shape.ts. */
export const SHAPE: usize = 60;

export const NUMBER: u32 = 1;
export const BOOL: u32 = 2;
export const STRING: u32 = 4;
export const NULL: u32 = 8;

/** What stands for a place where there is none: it makes no sense here, or the text ends. */
export const ODD: u32 = 0;
export const ENDED: u32 = 1;

export const QUOTE: u32 = 34;
export const COMMA: u32 = 44;
export const MINUS: u32 = 45;
export const COLON: u32 = 58;
export const BACKSLASH: u32 = 92;
export const OPEN: u32 = 123;
export const CLOSE: u32 = 125;
export const LF: u32 = 10;

export function skip(at: u32): u32 {
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
export function closing(job: u32, at: u32, limit: u32): u32 {
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
export function numberEnd(at: u32): u32 {
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

export function same(a: u32, b: u32, n: u32): bool {
  let k: u32 = 0;
  for (; k + 8 <= n; k += 8) if (load<u64>(a + k) !== load<u64>(b + k)) return false;
  const rest = n - k;
  return rest === 0 || (load<u64>(a + k) ^ load<u64>(b + k)) << ((8 - rest) << 3) === 0;
}

export const TRUE: u32 = 0x65757274;
export const FALS: u32 = 0x736c6166;
export const NULL_WORD: u32 = 0x6c6c756e;

/** Kind of the value at `at`; ODD for lists, objects and what is none. */
export function kindAt(at: u32): u32 {
  const ch = <u32>load<u8>(at);
  if (ch === QUOTE) return STRING;
  if (ch - 48 <= 9 || ch === MINUS) return NUMBER;
  const word = load<u32>(at);
  if (word === NULL_WORD) return NULL;
  if (word === TRUE) return BOOL;
  return word === FALS && <u32>load<u8>(at, 4) === 101 ? BOOL : ODD;
}

/** Behind the value of this kind. */
export function valueEnd(job: u32, at: u32, kind: u32, limit: u32): u32 {
  if (kind === STRING) {
    const quote = closing(job, at + 1, limit);
    return quote > ENDED ? quote + 1 : quote;
  }
  if (kind === NUMBER) return numberEnd(at);
  return at + 4 + <u32>(load<u32>(at) === FALS);
}
