import { EngineBug } from '../errors.ts';
import { LateArray, lateArrays } from '../tasks/late_array.ts';

/** What a piece holds, for counting what a shuffle moves. */
export interface Tally {
  readonly rows: number;
  /** Of buffers and typed arrays; other values have none, as theirs depend on how they are encoded. */
  readonly bytes: number;
}

type Typed = Exclude<ArrayBufferView, DataView> & { readonly length: number; readonly BYTES_PER_ELEMENT: number };

function isTyped(piece: unknown): piece is Typed {
  return ArrayBuffer.isView(piece) && !(piece instanceof DataView);
}

/**
 * Rows and bytes of a piece. Rows: elements of a typed array divided by `width`, elements of an array, rows of an Arrow table, else 1 (nothing: 0).
 */
export function tallyOf(piece: unknown, width: number): Tally {
  if (piece instanceof LateArray)
    return { rows: piece.bytes / (piece.like as Typed).BYTES_PER_ELEMENT / width, bytes: piece.bytes };
  if (isTyped(piece)) return { rows: piece.length / width, bytes: piece.byteLength };
  if (Array.isArray(piece)) return { rows: piece.length, bytes: 0 };
  if (piece === undefined || piece === null) return { rows: 0, bytes: 0 };
  if (piece instanceof ArrayBuffer || piece instanceof SharedArrayBuffer || piece instanceof DataView)
    return { rows: 1, bytes: piece.byteLength };
  return { rows: isTable(piece) ? piece.numRows : 1, bytes: 0 };
}

/** By its shape: a table of another copy of the library is one as well. */
function isTable(piece: unknown): piece is { readonly numRows: number } {
  return typeof piece === 'object' && piece !== null && 'numRows' in piece && 'batches' in piece;
}

export function addTally(a: Tally, b: Tally): Tally {
  return { rows: a.rows + b.rows, bytes: a.bytes + b.bytes };
}

export function totalOf(tallies: Iterable<Tally>): Tally {
  let total: Tally = { rows: 0, bytes: 0 };
  for (const t of tallies) total = addTally(total, t);
  return total;
}

/**
 * The pieces of one partition, in order, as few: typed arrays of the same kind are put together in a task's result, and so are arrays; whatever else there is
 * stays as it is.
 */
export function joinPieces(pieces: readonly unknown[]): unknown[] {
  const [first] = pieces;
  if (pieces.length < 2) return [...pieces];
  if (isTyped(first) && pieces.every((p) => isTyped(p) && p.constructor === first.constructor))
    return [joinTyped(pieces as readonly Typed[])];
  if (pieces.every(Array.isArray)) return [pieces.flat(1)];
  return [...pieces];
}

/** Typed arrays of one kind as one, copied where it will lie. */
export function joinTyped(pieces: readonly Typed[]): LateArray {
  const bytes = pieces.reduce((n, p) => n + p.byteLength, 0);
  const [joined] = lateArrays(pieces[0] as Typed, [bytes], ([into]) => {
    let at = 0;
    for (const p of pieces) {
      into?.set(new Uint8Array(p.buffer, p.byteOffset, p.byteLength), at);
      at += p.byteLength;
    }
  });
  return joined as LateArray;
}

/** Throws EngineBug with the counts when what went in is not what came out. */
export function checkConserved(what: string, before: Tally, after: Tally): void {
  if (before.rows === after.rows && before.bytes === after.bytes) return;
  throw new EngineBug(
    `${what}: ${before.rows} rows, ${before.bytes} bytes went in and ${after.rows} rows, ${after.bytes} bytes came out`,
  );
}
