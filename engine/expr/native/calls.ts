import type { CallExpr, IntervalValue } from '../../expr.ts';
import { DAY_MICROS } from '../../functions/limits.ts';
import type { DataType } from '../../types.ts';
import type { VectorOp } from '../../wasm/opcodes.ts';
import { argAs, overloadOf } from '../gen_call.ts';
import {
  addInts,
  divideInts,
  floatOp,
  floatUnary,
  magnitude,
  multiplyInts,
  negate,
  type Rounding,
  roundFloats,
  scaleDown,
  signOf,
  subtractInts,
} from './arithmetic.ts';
import { dayInRange } from './casts.ts';
import { type Comparison, compare, test } from './comparisons.ts';
import { type ClockPart, clockPart, type DatePart, datePart, truncated } from './dates.ts';
import type { NativeGen } from './gen.ts';
import type { Lanes, V } from './lanes.ts';
import { asInt64, both, halves, mask, masksOf, narrowMask, pickValue, Unsupported, unify, type Val } from './values.ts';

/** A call whose arguments are in the types of its overload. */
interface Call {
  readonly g: NativeGen;
  readonly w: Lanes;
  readonly e: CallExpr;
  readonly params: readonly DataType[];
  readonly result: DataType;
  readonly arg: (k: number) => Val;
}

export function genCall(g: NativeGen, e: CallExpr): Val {
  const { def, overload } = overloadOf(e);
  const make = CALLS[def.name];
  if (make === undefined) throw new Unsupported(`${def.name}()`);
  const [have, want] = [overload.result, e.type];
  const same =
    have.kind === want.kind && (have.kind !== 'decimal' || want.kind !== 'decimal' || have.scale === want.scale);
  if (!same)
    return g.gen({
      kind: 'cast',
      arg: { ...e, type: have },
      safe: false,
      type: want,
      nullable: e.nullable,
      span: e.span,
    });
  const { params } = overload;
  const arg = (k: number): Val => g.gen(argAs(e.args[k] as CallExpr, params[k] as DataType));
  return make({ g, w: g.w, e, params, result: want, arg });
}

const isFloat = (t: DataType): boolean => t.kind === 'float';
const isExact = (t: DataType): boolean => t.kind === 'int' || t.kind === 'decimal';

function unsupported(c: Call): never {
  throw new Unsupported(`${c.e.fn} of ${c.params.map((t) => t.kind).join(', ')}`);
}

type IntOp = (w: Lanes, a: Val, b: Val, t: DataType) => Val;

function arithmetic(op: VectorOp, ints: IntOp): (c: Call) => Val {
  return (c) => {
    if (isFloat(c.result)) return floatOp(c.w, op, c.arg(0), c.arg(1));
    const [a, b] = c.params as [DataType, DataType];
    if ((isExact(a) && isExact(b)) || (a.kind === 'date' && b.kind === 'date'))
      return ints(c.w, c.arg(0), c.arg(1), c.result);
    return shifted(c, ints);
  };
}

/** A date and days; a date or timestamp and a constant interval without months. */
function shifted(c: Call, ints: IntOp): Val {
  const { g, w, e, params } = c;
  const moved = params.findIndex((t) => t.kind === 'date' || t.kind === 'timestamp');
  const by = 1 - moved;
  if (moved < 0 || params.length !== 2) return unsupported(c);
  const [t, other] = [params[moved] as DataType, params[by] as DataType];
  const instant = asInt64(w, c.arg(moved));
  if (t.kind === 'date' && other.kind === 'int')
    return dayInRange(w, ints(w, instant, asInt64(w, c.arg(by)), { kind: 'int' }));
  const constant = e.args[by];
  if (other.kind !== 'interval' || constant?.kind !== 'literal' || constant.value === null) return unsupported(c);
  const { months, days, micros } = constant.value as IntervalValue;
  if (months !== 0 || (t.kind === 'date' && micros !== 0)) return unsupported(c);
  const amount = t.kind === 'date' ? BigInt(days) : BigInt(days) * BigInt(DAY_MICROS) + BigInt(micros);
  const step = asInt64(w, g.literal({ kind: 'int' }, amount));
  const r = ints(w, instant, step, { kind: 'int' });
  return t.kind === 'date' ? dayInRange(w, r) : r;
}

function division(remainder: boolean): (c: Call) => Val {
  return (c) => {
    const { w } = c;
    if (!isFloat(c.result)) return divideInts(w, c.arg(0), c.arg(1), remainder, c.result);
    if (remainder) return unsupported(c);
    return floatUnary(w, 'f64x2.trunc', floatOp(w, 'f64x2.div', c.arg(0), c.arg(1)));
  };
}

const comparison =
  (op: Comparison) =>
  (c: Call): Val =>
    compare(c.w, op, c.arg(0), c.arg(1), c.params[0] as DataType);

/** Of floats to whole numbers; of ints and decimals to a constant number of places. */
function rounding(how: Rounding, make: (w: Lanes, a: Val) => Val): (c: Call) => Val {
  return (c) => {
    const { w, e, params, result } = c;
    const places = e.args[1] === undefined ? 0 : e.args[1].kind === 'literal' ? e.args[1].value : null;
    if (isFloat(result)) return places === 0 ? make(w, c.arg(0)) : unsupported(c);
    const from = params[0] as DataType;
    const scale = from.kind === 'decimal' ? from.scale : 0;
    if (typeof places !== 'number' || places < 0) return unsupported(c);
    return places >= scale ? c.arg(0) : scaleDown(w, c.arg(0), scale - places, how, result);
  };
}

const numeric =
  (make: (w: Lanes, a: Val, t: DataType) => Val) =>
  (c: Call): Val =>
    isFloat(c.result) || isExact(c.result) ? make(c.w, c.arg(0), c.result) : unsupported(c);

function extreme(op: Comparison): (c: Call) => Val {
  return (c) => {
    const { w } = c;
    const t = c.params[0] as DataType;
    const vals = unify(
      w,
      c.params.map((_, k) => c.arg(k)),
    );
    let best = vals[0] as Val;
    for (const v of vals.slice(1)) {
      const taken = w.without(w.or(test(w, op, v, best, t), best.n), v.n) as V;
      const picked = pickValue(w, taken, v, best);
      const n = best.n === null || v.n === null ? null : w.v('v128.and', best.n, v.n);
      const bound = Math.max(best.bound, v.bound);
      best = { rep: best.rep, ...picked, n, err: w.or(best.err, v.err), bound, literal: null };
    }
    return best;
  };
}

function clamp(c: Call): Val {
  const { w } = c;
  const t = c.params[0] as DataType;
  const [v, low, high] = unify(w, [c.arg(0), c.arg(1), c.arg(2)]) as [Val, Val, Val];
  const top = { ...v, ...pickValue(w, test(w, 'gt', v, high, t), high, v) };
  const bound = Math.max(v.bound, low.bound, high.bound);
  return {
    ...v,
    ...pickValue(w, test(w, 'lt', v, low, t), low, top),
    ...masksOf(w, [v, low, high]),
    bound,
    literal: null,
  };
}

function nullif(c: Call): Val {
  const { w } = c;
  const [a, b] = [c.arg(0), c.arg(1)];
  const equal = w.without(w.without(test(w, 'eq', a, b, c.params[0] as DataType), a.n), b.n);
  return { ...a, n: w.or(a.n, equal), err: w.or(a.err, b.err) };
}

function floatTest(c: Call): Val {
  const { w } = c;
  const a = c.arg(0);
  const size = halves(w, 'f64x2.abs', a);
  const infinite = both(w.allF64(Number.POSITIVE_INFINITY));
  switch (c.e.fn) {
    case 'isnan':
      return mask(narrowMask(w, halves(w, 'f64x2.ne', a, a)), a);
    case 'isinf':
      return mask(narrowMask(w, halves(w, 'f64x2.eq', size, infinite)), a);
    default:
      return mask(narrowMask(w, halves(w, 'f64x2.lt', size, infinite)), a);
  }
}

const dated =
  (part: DatePart) =>
  (c: Call): Val =>
    datePart(c.w, part, c.arg(0), c.params[0] as DataType);

const clocked =
  (part: ClockPart) =>
  (c: Call): Val =>
    clockPart(c.w, part, c.arg(0), c.params[0] as DataType);

function truncate(c: Call): Val {
  const unit = c.e.args[0];
  if (unit?.kind !== 'literal' || typeof unit.value !== 'string') return unsupported(c);
  const made = truncated(c.w, unit.value.toLowerCase(), c.arg(1), c.params[1] as DataType);
  return made ?? unsupported(c);
}

/** Quotients of anything are floats; sums, products and the like may make nan of what is none. */
const CALLS: Readonly<Record<string, (c: Call) => Val>> = {
  add: arithmetic('f64x2.add', addInts),
  sub: arithmetic('f64x2.sub', subtractInts),
  mul: arithmetic('f64x2.mul', multiplyInts),
  div: (c) => floatOp(c.w, 'f64x2.div', c.arg(0), c.arg(1)),
  intdiv: division(false),
  mod: division(true),
  neg: numeric(negate),
  abs: numeric(magnitude),
  sign: (c) =>
    isFloat(c.params[0] as DataType) || isExact(c.params[0] as DataType) ? signOf(c.w, c.arg(0)) : unsupported(c),
  sqrt: (c) => floatUnary(c.w, 'f64x2.sqrt', c.arg(0)),
  floor: rounding('floor', (w, a) => floatUnary(w, 'f64x2.floor', a)),
  ceil: rounding('ceil', (w, a) => floatUnary(w, 'f64x2.ceil', a)),
  trunc: rounding('trunc', (w, a) => floatUnary(w, 'f64x2.trunc', a)),
  round: rounding('round', roundFloats),
  eq: comparison('eq'),
  ne: comparison('ne'),
  lt: comparison('lt'),
  le: comparison('le'),
  gt: comparison('gt'),
  ge: comparison('ge'),
  not: (c) => {
    const a = c.arg(0);
    return mask(c.w.v('v128.not', a.x), a);
  },
  isnan: floatTest,
  isinf: floatTest,
  isfinite: floatTest,
  greatest: extreme('gt'),
  least: extreme('lt'),
  clamp,
  nullif,
  year: dated('year'),
  quarter: dated('quarter'),
  month: dated('month'),
  day: dated('day'),
  dayofyear: dated('dayofyear'),
  weekday: dated('weekday'),
  dayofweek: dated('dayofweek'),
  hour: clocked('hour'),
  minute: clocked('minute'),
  second: clocked('second'),
  millisecond: clocked('millisecond'),
  microsecond: clocked('microsecond'),
  date_trunc: truncate,
};
