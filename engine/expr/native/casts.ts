import type { CastExpr } from '../../expr.ts';
import { DAY_MICROS } from '../../functions/limits.ts';
import { type DataType, formatType } from '../../types.ts';
import { sameValues } from '../gen_cast.ts';
import { inType, multiplyInts, scaleDown, scaleUp } from './arithmetic.ts';
import type { NativeGen } from './gen.ts';
import type { Lanes, V } from './lanes.ts';
import {
  asFloat,
  asInt32,
  asInt64,
  both,
  exactOnly,
  float,
  halves,
  int32,
  int64,
  mask,
  narrowMask,
  repOf,
  Unsupported,
  type Val,
  wholeToInt64,
  wideMask,
} from './values.ts';

export function genCast(g: NativeGen, e: CastExpr): Val {
  const [from, to] = [e.arg.type, e.type];
  if (from.kind === 'null') return g.nullOf(repOf(to));
  const arg = g.gen(e.arg);
  if (sameValues(from, to)) return arg;
  const made = convert(g.w, arg, from, to, e.safe);
  if (made === null) throw new Unsupported(`cast of ${formatType(from)} to ${formatType(to)}`);
  // Where a value that does not convert gives null it is no error: JavaScript tells the two apart.
  return made;
}

function convert(w: Lanes, a: Val, from: DataType, to: DataType, safe: boolean): Val | null {
  switch (to.kind) {
    case 'float':
      return toFloat(w, a, from);
    case 'int':
      if (from.kind === 'bool') return int32(w.v('v128.and', a.x, w.all32(1)), 1, a);
      if (from.kind === 'decimal') return scaleDown(w, a, from.scale, 'round', to);
      return from.kind === 'float' ? floatToInt(w, a, safe) : null;
    case 'bool':
      return toBool(w, a, from);
    case 'decimal': {
      if (from.kind !== 'int' && from.kind !== 'decimal') return null;
      const shift = to.scale - (from.kind === 'decimal' ? from.scale : 0);
      return shift < 0 ? scaleDown(w, a, -shift, 'round', to) : scaleUp(w, a, shift, to);
    }
    case 'timestamp':
      return from.kind === 'date' && to.zone === null ? dayToMicros(w, a, to) : null;
    case 'date':
      return from.kind === 'timestamp' && from.zone === null ? microsToDay(w, a) : null;
    default:
      return null;
  }
}

function toFloat(w: Lanes, a: Val, from: DataType): Val | null {
  if (from.kind === 'int') return asFloat(w, a);
  if (from.kind === 'bool') {
    const wide = wideMask(w, a.x);
    const one = w.allF64(1);
    return float(w.v('v128.and', wide.x, one), w.v('v128.and', wide.y, one), a, 1);
  }
  if (from.kind !== 'decimal' || from.scale > 22) return null;
  const whole = asFloat(w, a);
  const err = exactOnly(w, whole, a.bound, a.n);
  const r = halves(w, 'f64x2.div', whole, both(w.allF64(10 ** from.scale)));
  return float(r.x, r.y, { n: a.n, err }, a.bound);
}

/** Half to even. Beyond 2^51 JavaScript converts. */
function floatToInt(w: Lanes, a: Val, safe: boolean): Val {
  const r = wholeToInt64(w, a, Number.POSITIVE_INFINITY, a);
  if (!safe) return r;
  const nan = narrowMask(w, halves(w, 'f64x2.ne', a, a));
  return { ...r, n: w.or(r.n, nan), err: w.without(r.err, nan) };
}

function toBool(w: Lanes, a: Val, from: DataType): Val | null {
  const zero = w.all64(0n);
  if (from.kind === 'float') {
    const differs = halves(w, 'f64x2.ne', a, both(zero));
    return mask(narrowMask(w, halves(w, 'v128.and', differs, halves(w, 'f64x2.eq', a, a))), a);
  }
  if (from.kind !== 'int' && from.kind !== 'decimal') return null;
  if (a.rep === 'i32') return mask(w.v('i32x4.ne', a.x, zero), a);
  return mask(narrowMask(w, halves(w, 'i64x2.ne', a, both(zero))), a);
}

export function dayToMicros(w: Lanes, a: Val, to: DataType): Val {
  const day = w.all64(BigInt(DAY_MICROS));
  const by: Val = { ...int64(day, day, DAY_MICROS, { n: null, err: null }), literal: BigInt(DAY_MICROS) };
  return multiplyInts(w, asInt64(w, a), by, to);
}

export function microsToDay(w: Lanes, a: Val): Val {
  const micros = asFloat(w, a);
  const err = exactOnly(w, micros, a.bound, a.n);
  const day = halves(w, 'f64x2.floor', halves(w, 'f64x2.div', micros, both(w.allF64(DAY_MICROS))));
  // Exact microseconds are fewer than 2^53, so days fit 32 bits.
  return asInt32(w, wholeToInt64(w, day, 2 ** 27, { n: a.n, err }));
}

/** Days within 32 bits, or an error. */
export function dayInRange(w: Lanes, v: Val): Val {
  if (v.rep === 'i32') return v;
  const beyond = narrowMask(
    w,
    halves(
      w,
      'v128.or',
      halves(w, 'i64x2.gt_s', v, both(w.all64(2n ** 31n - 1n))),
      halves(w, 'i64x2.lt_s', v, both(w.all64(-(2n ** 31n)))),
    ),
  );
  const err: V | null = w.or(v.err, w.without(beyond, v.n));
  return asInt32(w, { ...inType(w, { ...v, err }, { kind: 'date' }), bound: 2 ** 31 });
}
