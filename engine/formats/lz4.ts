/** Thrown for bytes that are no valid LZ4 frame of the stated length. */
export class Lz4Error extends Error {
  override readonly name = 'Lz4Error';
}

const MAGIC = 0x184d2204;

/** Decompresses an LZ4 frame whose content is `length` bytes long. */
export function lz4Frame(frame: Uint8Array, length: number): Uint8Array {
  if (frame.length < 7) throw new Lz4Error('the frame is too short');
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (view.getUint32(0, true) !== MAGIC) throw new Lz4Error('the frame has no LZ4 mark');
  const flags = view.getUint8(4);
  if (flags >> 6 !== 1 || (flags & 1) !== 0) throw new Lz4Error('the frame is of an unknown kind');
  const blockChecksum = (flags & 0x10) !== 0 ? 4 : 0;
  let at = 7 + ((flags & 8) !== 0 ? 8 : 0);
  const out = new Uint8Array(length);
  let done = 0;
  for (;;) {
    if (at + 4 > frame.length) throw new Lz4Error('the frame ends too early');
    const head = view.getUint32(at, true);
    at += 4;
    if (head === 0) break;
    const size = head & 0x7fffffff;
    if (at + size > frame.length) throw new Lz4Error('the frame ends too early');
    if (head >>> 31 === 1) {
      if (done + size > length) throw new Lz4Error('the content is longer than stated');
      out.set(frame.subarray(at, at + size), done);
      done += size;
    } else done = block(frame, at, at + size, out, done);
    at += size + blockChecksum;
  }
  if (done !== length) throw new Lz4Error('the content is shorter than stated');
  return out;
}

/** One block: literals and copies of what came before, in turns. Gives the new end of the output. */
function block(src: Uint8Array, from: number, to: number, out: Uint8Array, start: number): number {
  let s = from;
  let d = start;
  while (s < to) {
    const token = src[s++] as number;
    let literals = token >> 4;
    if (literals === 15) {
      let more: number;
      do {
        if (s >= to) throw new Lz4Error('a block ends too early');
        more = src[s++] as number;
        literals += more;
      } while (more === 255);
    }
    if (s + literals > to || d + literals > out.length) throw new Lz4Error('a block is damaged');
    if (literals > 16) out.set(src.subarray(s, s + literals), d);
    else for (let k = 0; k < literals; k++) out[d + k] = src[s + k] as number;
    s += literals;
    d += literals;
    if (s === to) break;
    if (s + 2 > to) throw new Lz4Error('a block ends too early');
    const distance = (src[s] as number) | ((src[s + 1] as number) << 8);
    s += 2;
    let length = (token & 15) + 4;
    if (length === 19) {
      let more: number;
      do {
        if (s >= to) throw new Lz4Error('a block ends too early');
        more = src[s++] as number;
        length += more;
      } while (more === 255);
    }
    if (distance === 0 || distance > d || d + length > out.length) throw new Lz4Error('a block is damaged');
    if (distance >= length && length > 32) out.copyWithin(d, d - distance, d - distance + length);
    else for (let k = 0; k < length; k++) out[d + k] = out[d + k - distance] as number;
    d += length;
  }
  return d;
}
