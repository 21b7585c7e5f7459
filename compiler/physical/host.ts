import type { HostCallParams, HostMapParams } from '../../engine/operators/params.ts';
import type { CallNode, MapNode, TableNode } from '../logical.ts';
import { inputOf } from '../plan_tree.ts';
import { addStep, columnsFor, keepColumns, type Pipeline } from './pipeline.ts';
import type { Planner } from './planner.ts';

/** Functions of the host language as steps. */
export function planHost(planner: Planner, n: CallNode | MapNode | TableNode): Pipeline {
  if (n.op === 'table') return planTable(n);
  return n.op === 'call' ? planCall(planner, n) : planMap(planner, n);
}

/** Arguments become columns, which go again behind the step. */
function planCall(planner: Planner, n: CallNode): Pipeline {
  const info = { name: 'derive', label: n.label, span: n.span };
  let p = planner.pipeline(inputOf(n));
  const calls: HostCallParams['calls'][number][] = [];
  for (const { name, expr } of n.calls) {
    const { pipeline, names } = columnsFor(p, expr.args, 'call.x', info);
    p = pipeline;
    calls.push({ name, fn: expr.fn, args: names, type: expr.type, nullable: expr.nullable });
  }
  const params: HostCallParams = { calls };
  const output = [...p.schema, ...calls.map(({ name, type, nullable }) => ({ name, type, nullable }))];
  const at = { sides: [], span: n.span, label: n.label };
  const called = addStep(p, { op: 'call', phase: 'map', params, input: p.schema, output, ...at }, 'call');
  return keepColumns(called, n.schema, { name: 'select' });
}

function planMap(planner: Planner, n: MapNode): Pipeline {
  const p = planner.pipeline(inputOf(n));
  const params: HostMapParams = { fn: n.fn, schema: n.schema };
  const op = n.fn.shape === 'batches' ? 'map_batches' : 'map_rows';
  const at = { sides: [], span: n.span, label: n.label };
  return addStep(
    p,
    { op, phase: 'map', params, input: p.schema, output: n.schema, ...at },
    n.label.split(' ')[0] ?? op,
  );
}

/** One task, whose only row stands for the call. */
function planTable(n: TableNode): Pipeline {
  const params: HostMapParams = { fn: n.fn, schema: n.schema, call: { args: n.args, limit: n.limit } };
  const empty: Pipeline = { input: { kind: 'items', count: 1 }, steps: [], schema: [], names: [] };
  const at = { sides: [], span: n.span, label: n.label };
  return addStep(empty, { op: 'map_rows', phase: 'map', params, input: [], output: n.schema, ...at }, n.label);
}
