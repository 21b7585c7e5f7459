import { type Int, narrow } from './ints.ts';

/** XXH64 with seed 0, over 64-bit words in little-endian order. */

const P1 = 0x9e3779b185ebca87n;
const P2 = 0xc2b2ae3d27d4eb4fn;
const P3 = 0x165667b19e3779f9n;
const P4 = 0x85ebca77c2b2ae63n;
const P5 = 0x27d4eb2f165667c5n;

const wrap = (v: bigint): bigint => BigInt.asUintN(64, v);
const rotate = (v: bigint, by: bigint): bigint => wrap(v << by) | (v >> (64n - by));
const round = (state: bigint, word: bigint): bigint => wrap(rotate(wrap(state + word * P2), 31n) * P1);

export function xxhash64(bytes: Uint8Array): Int {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length;
  let at = 0;
  let h = P5;
  if (length >= 32) {
    const lanes = [wrap(P1 + P2), P2, 0n, wrap(-P1)];
    for (; at + 32 <= length; at += 32)
      for (let k = 0; k < 4; k++) lanes[k] = round(lanes[k] as bigint, view.getBigUint64(at + 8 * k, true));
    h = wrap([1n, 7n, 12n, 18n].reduce((sum, by, k) => sum + rotate(lanes[k] as bigint, by), 0n));
    for (const lane of lanes) h = wrap((h ^ round(0n, lane)) * P1 + P4);
  }
  h = wrap(h + BigInt(length));
  for (; at + 8 <= length; at += 8) h = wrap(rotate(h ^ round(0n, view.getBigUint64(at, true)), 27n) * P1 + P4);
  if (at + 4 <= length) {
    h = wrap(rotate(h ^ wrap(BigInt(view.getUint32(at, true)) * P1), 23n) * P2 + P3);
    at += 4;
  }
  for (; at < length; at++) h = wrap(rotate(h ^ wrap(BigInt(view.getUint8(at)) * P5), 11n) * P1);
  h = wrap((h ^ (h >> 33n)) * P2);
  h = wrap((h ^ (h >> 29n)) * P3);
  return narrow(BigInt.asIntN(64, h ^ (h >> 32n)));
}
