import type { Expr, LambdaExpr, LiteralExpr, LiteralValue, SourceSpan } from '../../engine/expr.ts';
import { exprChildren, rewriteExpr } from '../../engine/expr.ts';
import type { DataType, Field } from '../../engine/types.ts';
import { T, typeEquals } from '../../engine/types.ts';

/**
 * The type of what is wrong and has been reported. It is told apart by identity: as a `null` type it fits everywhere,
 * so nothing that follows from the mistake is reported again. It never leaves the binder, since a file with errors has no plan.
 */
export const UNKNOWN: DataType = Object.freeze({ kind: 'null' });

export function isUnknown(e: { readonly type: DataType }): boolean {
  return e.type === UNKNOWN;
}

export function unknown(): LiteralExpr {
  return { kind: 'literal', type: UNKNOWN, nullable: true, value: null };
}

export function column(field: Field): Expr {
  return { kind: 'column', name: field.name, type: field.type, nullable: field.nullable };
}

export function literal(type: DataType, value: LiteralValue): LiteralExpr {
  return { kind: 'literal', type, nullable: value === null, value };
}

export const TRUE = literal(T.bool, true);

export function isNullLiteral(e: Expr): boolean {
  return e.kind === 'literal' && e.value === null;
}

/** Same meaning: equal apart from the places in the file. */
export function sameExpr(a: Expr, b: Expr): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind || !typeEquals(a.type, b.type) || !sameHead(a, b)) return false;
  const left = exprChildren(a);
  const right = exprChildren(b);
  return left.length === right.length && left.every((kid, i) => sameExpr(kid, right[i] as Expr));
}

function sameHead(a: Expr, b: Expr): boolean {
  if (a.kind === 'column') return b.kind === 'column' && a.name === b.name;
  if (a.kind === 'literal') return b.kind === 'literal' && sameValue(a.value, b.value);
  if (a.kind === 'call') return b.kind === 'call' && a.fn === b.fn;
  if (a.kind === 'host') return b.kind === 'host' && a.fn.id === b.fn.id;
  if (a.kind === 'cast') return b.kind === 'cast' && a.safe === b.safe;
  if (a.kind === 'in') {
    return b.kind === 'in' && a.negated === b.negated && a.hasNull === b.hasNull && sameValue(a.values, b.values);
  }
  if (a.kind === 'lambda') return b.kind === 'lambda' && sameParams(a, b);
  if (a.kind === 'local') return b.kind === 'local' && a.level === b.level;
  return b.kind === 'case' && a.branches.length === b.branches.length;
}

function sameParams(a: LambdaExpr, b: LambdaExpr): boolean {
  return a.params.length === b.params.length && a.params.every((param, i) => sameExpr(param, b.params[i] as Expr));
}

function sameValue(a: LiteralValue, b: LiteralValue): boolean {
  if (Object.is(a, b)) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  const left = Object.entries(a);
  const right = new Map<string, LiteralValue>(Object.entries(b));
  return (
    left.length === right.size &&
    left.every(([key, value]) => right.has(key) && sameValue(value, right.get(key) ?? null))
  );
}

/** Names of columns replaced by expressions; a name that `by` does not know stays. */
export function substitute(e: Expr, by: (name: string) => Expr | undefined): Expr {
  return rewriteExpr(e, (x) => {
    if (x.kind !== 'column') return x;
    const found = by(x.name);
    return found === undefined ? x : withSpan(found, x.span);
  });
}

function withSpan(e: Expr, span: SourceSpan | undefined): Expr {
  return span === undefined ? e : { ...e, span };
}
