/** Calls that may give promises are taken out of expressions into a step of their own, so that many are in flight. */

import { type Expr, exprChildren, type HostExpr, hasFreeLocals, rewriteExpr, walkExpr } from '../../engine/expr.ts';
import { codes } from '../diagnostics.ts';
import type { CallNode, JoinNode, LogicalNode, LogicalPlan } from '../logical.ts';
import { exprsOf, mapExprs } from '../optimize/node_exprs.ts';
import { inputOf, rewritePlan } from '../plan_tree.ts';
import type { Context } from './context.ts';
import { column, sameExpr } from './exprs.ts';
import { columnRefs, freeName } from './nodes.ts';

/** The plan in which only `call` steps call functions that may give promises. The condition of a join that is no equality cannot hold one, which is reported. */
export function hoistPromises(ctx: Context, plan: LogicalPlan): LogicalPlan {
  return rewritePlan(plan, (n) => {
    if (n.op === 'join') return hoistJoin(ctx, n);
    const exprs = exprsOf(n).map(({ expr }) => expr);
    if (n.op === 'call' || !exprs.some(hasPromise) || inLambda(ctx, n, exprs)) return n;
    const { below, replace } = hoist(ctx, n, 0, exprs);
    return narrowed(ctx, n, { ...mapExprs(n, replace), inputs: [below, ...n.inputs.slice(1)] });
  });
}

/** An item of a list has no row of its own that a call could be a column of. */
function inLambda(ctx: Context, n: LogicalNode, exprs: readonly Expr[]): boolean {
  let found = false;
  const look = (e: Expr): void => {
    if (!isPromise(e) || !hasFreeLocals(e)) return;
    found = true;
    misplaced(ctx, n, e, 'in a lambda');
  };
  for (const e of exprs) walkExpr(e, look);
  return found;
}

function misplaced(ctx: Context, n: LogicalNode, e: HostExpr, where: string): void {
  const span = e.span ?? n.span ?? ctx.file.span;
  ctx.report(codes.hostShape, { name: e.fn.name, what: 'an asynchronous function', where }, span);
}

function hasPromise(e: Expr): boolean {
  return isPromise(e) || exprChildren(e).some(hasPromise);
}

function isPromise(e: Expr): e is HostExpr {
  return e.kind === 'host' && e.fn.shape === 'promise';
}

/** The input with columns for all such calls, inner ones first, and what puts these columns in their place. */
function hoist(
  ctx: Context,
  n: LogicalNode,
  input: number,
  exprs: readonly Expr[],
): { readonly below: LogicalNode; readonly replace: (e: Expr) => Expr } {
  let below = inputOf(n, input);
  let left = exprs;
  const rounds: ((e: Expr) => Expr)[] = [];
  while (left.some(hasPromise)) {
    const made = callStep(ctx, n, below, left);
    below = made.node;
    rounds.push(made.replace);
    left = left.map(made.replace);
  }
  return { below, replace: (e) => rounds.reduce((x, round) => round(x), e) };
}

function callStep(ctx: Context, n: LogicalNode, below: LogicalNode, exprs: readonly Expr[]) {
  const taken = new Set([...below.schema, ...n.schema].map((f) => f.name));
  const calls: CallNode['calls'][number][] = [];
  const add = (e: Expr): void => {
    if (!isPromise(e) || e.args.some(hasPromise) || calls.some((c) => sameExpr(c.expr, e))) return;
    const name = freeName('call', taken);
    taken.add(name);
    calls.push({ name, expr: e });
  };
  for (const e of exprs) walkExpr(e, add);
  const fields = calls.map(({ name, expr }) => ({ name, type: expr.type, nullable: expr.nullable }));
  const at = { id: ctx.nextId(), label: n.label, ...(n.span === undefined ? {} : { span: n.span }) };
  const node: CallNode = { ...at, op: 'call', inputs: [below], schema: [...below.schema, ...fields], calls };
  const replace = (e: Expr): Expr =>
    rewriteExpr(e, (x) => {
      const k = calls.findIndex((c) => sameExpr(c.expr, x));
      return k < 0
        ? x
        : { ...column(fields[k] as (typeof fields)[number]), ...(x.span === undefined ? {} : { span: x.span }) };
    });
  return { node, replace };
}

/** Nodes that pass on the columns of their input. */
const FOLLOWS: ReadonlySet<LogicalNode['op']> = new Set(['filter', 'sort', 'expect', 'predict', 'join', 'window']);

/** A node whose rows are those of its input has the added columns, too: they go behind it. */
function narrowed(ctx: Context, before: LogicalNode, n: LogicalNode): LogicalNode {
  const follows = FOLLOWS.has(n.op);
  if (!follows) return n;
  const own = before.schema.filter((f) => !inputOf(before).schema.some((g) => g.name === f.name));
  const wide = { ...n, schema: [...inputOf(n).schema, ...own] };
  const at = { id: ctx.nextId(), label: n.label, ...(n.span === undefined ? {} : { span: n.span }) };
  return { ...at, op: 'project', inputs: [wide], schema: before.schema, outputs: columnRefs(before.schema) };
}

function hoistJoin(ctx: Context, n: JoinNode): LogicalNode {
  if (n.residual !== null && hasPromise(n.residual)) {
    walkExpr(n.residual, (e) => {
      if (isPromise(e)) misplaced(ctx, n, e, 'in a condition of a join that is no equality');
    });
    return n;
  }
  if (![...n.leftKeys, ...n.rightKeys].some(hasPromise)) return n;
  const left = hoist(ctx, n, 0, n.leftKeys);
  const right = hoist(ctx, n, 1, n.rightKeys);
  const join = {
    ...n,
    inputs: [left.below, right.below],
    leftKeys: n.leftKeys.map(left.replace),
    rightKeys: n.rightKeys.map(right.replace),
  };
  return narrowed(ctx, n, join);
}
