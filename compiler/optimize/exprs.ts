import { columnsOf, type Expr, exprChildren, type NamedExpr, rewriteExpr } from '../../engine/expr.ts';
import { isNumeric, T } from '../../engine/types.ts';

/** Replaces columns by the expressions that compute them. */
export function substitute(e: Expr, defs: ReadonlyMap<string, Expr>): Expr {
  return rewriteExpr(e, (x) => (x.kind === 'column' ? (defs.get(x.name) ?? x) : x));
}

export function definitions(outputs: readonly NamedExpr[]): Map<string, Expr> {
  return new Map(outputs.map((o) => [o.name, o.expr]));
}

/** Costs nothing to compute twice. */
export function isTrivial(e: Expr): boolean {
  return e.kind === 'column' || e.kind === 'literal';
}

/** Calls a function of the host language: not to be called twice for what was written once. */
export function callsHost(e: Expr): boolean {
  return e.kind === 'host' || exprChildren(e).some(callsHost);
}

/** What a function of the host language gave is among the columns it reads. */
export function readsHost(e: Expr, defs: ReadonlyMap<string, Expr>): boolean {
  return [...columnsOf(e)].some((name) => {
    const def = defs.get(name);
    return def !== undefined && callsHost(def);
  });
}

/**
 * True when substituting `defs` into `uses` computes nothing twice: every computed definition is read at most once (or is trivial).
 */
export function substitutesFreely(uses: readonly Expr[], defs: ReadonlyMap<string, Expr>): boolean {
  const reads = new Map<string, number>();
  const count = (x: Expr, times: number): void => {
    if (x.kind === 'column') reads.set(x.name, (reads.get(x.name) ?? 0) + times);
    // A lambda is evaluated for each item.
    for (const kid of exprChildren(x)) count(kid, x.kind === 'lambda' ? 2 : times);
  };
  for (const u of uses) count(u, 1);
  for (const [name, n] of reads) {
    const d = defs.get(name);
    if (n > 1 && d !== undefined && !isTrivial(d)) return false;
  }
  return true;
}

export function conjunction(parts: readonly Expr[]): Expr | null {
  const [first, ...rest] = parts;
  if (first === undefined) return null;
  return rest.reduce<Expr>(
    (a, b) => ({
      kind: 'call',
      fn: 'and',
      args: [a, b],
      type: T.bool,
      nullable: a.nullable || b.nullable,
      span: a.span,
    }),
    first,
  );
}

export function readsOnly(e: Expr, names: ReadonlySet<string>): boolean {
  for (const c of columnsOf(e)) if (!names.has(c)) return false;
  return true;
}

export function isTrue(e: Expr): boolean {
  return e.kind === 'literal' && e.value === true;
}

/** Functions that give a value (or null) for any arguments. */
const TOTAL: ReadonlySet<string> = new Set(
  [
    'eq ne lt le gt ge is isnot and or not if coalesce nullif greatest least',
    'lower upper trim ltrim rtrim contains starts_with ends_with length isnan isinf isfinite',
    'get index list_value struct_pack list_transform list_filter list_any list_all',
    'year quarter month day hour minute second weekday dayofweek dayofyear week',
  ].flatMap((names) => names.split(' ')),
);

const ARITHMETIC: ReadonlySet<string> = new Set(['add', 'sub', 'mul', 'div', 'neg']);

/** True only when evaluating it cannot raise a run error on any row: no overflow, no division by zero, no cast that may not fit. */
export function neverFails(e: Expr): boolean {
  if (!exprChildren(e).every(neverFails)) return false;
  if (e.kind === 'host') return false;
  if (e.kind === 'cast')
    return e.safe || e.type.kind === 'string' || (e.type.kind === 'float' && isNumeric(e.arg.type));
  if (e.kind !== 'call') return true;
  // The pattern was checked when it was bound, if it is written there.
  if (e.fn === 'like' || e.fn === 'matches') return e.args[1]?.kind === 'literal';
  return TOTAL.has(e.fn) || (ARITHMETIC.has(e.fn) && e.type.kind === 'float');
}
