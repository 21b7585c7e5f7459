import { EngineBug, RunError } from '../errors.ts';
import type { CallExpr, Expr, LiteralValue } from '../expr.ts';
import type { FunctionImpl } from '../functions/def.ts';
import { formatValue } from '../functions/format.ts';
import { type Int, narrow } from '../functions/ints.ts';
import { misfit, resolveFunction } from '../functions/registry.ts';
import { type DataType, formatType, typeEquals } from '../types.ts';
import { castError } from './cast.ts';
import { isIntLike, isPlain, typeBound } from './forms.ts';
import { type Gen, LEAVE, type Val } from './gen.ts';

/** Every integer up to here is exact as a number. */
const EXACT = Number.MAX_SAFE_INTEGER;

/**
 * The overload of a call: the one the compiler chose, found again from the types and literals it left behind. A constant that a rule has put in place of what was computed
 * may be one that is refused where it is written (a bad path or pattern): it is computed with like any other value.
 */
export function overloadOf(e: CallExpr): NonNullable<ReturnType<typeof resolveFunction>> {
  const types = e.args.map((a) => a.type);
  const literals = e.args.map((a) => (a.kind === 'literal' ? a.value : undefined));
  const found = resolveFunction(e.fn, types, literals) ?? resolveFunction(e.fn, types);
  if (found === null) throw new EngineBug(`call of ${e.fn}: ${misfit(e.fn, types, literals)}`);
  return found;
}

/** An argument in the type the overload wants; the compiler has cast it already, save for nulls and zones. */
export function argAs(arg: Expr, type: DataType): Expr {
  if (typeEquals(arg.type, type)) return arg;
  if (arg.kind === 'literal' && arg.value === null) return { ...arg, type };
  return { kind: 'cast', arg, safe: false, type, nullable: arg.nullable, span: arg.span };
}

/** How an implementation is applied. */
export interface Application {
  /** The node it stands for, for errors. */
  readonly node: Expr;
  readonly impl: FunctionImpl;
  readonly params: readonly DataType[];
  readonly result: DataType;
  /** The implementation sees the nulls of this argument. */
  readonly sees: (arg: number) => boolean;
  /** The implementation may give null. */
  readonly mayNull: boolean;
}

export function genCall(g: Gen, e: CallExpr): Val {
  const { def, overload } = overloadOf(e);
  if (!sameRepresentation(overload.result, e.type)) {
    const inner: Expr = { ...e, type: overload.result };
    return g.gen({ kind: 'cast', arg: inner, safe: false, type: e.type, nullable: e.nullable, span: e.span });
  }
  const args = e.args.map((a, k) => g.gen(argAs(a, overload.params[k] as DataType)));
  return apply(g, args, {
    node: e,
    impl: overload.impl,
    params: overload.params,
    result: e.type,
    sees: () => def.nulls === 'custom',
    mayNull: overload.nullable === true || def.nulls === 'custom',
  });
}

/** Of one scale, where values have one; precision and zone say nothing about representation. */
function sameRepresentation(a: DataType, b: DataType): boolean {
  if (a.kind === 'decimal' && b.kind === 'decimal') return a.scale === b.scale;
  return a.kind === b.kind;
}

/** Code for an implementation over computed arguments: null handling, representation, and the check of its range. */
export function apply(g: Gen, args: readonly Val[], a: Application): Val {
  const n = g.anyNull(args.filter((_, k) => !a.sees(k)));
  if (n === 'true') return g.nullVal(a.result);
  const bound = resultBound(args, a);
  const checks = needsCheck(g, bound, a);
  const known = checks ? Math.min(bound, typeBound(a.result), g.mode === 'num' ? EXACT : bound) : bound;
  const inline = inlineOf(g, a);
  const total = inline !== null && !checks && !a.mayNull && isPlain(a.result) && a.params.every(isPlain);
  if (n === 'false' || total) {
    if (!a.mayNull) {
      g.mark(a.node);
      const v = g.let(code(g, args, a, inline));
      return { v: settle(g, v, args, a, checks, inline), n, bound: known };
    }
  }
  return guarded(g, args, a, { n, inline, checks, bound: known });
}

function guarded(
  g: Gen,
  args: readonly Val[],
  a: Application,
  how: { readonly n: string; readonly inline: Inline | null; readonly checks: boolean; readonly bound: number },
): Val {
  const v = g.name();
  g.emit(`let ${v} = ${g.zero(a.result)};`);
  let n = how.n;
  if (a.mayNull) {
    n = g.name();
    g.emit(`let ${n} = ${how.n};`);
  }
  const compute = (): void => {
    g.mark(a.node);
    const t = g.let(code(g, args, a, how.inline));
    if (!a.mayNull) {
      g.emit(`${v} = ${settle(g, t, args, a, how.checks, how.inline)};`);
      return;
    }
    g.emit(`if (${t} === null || ${t} === undefined) ${n} = true;`);
    g.block('else', () => g.emit(`${v} = ${settle(g, t, args, a, how.checks, how.inline)};`));
  };
  if (how.n === 'false') g.block('', compute);
  else g.block(`if (!${how.n})`, compute);
  return { v, n, bound: how.bound };
}

type Inline = { readonly make: (...args: string[]) => string; readonly widen: boolean };

/** Inline code for this variant; null when the implementation is called. */
function inlineOf(g: Gen, a: Application): Inline | null {
  const { inline, inlineWide, call } = a.impl;
  if (g.mode === 'num') return inline === undefined ? null : { make: inline, widen: false };
  if (inlineWide !== undefined) return { make: inlineWide, widen: false };
  if (inline === undefined || (call !== undefined && a.params.some(isIntLike))) return null;
  return { make: inline, widen: isIntLike(a.result) };
}

function code(g: Gen, args: readonly Val[], a: Application, inline: Inline | null): string {
  if (inline !== null) {
    const text = inline.make(...args.map((x) => x.v));
    return inline.widen ? `BigInt(${text})` : text;
  }
  const { call } = a.impl;
  if (call === undefined) throw new EngineBug('an implementation has neither code nor a function for this variant');
  const given = args.map((x, k) => {
    const v = g.mode === 'wide' && isIntLike(a.params[k] as DataType) ? `${g.bind(narrow)}(${x.v})` : x.v;
    return a.sees(k) && x.n !== 'false' ? `(${x.n} ? null : ${v})` : v;
  });
  return `${g.bind(call)}(${given.join(', ')})`;
}

/** A result of the code, brought to the variant's representation and checked. */
function settle(
  g: Gen,
  t: string,
  args: readonly Val[],
  a: Application,
  checks: boolean,
  inline: Inline | null,
): string {
  if (!isIntLike(a.result)) return t;
  let v = t;
  if (inline === null) {
    if (g.mode === 'num') g.emit(`if (typeof ${t} !== 'number') return ${LEAVE};`);
    else v = g.let(`BigInt(${t})`);
  }
  if (!checks) return v;
  const fail = (): string =>
    `${g.bind(overflow(a))}(${args.map((x) => (x.n === 'false' ? x.v : `(${x.n} ? null : ${x.v})`)).join(', ')})`;
  if (g.mode === 'num') {
    if (inline !== null) g.emit(`if (${v} > ${EXACT} || ${v} < -${EXACT}) return ${LEAVE};`);
    if (a.result.kind === 'decimal' && a.result.precision <= 15) {
      const limit = g.bind(10 ** a.result.precision);
      g.emit(`if (${v} >= ${limit} || ${v} <= -${limit}) ${fail()};`);
    }
  } else if (a.result.kind === 'decimal') {
    const limit = g.bind(10n ** BigInt(a.result.precision));
    g.emit(`if (${v} >= ${limit} || ${v} <= -${limit}) ${fail()};`);
  } else g.emit(`if (BigInt.asIntN(64, ${v}) !== ${v}) ${fail()};`);
  return v;
}

function resultBound(args: readonly Val[], a: Application): number {
  const limit = typeBound(a.result);
  return a.impl.bound === undefined ? limit : a.impl.bound(...args.map((x) => x.bound));
}

/** Whether a result may leave the range of the variant, or of its type. */
function needsCheck(g: Gen, bound: number, a: Application): boolean {
  if (a.impl.mayOverflow !== true || !isIntLike(a.result)) return false;
  return g.mode === 'num' ? bound > EXACT || bound > typeBound(a.result) : bound >= typeBound(a.result);
}

const SYMBOL: Readonly<Record<string, string>> = { add: '+', sub: '-', mul: '*', intdiv: '//' };

function overflow(a: Application): (...args: (Int | null)[]) => never {
  return (...args) => {
    const shown = args.map((x, k) =>
      formatValue(a.params[k] as DataType, (typeof x === 'bigint' ? narrow(x) : x) as LiteralValue),
    );
    if (a.node.kind === 'cast') throw castError(args[0] as LiteralValue, a.params[0] as DataType, a.result);
    const fn = a.node.kind === 'call' ? a.node.fn : '';
    const infix = SYMBOL[fn];
    const text = infix === undefined ? `${fn}(${shown.join(', ')})` : shown.join(` ${infix} `);
    const hint =
      a.result.kind === 'decimal'
        ? 'cast a side to fewer digits, or to float'
        : 'cast a side to decimal(38, 0), or to float';
    throw new RunError('FLOW7005', `${text} does not fit ${formatType(a.result)}`, { value: text }, hint);
  };
}
