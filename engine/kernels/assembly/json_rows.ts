// Lines of JSON objects whose values are all scalars: where each column's value is. What is in any way unusual is left to the caller, who knows what is wrong
// with it, if anything is.

import { shape_clear, shape_known, shape_line, shape_member, shape_row } from './json_shape.ts';
import {
  BOUNDS,
  CLOSE,
  COLON,
  COLUMNS,
  COMMA,
  closing,
  ENDED,
  ENDS,
  ESCAPE,
  FINAL,
  FROM,
  kindAt,
  LENGTH,
  LF,
  MAX_ROWS,
  NAMES,
  NULL,
  ODD,
  OPEN,
  OUT_ESCAPED,
  OUT_NEXT,
  OUT_ROWS,
  OUT_WHY,
  QUOTE,
  STOP,
  STRING,
  same,
  skip,
  TEXT,
  valueEnd,
} from './json_values.ts';

const WHY_END: u32 = 0;
const WHY_FULL: u32 = 1;
const WHY_INCOMPLETE: u32 = 2;
const WHY_ODD: u32 = 3;

/** Lines that are read without a look at the one before, at most. */
const MAX_PAUSE: u32 = 64;

/** The column of this name, of `n` bytes with its quotes; `columns` when there is none. */
function columnOf(names: u32, columns: u32, name: u32, n: u32): u32 {
  for (let c: u32 = 0; c < columns; c++) {
    const at = names + (c << 4);
    if (load<u32>(at, 4) === n && same(name, load<u32>(at), n)) return c;
  }
  return columns;
}

/** Notes where the values of the object at `at` are, and what members it has. Its line's end, ODD or ENDED. */
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
  let gap = at;
  let members: u32 = 0;
  let wanted: u32 = 0;
  let regular = true;
  shape_clear(job);
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
    const first = column < columns && ((seen >> column) & 1) === 0;
    regular = regular && shape_member(job, members++, gap, from, first ? column : columns);
    gap = to;
    if (first) {
      wanted++;
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
  if (<u32>load<u8>(p) !== LF) return ODD;
  if (regular && members > 0) shape_line(job, members, wanted, gap, p);
  return p;
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
  let wait: u32 = 0;
  let pause: u32 = 1;
  store<u32>(job, 0, OUT_ESCAPED);
  shape_clear(job);
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
    let end = ODD;
    if (wait > 0) wait--;
    else if (shape_known(job)) {
      end = shape_row(job, p, limit, ends);
      // As long as lines differ, fewer and fewer are tried.
      pause = end === ODD ? min(2 * pause, MAX_PAUSE) : 1;
      if (end >= limit) end = ODD;
      if (end === ODD) wait = pause - 1;
    }
    if (end === ODD) end = row(job, p, limit, ends);
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
