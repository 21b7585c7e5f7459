/** Flows that stand as values in expressions: `scalar(flow)`, `col('x').in(flow)`. */
import type * as Ast from '../../grammar/ast.ts';
import { noSpan } from '../../grammar/ast.ts';
import { rewrite, walk } from '../../grammar/walk.ts';
import type { Flow } from './flow.ts';
import { make } from './nodes.ts';

/** Which flow a pipeline in an expression stands for, until the program is put together. */
const flows = new WeakMap<Ast.Node, Flow>();

/** A pipeline that stands for the flow. */
export function standIn(flow: Flow): Ast.Pipeline {
  const node = pipelineOf(make('relationName', { name: flow.label ?? 'flow' }));
  flows.set(node, flow);
  return node;
}

function pipelineOf(relation: Ast.Relation): Ast.Pipeline {
  if (relation.kind === 'pipeline') return relation;
  const source: Ast.From = { kind: 'from', span: noSpan, verbSpan: noSpan, relation, type: null };
  return make('pipeline', { source, steps: [] });
}

export function flowsIn(nodes: readonly Ast.Node[]): Flow[] {
  const found: Flow[] = [];
  for (const node of nodes) {
    walk(node, (one) => {
      const flow = flows.get(one);
      if (flow !== undefined) found.push(flow);
    });
  }
  return found;
}

/** The step with the pipelines that are meant, once it is known under which names flows are written. */
export function placed<S extends Ast.Step>(step: S, relationOf: (flow: Flow) => Ast.Relation): S {
  return rewrite(step, (one) => {
    const flow = flows.get(one);
    return flow === undefined ? one : pipelineOf(relationOf(flow));
  });
}
