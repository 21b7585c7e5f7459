import type { DataType } from '../../types.ts';
import type { VectorOp } from '../../wasm/opcodes.ts';
import { isIntLike } from '../forms.ts';
import type { Lanes, V } from './lanes.ts';

/** How a value lies in lanes: `mask` and `i32` in `x`; `i64` and `f64` with rows 0 and 1 in `x`, 2 and 3 in `y`. */
export type Rep = 'mask' | 'i32' | 'i64' | 'f64';

/** A computed value of four rows. Under a null, and where it fails, it is anything. */
export interface Val {
  readonly rep: Rep;
  readonly x: V;
  readonly y: V;
  /** Mask of nulls; null when there can be none. */
  readonly n: V | null;
  /** Mask of rows that native code cannot compute: they fail, or leave its range. */
  readonly err: V | null;
  /** No value is greater in magnitude. Of floats it is finite only where there can be no nan. */
  readonly bound: number;
  /** The value of a literal, which can be had in another representation for nothing. */
  readonly literal: bigint | null;
}

/** Why an expression is left to JavaScript. */
export class Unsupported extends Error {
  override readonly name = 'Unsupported';
}

/** Every integer up to here can be converted between the two 64-bit representations by one addition. */
export const MAGIC_BOUND = 2 ** 51;
const MAGIC = 2 ** 52 + 2 ** 51;
const MAGIC_BITS = 0x4338000000000000n;
const EXACT = 2 ** 53;

type Masks = Pick<Val, 'n' | 'err'>;

export function mask(x: V, { n, err }: Masks): Val {
  return { rep: 'mask', x, y: x, n, err, bound: 1, literal: null };
}

export function int32(x: V, bound: number, { n, err }: Masks): Val {
  return { rep: 'i32', x, y: x, n, err, bound, literal: null };
}

export function int64(x: V, y: V, bound: number, { n, err }: Masks): Val {
  return { rep: 'i64', x, y, n, err, bound, literal: null };
}

export function float(x: V, y: V, { n, err }: Masks, bound = Number.POSITIVE_INFINITY): Val {
  return { rep: 'f64', x, y, n, err, bound, literal: null };
}

/** The representation of a type's values, as wide as it gets. */
export function repOf(t: DataType): Rep {
  if (isIntLike(t)) return 'i64';
  switch (t.kind) {
    case 'bool':
      return 'mask';
    case 'float':
      return 'f64';
    case 'date':
      return 'i32';
    default:
      throw new Unsupported(`${t.kind} values`);
  }
}

export function masksOf(w: Lanes, vals: readonly Val[]): { n: V | null; err: V | null } {
  return {
    n: vals.reduce<V | null>((m, v) => w.or(m, v.n), null),
    err: vals.reduce<V | null>((m, v) => w.or(m, v.err), null),
  };
}

/** The same operation on both halves. */
export function halves(w: Lanes, op: VectorOp, ...vals: readonly { readonly x: V; readonly y: V }[]): { x: V; y: V } {
  return { x: w.v(op, ...vals.map((v) => v.x)), y: w.v(op, ...vals.map((v) => v.y)) };
}

/** One mask of four lanes from the masks of two halves. */
export function narrowMask(w: Lanes, m: { readonly x: V; readonly y: V }): V {
  return w.words(m.x, m.y, [0, 2, 4, 6]);
}

export function highWords(w: Lanes, v: { readonly x: V; readonly y: V }): V {
  return w.words(v.x, v.y, [1, 3, 5, 7]);
}

export function wideMask(w: Lanes, m: V): { x: V; y: V } {
  return { x: w.v('i64x2.extend_low_i32x4_s', m), y: w.v('i64x2.extend_high_i32x4_s', m) };
}

export function both(v: V): { x: V; y: V } {
  return { x: v, y: v };
}

/** An integer in 64 bits. */
export function asInt64(w: Lanes, v: Val): Val {
  if (v.rep === 'i64') return v;
  if (v.literal !== null) return { ...v, rep: 'i64', ...both(w.constant64(BigInt.asUintN(64, v.literal))) };
  return { ...v, rep: 'i64', ...wideMask(w, v.x) };
}

/** A 64-bit integer that is known to fit 32 bits. */
export function asInt32(w: Lanes, v: Val): Val {
  if (v.rep === 'i32') return v;
  const x = narrowMask(w, v);
  return { ...v, rep: 'i32', x, y: x };
}

/** An integer as the nearest float, half to even. */
export function asFloat(w: Lanes, v: Val): Val {
  if (v.rep === 'f64') return v;
  if (v.literal !== null) return realFloat(both(w.constantF64(Number(v.literal))), v);
  if (v.rep === 'i32') {
    const high = w.words(v.x, v.x, [2, 3, 2, 3]);
    const x = w.v('f64x2.convert_low_i32x4_s', v.x);
    return realFloat({ x, y: w.v('f64x2.convert_low_i32x4_s', high) }, v);
  }
  if (v.bound <= MAGIC_BOUND) {
    const moved = halves(w, 'i64x2.add', v, both(w.all64(MAGIC_BITS)));
    return realFloat(halves(w, 'f64x2.sub', moved, both(w.allF64(MAGIC))), v);
  }
  return realFloat({ x: wideToFloat(w, v.x), y: wideToFloat(w, v.y) }, v);
}

/** A float that stands for an integer: it is never nan. */
function realFloat(r: { readonly x: V; readonly y: V }, v: Val): Val {
  return float(r.x, r.y, v, v.bound);
}

/** High and low words each become an exact float, by being the mantissa of one of a fixed exponent; one addition rounds. */
function wideToFloat(w: Lanes, v: V): V {
  const low = w.v('v128.or', w.v('v128.and', v, w.all64(0xffffffffn)), w.all64(0x4330000000000000n));
  const high = w.v('v128.xor', w.shift('i64x2.shr_u', v, 32), w.all64(0x4530000080000000n));
  const shifted = w.v('f64x2.sub', high, w.allF64(2 ** 84 + 2 ** 63 + 2 ** 52));
  return w.v('f64x2.add', shifted, low);
}

/**
 * Floats that are whole (else they are rounded, half to even), to 64-bit integers. Where nothing bounds them, rows beyond MAGIC_BOUND (and
 * nan) are errors.
 */
export function wholeToInt64(w: Lanes, v: { readonly x: V; readonly y: V }, bound: number, m: Masks): Val {
  if (bound > MAGIC_BOUND && bound <= EXACT) return splitToInt64(w, v, bound, m);
  const r = fromMagic(w, v);
  if (bound <= MAGIC_BOUND) return int64(r.x, r.y, bound, m);
  const fits = narrowMask(w, halves(w, 'f64x2.le', halves(w, 'f64x2.abs', v), both(w.allF64(MAGIC_BOUND))));
  const bad = w.without(w.v('v128.not', fits), m.n);
  return int64(r.x, r.y, MAGIC_BOUND, { n: m.n, err: w.or(m.err, bad) });
}

type Halves = { readonly x: V; readonly y: V };

function fromMagic(w: Lanes, v: Halves): Halves {
  return halves(w, 'i64x2.sub', halves(w, 'f64x2.add', v, both(w.allF64(MAGIC))), both(w.all64(MAGIC_BITS)));
}

const LOW_BITS = 26;

/** Whole floats up to 2^53, in two parts that are small enough. */
function splitToInt64(w: Lanes, v: Halves, bound: number, m: Masks): Val {
  const high = halves(w, 'f64x2.floor', halves(w, 'f64x2.mul', v, both(w.allF64(2 ** -LOW_BITS))));
  const low = halves(w, 'f64x2.sub', v, halves(w, 'f64x2.mul', high, both(w.allF64(2 ** LOW_BITS))));
  const [p, q] = [fromMagic(w, high), fromMagic(w, low)];
  const x = w.v('i64x2.add', w.shift('i64x2.shl', p.x, LOW_BITS), q.x);
  return int64(x, w.v('i64x2.add', w.shift('i64x2.shl', p.y, LOW_BITS), q.y), bound, m);
}

/** Adds to the errors the rows where a float that stands for an integer is not exact, or not below another limit. */
export function exactOnly(w: Lanes, v: Val, bound: number, n: V | null, limit = EXACT): V | null {
  if (bound < limit) return v.err;
  const beyond = narrowMask(w, halves(w, 'f64x2.ge', halves(w, 'f64x2.abs', v), both(w.allF64(limit))));
  return w.or(v.err, w.without(beyond, n));
}

/** Values of one representation, for a choice among them. */
export function unify(w: Lanes, vals: readonly Val[]): readonly Val[] {
  const reps = new Set(vals.map((v) => v.rep));
  if (reps.size === 1) return vals;
  if (reps.has('f64') || reps.has('mask')) throw new Unsupported('a choice between different kinds of values');
  return vals.map((v) => asInt64(w, v));
}

/** `a` where the mask is set, `b` elsewhere; both in one representation. Nulls and errors are the caller's. */
export function pickValue(w: Lanes, m: V, a: Val, b: Val): { x: V; y: V } {
  if (a.rep === 'mask' || a.rep === 'i32') return both(w.pick(m, a.x, b.x));
  const wide = wideMask(w, m);
  return { x: w.pick(wide.x, a.x, b.x), y: w.pick(wide.y, a.y, b.y) };
}
