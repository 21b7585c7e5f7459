// Equality of key rows of two tables, none of which is null. A key is a block of words: what kind of comparison, values of both sides, and for text codes
// (or NONE) and bytes of both sides, as engine/operators/join_keys.ts lays them out.
import { bitAt } from './memory.ts';

const NONE: u32 = 0xffffffff;
const KEY_BYTES: u32 = 32;

const KIND: u32 = 0;
const LEFT: u32 = 4;
const RIGHT: u32 = 8;
const LEFT_CODES: u32 = 12;
const RIGHT_CODES: u32 = 16;
const LEFT_BYTES: u32 = 20;
const RIGHT_BYTES: u32 = 24;

const WORDS: u32 = 1;
const LONGS: u32 = 2;
const MIXED: u32 = 3;
const MIXED_BACK: u32 = 4;
const WIDE: u32 = 5;
const FLOATS: u32 = 6;
const BITS: u32 = 7;

function sameText(key: u32, i: u32, j: u32): bool {
  const leftCodes = load<u32>(key, LEFT_CODES);
  const rightCodes = load<u32>(key, RIGHT_CODES);
  const a = load<u32>(key, LEFT) + ((leftCodes === NONE ? i : load<u32>(leftCodes + (i << 2))) << 2);
  const b = load<u32>(key, RIGHT) + ((rightCodes === NONE ? j : load<u32>(rightCodes + (j << 2))) << 2);
  let x = load<u32>(a);
  let y = load<u32>(b);
  const length = load<u32>(a, 4) - x;
  if (load<u32>(b, 4) - y !== length) return false;
  x += load<u32>(key, LEFT_BYTES);
  y += load<u32>(key, RIGHT_BYTES);
  if (length >= 8) {
    const last = length - 8;
    for (let k: u32 = 0; k < last; k += 8) if (load<u64>(x + k) !== load<u64>(y + k)) return false;
    return load<u64>(x + last) === load<u64>(y + last);
  }
  if (length >= 4) {
    const last = length - 4;
    return load<u32>(x) === load<u32>(y) && load<u32>(x + last) === load<u32>(y + last);
  }
  for (let k: u32 = 0; k < length; k++) if (load<u8>(x + k) !== load<u8>(y + k)) return false;
  return true;
}

/** -0 is 0, NaN is NaN. */
function sameFloats(x: f64, y: f64): bool {
  return x === y || (x !== x && y !== y);
}

function sameKey(key: u32, kind: u32, i: u32, j: u32): bool {
  const left = load<u32>(key, LEFT);
  const right = load<u32>(key, RIGHT);
  if (kind === WORDS) return load<u32>(left + (i << 2)) === load<u32>(right + (j << 2));
  if (kind === LONGS) return load<u64>(left + (i << 3)) === load<u64>(right + (j << 3));
  if (kind === MIXED) return <i64>load<i32>(left + (i << 2)) === load<i64>(right + (j << 3));
  if (kind === MIXED_BACK) return load<i64>(left + (i << 3)) === <i64>load<i32>(right + (j << 2));
  if (kind === FLOATS) return sameFloats(load<f64>(left + (i << 3)), load<f64>(right + (j << 3)));
  if (kind === BITS) return bitAt(left, i) === bitAt(right, j);
  if (kind === WIDE) {
    const a = left + (i << 4);
    const b = right + (j << 4);
    return load<u64>(a) === load<u64>(b) && load<u64>(a, 8) === load<u64>(b, 8);
  }
  return sameText(key, i, j);
}

/** Whether left row i and right row j have the same keys. */
export function same(keys: u32, count: u32, i: u32, j: u32): bool {
  for (let k: u32 = 0; k < count; k++) {
    const key = keys + k * KEY_BYTES;
    if (!sameKey(key, load<u32>(key, KIND), i, j)) return false;
  }
  return true;
}

/** Keeps the pairs (positions[i], rights[i]) whose left row rows[i] and right row have the same keys; `rows` may be `positions`. */
export function join_equal(keys: u32, count: u32, positions: u32, rows: u32, rights: u32, n: u32): u32 {
  let kept = n;
  for (let k: u32 = 0; k < count; k++) {
    const key = keys + k * KEY_BYTES;
    const kind = load<u32>(key, KIND);
    const all = kept;
    kept = 0;
    for (let i: u32 = 0; i < all; i++) {
      const row = load<u32>(rows + (i << 2));
      const right = load<u32>(rights + (i << 2));
      const position = load<u32>(positions + (i << 2));
      const equal = sameKey(key, kind, row, right);
      store<u32>(positions + (kept << 2), position);
      store<u32>(rows + (kept << 2), row);
      store<u32>(rights + (kept << 2), right);
      kept += equal ? 1 : 0;
    }
  }
  return kept;
}
