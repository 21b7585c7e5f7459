import type { Utf8Column } from '../batch/column.ts';
import { compareBytes, sameBytes } from '../batch/compare.ts';
import type { Scratch } from '../memory/types.ts';
import { sortByKey } from './radix.ts';

/** Bytes of each text that one round of radix sorting looks at. */
const WINDOW = 32;
/** So few texts are sorted by comparing them. */
const FEW = 24;

interface Buffers {
  readonly keys: Uint32Array;
  readonly a: Uint32Array;
  readonly b: Uint32Array;
}

/**
 * Orders row numbers by their texts, in place (byte order; equal texts end up next to one another in no particular order). Radix sort on 32 bytes at a
 * time, four bytes a pass from the last to the first; what all texts share costs a look only. Longer texts that agree so far go another round.
 */
export function sortTexts(col: Utf8Column, rows: Uint32Array, scratch: Scratch): void {
  const n = rows.length;
  sortFrom(col, rows, 0, { keys: scratch.u32(n), a: scratch.u32(n), b: scratch.u32(n) });
}

function sortFrom(col: Utf8Column, rows: Uint32Array, at: number, buffers: Buffers): void {
  const { offsets, bytes } = col;
  const n = rows.length;
  if (n < FEW) {
    rows.sort((i, j) =>
      compareBytes(
        bytes,
        (offsets[i] as number) + at,
        offsets[i + 1] as number,
        bytes,
        (offsets[j] as number) + at,
        offsets[j + 1] as number,
      ),
    );
    return;
  }
  const { keys, a, b } = buffers;
  let longest = 0;
  for (let i = 0; i < n; i++) {
    const row = rows[i] as number;
    const length = (offsets[row + 1] as number) - (offsets[row] as number) - at;
    longest = Math.max(longest, length);
    a[i] = i;
    // A text that ends in the window comes before those that go on with zero bytes.
    keys[i] = Math.min(length, WINDOW + 1);
  }
  let order = sortByKey(keys, a, b, n);
  for (let word = Math.ceil(Math.min(longest, WINDOW) / 4) - 1; word >= 0; word--) {
    fillWords(col, rows, at + 4 * word, keys);
    order = sortByKey(keys, order, order === a ? b : a, n);
  }
  for (let i = 0; i < n; i++) keys[i] = rows[order[i] as number] as number;
  rows.set(keys.subarray(0, n));
  if (longest > WINDOW) sortTies(col, rows, at, buffers);
}

/** The four bytes from `at` on of each text, the first one highest; 0 beyond the end. */
function fillWords(col: Utf8Column, rows: Uint32Array, at: number, keys: Uint32Array): void {
  const { offsets, bytes } = col;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    const from = (offsets[row] as number) + at;
    const to = offsets[row + 1] as number;
    if (from + 4 <= to) {
      keys[i] =
        ((bytes[from] as number) << 24) |
        ((bytes[from + 1] as number) << 16) |
        ((bytes[from + 2] as number) << 8) |
        (bytes[from + 3] as number);
      continue;
    }
    let w = 0;
    for (let k = from; k < from + 4; k++) w = (w << 8) | (k < to ? (bytes[k] as number) : 0);
    keys[i] = w;
  }
}

/** Runs of texts that agree in the whole window and go on behind it; a run of one text, the usual case, is done. */
function sortTies(col: Utf8Column, rows: Uint32Array, at: number, buffers: Buffers): void {
  const { offsets, bytes } = col;
  const start = (i: number): number => (offsets[rows[i] as number] as number) + at;
  const length = (i: number): number => (offsets[(rows[i] as number) + 1] as number) - start(i);
  for (let i = 0; i < rows.length; ) {
    let end = i + 1;
    if (length(i) > WINDOW) {
      let differs = false;
      for (
        ;
        end < rows.length && length(end) > WINDOW && sameBytes(bytes, start(i), bytes, start(end), WINDOW);
        end++
      ) {
        differs ||=
          length(i) !== length(end) ||
          !sameBytes(bytes, start(i) + WINDOW, bytes, start(end) + WINDOW, length(i) - WINDOW);
      }
      if (differs) sortFrom(col, rows.subarray(i, end), at + WINDOW, buffers);
    }
    i = end;
  }
}
