import { isAscii } from 'node:buffer';
import { asBuffer } from '../batch/buffers.ts';
import type { Utf8Column } from '../batch/column.ts';
import { tooLong } from '../batch/gather.ts';
import type { Expr } from '../expr.ts';
import { kernelsFor } from '../kernels/load.ts';
import type { Scratch } from '../memory/types.ts';

/** Texts made from the bytes of a text column; null where that cannot be said of these texts, and the function is called for each. */
export type TextMap = (col: Utf8Column, scratch: Scratch) => Utf8Column | null;

/** The map of a call over a column with constants, where there is one. */
export function textMapOf(e: Expr): TextMap | null {
  if (e.kind !== 'call' || e.args[0]?.kind !== 'column' || e.args[0].type.kind !== 'string') return null;
  const constants = e.args.slice(1).map((a) => (a.kind === 'literal' ? a.value : undefined));
  switch (e.fn) {
    case 'lower':
      return constants.length === 0 ? letters(65) : null;
    case 'upper':
      return constants.length === 0 ? letters(97) : null;
    case 'substr':
      return part(constants[0], constants.length > 1 ? constants[1] : WHOLE);
    case 'left':
      return Number(constants[0]) >= 0 ? part(1, constants[0]) : null;
    case 'right':
      return Number(constants[0]) > 0 ? part(-Number(constants[0]), WHOLE) : null;
    case 'replace':
      return replacing(constants[0], constants[1]);
    default:
      return null;
  }
}

/** More than any text is long. */
const WHOLE = 0x7fffffff;

/** The bytes in use, and where they begin. */
function used(col: Utf8Column): { readonly start: number; readonly bytes: Uint8Array } {
  const start = col.offsets[0] as number;
  return { start, bytes: col.bytes.subarray(start, col.offsets[col.length]) };
}

const isAsciiColumn = (col: Utf8Column): boolean => isAscii(used(col).bytes);

/** ASCII letters from `from` on to those of the other case. */
function letters(from: 65 | 97): TextMap {
  return (col, scratch) => {
    if (!isAsciiColumn(col)) return null;
    const { start, bytes: source } = used(col);
    const n = source.length;
    const bytes = scratch.u8(n);
    const k = kernelsFor(source, bytes);
    if (k !== null) k.text_letters(source.byteOffset, n, from, bytes.byteOffset);
    else {
      for (let i = 0; i < n; i++) {
        const c = source[i] as number;
        bytes[i] = c >= from && c < from + 26 ? c ^ 0x20 : c;
      }
    }
    const offsets = scratch.i32(col.length + 1);
    for (let i = 0; i <= col.length; i++) offsets[i] = (col.offsets[i] as number) - start;
    return { ...col, offsets, bytes };
  };
}

/** Of ASCII, where characters are bytes: from a position (from 1, or from the end when negative) so many. */
function part(from: unknown, length: unknown): TextMap | null {
  if (typeof from !== 'number' || typeof length !== 'number' || Math.abs(from) > WHOLE) return null;
  // Position 0 is one before the first character.
  const skip = from > 0 ? from - 1 : from;
  const take = Math.min(WHOLE, Math.max(0, from === 0 ? length - 1 : length));
  return (col, scratch) => {
    if (!isAsciiColumn(col)) return null;
    const n = col.length;
    const starts = scratch.u32(n);
    const offsets = scratch.i32(n + 1);
    const k = kernelsFor(col.offsets, col.bytes, starts, offsets);
    const total =
      k === null
        ? partOffsets(col, skip, take, starts, offsets)
        : k.text_part_offsets(col.offsets.byteOffset, n, skip, take, starts.byteOffset, offsets.byteOffset);
    const bytes = scratch.u8(total);
    const out = { ...col, offsets, bytes };
    if (k !== null && kernelsFor(col.bytes, bytes) === k)
      k.text_parts(col.bytes.byteOffset, n, starts.byteOffset, offsets.byteOffset, bytes.byteOffset);
    else {
      for (let i = 0; i < n; i++) {
        const at = offsets[i] as number;
        const from = starts[i] as number;
        bytes.set(col.bytes.subarray(from, from + (offsets[i + 1] as number) - at), at);
      }
    }
    return out;
  };
}

/** The reference for text_part_offsets. */
function partOffsets(col: Utf8Column, skip: number, take: number, starts: Uint32Array, ends: Int32Array): number {
  let total = 0;
  ends[0] = 0;
  for (let i = 0; i < col.length; i++) {
    const from = col.offsets[i] as number;
    const length = (col.offsets[i + 1] as number) - from;
    const begin = skip < 0 ? length + skip : skip;
    const a = Math.max(0, Math.min(begin, length));
    const b = Math.max(a, Math.min(begin + take, length));
    starts[i] = from + a;
    total += b - a;
    ends[i + 1] = total;
  }
  return total;
}

function replacing(piece: unknown, by: unknown): TextMap | null {
  if (typeof piece !== 'string' || typeof by !== 'string' || piece === '') return null;
  if (/\p{Surrogate}/u.test(piece) || /\p{Surrogate}/u.test(by)) return null;
  const [from, to] = [Buffer.from(piece), Buffer.from(by)];
  return (col, scratch) => {
    const offsets = scratch.i32(col.length + 1);
    const pattern = scratch.u8(from.length);
    const text = scratch.u8(Math.max(1, to.length));
    pattern.set(from);
    text.set(to);
    const k = kernelsFor(col.offsets, col.bytes, offsets, pattern, text);
    if (k === null) return replaced(col, from, to, offsets, scratch);
    const source = [col.offsets.byteOffset, col.bytes.byteOffset, col.length, pattern.byteOffset, from.length] as const;
    const total = k.text_replace_offsets(...source, to.length, offsets.byteOffset) >>> 0;
    if (total === 0xffffffff) throw tooLong('The strings');
    const bytes = scratch.u8(total);
    if (kernelsFor(col.bytes, bytes) !== k) return replaced(col, from, to, offsets, scratch);
    k.text_replace(...source, text.byteOffset, to.length, bytes.byteOffset);
    return { ...col, offsets, bytes };
  };
}

/** The reference for text_replace. */
function replaced(col: Utf8Column, from: Buffer, to: Buffer, offsets: Int32Array, scratch: Scratch): Utf8Column {
  const all = asBuffer(col.bytes);
  const pieces: Buffer[] = [];
  let total = 0;
  offsets[0] = 0;
  const put = (b: Buffer): void => {
    pieces.push(b);
    total += b.length;
  };
  for (let i = 0; i < col.length; i++) {
    const row = all.subarray(col.offsets[i], col.offsets[i + 1]);
    let p = 0;
    for (let at = row.indexOf(from); at >= 0; at = row.indexOf(from, p)) {
      put(row.subarray(p, at));
      put(to);
      p = at + from.length;
    }
    put(row.subarray(p));
    if (total > WHOLE) throw tooLong('The strings');
    offsets[i + 1] = total;
  }
  const bytes = scratch.u8(total);
  bytes.set(Buffer.concat(pieces, total));
  return { ...col, offsets, bytes };
}
