import type { CallExpr, CaseExpr, Expr, InExpr } from '../../expr.ts';
import type { DataType } from '../../types.ts';
import { isIntLike } from '../forms.ts';
import { argAs, overloadOf } from '../gen_call.ts';
import { operands } from '../gen_special.ts';
import { nullMask } from './columns.ts';
import { test } from './comparisons.ts';
import type { NativeGen } from './gen.ts';
import type { V } from './lanes.ts';
import { mask, masksOf, pickValue, repOf, Unsupported, unify, type Val } from './values.ts';

/** `and`, `or`: an operand that decides makes what comes after it matter no more, its errors neither. */
export function genChain(g: NativeGen, e: CallExpr): Val {
  const { w } = g;
  const any = e.fn === 'or';
  let decided: V | null = null;
  let n: V | null = null;
  let err: V | null = null;
  for (const x of operands(e)) {
    const v = g.gen(argAs(x, e.type));
    err = w.or(err, w.without(v.err, decided));
    n = w.or(n, v.n);
    const decides = any ? v.x : w.v('v128.not', v.x);
    decided = w.or(decided, w.without(decides, v.n));
  }
  const yes = decided as V;
  return mask(any ? yes : w.v('v128.not', yes), { n: w.without(n, yes), err });
}

export function genCase(g: NativeGen, branches: CaseExpr['branches'], otherwise: Expr, type: DataType): Val {
  const { w } = g;
  const whens = branches.map((b) => g.gen(argAs(b.when, { kind: 'bool' })));
  const thens = unify(
    w,
    [...branches.map((b) => b.then), otherwise].map((x) => g.gen(argAs(x, type))),
  );
  let result = thens.at(-1) as Val;
  for (let k = whens.length - 1; k >= 0; k--) {
    const when = whens[k] as Val;
    const then = thens[k] as Val;
    const taken = w.without(when.x, when.n) as V;
    result = {
      ...result,
      ...pickValue(w, taken, then, result),
      n: w.pickMask(taken, then.n, result.n),
      err: w.or(when.err, w.pickMask(taken, then.err, result.err)),
      bound: Math.max(then.bound, result.bound),
      literal: null,
    };
  }
  return result;
}

export function genCoalesce(g: NativeGen, e: CallExpr): Val {
  const { w } = g;
  const all: Val[] = [];
  for (const a of e.args) {
    const v = g.gen(argAs(a, e.type));
    all.push(v);
    if (v.n === null) break;
  }
  const vals = unify(w, all);
  let result = vals.at(-1) as Val;
  for (const v of vals.slice(0, -1).reverse()) {
    const missing = v.n as V;
    result = {
      ...result,
      ...pickValue(w, missing, result, v),
      n: w.and(result.n, missing),
      err: w.or(v.err, w.and(result.err, missing)),
      bound: Math.max(v.bound, result.bound),
      literal: null,
    };
  }
  return result;
}

const isNull = (e: Expr): boolean => e.kind === 'literal' && e.value === null;

/** `is`, `isnot`: null-safe, never null. */
export function genIs(g: NativeGen, e: CallExpr): Val {
  const { w } = g;
  const { overload } = overloadOf(e);
  const [left, right] = e.args as [Expr, Expr];
  const flip = (m: V): V => (e.fn === 'isnot' ? w.v('v128.not', m) : m);
  if (isNull(left) || isNull(right)) {
    const other = isNull(right) ? left : right;
    if (other.kind === 'column') return mask(flip(nullMask(g, other.name) ?? w.all64(0n)), { n: null, err: null });
    const v = g.gen(other);
    return mask(flip(v.n ?? w.all64(0n)), { n: null, err: v.err });
  }
  const t = overload.params[0] as DataType;
  const [a, b] = [left, right].map((x, k) => g.gen(argAs(x, overload.params[k] as DataType))) as [Val, Val];
  const { n, err } = masksOf(w, [a, b]);
  const equal = test(w, 'eq', a, b, t);
  if (n === null) return mask(flip(equal), { n: null, err });
  const none = w.all64(0n);
  const bothNull = w.v('v128.not', w.v('v128.xor', a.n ?? none, b.n ?? none));
  return mask(flip(w.pick(n, bothNull, equal)), { n: null, err });
}

/** Longer lists are looked up by JavaScript. */
const LONGEST_LIST = 16;

/** IN over constants. */
export function genIn(g: NativeGen, e: InExpr): Val {
  const { w } = g;
  const t = e.arg.type;
  const values = e.values.filter((x) => x !== null);
  if (values.length > LONGEST_LIST) throw new Unsupported(`a list of more than ${LONGEST_LIST} values`);
  if (!isIntLike(t) && t.kind !== 'date' && t.kind !== 'float' && t.kind !== 'bool') repOf(t);
  const arg = g.gen(e.arg);
  let found: V = w.all64(0n);
  for (const x of values) found = w.or(found, test(w, 'eq', arg, g.literal(t, x), t)) as V;
  const v = e.negated ? w.v('v128.not', found) : found;
  if (!e.hasNull) return mask(v, arg);
  return mask(v, { n: w.or(arg.n, w.v('v128.not', found)), err: arg.err });
}
