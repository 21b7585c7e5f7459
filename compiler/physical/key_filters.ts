import type { AggregateCall, Expr, NamedExpr } from '../../engine/expr.ts';
import { keepsRight } from '../../engine/operators/params.ts';
import type { SideInput } from '../../engine/plan.ts';
import type { AggregateNode, JoinNode, LogicalNode } from '../logical.ts';
import { definitions, neverFails } from '../optimize/exprs.ts';
import { inputOf } from '../plan_tree.ts';
import type { Estimates } from './estimate.ts';

/** A column of rows, and the column of a join's other side that it has to be equal to. */
export interface KeyPair {
  readonly column: string;
  readonly sideKey: string;
}

/** Rows of a node, of which those may go whose keys are not among those of a side. */
export interface FilteredRows {
  readonly node: LogicalNode;
  readonly pairs: readonly KeyPair[];
}

/** What a planner adds behind a node: a filter by keys of a relation that is there by then. */
export interface PlacedFilter {
  readonly side: SideInput;
  readonly pairs: readonly KeyPair[];
}

interface Walk {
  readonly shared: (n: LogicalNode) => boolean;
  /** The left side streams past the right one: it is moved by no exchange. */
  readonly isBroadcast: (n: JoinNode) => boolean;
  readonly estimates: Estimates;
  /** Bytes of the side whose keys are asked for; null: not known. */
  readonly sideBytes: number | null;
}

/**
 * Where rows that a join above `n` drops may be dropped earlier, before joins and groupings in between move them: below the last exchange on the way of each
 * key. Only steps that cannot fail lie in between, as which rows go is not certain; the rows that stay keep their order, so that results are the same.
 */
export function earlierRows(n: LogicalNode, pairs: readonly KeyPair[], walk: Walk): FilteredRows[] {
  return places(n, pairs, false, walk);
}

function places(n: LogicalNode, pairs: readonly KeyPair[], crossed: boolean, walk: Walk): FilteredRows[] {
  if (pairs.length === 0 || walk.shared(n)) return [];
  const found = waysDown(n, pairs, walk).flatMap((w) => places(w.node, w.pairs, w.crosses, walk));
  const done = new Set(found.flatMap((f) => f.pairs.map((p) => p.sideKey)));
  const open = pairs.filter((p) => !done.has(p.sideKey));
  return crossed && open.length > 0 && isWorth(n, walk) ? [...found, { node: n, pairs: open }] : found;
}

/** A set larger than what it would thin out costs more than it saves. */
function isWorth(n: LogicalNode, { estimates, sideBytes }: Walk): boolean {
  const bytes = estimates.get(n) ?? null;
  return bytes !== null && sideBytes !== null && bytes > sideBytes;
}

interface Way extends FilteredRows {
  /** The rows below are moved, or kept, before they get here. */
  readonly crosses: boolean;
}

function waysDown(n: LogicalNode, pairs: readonly KeyPair[], walk: Walk): Way[] {
  switch (n.op) {
    case 'filter':
      return neverFails(n.predicate) ? [{ node: inputOf(n), pairs, crosses: false }] : [];
    case 'project':
      return allSafe(n.outputs) ? [{ node: inputOf(n), pairs: renamed(pairs, n.outputs), crosses: false }] : [];
    case 'distinct': {
      const { keys } = n;
      const inKeys = keys === null ? pairs : pairs.filter((p) => keys.includes(p.column));
      return [{ node: inputOf(n), pairs: inKeys, crosses: true }];
    }
    case 'aggregate':
      return isSafe(n) ? [{ node: inputOf(n), pairs: renamed(pairs, n.keys), crosses: true }] : [];
    case 'join':
      return belowJoin(n, pairs, walk);
    default:
      return [];
  }
}

/** Each key goes to the side that it comes from, where a row that goes takes nothing but its own pairs with it. */
function belowJoin(n: JoinNode, pairs: readonly KeyPair[], walk: Walk): Way[] {
  const exprs = [...n.leftKeys, ...n.rightKeys, ...(n.residual === null ? [] : [n.residual])];
  if (n.matching !== 'many' || n.nearest !== null || keepsRight(n.kind) || !exprs.every(neverFails)) return [];
  const added = new Map(n.add.map((a) => [a.name, a.column]));
  const left = pairs.filter((p) => !added.has(p.column));
  const ways: Way[] = [{ node: inputOf(n, 0), pairs: left, crosses: !walk.isBroadcast(n) }];
  if (n.kind !== 'inner') return ways;
  const right = pairs.flatMap((p) => {
    const column = added.get(p.column);
    return column === undefined ? [] : [{ ...p, column }];
  });
  return [...ways, { node: inputOf(n, 1), pairs: right, crosses: true }];
}

function allSafe(outputs: readonly NamedExpr[]): boolean {
  return outputs.every((o) => neverFails(o.expr));
}

/** The pairs whose columns are plain columns below. */
function renamed(pairs: readonly KeyPair[], outputs: readonly NamedExpr[]): KeyPair[] {
  const defs = definitions(outputs);
  return pairs.flatMap(({ column, sideKey }) => {
    const e: Expr | undefined = defs.get(column);
    return e?.kind === 'column' ? [{ column: e.name, sideKey }] : [];
  });
}

/** Groups go as a whole or are not looked at, so their values matter only in that they may fail. */
function isSafe(n: AggregateNode): boolean {
  return n.keys.length > 0 && allSafe(n.keys) && n.aggregates.every(isSafeCall);
}

const SAFE: ReadonlySet<string> = new Set(['count', 'count_if', 'min', 'max', 'any', 'all', 'count_distinct']);
/** Digits of the largest number of rows. */
const ROW_DIGITS = 19;
const MOST_DIGITS = 38;

function isSafeCall(a: AggregateCall): boolean {
  if (a.host !== undefined || !a.args.every(neverFails)) return false;
  if (SAFE.has(a.fn)) return true;
  const type = a.args[0]?.type;
  if ((a.fn !== 'sum' && a.fn !== 'mean') || type === undefined) return false;
  return type.kind === 'float' || (type.kind === 'decimal' && type.precision + ROW_DIGITS <= MOST_DIGITS);
}
