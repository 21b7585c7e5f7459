import { kernelsFor } from '../kernels/load.ts';

const PRIME = 0x9e3779b1 | 0;
const TURN = 13;
const LANES = 32;
const BLOCK = LANES * 4;

const start = Int32Array.from({ length: LANES }, (_, i) => Math.imul(i >>> 2, 0x85ebca6b) ^ ((i & 3) + 1));
const lanes = new Int32Array(LANES);

function fold(sum: number, x: number): number {
  const y = Math.imul(sum ^ x, PRIME);
  return (y << TURN) | (y >>> (32 - TURN));
}

/** The kernel's reference (engine/kernels/assembly/checksum.ts), for bytes that lie outside of the arena. */
export function checksumOf(bytes: Uint8Array): number {
  const blocks = bytes.length - (bytes.length % BLOCK);
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  lanes.set(start);
  for (let at = 0; at < blocks; at += BLOCK) {
    for (let i = 0; i < LANES; i++) lanes[i] = fold(lanes[i] as number, words.getInt32(at + i * 4, true));
  }
  let sum = bytes.length;
  for (let i = 0; i < LANES; i++) sum = fold(sum, lanes[i] as number);
  for (let at = blocks; at < bytes.length; at++) sum = fold(sum, bytes[at] as number);
  return sum >>> 0;
}

/**
 * A checksum for each `chunk` bytes: 32 bits that differ when any one bit, or the bytes of any one word, do; other damage passes once in 2^32. Not CRC-32: at the
 * memory's speed by SIMD, where that took an eighth of a shuffle's time.
 */
export function checksums(bytes: Uint8Array, chunk: number): Uint32Array {
  const sums = new Uint32Array(Math.ceil(bytes.length / chunk));
  const kernels = kernelsFor(bytes);
  for (let i = 0; i < sums.length; i++) {
    const from = i * chunk;
    const to = Math.min(from + chunk, bytes.length);
    sums[i] =
      kernels === null ? checksumOf(bytes.subarray(from, to)) : kernels.checksum(bytes.byteOffset + from, to - from);
  }
  return sums;
}
