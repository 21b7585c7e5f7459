import { RunError } from '../../engine/errors.ts';
import { castFn } from '../../engine/expr/cast.ts';
import type { CallExpr, Expr, LambdaExpr, LiteralValue, LocalExpr } from '../../engine/expr.ts';
import type { Overload } from '../../engine/functions/def.ts';
import { resolveFunction } from '../../engine/functions/registry.ts';
import { type DataType, typeEquals } from '../../engine/types.ts';
import { canonical, INTEGERS, literalForm, order } from './values.ts';

/** One row at a time, in the plainest way: every integer a bigint, every null looked at, nothing shared, nothing compiled. */

export type Row = Readonly<Record<string, LiteralValue>>;

/** A data error, whatever its words. */
export const FAILS: unique symbol = Symbol('fails');

export function interpret(e: Expr, row: Row): LiteralValue | typeof FAILS {
  try {
    return canonical(e.type, evaluate(e, row));
  } catch (error) {
    if (error instanceof RunError) return FAILS;
    throw error;
  }
}

/** Whether a filter keeps the row: its terms in order, none behind one that is not true: `where a and b` is `where a | where b`. */
export function passes(predicate: Expr, row: Row): boolean | typeof FAILS {
  if (predicate.kind !== 'call' || predicate.fn !== 'and') {
    const v = interpret(predicate, row);
    return v === FAILS ? v : v === true;
  }
  for (const term of predicate.args) {
    const v = passes(term, row);
    if (v !== true) return v;
  }
  return true;
}

function fail(): never {
  throw new RunError('FLOW7005', 'fails');
}

function evaluate(e: Expr, row: Row): LiteralValue {
  switch (e.kind) {
    case 'column':
      return row[e.name] ?? null;
    case 'literal':
      return e.value;
    case 'cast':
      return cast(evaluate(e.arg, row), e.arg.type, e.type, e.safe);
    case 'case':
      for (const b of e.branches) if (evaluate(b.when, row) === true) return evaluate(b.then, row);
      return evaluate(e.otherwise, row);
    case 'in': {
      const v = evaluate(e.arg, row);
      if (v === null) return null;
      const t = e.arg.type;
      if (e.values.some((x) => x !== null && order(t, v, x) === 0)) return !e.negated;
      return e.hasNull ? null : e.negated;
    }
    case 'call':
      return evaluateCall(e, row);
    case 'local':
      return row[localName(e)] ?? null;
    case 'lambda':
      throw new Error('a lambda outside of a call');
    case 'host':
      throw new Error('functions of the host language are tested elsewhere');
  }
}

function cast(v: LiteralValue, from: DataType, to: DataType, safe: boolean): LiteralValue {
  if (v === null || typeEquals(from, to)) return v;
  const fn = castFn(from, to);
  if (fn === null) throw new Error(`no cast from ${from.kind} to ${to.kind}`);
  const r = fn(v);
  return r === null && !safe ? fail() : r;
}

function evaluateCall(e: CallExpr, row: Row): LiteralValue {
  const lazy = LAZY[e.fn];
  if (lazy !== undefined) return lazy(e, row);
  const lambda = e.args.find((a): a is LambdaExpr => a.kind === 'lambda');
  if (lambda !== undefined) return evaluateLambda(e, lambda, row);
  const types = e.args.map((a) => a.type);
  const found = resolveFunction(
    e.fn,
    types,
    e.args.map((a) => (a.kind === 'literal' ? a.value : undefined)),
  );
  if (found === null) throw new Error(`no ${e.fn}`);
  const args = e.args.map((a, k) => cast(evaluate(a, row), a.type, found.overload.params[k] as DataType, false));
  if (found.def.nulls !== 'custom' && args.includes(null)) return null;
  const own = OWN[e.fn]?.(found.overload.params, e.type, args);
  if (own !== undefined) return own;
  const call = (found.overload.impl.call as Call | undefined) ?? inlined(found.overload);
  if (call === undefined) throw new Error(`the interpreter does not know ${e.fn}`);
  const given = args.map((v, k) => literalForm(found.overload.params[k] as DataType, v));
  return ranged(e.type, call(...given) ?? null);
}

type Call = (...args: readonly LiteralValue[]) => LiteralValue;

/** An implementation that is text of one expression, over bigints where it has such. */
function inlined({ impl, params }: Overload): Call | undefined {
  const text = impl.inlineWide ?? impl.inline;
  if (text === undefined) return undefined;
  const names = params.map((_, k) => `x${k}`);
  // Names of ours, and the text of the registry.
  // oxlint-disable-next-line typescript/no-implied-eval
  const made = new Function(...names, `return ${text(...names)};`) as Call;
  const wide = impl.inlineWide !== undefined;
  const isInteger = params.map((t) => INTEGERS.includes(t.kind));
  return (...args) => made(...args.map((v, k) => (v !== null && wide && isInteger[k] ? BigInt(v as number) : v)));
}

/** Parameters of lambdas stand in the row beside its columns. */
const localName = (e: LocalExpr): string => `\0local ${e.level}`;

/** The lambda once for each item, in order. */
function evaluateLambda(e: CallExpr, lambda: LambdaExpr, row: Row): LiteralValue {
  const [list, ...rest] = e.args.filter((a) => a !== lambda).map((a) => evaluate(a, row)) as [
    LiteralValue,
    ...LiteralValue[],
  ];
  if (list === null) return null;
  const items = list as readonly LiteralValue[];
  const body = (...values: LiteralValue[]): LiteralValue =>
    evaluate(lambda.body, {
      ...row,
      ...Object.fromEntries(lambda.params.map((p, k) => [localName(p), values[k] ?? null])),
    });
  switch (e.fn) {
    case 'list_transform':
      return items.map((x, i) => body(x, BigInt(i)));
    case 'list_filter':
      return items.filter((x, i) => body(x, BigInt(i)) === true);
    case 'list_any':
    case 'list_all': {
      const truths = items.map((x, i) => body(x, BigInt(i)));
      const decides = e.fn === 'list_any';
      return truths.includes(decides) ? decides : truths.includes(null) ? null : !decides;
    }
    case 'list_sort': {
      const keyed = items.map((x, i) => ({ x, key: body(x, BigInt(i)) }));
      const sign = rest[0] === 'desc' ? -1 : 1;
      keyed.sort(({ key: a }, { key: b }) =>
        a === null || b === null ? Number(a === null) - Number(b === null) : sign * order(lambda.body.type, a, b),
      );
      return keyed.map(({ x }) => x);
    }
    case 'list_reduce': {
      const [first, ...others] = rest.length > 0 ? [rest[0] as LiteralValue, ...items] : items;
      return others.reduce<LiteralValue>((acc, x, i) => body(acc, x, BigInt(i + 1 - rest.length)), first ?? null);
    }
    case 'map_filter':
      return entriesOf(items).filter((x) => body(x.key, x.value) === true) as LiteralValue;
    case 'map_transform_values':
      return entriesOf(items).map((x) => ({ key: x.key, value: body(x.key, x.value) })) as LiteralValue;
    default:
      throw new Error(`the interpreter does not know ${e.fn}`);
  }
}

type Entry = { readonly key: LiteralValue; readonly value: LiteralValue };
const entriesOf = (items: readonly LiteralValue[]): readonly Entry[] => items as unknown as readonly Entry[];

const LAZY: Readonly<Record<string, (e: CallExpr, row: Row) => LiteralValue>> = {
  and: (e, row) => {
    const [a, b] = e.args as [Expr, Expr];
    const x = evaluate(a, row);
    if (x === false) return false;
    const y = evaluate(b, row);
    return y === false ? false : x === null || y === null ? null : true;
  },
  or: (e, row) => {
    const [a, b] = e.args as [Expr, Expr];
    const x = evaluate(a, row);
    if (x === true) return true;
    const y = evaluate(b, row);
    return y === true ? true : x === null || y === null ? null : false;
  },
  coalesce: (e, row) => {
    for (const a of e.args) {
      const v = cast(evaluate(a, row), a.type, e.type, false);
      if (v !== null) return v;
    }
    return null;
  },
  if: (e, row) => {
    const [when, then, otherwise] = e.args as [Expr, Expr, Expr | undefined];
    if (evaluate(when, row) === true) return evaluate(then, row);
    return otherwise === undefined ? null : evaluate(otherwise, row);
  },
};

/** An integer result must fit its type. */
function ranged(t: DataType, v: LiteralValue): LiteralValue {
  if (v === null || !INTEGERS.includes(t.kind)) return v;
  const n = BigInt(v as number | bigint);
  const limit = t.kind === 'decimal' ? 10n ** BigInt(t.precision) : 2n ** 63n;
  return n >= limit || n < -limit || (t.kind === 'decimal' && n === -limit) ? fail() : n;
}

type Own = (params: readonly DataType[], result: DataType, args: readonly LiteralValue[]) => LiteralValue | undefined;

/** Arithmetic by bigint for integers, by number for floats; undefined for other types. */
function numeric(int: (a: bigint, b: bigint) => bigint, float: (a: number, b: number) => number): Own {
  return (params, result, [a, b]) => {
    const t = params[0] as DataType;
    if (t.kind === 'float') return float(a as number, b as number);
    if ((t.kind !== 'int' && t.kind !== 'decimal') || params[1]?.kind === 'interval' || params[1]?.kind === 'date')
      return undefined;
    return ranged(result, int(BigInt(a as number), BigInt(b as number)));
  };
}

const nonZero = (b: bigint): bigint => (b === 0n ? fail() : b);

const comparison =
  (test: (c: number) => boolean): Own =>
  (params, _, args) => {
    return test(order(params[0] as DataType, args[0] as LiteralValue, args[1] as LiteralValue));
  };

const same =
  (equal: boolean): Own =>
  (params, _, [a, b]) => {
    if (a === null || b === null) return (a === b) === equal;
    return (order(params[0] as DataType, a as LiteralValue, b as LiteralValue) === 0) === equal;
  };

const OWN: Readonly<Record<string, Own>> = {
  add: (params, result, args) => {
    if (result.kind === 'string') return `${args[0]}${args[1]}`;
    return numeric(
      (a, b) => a + b,
      (a, b) => a + b,
    )(params, result, args);
  },
  sub: (params, result, args) => {
    if (params[0]?.kind === 'date' && params[1]?.kind === 'date') return (args[0] as number) - (args[1] as number);
    return numeric(
      (a, b) => a - b,
      (a, b) => a - b,
    )(params, result, args);
  },
  mul: numeric(
    (a, b) => a * b,
    (a, b) => a * b,
  ),
  div: (_p, _r, [a, b]) => (a as number) / (b as number),
  intdiv: numeric(
    (a, b) => a / nonZero(b),
    (a, b) => Math.trunc(a / b),
  ),
  mod: numeric(
    (a, b) => a % nonZero(b),
    (a, b) => a % b,
  ),
  neg: ([t], result, [a]) => (t?.kind === 'float' ? -(a as number) : ranged(result, -BigInt(a as number))),
  abs: ([t], result, [a]) => {
    if (t?.kind === 'float') return Math.abs(a as number);
    const n = BigInt(a as number);
    return ranged(result, n < 0n ? -n : n);
  },
  sign: ([t], _, [a]) => {
    if (t?.kind === 'float' && Number.isNaN(a)) return Number.NaN;
    return (a as number) > 0 ? 1 : (a as number) < 0 ? -1 : 0;
  },
  eq: comparison((c) => c === 0),
  ne: comparison((c) => c !== 0),
  lt: comparison((c) => c < 0),
  le: comparison((c) => c <= 0),
  gt: comparison((c) => c > 0),
  ge: comparison((c) => c >= 0),
  is: same(true),
  isnot: same(false),
  not: (_p, _r, [a]) => !(a as boolean),
  concat: (_p, _r, args) => args.join(''),
  sqrt: (_p, _r, [a]) => Math.sqrt(a as number),
  isnan: (_p, _r, [a]) => Number.isNaN(a),
};
