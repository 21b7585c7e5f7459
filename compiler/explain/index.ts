import type { PhysicalPlan } from '../../engine/plan.ts';
import type { LogicalPlan } from '../logical.ts';
import { lower, type TaskGraph } from '../lower.ts';
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
      return mermaid(graph);
    case 'dot':
      return dot(graph);
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

function taskText(g: TaskGraph): string {
  const lines = g
    .mapNodes((id, a) => ({ id, a }))
    .sort((x, y) => x.a.generation - y.a.generation || (x.a.stage ?? Infinity) - (y.a.stage ?? Infinity));
  return lines
    .map(({ id, a }) => {
      const from = g.mapInEdges(
        id,
        (_, attr, source) => `${source}${attr.kind === 'stream' || attr.kind === 'output' ? '' : ` ${attr.kind}`}`,
      );
      return `  ${id.padEnd(8)}${a.kind.padEnd(9)}${oneLine(a.label)}${from.length > 0 ? `  <- ${from.join(', ')}` : ''}`;
    })
    .join('\n');
}

/** Names and paths may hold line ends. */
function oneLine(s: string): string {
  return s.replace(/[\p{Cc}\u2028\u2029]/gu, (c) =>
    c === '\n' ? '\\n' : `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}

/** Labels come from users' files: quotes and brackets must not end a node's text. */
function escapeMermaid(s: string): string {
  return s.replace(/[^\p{L}\p{N} _.,:|()*/=+-]/gu, (c) => `#${c.codePointAt(0)};`);
}

function mermaid(g: TaskGraph): string {
  const nodes = g.mapNodes((id, a) => {
    const label = `"${escapeMermaid(a.label)}"`;
    return a.kind === 'exchange'
      ? `  ${id}{{${label}}}`
      : a.kind === 'sink' || a.kind === 'result'
        ? `  ${id}[/${label}/]`
        : `  ${id}[${label}]`;
  });
  const edges = g.mapEdges((_, attr, s, t) => `  ${s} -->${attr.kind === 'broadcast' ? '|broadcast|' : ''} ${t}`);
  return ['flowchart TD', ...nodes, ...edges].join('\n');
}

function dot(g: TaskGraph): string {
  const q = (s: string): string => `"${oneLine(s).replace(/[\\"]/g, '\\$&')}"`;
  const nodes = g.mapNodes(
    (id, a) => `  ${id} [label=${q(a.label)}, shape=${a.kind === 'exchange' ? 'hexagon' : 'box'}];`,
  );
  const edges = g.mapEdges(
    (_, attr, s, t) => `  ${s} -> ${t}${attr.kind === 'broadcast' ? ' [label="broadcast"]' : ''};`,
  );
  return ['digraph flow {', ...nodes, ...edges, '}'].join('\n');
}
