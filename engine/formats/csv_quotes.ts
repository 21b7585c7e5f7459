import { BLANK, MAX_BLANKS } from './csv_dialect.ts';
import type { RecordShape } from './csv_index.ts';

/**
 * Whether a byte position is inside quotes depends on everything before it. Each part of a file is scanned for all three states it may
 * start in, in parallel; chaining the answers then gives every part its true state. Only quotes matter, and they are rare or near.
 *
 * 0: outside quotes. 1: inside. 2: the byte before is a quote met inside: it closes, unless a second quote follows at once.
 */
export type QuoteState = 0 | 1 | 2;

/** Bytes before a part that deciding about its first quote may need. */
export const LEAD = MAX_BLANKS + 16;

/**
 * State behind u8[length) when it is `state` before u8[lead]; u8[0, lead) is what stands before (lead 0: the data start there).
 * A quote opens a field only as its first character; elsewhere outside quotes it is text. Only for doubled-quote escapes.
 */
export function quotesAfter(s: RecordShape, u8: Buffer, lead: number, length: number, state: QuoteState): QuoteState {
  const { quote } = s.dialect;
  let now: QuoteState = state;
  let p = lead;
  for (;;) {
    const q = nextByte(u8, quote, p, length);
    if (q < 0) return now === 2 && p < length ? 0 : now;
    now = meetQuote(s, u8, p, q, now);
    p = q + 1;
  }
}

/** The state after the quote at `q`; no quote in [p, q), and `now` holds before p. */
function meetQuote(s: RecordShape, u8: Buffer, p: number, q: number, now: QuoteState): QuoteState {
  if (now === 1) return 2;
  if (now === 2 && q === p) return 1;
  return opensField(s, u8, q) ? 1 : 0;
}

function opensField(s: RecordShape, u8: Buffer, q: number): boolean {
  let before = q - 1;
  if (s.dialect.trim) while (before >= 0 && u8[before] === BLANK && q - 1 - before < MAX_BLANKS) before--;
  return before < 0 || u8[before] === s.dialect.delimiter || u8[before] === s.newline;
}

/**
 * Where the first record at or behind u8[lead] starts; `stop` or more when none starts before it, -1 when u8[0, length) does not tell yet.
 */
export function firstRecordStart(
  s: RecordShape,
  u8: Buffer,
  lead: number,
  stop: number,
  length: number,
  state: QuoteState,
): number {
  const { quote } = s.dialect;
  if (lead === 0 || (state === 0 && u8[lead - 1] === s.newline)) return lead;
  let now: QuoteState = state;
  let p = lead;
  while (p < length) {
    const found = quote < 0 ? -1 : nextByte(u8, quote, p, length);
    const q = found < 0 ? length : found;
    if (now !== 1 && !(now === 2 && q === p)) {
      const newline = nextByte(u8, s.newline, p, q);
      if (newline >= 0) return newline + 1;
    }
    if (q >= stop) return stop;
    if (found < 0) return -1;
    now = meetQuote(s, u8, p, q, now);
    p = q + 1;
  }
  return -1;
}

/** First `byte` in u8[from, to), or -1. Steps by hand over what is near, and leaves long stretches to the native search. */
function nextByte(u8: Buffer, byte: number, from: number, to: number): number {
  const near = Math.min(to, from + 48);
  for (let i = from; i < near; i++) if (u8[i] === byte) return i;
  if (near >= to) return -1;
  const found = u8.indexOf(byte, near);
  return found < 0 || found >= to ? -1 : found;
}
