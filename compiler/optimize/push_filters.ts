import type { Expr } from '../../engine/expr.ts';
import type { Schema } from '../../engine/types.ts';
import type { FilterNode, JoinNode, LogicalNode } from '../logical.ts';
import { inputOf, type IsShared, rewritePlan } from '../plan_tree.ts';
import { conjunction, conjuncts, definitions, readsOnly, substitute } from './exprs.ts';
import { type Rule, type RuleContext, withInputs } from './rule.ts';

/** Moves each conjunct of a filter as close to the source as it can go, so that fewer rows are computed, joined, sorted and shuffled. */
export const pushFilters: Rule = {
  name: 'push filters down',
  doc: 'filters move below projections, sorts, unions, groupings and joins, towards the readers',
  apply(plan, rule) {
    return rewritePlan(plan, (n, shared) => (n.op === 'filter' ? push(n, { nextId: () => rule.nextId(), shared }) : n));
  },
};

/** A relation that others read too stays as it is: filtering it for one reader would run it twice. */
interface Context extends RuleContext {
  readonly shared: IsShared;
}

function push(f: FilterNode, ctx: Context): LogicalNode {
  const below = inputOf(f);
  if (ctx.shared(below)) return f;
  const parts = conjuncts(f.predicate);
  switch (below.op) {
    case 'filter':
      return push({ ...f, inputs: below.inputs, schema: below.schema, predicate: both(below.predicate, f.predicate) }, ctx);
    case 'project': {
      const defs = definitions(below.outputs);
      return move(f, below, 0, parts.map((p) => substitute(p, defs)), [], ctx);
    }
    case 'sort':
      return below.limit === null ? move(f, below, 0, parts, [], ctx) : f;
    case 'union':
      return withInputs(below, below.inputs.map((_, i) => sunk(f, inputOf(below, i), f.predicate, ctx)));
    case 'distinct': {
      const keys = below.keys === null ? null : new Set(below.keys);
      return sift(f, below, 0, (p) => keys === null || readsOnly(p, keys), (p) => p, ctx);
    }
    case 'aggregate': {
      if (below.keys.length === 0) return f;
      const keys = definitions(below.keys);
      const names = new Set(keys.keys());
      return sift(f, below, 0, (p) => readsOnly(p, names), (p) => substitute(p, keys), ctx);
    }
    case 'join':
      return pushIntoJoin(f, below, parts, ctx);
    default:
      return f;
  }
}

function both(a: Expr, b: Expr): Expr {
  return conjunction([...conjuncts(a), ...conjuncts(b)]) as Expr;
}

function names(s: Schema): Set<string> {
  return new Set(s.map((f) => f.name));
}

/** Left columns may be tested before the join in every kind; added right columns only where no row is null-extended. */
function pushIntoJoin(f: FilterNode, join: JoinNode, parts: readonly Expr[], ctx: Context): LogicalNode {
  const left = names(inputOf(join, 0).schema);
  const added = new Map(join.add.map((a) => [a.name, a.column]));
  const right = new Set(added.keys());
  const toLeft = parts.filter((p) => readsOnly(p, left));
  const toRight = join.kind === 'inner' ? parts.filter((p) => !toLeft.includes(p) && readsOnly(p, right)) : [];
  const rest = parts.filter((p) => !toLeft.includes(p) && !toRight.includes(p));
  let out: LogicalNode = join;
  const l = conjunction(toLeft);
  // A bound on matches is checked over the rows that the user wrote before the join, so nothing may be filtered away below it.
  if (join.matching !== 'many') return f;
  if (l !== null) out = withInputs(out, [sunk(f, inputOf(out, 0), l, ctx), inputOf(out, 1)]);
  const defs = new Map<string, Expr>(
    join.add.map((a) => {
      const field = inputOf(join, 1).schema.find((x) => x.name === a.column);
      if (field === undefined) throw new Error(`join adds ${a.column}, which the right side does not have`);
      return [a.name, { kind: 'column', name: a.column, type: field.type, nullable: field.nullable }];
    }),
  );
  const r = conjunction(toRight.map((p) => substitute(p, defs)));
  if (r !== null) out = withInputs(out, [inputOf(out, 0), sunk(f, inputOf(out, 1), r, ctx)]);
  return finish(f, out, rest);
}

/** Moves the conjuncts that may pass below, keeps the others above. */
function sift(f: FilterNode, below: LogicalNode, i: number, passes: (p: Expr) => boolean, map: (p: Expr) => Expr, ctx: Context): LogicalNode {
  const parts = conjuncts(f.predicate);
  const down = parts.filter(passes);
  return down.length === 0 ? f : move(f, below, i, down.map(map), parts.filter((p) => !passes(p)), ctx);
}

function move(f: FilterNode, below: LogicalNode, i: number, down: readonly Expr[], stay: readonly Expr[], ctx: Context): LogicalNode {
  const predicate = conjunction(down);
  if (predicate === null) return f;
  const inputs = below.inputs.map((x, j) => (j === i ? sunk(f, x, predicate, ctx) : x));
  return finish(f, withInputs(below, inputs), stay);
}

function sunk(f: FilterNode, over: LogicalNode, predicate: Expr, ctx: Context): LogicalNode {
  return push({ ...f, id: ctx.nextId(), inputs: [over], schema: over.schema, predicate }, ctx);
}

function finish(f: FilterNode, below: LogicalNode, stay: readonly Expr[]): LogicalNode {
  const predicate = conjunction(stay);
  return predicate === null ? below : { ...f, inputs: [below], schema: below.schema, predicate };
}
