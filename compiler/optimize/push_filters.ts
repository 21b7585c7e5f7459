import { conjuncts, type Expr } from '../../engine/expr.ts';
import { keepsLeft, keepsRight } from '../../engine/operators/params.ts';
import type { Schema } from '../../engine/types.ts';
import type { FilterNode, JoinNode, LogicalNode, WindowNode } from '../logical.ts';
import { type IsShared, inputOf, rewritePlan } from '../plan_tree.ts';
import { conjunction, definitions, neverFails, readsHost, readsOnly, substitute, substitutesFreely } from './exprs.ts';
import { type Rule, type RuleContext, withInputs } from './rule.ts';

/** Moves each conjunct of a filter as close to the source as it can go, so that fewer rows are computed, joined, sorted and shuffled. */
export const pushFilters: Rule = {
  name: 'push filters down',
  doc: 'filters move below projections, sorts, unions, groupings, joins and predictions, towards the readers',
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
  switch (below.op) {
    case 'filter': {
      const predicate = conjunction([...conjuncts(below.predicate), ...conjuncts(f.predicate)]) as Expr;
      return push({ ...f, inputs: below.inputs, schema: below.schema, predicate }, ctx);
    }
    case 'project': {
      const defs = definitions(below.outputs);
      return sink(
        f,
        below,
        (p) => substitutesFreely([p], defs) && !readsHost(p, defs),
        (p) => substitute(p, defs),
        ctx,
      );
    }
    case 'repeat':
    case 'sort':
    case 'place':
      return below.op === 'sort' && below.limit !== null ? f : sink(f, below, always, same, ctx);
    case 'window':
      return belowWindow(f, below, ctx);
    case 'union':
      return withInputs(
        below,
        below.inputs.map((x) => over(f, x, f.predicate, ctx)),
      );
    case 'distinct': {
      const keys = below.keys === null ? null : new Set(below.keys);
      return sink(f, below, (p) => keys === null || readsOnly(p, keys), same, ctx);
    }
    case 'aggregate': {
      // Without keys there is one row whatever comes in, so nothing may be taken away below.
      if (below.keys.length === 0) return f;
      const keys = definitions(below.keys);
      const names = new Set(keys.keys());
      return sink(
        f,
        below,
        (p) => readsOnly(p, names) && substitutesFreely([p], keys) && !readsHost(p, keys),
        (p) => substitute(p, keys),
        ctx,
      );
    }
    case 'call':
    case 'predict': {
      const rows = namesOf(inputOf(below).schema);
      return sink(f, below, (p) => readsOnly(p, rows), same, ctx);
    }
    case 'explode': {
      const rows = namesWithout(inputOf(below).schema, new Set(below.lists));
      return sink(f, below, (p) => readsOnly(p, rows), same, ctx, !below.outer);
    }
    case 'unpivot': {
      const rows = namesWithout(inputOf(below).schema, new Set(below.columns.map((c) => c.column)));
      return sink(f, below, (p) => readsOnly(p, rows), same, ctx);
    }
    case 'join':
      return intoJoin(f, below, ctx);
    default:
      return f;
  }
}

/** What is the same in all rows of a partition decides about whole partitions. */
function belowWindow(f: FilterNode, window: WindowNode, ctx: Context): LogicalNode {
  const keys = new Set(window.keys.flatMap((k) => (k.kind === 'column' ? [k.name] : [])));
  const dropsRows = window.skip > 0 || window.take !== null;
  return sink(f, window, (p) => keys.size > 0 && readsOnly(p, keys), same, ctx, dropsRows);
}

const always = (): boolean => true;
const same = (p: Expr): Expr => p;

function namesWithout(s: Schema, others: ReadonlySet<string>): Set<string> {
  return namesOf(s.filter((f) => !others.has(f.name)));
}

function namesOf(s: Schema): Set<string> {
  return new Set(s.map((f) => f.name));
}

/** Columns of a side may be tested before the join where no row of it is made up of nulls, and (right of an as-of join) where it does not decide what matches. */
function intoJoin(f: FilterNode, join: JoinNode, ctx: Context): LogicalNode {
  // A bound on matches is checked over the rows that the user wrote before the join, so nothing may be filtered away below it.
  if (join.matching !== 'many') return f;
  const { kind } = join;
  const left = namesOf(inputOf(join, 0).schema);
  const added = addedColumns(join);
  const right = new Set(added.keys());
  // Also what reads no column at all: a side whose rows stay without a match is not emptied by emptying the other one.
  const toLeft = (p: Expr): boolean => !keepsRight(kind) && readsOnly(p, left);
  const toRight = (p: Expr): boolean => (kind === 'inner' || kind === 'right') && !toLeft(p) && readsOnly(p, right);
  // Rows without a match never reach a filter behind the join, so what may fail on them stays there.
  const dropsRows = (p: Expr): boolean => (toLeft(p) ? !keepsLeft(kind) : !keepsRight(kind));
  const { down, stay } = divide(conjuncts(f.predicate), (p) => toLeft(p) || toRight(p), dropsRows);
  if (down.length === 0) return f;
  const l = conjunction(down.filter((p) => !toRight(p)));
  const r = conjunction(down.filter(toRight).map((p) => substitute(p, added)));
  const [a, b] = [inputOf(join, 0), inputOf(join, 1)];
  const inputs = [l === null ? a : over(f, a, l, ctx), r === null ? b : over(f, b, r, ctx)];
  return above(f, withInputs(join, inputs), stay);
}

/** What a join adds, as columns of its right side. */
function addedColumns(join: JoinNode): Map<string, Expr> {
  const fields = new Map(inputOf(join, 1).schema.map((x) => [x.name, x]));
  return new Map(
    join.add.map(({ name, column }) => {
      const field = fields.get(column);
      if (field === undefined) throw new Error(`join adds ${column}, which the right side does not have`);
      return [name, { kind: 'column', name: column, type: field.type, nullable: field.nullable }];
    }),
  );
}

/**
 * Which conjuncts move, in order. One that can fail moves only where it meets no rows that it would not have met before: not past a step that drops
 * rows, nor past an earlier conjunct that stays.
 */
function divide(
  parts: readonly Expr[],
  passes: (p: Expr) => boolean,
  dropsRows: (p: Expr) => boolean,
): { readonly down: readonly Expr[]; readonly stay: readonly Expr[] } {
  const down: Expr[] = [];
  const stay: Expr[] = [];
  for (const p of parts) {
    const moves = passes(p) && (neverFails(p) || (!dropsRows(p) && stay.length === 0));
    (moves ? down : stay).push(p);
  }
  return { down, stay };
}

/** Moves the conjuncts that pass below `below`, over its first input; the others stay above. */
function sink(
  f: FilterNode,
  below: LogicalNode,
  passes: (p: Expr) => boolean,
  map: (p: Expr) => Expr,
  ctx: Context,
  dropsRows = false,
): LogicalNode {
  const { down, stay } = divide(conjuncts(f.predicate), passes, () => dropsRows);
  const predicate = conjunction(down.map(map));
  if (predicate === null) return f;
  const [first, ...others] = below.inputs;
  return above(f, withInputs(below, [over(f, first as LogicalNode, predicate, ctx), ...others]), stay);
}

function over(f: FilterNode, input: LogicalNode, predicate: Expr, ctx: Context): LogicalNode {
  return push({ ...f, id: ctx.nextId(), inputs: [input], schema: input.schema, predicate }, ctx);
}

function above(f: FilterNode, below: LogicalNode, stay: readonly Expr[]): LogicalNode {
  const predicate = conjunction(stay);
  return predicate === null ? below : { ...f, inputs: [below], schema: below.schema, predicate };
}
