import type { Expr, SortKey } from '../../engine/expr.ts';
import type { PlaceParams, WindowCallParams, WindowParams } from '../../engine/operators/params.ts';
import type { StepRef } from '../../engine/plan.ts';
import { field, T } from '../../engine/types.ts';
import type { FrameSpec, RangeBound } from '../../engine/windows/def.ts';
import type { LogicalNode, PlaceNode, RangeEnd, WindowCall, WindowNode } from '../logical.ts';
import { callExprs, orderOf } from '../optimize/node_exprs.ts';
import { inputOf } from '../plan_tree.ts';
import { twoPhase } from './exchanges.ts';
import { addStep, columnRef, columnsFor, exprKey, type Pipeline } from './pipeline.ts';
import type { Planner } from './planner.ts';

export function planPlace(planner: Planner, n: PlaceNode): Pipeline {
  const p = planner.pipeline(inputOf(n));
  const params: PlaceParams = { name: n.name };
  const output = [...p.schema, field(n.name, T.int, false)];
  const step: StepRef = {
    op: 'place',
    phase: 'map',
    params,
    input: p.schema,
    output,
    sides: [],
    span: n.span,
    label: n.label,
  };
  return addStep(p, step, 'place');
}

/** Rows meet by the hash of the keys, or all of them in one task, in their order. Where only the first rows of each partition are wanted, the map side drops others. */
export function planWindow(planner: Planner, n: WindowNode): Pipeline {
  const info = { name: 'derive', label: n.label, span: n.span };
  const order = orderOf(n);
  const wanted = [...n.keys, ...order.map((k) => k.expr), ...n.calls.flatMap(callExprs)];
  const { pipeline, names } = columnsFor(planner.pipeline(inputOf(n)), wanted, 'window.x', info);
  let next = 0;
  const take = (): string => names[next++] as string;
  const keys = n.keys.map(take);
  const ordered = order.map((k): SortKey => ({ ...k, expr: columnRef(pipeline.schema, take()) }));
  const params: WindowParams = {
    keys,
    sort: ordered.slice(0, n.sort.length),
    ties: ordered[n.sort.length] ?? null,
    calls: n.calls.map((c) => callParams(c, take)),
    skip: n.skip,
    take: n.take,
    sorted: isSorted(inputOf(n), order) || n.keys.length === 0,
  };
  const added = n.calls.map(({ name, type, nullable }) => ({ name, type, nullable }));
  return twoPhase(planner, pipeline, {
    op: 'window',
    params,
    keys,
    output: [...pipeline.schema, ...added],
    partial: n.take !== null && keys.length > 0,
    span: n.span,
    label: n.label,
  });
}

function callParams(c: WindowCall, take: () => string): WindowCallParams {
  const args = c.args.map(take);
  const fallback = c.fallback === null ? null : take();
  const bound = (end: RangeEnd): RangeBound => (end?.kind === 'bound' ? { kind: 'column', column: take() } : end);
  const frame: FrameSpec =
    c.frame.unit === 'rows' ? c.frame : { unit: 'range', low: bound(c.frame.low), high: bound(c.frame.high) };
  const { name, fn, distinct, constant, ignoreNulls, type, nullable } = c;
  const argTypes = c.args.map((a) => a.type);
  const host = c.host === undefined ? {} : { host: c.host };
  return { name, fn, args, argTypes, distinct, constant, fallback, ignoreNulls, frame, type, nullable, ...host };
}

/** The rows of a node come in this order already. */
function isSorted(n: LogicalNode, keys: readonly SortKey[]): boolean {
  if (keys.length === 0) return true;
  if (n.op === 'place' || n.op === 'filter') return isSorted(inputOf(n), keys);
  return n.op === 'sort' && keys.every((k, i) => sameKey(k, n.keys[i]));
}

function sameKey(a: SortKey, b: SortKey | undefined): boolean {
  if (b === undefined || a.desc !== b.desc || a.nullsFirst !== b.nullsFirst) return false;
  const plain = (e: Expr): string => (e.kind === 'column' ? e.name : exprKey(e));
  return plain(a.expr) === plain(b.expr);
}
