import { bitsOf, type Lanes, type V } from './lanes.ts';
import { asInt64, both, halves, narrowMask, Unsupported, type Val, wideMask } from './values.ts';

/**
 * What is gathered of a value: how many there are, their sum, the least or greatest of them. A sum of floats comes as two double-doubles for each half of
 * the lanes, and with the greatest and least magnitude among them, which tell whether the order of its terms matters.
 */
export type Gathered = 'count' | 'trues' | 'sum' | 'least' | 'greatest';

/** Vectors, in the order they are stored. Ints: sums have two vectors of two lanes, extremes as many as their values take. */
export interface Gathering {
  readonly rep: Val['rep'];
  readonly vectors: readonly V[];
}

/** Ints are summed in 64 bits: with 2^16 terms of less than this no sum wraps. */
const SUMMED_BOUND = 2 ** 46;
const SIGN = 1n << 63n;

/** Gathers from the rows in `has`: those that count and are not null. `fail` takes lanes that make native code give up. */
export function gather(w: Lanes, what: Gathered, v: Val, has: V, fail: (lanes: V) => void): Gathering {
  if (what === 'count') return { rep: 'i32', vectors: [counted(w, has)] };
  if (what === 'trues') {
    if (v.rep !== 'mask') throw new Unsupported('counting what is no truth value');
    return { rep: 'i32', vectors: [counted(w, w.v('v128.and', v.x, has))] };
  }
  if (v.rep === 'mask') throw new Unsupported('a sum or an extreme of truth values');
  if (what === 'sum') return { rep: v.rep, vectors: v.rep === 'f64' ? summed(w, v, has) : added(w, v, has, fail) };
  return { rep: v.rep, vectors: extreme(w, v, has, what === 'least', fail) };
}

export function counted(w: Lanes, has: V): V {
  const count = w.running();
  w.body.get(count).get(has).vector('i32x4.sub').set(count);
  return count;
}

/** The vectors of a value, by the mask of its rows: those of 64 bits are two. */
function masked(w: Lanes, v: Val, has: V): { x: V; y: V } {
  return halves(w, 'v128.and', v, wideMask(w, has));
}

function added(w: Lanes, v: Val, has: V, fail: (lanes: V) => void): V[] {
  const terms = v.rep === 'i32' ? asInt64(w, { ...v, literal: null, x: w.v('v128.and', v.x, has) }) : masked(w, v, has);
  if (v.bound >= SUMMED_BOUND) {
    const moved = halves(w, 'i64x2.add', terms, both(w.all64(BigInt(SUMMED_BOUND))));
    fail(w.shift('i64x2.shr_u', moved.x, 47));
    fail(w.shift('i64x2.shr_u', moved.y, 47));
  }
  return [terms.x, terms.y].map((term) => {
    const sum = w.running();
    w.body.get(sum).get(term).vector('i64x2.add').set(sum);
    return sum;
  });
}

/** high and low part of the sum of each half, then the greatest and the least magnitude but 0 of all. */
function summed(w: Lanes, v: Val, has: V): V[] {
  const terms = masked(w, v, has);
  const most = w.running();
  const least = starting(w, bitsOf(Number.POSITIVE_INFINITY));
  const parts = [terms.x, terms.y].flatMap((x) => {
    const [hi, lo] = [w.running(), w.running()];
    const s = w.v('f64x2.add', hi, x);
    const b = w.v('f64x2.sub', s, hi);
    const lost = w.v('f64x2.add', w.v('f64x2.sub', hi, w.v('f64x2.sub', s, b)), w.v('f64x2.sub', x, b));
    const l = w.v('f64x2.add', lo, lost);
    const t = w.v('f64x2.add', s, l);
    w.body.get(t).set(hi);
    w.body.get(w.v('f64x2.sub', l, w.v('f64x2.sub', t, s))).set(lo);
    const size = w.v('f64x2.abs', x);
    w.body.get(w.v('f64x2.pmax', most, size)).set(most);
    const zero = w.v('f64x2.eq', x, w.all64(0n));
    const but0 = w.v('v128.or', size, w.v('v128.and', zero, w.allF64(Number.POSITIVE_INFINITY)));
    w.body.get(w.v('f64x2.pmin', least, but0)).set(least);
    return [hi, lo];
  });
  return [...parts, most, least];
}

/** A vector that lives from turn to turn, with these bits in each half at first. */
function starting(w: Lanes, bits: bigint): V {
  const local = w.running();
  w.head.get(w.all64(bits)).set(local);
  return local;
}

function extreme(w: Lanes, v: Val, has: V, least: boolean, fail: (lanes: V) => void): V[] {
  if (v.rep === 'i32') {
    const word = least ? 0x7fffffffn : 0x80000000n;
    const held = starting(w, (word << 32n) | word);
    const x = w.pick(has, v.x, w.all64((word << 32n) | word));
    w.body.get(w.v(least ? 'i32x4.min_s' : 'i32x4.max_s', held, x)).set(held);
    return [held];
  }
  const mask = wideMask(w, has);
  if (v.rep === 'i64') {
    const none = least ? SIGN - 1n : SIGN;
    return ([['x', mask.x] as const, ['y', mask.y] as const] as const).map(([half, m]) => {
      const held = starting(w, none);
      const x = w.pick(m, v[half], w.all64(none));
      const better = w.v(least ? 'i64x2.lt_s' : 'i64x2.gt_s', x, held);
      w.body.get(w.pick(better, x, held)).set(held);
      return held;
    });
  }
  // Which of equal numbers is the first shows only in the sign of zero; and nan is greater than any number.
  const odd = halves(w, 'v128.or', halves(w, 'f64x2.ne', v, v), halves(w, 'i64x2.eq', v, both(w.all64(SIGN))));
  fail(w.v('v128.and', narrowMask(w, odd), has));
  const none = least ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  return ([['x', mask.x] as const, ['y', mask.y] as const] as const).map(([half, m]) => {
    const held = starting(w, bitsOf(none));
    const x = w.pick(m, v[half], w.allF64(none));
    w.body.get(w.v(least ? 'f64x2.pmin' : 'f64x2.pmax', held, x)).set(held);
    return held;
  });
}
