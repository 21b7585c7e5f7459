import type { PhysicalPlan } from '../../engine/plan.ts';
import type { LogicalPlan } from '../logical.ts';
import { lower, type TaskGraph, type TaskNode } from '../lower.ts';
import { type Drawing, type DrawnNode, draw, drawText } from './draw.ts';
import { logicalText } from './logical_text.ts';

export type ExplainFormat = 'text' | 'mermaid' | 'dot' | 'json';

export interface Explained {
  readonly logical: LogicalPlan;
  readonly optimized: LogicalPlan;
  readonly fired: readonly string[];
  readonly physical: PhysicalPlan;
}

/** The plan of a flow as text, as a drawing of its task graph (mermaid, dot), or as JSON. */
export function explain(e: Explained, format: ExplainFormat): string {
  const graph = lower(e.physical);
  switch (format) {
    case 'text':
      return text(e, graph);
    case 'mermaid':
    case 'dot':
      return draw(drawing(graph), format);
    case 'json':
      return JSON.stringify(
        {
          logical: logicalText(e.logical).split('\n'),
          optimized: logicalText(e.optimized).split('\n'),
          rules: e.fired,
          stages: e.physical.stages,
          graph: graph.export(),
        },
        (_, v: unknown) => (typeof v === 'bigint' ? String(v) : v),
        2,
      );
  }
}

/** Of the first column: numbers of stages stay under each other. */
const NAME_WIDTH = 8;

function text(e: Explained, graph: TaskGraph): string {
  const rules = e.fired.length === 0 ? '  (none)' : e.fired.map((r) => `  ${r}`).join('\n');
  return [
    'Logical plan',
    indent(logicalText(e.logical)),
    '',
    'Rules that fired',
    rules,
    '',
    'Optimized plan',
    indent(logicalText(e.optimized)),
    '',
    'Task graph',
    taskText(graph),
  ].join('\n');
}

function indent(s: string): string {
  return s
    .split('\n')
    .map((l) => `  ${l}`)
    .join('\n');
}

function drawing(g: TaskGraph): Drawing {
  const nodes = g.mapNodes((id, a) => ({ id, kind: a.kind, label: a.label, shape: shapeOf(a.kind) }));
  const edges = g.mapEdges((_, { kind }, from, to) => ({
    from,
    to,
    ...(kind === 'stream' || kind === 'output' ? {} : { word: kind }),
    ...(kind === 'broadcast' ? { label: kind } : {}),
  }));
  return { nodes, edges };
}

/** Nodes by generation, then by stage. */
function taskText(g: TaskGraph): string {
  const { nodes, edges } = drawing(g);
  const place = (n: DrawnNode): TaskNode => g.getNodeAttributes(n.id);
  const listed = [...nodes].sort(
    (x, y) => place(x).generation - place(y).generation || (place(x).stage ?? Infinity) - (place(y).stage ?? Infinity),
  );
  return indent(drawText({ nodes: listed, edges }, NAME_WIDTH));
}

function shapeOf(kind: TaskNode['kind']): DrawnNode['shape'] {
  return kind === 'exchange' ? 'hexagon' : kind === 'sink' || kind === 'result' ? 'slant' : 'box';
}
