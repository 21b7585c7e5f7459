import { kernelsFor } from './load.ts';

type Numbers = Uint8Array | Int32Array | Uint32Array | BigInt64Array | Float64Array;

/** Below this many bytes, asking which memory they lie in costs more than it saves. */
const SHORT = 64;
/** V8 copies words of this size between shared memories, if both begin alike. */
const WORD = 8;

/**
 * As `to.set(from, at)`. Between shared memories V8 copies byte by byte, at 1 to 2 GB/s, unless both sides lie alike within 8 bytes; `memory.copy` does
 * not mind (`node bench/copy.mjs`).
 */
export function copyInto<A extends Numbers>(to: A, from: A, at = 0): void {
  const bytes = from.byteLength;
  const target = to.byteOffset + at * to.BYTES_PER_ELEMENT;
  if (bytes >= SHORT && (target - from.byteOffset) % WORD !== 0 && at + from.length <= to.length) {
    const kernels = kernelsFor(to, from);
    if (kernels !== null) {
      kernels.copy_bytes(target, from.byteOffset, bytes);
      return;
    }
  }
  // Lies too short, alike, or in two memories; also what `set` refuses.
  to.set(from as never, at);
}

/** As `view.fill(value, from, to)`, which writes shared memory byte by byte. */
export function fillBytes(view: Uint8Array, value: number, from = 0, to = view.length): void {
  const kernels = to - from >= SHORT && to <= view.length ? kernelsFor(view) : null;
  if (kernels === null) view.fill(value, from, to);
  else kernels.fill_bytes(view.byteOffset + from, value, to - from);
}
