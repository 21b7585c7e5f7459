import { EngineBug } from '../../engine/errors.ts';
import type { NamedExpr } from '../../engine/expr.ts';
import type { AggregateParams, DistinctParams, SortParams } from '../../engine/operators/params.ts';
import { operator } from '../../engine/operators/registry.ts';
import type { StepRef } from '../../engine/plan.ts';
import type { Schema } from '../../engine/types.ts';
import type { AggregateNode, DistinctNode, SingleNode, SortNode } from '../logical.ts';
import { inputOf } from '../plan_tree.ts';
import { addCompute, addStep, columnRef, columnsFor, freshName, type Pipeline } from './pipeline.ts';
import type { Planner } from './planner.ts';

/** The partial half on the map side, the exchange, and the final half as the source of the next stage: a two-phase shuffle. */
export function twoPhase(
  planner: Planner,
  p: Pipeline,
  spec: {
    op: string;
    params: unknown;
    keys: readonly string[];
    output: Schema;
    partial: boolean;
    span: StepRef['span'];
    label: string;
  },
): Pipeline {
  const def = operator(spec.op);
  const at = { sides: [], span: spec.span, label: spec.label };
  let map = p;
  if (spec.partial && def.partial !== undefined) {
    const output = def.partialSchema?.(spec.params, [p.schema]) ?? p.schema;
    map = addStep(
      p,
      { op: spec.op, phase: 'partial', params: spec.params, input: p.schema, output, ...at },
      `${spec.op} (partial)`,
    );
  }
  const relation =
    spec.keys.length === 0
      ? planner.close(map, { kind: 'exchange', by: 'single' }, 'gather')
      : planner.close(map, { kind: 'exchange', by: 'hash', keys: spec.keys }, `partition by ${spec.keys.join(', ')}`);
  const step: StepRef = {
    op: spec.op,
    phase: 'final',
    params: spec.params,
    input: map.schema,
    output: spec.output,
    ...at,
  };
  return {
    input: { kind: 'merge', from: [{ relation, schema: map.schema }], step },
    steps: [],
    schema: spec.output,
    names: [`${spec.op} (final)`],
  };
}

export function planAggregate(planner: Planner, n: AggregateNode): Pipeline {
  const below = planner.pipeline(inputOf(n));
  const info = { name: 'derive', label: n.label, span: n.span };
  // Exactly the keys and arguments travel: keys under their output names, arguments under names that cannot collide with them.
  const outputs: NamedExpr[] = n.keys.map((k) => ({ name: k.name, expr: k.expr }));
  const taken = new Set([...outputs.map((o) => o.name), ...n.aggregates.map((a) => a.name)]);
  const aggregates = n.aggregates.map((a) => {
    const args = a.args.map((e) => {
      const name = freshName(taken, `${a.name}.x`);
      taken.add(name);
      outputs.push({ name, expr: e });
      return name;
    });
    const host = a.host === undefined ? {} : { host: a.host };
    return { name: a.name, fn: a.fn, args, argTypes: a.args.map((e) => e.type), distinct: a.distinct, ...host };
  });
  const schema = outputs.map((o) => ({ name: o.name, type: o.expr.type, nullable: o.expr.nullable }));
  const p = outputs.length === 0 ? below : addCompute(below, { filter: null, outputs }, schema, info);
  const keys = n.keys.map((k) => k.name);
  const params: AggregateParams = { keys, aggregates };
  return twoPhase(planner, p, {
    op: 'aggregate',
    params,
    keys,
    output: n.schema,
    partial: true,
    span: n.span,
    label: n.label,
  });
}

export function planDistinct(planner: Planner, n: DistinctNode): Pipeline {
  const p = planner.pipeline(inputOf(n));
  const keys = n.keys ?? p.schema.map((f) => f.name);
  const params: DistinctParams = { keys };
  return twoPhase(planner, p, {
    op: 'distinct',
    params,
    keys,
    output: n.schema,
    partial: true,
    span: n.span,
    label: n.label,
  });
}

export function planSort(planner: Planner, n: SortNode): Pipeline {
  const below = planner.pipeline(inputOf(n));
  const info = { name: 'derive', label: n.label, span: n.span };
  const { pipeline: keyed, names } = columnsFor(
    below,
    n.keys.map((k) => k.expr),
    'sort.k',
    info,
  );
  const keys = n.keys.map((k, i) => ({ ...k, expr: columnRef(keyed.schema, at(names, i)) }));
  const params: SortParams = { keys, limit: n.limit };
  const common = {
    op: 'sort',
    params,
    input: keyed.schema,
    output: keyed.schema,
    sides: [],
    span: n.span,
    label: n.label,
  } as const;
  const p =
    n.limit !== null && operator('sort').partial !== undefined
      ? addStep(keyed, { ...common, phase: 'partial' }, 'sort (top-n)')
      : keyed;
  const relation = planner.close(p, { kind: 'exchange', by: 'range', keys, limit: n.limit }, 'sort runs');
  const step: StepRef = { ...common, phase: 'final' };
  // Computed keys are dropped by the caller, which keeps the node's own columns.
  return {
    input: { kind: 'merge', from: [{ relation, schema: p.schema }], step },
    steps: [],
    schema: keyed.schema,
    names: ['sort (merge)'],
  };
}

/** The first rows suffice to tell that there is more than one. */
const SHOWN_ROWS = 4;

export function planSingle(planner: Planner, n: SingleNode): Pipeline {
  const p = planner.pipeline(inputOf(n));
  const relation = planner.close(p, { kind: 'collect', limit: SHOWN_ROWS }, 'first rows');
  const step: StepRef = {
    op: 'single',
    phase: 'final',
    params: {},
    input: p.schema,
    output: n.schema,
    sides: [],
    span: n.span,
    label: n.label,
  };
  const from = [{ relation, schema: p.schema }];
  return { input: { kind: 'merge', from, step }, steps: [], schema: n.schema, names: ['single row'] };
}

function at(names: readonly string[], i: number): string {
  const name = names[i];
  if (name === undefined) throw new EngineBug('a key without a column');
  return name;
}
