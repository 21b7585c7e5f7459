import type { JoinParams } from '../../engine/operators/params.ts';
import type { StepRef } from '../../engine/plan.ts';
import type { Schema } from '../../engine/types.ts';
import type { JoinNode } from '../logical.ts';
import { inputOf } from '../plan_tree.ts';
import { addStep, columnsFor, keepColumns, type Pipeline } from './pipeline.ts';
import type { Planner } from './planner.ts';

/**
 * A small right side is broadcast and the left streams past it; otherwise both sides are partitioned by their keys and joined partition by
 * partition. The choice rests on the sources' sizes alone: it decides the order of the output.
 */
export function planJoin(planner: Planner, n: JoinNode): Pipeline {
  const info = { name: 'derive', label: n.label, span: n.span };
  const left = columnsFor(planner.pipeline(inputOf(n, 0)), n.leftKeys, 'join.l', info);
  const right = columnsFor(planner.pipeline(inputOf(n, 1)), n.rightKeys, 'join.r', info);
  const used = new Set([...right.names, ...n.add.map((a) => a.column), ...n.right.map((a) => a.column)]);
  const rightSide = keepColumns(
    right.pipeline,
    right.pipeline.schema.filter((f) => used.has(f.name)),
    info,
  );
  const params: JoinParams = {
    kind: n.kind,
    leftKeys: left.names,
    rightKeys: right.names,
    residual: n.residual,
    right: n.right,
    add: n.add,
    matching: n.matching,
  };
  const added = n.schema.filter((f) => n.add.some((a) => a.name === f.name));
  const output: Schema = [...left.pipeline.schema, ...added];
  const bytes = planner.estimates.get(inputOf(n, 1)) ?? null;
  const common = { params, output, span: n.span, label: n.label };
  if (bytes !== null && bytes <= planner.options.broadcastBytes) {
    const relation = planner.close(rightSide, { kind: 'collect', limit: null }, 'broadcast');
    const step: StepRef = {
      ...common,
      op: 'lookup',
      phase: 'map',
      input: left.pipeline.schema,
      sides: [{ relation, schema: rightSide.schema }],
    };
    return addStep(left.pipeline, step, `join ${n.kind} (broadcast)`);
  }
  const l = planner.close(left.pipeline, { kind: 'exchange', by: 'hash', keys: left.names }, 'partition for join');
  const r = planner.close(rightSide, { kind: 'exchange', by: 'hash', keys: right.names }, 'partition for join');
  const step: StepRef = { ...common, op: 'join', phase: 'final', input: left.pipeline.schema, sides: [] };
  const from = [
    { relation: l, schema: left.pipeline.schema },
    { relation: r, schema: rightSide.schema },
  ];
  return { input: { kind: 'merge', from, step }, steps: [], schema: output, names: [`join ${n.kind}`] };
}
