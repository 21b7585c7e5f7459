import { RunError } from '../../engine/errors.ts';
import { evaluateConstant } from '../../engine/expr/compile.ts';
import { type CallExpr, type Expr, exprChildren, rewriteExpr } from '../../engine/expr.ts';
import { typeEquals } from '../../engine/types.ts';
import { rewritePlan } from '../plan_tree.ts';
import { isTrue } from './exprs.ts';
import { mapExprs } from './node_exprs.ts';
import type { Rule } from './rule.ts';

/** Computes what does not depend on rows, and drops what a constant decides. An expression that fails stays: it fails only if a row reaches it. */
export const foldConstants: Rule = {
  name: 'fold constants',
  doc: 'computes constant expressions once, at planning',
  apply: (plan) =>
    rewritePlan(plan, (n) => {
      let changed = false;
      const next = mapExprs(n, (e) => {
        const folded = rewriteExpr(e, fold);
        if (folded !== e) changed = true;
        return folded;
      });
      if (!changed) return n;
      return next.op === 'filter' && isTrue(next.predicate) ? (next.inputs[0] ?? next) : next;
    }),
};

function fold(e: Expr): Expr {
  // A function of the host language runs on workers only.
  if (e.kind === 'host') return e;
  if (e.kind === 'literal' || e.kind === 'column' || e.kind === 'local' || e.kind === 'lambda') return e;
  if (e.kind === 'call' && (e.fn === 'and' || e.fn === 'or')) return foldLogic(e);
  if (e.kind === 'call' && e.fn === 'get') return foldField(e);
  if (e.kind === 'case') {
    const first = e.branches[0];
    return first !== undefined && isTrue(first.when) ? first.then : e;
  }
  return foldCall(e);
}

/** Of constants alone: the constant that it is. */
function foldCall(e: Expr): Expr {
  if (!exprChildren(e).every((c) => c.kind === 'literal') || (e.kind === 'call' && e.args.length === 0)) return e;
  try {
    const value = evaluateConstant(e);
    return { kind: 'literal', value, type: e.type, nullable: value === null, span: e.span };
  } catch (err) {
    if (err instanceof RunError) return e;
    throw err;
  }
}

/** The field of a struct that is made on the spot is what it is made of. */
function foldField(e: CallExpr): Expr {
  const [of, name] = e.args;
  if (of?.kind !== 'call' || of.fn !== 'struct_pack' || name?.kind !== 'literal') return foldCall(e);
  const at = of.args.findIndex((arg, k) => k % 2 === 0 && arg.kind === 'literal' && arg.value === name.value);
  const value = of.args[at + 1];
  return value !== undefined && typeEquals(value.type, e.type) ? value : e;
}

/** `true and x` is x, `false and x` is false (whatever x is, null included); dually for `or`. */
function foldLogic(e: CallExpr): Expr {
  const neutral = e.fn === 'and';
  const decided = e.args.find((a) => a.kind === 'literal' && a.value === !neutral);
  if (decided !== undefined) return decided;
  const rest = e.args.filter((a) => !(a.kind === 'literal' && a.value === neutral));
  if (rest.length === e.args.length) return e;
  const [only] = rest;
  return only === undefined
    ? { kind: 'literal', value: neutral, type: e.type, nullable: false }
    : rest.length === 1
      ? only
      : { ...e, args: rest };
}
