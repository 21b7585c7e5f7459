import { RunError } from '../../engine/errors.ts';
import { canCast } from '../../engine/expr/cast.ts';
import { evaluateConstant } from '../../engine/expr/compile.ts';
import { type CastExpr, columnsOf, type Expr, hasFreeLocals, type LiteralExpr } from '../../engine/expr.ts';
import { A_LAMBDA } from '../../engine/functions/def.ts';
import { commonTypeOf, implicitCost } from '../../engine/functions/types.ts';
import { hostFunctionsOf } from '../../engine/host/def.ts';
import { type DataType, formatType, T, typeEquals } from '../../engine/types.ts';
import type { Span } from '../../grammar/ast.ts';
import { codes } from '../diagnostics.ts';
import type { Context } from './context.ts';
import { isUnknown, literal, UNKNOWN, unknown } from './exprs.ts';

/** The expression in that type; the cast must be one that cannot go wrong on its type. Literals are converted at once. */
export function castTo(e: Expr, type: DataType): Expr {
  if (isUnknown(e) || type === UNKNOWN || typeEquals(e.type, type)) return e;
  if (e.kind === 'literal' && e.value === null) return { ...e, type };
  if (e.kind === 'lambda') return { ...e, body: castTo(e.body, type), type };
  const cast: CastExpr = { kind: 'cast', arg: e, safe: false, type, nullable: e.nullable, span: e.span };
  return e.kind === 'literal' ? tryFold(cast) : cast;
}

/** The value of an expression without columns, as a literal of its type; the expression itself when that fails. */
function tryFold(e: Expr): Expr {
  try {
    return { ...literal(e.type, evaluateConstant(e)), span: e.span };
  } catch (error) {
    if (error instanceof RunError) return e;
    throw error;
  }
}

export function isConstant(e: Expr): boolean {
  return columnsOf(e).size === 0 && !hasFreeLocals(e) && hostFunctionsOf(e).length === 0;
}

/** The value of an expression without columns; reports at `span` when evaluating it fails. */
export function foldConstant(ctx: Context, e: Expr, span: Span): LiteralExpr {
  if (e.kind === 'literal' || isUnknown(e)) return e.kind === 'literal' ? e : unknown();
  const host = hostFunctionsOf(e)[0];
  if (host !== undefined) {
    ctx.report(
      codes.constantFails,
      { why: `\`${host.name}\` is a function of the host language, and runs on rows only` },
      span,
    );
    return unknown();
  }
  try {
    return literal(e.type, evaluateConstant(e));
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    ctx.report(codes.constantFails, { why: error.message }, span, {
      suggestion: error.hint === undefined ? undefined : { text: error.hint },
    });
    return unknown();
  }
}

/** Literal values for overload resolution: undefined where an argument is no literal. */
export function literalsOf(args: readonly Expr[]): unknown[] {
  return args.map((arg) => (arg.kind === 'literal' ? arg.value : arg.kind === 'lambda' ? A_LAMBDA : undefined));
}

/** All of them in their common type; null (reported at `span`) when there is none. Unknown ones are passed over. */
export function unify(
  ctx: Context,
  what: string,
  exprs: readonly Expr[],
  span: Span,
): { type: DataType; exprs: readonly Expr[] } | null {
  const known = exprs.filter((e) => !isUnknown(e));
  const type = commonTypeOf(
    known.map((e) => e.type),
    literalsOf(known),
  );
  if (type === null) {
    const types = [...new Set(known.map((e) => formatType(e.type)))];
    ctx.report(codes.noCommonType, { what, types }, span, {
      suggestion: types.includes('string') ? { text: 'convert the others with `::string`' } : undefined,
    });
    return null;
  }
  if (known.length < exprs.length) return { type: UNKNOWN, exprs };
  return { type, exprs: exprs.map((e) => castTo(e, type)) };
}

/** Whether a value of one type may be given to a parameter of the other, without a cast in the file. */
export function fitsParam(from: DataType, to: DataType): boolean {
  // Decimals of any size go into one another: the value is checked when it runs.
  if (implicitCost(from, to) !== null || (from.kind === 'decimal' && to.kind === 'decimal')) return true;
  if (from.kind === 'list' && to.kind === 'list') return fitsParam(from.item.type, to.item.type);
  if (from.kind === 'map' && to.kind === 'map') {
    return fitsParam(from.key, to.key) && fitsParam(from.value.type, to.value.type);
  }
  if (from.kind !== 'struct' || to.kind !== 'struct') return false;
  return to.fields.every((field) => {
    const source = from.fields.find((one) => one.name === field.name);
    return source === undefined ? field.nullable : fitsParam(source.type, field.type);
  });
}

/** Whether `e::type` exists at all; whether a value converts is known when it runs. */
export function castExists(from: DataType, to: DataType): boolean {
  return canCast(from, to);
}

/** The type a text literal plainly means, for hints: `2024-05-01` is a date. */
export function typeOfText(text: string): DataType | null {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return T.date;
  if (/^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$/.test(text)) return T.timestamp;
  return null;
}
