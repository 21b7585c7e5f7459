import type { DataType } from '../../types.ts';
import type { VectorOp } from '../../wasm/opcodes.ts';
import type { Lanes, V } from './lanes.ts';
import { asInt64, halves, mask, masksOf, narrowMask, Unsupported, type Val } from './values.ts';

export type Comparison = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge';

const SIGNED: Readonly<Record<Comparison, '_s' | ''>> = { eq: '', ne: '', lt: '_s', le: '_s', gt: '_s', ge: '_s' };

/** Strict: null where a side is. */
export function compare(w: Lanes, op: Comparison, a: Val, b: Val, t: DataType): Val {
  return mask(test(w, op, a, b, t), masksOf(w, [a, b]));
}

/** The mask of a comparison of two values of one type, nulls aside. */
export function test(w: Lanes, op: Comparison, a: Val, b: Val, t: DataType): V {
  switch (t.kind) {
    case 'bool':
      return testBools(w, op, a.x, b.x);
    case 'float':
      return narrowMask(w, testFloats(w, op, a, b));
    case 'date':
    case 'int':
    case 'decimal':
    case 'time':
    case 'timestamp': {
      const name = `${op}${SIGNED[op]}` as const;
      if (a.rep === 'i32' && b.rep === 'i32') return w.v(`i32x4.${name}` as VectorOp, a.x, b.x);
      return narrowMask(w, halves(w, `i64x2.${name}` as VectorOp, asInt64(w, a), asInt64(w, b)));
    }
    default:
      throw new Unsupported(`${t.kind} comparison`);
  }
}

function testBools(w: Lanes, op: Comparison, a: V, b: V): V {
  switch (op) {
    case 'eq':
      return w.v('v128.not', w.v('v128.xor', a, b));
    case 'ne':
      return w.v('v128.xor', a, b);
    case 'lt':
      return w.v('v128.andnot', b, a);
    case 'gt':
      return w.v('v128.andnot', a, b);
    case 'le':
      return w.v('v128.not', w.v('v128.andnot', a, b));
    case 'ge':
      return w.v('v128.not', w.v('v128.andnot', b, a));
  }
}

/** nan equals itself and is greater than everything else. Values that cannot be nan need no test for it. */
function testFloats(w: Lanes, op: Comparison, a: Val, b: Val): { x: V; y: V } {
  const plain = halves(w, `f64x2.${op}`, a, b);
  const [sure, other] = [a.bound < Number.POSITIVE_INFINITY, b.bound < Number.POSITIVE_INFINITY];
  const is = (v: Val) => halves(w, 'f64x2.ne', v, v);
  const isNot = (v: Val) => halves(w, 'f64x2.eq', v, v);
  const or = (m: { x: V; y: V }) => halves(w, 'v128.or', plain, m);
  switch (op) {
    case 'eq':
      return sure || other ? plain : or(halves(w, 'v128.and', is(a), is(b)));
    case 'ne':
      return sure || other ? plain : halves(w, 'v128.and', plain, halves(w, 'v128.or', isNot(a), isNot(b)));
    case 'lt':
      return other ? plain : or(sure ? is(b) : halves(w, 'v128.and', is(b), isNot(a)));
    case 'le':
      return other ? plain : or(is(b));
    case 'gt':
      return sure ? plain : or(other ? is(a) : halves(w, 'v128.and', is(a), isNot(b)));
    case 'ge':
      return sure ? plain : or(is(a));
  }
}
