import type { DataType } from '../../types.ts';
import type { VectorOp } from '../../wasm/opcodes.ts';
import { typeBound } from '../forms.ts';
import type { Lanes, V } from './lanes.ts';
import {
  asFloat,
  asInt32,
  asInt64,
  both,
  exactOnly,
  float,
  halves,
  highWords,
  int32,
  int64,
  masksOf,
  narrowMask,
  Unsupported,
  type Val,
  wholeToInt64,
} from './values.ts';

/** Sums, differences and products of less than this cannot leave 64 bits. */
const INT64 = 2 ** 63;
const INT32 = 2 ** 31;
const EXACT = 2 ** 53;

export function floatOp(w: Lanes, op: VectorOp, a: Val, b: Val): Val {
  const r = halves(w, op, asFloat(w, a), asFloat(w, b));
  return float(r.x, r.y, masksOf(w, [a, b]));
}

export function floatUnary(w: Lanes, op: VectorOp, a: Val): Val {
  const r = halves(w, op, a);
  return float(r.x, r.y, a);
}

export function addInts(w: Lanes, a: Val, b: Val, t: DataType): Val {
  const bound = a.bound + b.bound;
  const m = masksOf(w, [a, b]);
  if (a.rep === 'i32' && b.rep === 'i32' && bound < INT32)
    return inType(w, int32(w.v('i32x4.add', a.x, b.x), bound, m), t);
  const [p, q] = [asInt64(w, a), asInt64(w, b)];
  const r = halves(w, 'i64x2.add', p, q);
  if (bound < INT64) return inType(w, int64(r.x, r.y, bound, m), t);
  const wraps = halves(w, 'v128.and', halves(w, 'v128.xor', p, r), halves(w, 'v128.xor', q, r));
  return inType(w, int64(r.x, r.y, bound, { n: m.n, err: failing(w, signs(w, wraps), m) }), t);
}

export function subtractInts(w: Lanes, a: Val, b: Val, t: DataType): Val {
  const bound = a.bound + b.bound;
  const m = masksOf(w, [a, b]);
  if (a.rep === 'i32' && b.rep === 'i32' && bound < INT32)
    return inType(w, int32(w.v('i32x4.sub', a.x, b.x), bound, m), t);
  const [p, q] = [asInt64(w, a), asInt64(w, b)];
  const r = halves(w, 'i64x2.sub', p, q);
  if (bound < INT64) return inType(w, int64(r.x, r.y, bound, m), t);
  const wraps = halves(w, 'v128.and', halves(w, 'v128.xor', p, q), halves(w, 'v128.xor', p, r));
  return inType(w, int64(r.x, r.y, bound, { n: m.n, err: failing(w, signs(w, wraps), m) }), t);
}

/** Products near the end of 64 bits are left to JavaScript: whether they fit is told by the product of floats. */
const SURE_PRODUCT = 9.2e18;

export function multiplyInts(w: Lanes, a: Val, b: Val, t: DataType): Val {
  const bound = a.bound * b.bound;
  const m = masksOf(w, [a, b]);
  if (a.rep === 'i32' && b.rep === 'i32') {
    if (bound < INT32) return inType(w, int32(w.v('i32x4.mul', a.x, b.x), bound, m), t);
    const x = w.v('i64x2.extmul_low_i32x4_s', a.x, b.x);
    return inType(w, int64(x, w.v('i64x2.extmul_high_i32x4_s', a.x, b.x), bound, m), t);
  }
  const r = halves(w, 'i64x2.mul', asInt64(w, a), asInt64(w, b));
  if (bound < SURE_PRODUCT) return inType(w, int64(r.x, r.y, bound, m), t);
  const product = halves(w, 'f64x2.abs', halves(w, 'f64x2.mul', asFloat(w, a), asFloat(w, b)));
  const beyond = narrowMask(w, halves(w, 'f64x2.ge', product, both(w.allF64(SURE_PRODUCT))));
  return inType(w, int64(r.x, r.y, bound, { n: m.n, err: failing(w, beyond, m) }), t);
}

/** All ones in lanes of which the 64-bit value is negative. */
function signs(w: Lanes, v: { readonly x: V; readonly y: V }): V {
  return w.shift('i32x4.shr_s', highWords(w, v), 31);
}

/** Errors so far and new ones, where there is no null. */
function failing(w: Lanes, mask: V, m: { readonly n: V | null; readonly err: V | null }): V | null {
  return w.or(m.err, w.without(mask, m.n));
}

/** A result held against its type: decimals have so many digits, the rest 64 bits. */
export function inType(w: Lanes, v: Val, t: DataType): Val {
  const limit = typeBound(t);
  if (t.kind !== 'decimal' || v.bound <= limit || t.precision > 18)
    return { ...v, bound: Math.min(v.bound, limit, INT64) };
  const most = 10n ** BigInt(t.precision) - 1n;
  const p = asInt64(w, v);
  const over = halves(w, 'i64x2.gt_s', p, both(w.all64(most)));
  const under = halves(w, 'i64x2.lt_s', p, both(w.all64(-most)));
  const beyond = narrowMask(w, halves(w, 'v128.or', over, under));
  return { ...p, bound: limit, err: failing(w, beyond, v) };
}

export function negate(w: Lanes, a: Val, t: DataType): Val {
  if (a.rep === 'f64') return floatUnary(w, 'f64x2.neg', a);
  const zero: Val = { ...int32(w.all64(0n), 0, { n: null, err: null }), literal: 0n };
  return subtractInts(w, zero, a, t);
}

export function magnitude(w: Lanes, a: Val, t: DataType): Val {
  if (a.rep === 'f64') return floatUnary(w, 'f64x2.abs', a);
  if (a.rep === 'i32' && a.bound < INT32)
    return { ...a, x: w.v('i32x4.abs', a.x), y: w.v('i32x4.abs', a.x), literal: null };
  const p = asInt64(w, a);
  const r = halves(w, 'i64x2.abs', p);
  const err = a.bound < INT64 ? a.err : failing(w, signs(w, r), a);
  return inType(w, int64(r.x, r.y, a.bound, { n: a.n, err }), t);
}

export function signOf(w: Lanes, a: Val): Val {
  if (a.rep === 'f64') {
    const zero = both(w.all64(0n));
    const one = both(w.allF64(1));
    const up = halves(w, 'v128.and', halves(w, 'f64x2.gt', a, zero), one);
    const down = halves(w, 'v128.and', halves(w, 'f64x2.lt', a, zero), one);
    const r = halves(w, 'f64x2.sub', up, down);
    const nan = halves(w, 'f64x2.ne', a, a);
    return float(w.pick(nan.x, a.x, r.x), w.pick(nan.y, a.y, r.y), a);
  }
  const { above, below } = againstZero(w, a);
  return int32(w.v('i32x4.sub', below, above), 1, a);
}

function againstZero(w: Lanes, a: Val): { above: V; below: V } {
  const zero = w.all64(0n);
  if (a.rep === 'i32') return { above: w.v('i32x4.gt_s', a.x, zero), below: w.v('i32x4.lt_s', a.x, zero) };
  return {
    above: narrowMask(w, halves(w, 'i64x2.gt_s', a, both(zero))),
    below: narrowMask(w, halves(w, 'i64x2.lt_s', a, both(zero))),
  };
}

/**
 * Truncated quotient or remainder, by floats: the quotient of two exact numbers rounds to a whole one only when it is one. Zero divisors and
 * numbers beyond 2^53 are errors.
 */
export function divideInts(w: Lanes, a: Val, b: Val, remainder: boolean, t: DataType): Val {
  const m = masksOf(w, [a, b]);
  const [p, q] = [asFloat(w, a), asFloat(w, b)];
  let err = w.or(exactOnly(w, p, a.bound, m.n), exactOnly(w, q, b.bound, m.n));
  if (b.literal === null || b.literal === 0n) {
    const zero = narrowMask(w, halves(w, 'f64x2.eq', q, both(w.all64(0n))));
    err = w.or(err, w.without(zero, m.n));
  }
  const quotient = halves(w, 'f64x2.trunc', halves(w, 'f64x2.div', p, q));
  const least = b.literal === null ? 1 : Math.max(1, Math.abs(Number(b.literal)));
  if (!remainder) {
    const most = Math.min(a.bound, EXACT) / least;
    const v = wholeToInt64(w, quotient, most, { n: m.n, err });
    return inType(w, most < INT32 ? asInt32(w, v) : v, t);
  }
  const rest = halves(w, 'f64x2.sub', p, halves(w, 'f64x2.mul', quotient, q));
  const bound = Math.min(a.bound, b.bound, EXACT);
  const v = wholeToInt64(w, rest, bound, { n: m.n, err });
  return inType(w, bound < INT32 ? asInt32(w, v) : v, t);
}

/** Half away from zero. */
export function roundFloats(w: Lanes, a: Val): Val {
  const sign = both(w.all64(1n << 63n));
  const size = halves(w, 'f64x2.abs', a);
  const down = halves(w, 'f64x2.trunc', size);
  const half = halves(w, 'f64x2.ge', halves(w, 'f64x2.sub', size, down), both(w.allF64(0.5)));
  const up = halves(w, 'f64x2.add', down, halves(w, 'v128.and', half, both(w.allF64(1))));
  const r = halves(w, 'v128.or', up, halves(w, 'v128.and', a, sign));
  return float(r.x, r.y, a);
}

/** Times 10^shift. */
export function scaleUp(w: Lanes, a: Val, shift: number, t: DataType): Val {
  if (shift === 0) return inType(w, a, t);
  if (shift > 18) throw new Unsupported('a decimal of more than 18 places');
  const factor = 10n ** BigInt(shift);
  const by: Val = {
    ...int64(w.all64(factor), w.all64(factor), Number(factor), { n: null, err: null }),
    literal: factor,
  };
  const small =
    factor < BigInt(INT32) ? { ...int32(w.all32(Number(factor)), Number(factor), by), literal: factor } : by;
  return multiplyInts(w, a, a.rep === 'i32' ? small : by, t);
}

export type Rounding = 'floor' | 'ceil' | 'trunc' | 'round';

/** Divided by 10^shift to a whole number; `round`: half away from zero. Numbers beyond 2^53 are errors. */
export function scaleDown(w: Lanes, a: Val, shift: number, how: Rounding, t: DataType): Val {
  if (shift === 0) return inType(w, a, t);
  if (shift > 15) throw new Unsupported('a decimal of more than 15 places');
  const by = 10 ** shift;
  const v = asFloat(w, a);
  const err = exactOnly(w, v, a.bound, a.n);
  const divided = halves(w, 'f64x2.div', v, both(w.allF64(by)));
  const bound = Math.min(a.bound, EXACT) / by + 1;
  if (how !== 'round') return inType(w, wholeToInt64(w, halves(w, `f64x2.${how}`, divided), bound, { n: a.n, err }), t);
  const down = halves(w, 'f64x2.trunc', divided);
  const rest = halves(w, 'f64x2.sub', v, halves(w, 'f64x2.mul', down, both(w.allF64(by))));
  const far = halves(w, 'f64x2.ge', halves(w, 'f64x2.abs', rest), both(w.allF64(by / 2)));
  const sign = halves(w, 'v128.and', v, both(w.all64(1n << 63n)));
  const away = halves(w, 'v128.and', far, halves(w, 'v128.or', sign, both(w.allF64(1))));
  return inType(w, wholeToInt64(w, halves(w, 'f64x2.add', down, away), bound, { n: a.n, err }), t);
}
