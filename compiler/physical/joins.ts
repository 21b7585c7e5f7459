import { type JoinParams, type KeyFilterParams, keepsRight, leftFields } from '../../engine/operators/params.ts';
import type { SideInput, StepRef } from '../../engine/plan.ts';
import type { Schema } from '../../engine/types.ts';
import type { JoinNode, LogicalNode } from '../logical.ts';
import { inputOf } from '../plan_tree.ts';
import type { Estimates } from './estimate.ts';
import { addStep, columnsFor, keepColumns, type Pipeline } from './pipeline.ts';
import type { Planner } from './planner.ts';

/**
 * A small right side is broadcast and the left streams past it, as is any right side without keys; otherwise both sides are partitioned by their keys and
 * joined partition by partition, as are joins that keep right rows without a match. The choice rests on the sources' sizes alone: it decides the order of the
 * output.
 */
export function planJoin(planner: Planner, n: JoinNode): Pipeline {
  const { left, right, params } = sidesOf(planner, n);
  const added = n.schema.filter((f) => n.add.some((a) => a.name === f.name));
  const output: Schema = [...leftFields(n.kind, left.schema), ...added];
  const bytes = planner.estimates.get(inputOf(n, 1)) ?? null;
  const isSmall = bytes !== null && bytes <= planner.options.broadcastBytes;
  const common = { params, output, span: n.span, label: n.label };
  const name =
    params.leftKeys.length === 0 && n.kind === 'inner' && n.residual === null ? 'join cross' : `join ${n.kind}`;
  if (params.leftKeys.length === 0 || (isSmall && !keepsRight(n.kind))) {
    const relation = planner.keep(right, 'broadcast');
    const step: StepRef = {
      ...common,
      op: 'lookup',
      phase: 'map',
      input: left.schema,
      sides: [{ relation, schema: right.schema }],
    };
    return addStep(left, step, `${name} (broadcast)`);
  }
  const [l, r] = partitioned(planner, n, { left, right, params });
  const step: StepRef = { ...common, op: 'join', phase: 'final', input: left.schema, sides: [] };
  const from = [
    { relation: l, schema: left.schema },
    { relation: r, schema: right.schema },
  ];
  return { input: { kind: 'merge', from, step }, steps: [], schema: output, names: [name] };
}

interface Sides {
  readonly left: Pipeline;
  readonly right: Pipeline;
  readonly params: JoinParams;
}

/** Both sides as exchanges by their keys; where one of them is likely to have few of the other's keys, the other leaves its rows without a match behind. */
function partitioned(planner: Planner, n: JoinNode, { left, right, params }: Sides): [number, number] {
  const { leftKeys, rightKeys } = params;
  const close = (p: Pipeline, keys: readonly string[]): number =>
    planner.close(p, { kind: 'exchange', by: 'hash', keys }, 'partition for join');
  const reduced = reducedSide(n, planner.estimates);
  if (reduced === 'left') {
    const r = close(right, rightKeys);
    const side = { relation: r, schema: right.schema };
    return [close(reduce(left, { keys: leftKeys, sideKeys: rightKeys }, side), leftKeys), r];
  }
  const l = close(left, leftKeys);
  const side = { relation: l, schema: left.schema };
  const from = reduced === 'right' ? reduce(right, { keys: rightKeys, sideKeys: leftKeys }, side) : right;
  return [l, close(from, rightKeys)];
}

function reduce(p: Pipeline, params: KeyFilterParams, side: SideInput): Pipeline {
  const step: StepRef = { op: 'key_filter', phase: 'map', params, input: p.schema, output: p.schema, sides: [side] };
  return addStep(p, step, 'key filter');
}

/** The side whose rows without a match are dropped before they are moved, by the keys of the other one. */
function reducedSide(n: JoinNode, estimates: Estimates): 'left' | 'right' | null {
  const [left, right] = [inputOf(n, 0), inputOf(n, 1)];
  const size = (side: LogicalNode): number => estimates.get(side) ?? Number.POSITIVE_INFINITY;
  // `matching one` has to see the rows that match nothing.
  const canLeft = (n.kind === 'inner' || n.kind === 'semi' || n.kind === 'right') && n.matching !== 'one';
  const byRight = canLeft && losesRows(right);
  const byLeft = !keepsRight(n.kind) && losesRows(left);
  if (byRight && byLeft) return size(left) < size(right) ? 'right' : 'left';
  return byRight ? 'left' : byLeft ? 'right' : null;
}

/** What is known of nodes: there are many more ways to a node that is shared than nodes. */
const losing = new WeakMap<LogicalNode, boolean>();

/** Steps on the way to its rows leave some out. Where nothing does, a side is likely to have all the keys that the other one refers to. */
function losesRows(n: LogicalNode): boolean {
  const known = losing.get(n);
  if (known !== undefined) return known;
  const filters =
    n.op === 'filter' || n.op === 'limit' || (n.op === 'join' && (n.kind === 'semi' || n.kind === 'anti'));
  const loses = filters || n.inputs.some(losesRows);
  losing.set(n, loses);
  return loses;
}

/** Both sides with everything the join reads as columns, the right one with nothing else. */
function sidesOf(planner: Planner, n: JoinNode): Sides {
  const info = { name: 'derive', label: n.label, span: n.span };
  const near = n.nearest === null ? null : { left: [n.nearest.left], right: [n.nearest.right] };
  const left = columnsFor(planner.pipeline(inputOf(n, 0)), [...n.leftKeys, ...(near?.left ?? [])], 'join.l', info);
  const right = columnsFor(planner.pipeline(inputOf(n, 1)), [...n.rightKeys, ...(near?.right ?? [])], 'join.r', info);
  const used = new Set([...right.names, ...n.add.map((a) => a.column), ...n.right.map((a) => a.column)]);
  const kept = keepColumns(
    right.pipeline,
    right.pipeline.schema.filter((f) => used.has(f.name)),
    info,
  );
  const count = n.leftKeys.length;
  const params: JoinParams = {
    kind: n.kind,
    leftKeys: left.names.slice(0, count),
    rightKeys: right.names.slice(0, count),
    residual: n.residual,
    nearest:
      n.nearest === null
        ? null
        : { op: n.nearest.op, left: left.names[count] as string, right: right.names[count] as string },
    right: n.right,
    add: n.add,
    matching: n.matching,
  };
  return { left: left.pipeline, right: kept, params };
}
