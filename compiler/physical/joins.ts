import { type JoinParams, keepsRight, leftFields } from '../../engine/operators/params.ts';
import type { StepRef } from '../../engine/plan.ts';
import type { Schema } from '../../engine/types.ts';
import type { JoinNode } from '../logical.ts';
import { inputOf } from '../plan_tree.ts';
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
  const l = planner.close(left, { kind: 'exchange', by: 'hash', keys: params.leftKeys }, 'partition for join');
  const r = planner.close(right, { kind: 'exchange', by: 'hash', keys: params.rightKeys }, 'partition for join');
  const step: StepRef = { ...common, op: 'join', phase: 'final', input: left.schema, sides: [] };
  const from = [
    { relation: l, schema: left.schema },
    { relation: r, schema: right.schema },
  ];
  return { input: { kind: 'merge', from, step }, steps: [], schema: output, names: [name] };
}

/** Both sides with everything the join reads as columns, the right one with nothing else. */
function sidesOf(planner: Planner, n: JoinNode): { left: Pipeline; right: Pipeline; params: JoinParams } {
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
