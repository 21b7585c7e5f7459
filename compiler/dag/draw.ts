import { hasCycle, topologicalGenerations } from 'graphology-dag';
import { type Drawing, type DrawingFormat, draw } from '../explain/draw.ts';
import { graphOf, linksOf } from './links.ts';
import type { DagData, NodeSpec } from './types.ts';

/** The graph for people: nodes in the order in which they can run (in a graph with a cycle: in which they were made), then the outputs. */
export function drawDag(data: DagData, format: DrawingFormat): string {
  const links = linksOf(data);
  const graph = graphOf(links);
  const order = hasCycle(graph) ? graph.nodes() : topologicalGenerations(graph).flat();
  const nodes: Drawing['nodes'][number][] = order.flatMap((key) => {
    const node = data.nodes[Number(key)];
    if (node === undefined) return [];
    const label = format === 'text' ? noteOf(node) : nameAndNote(node);
    const shape = node.kind === 'task' ? ('box' as const) : ('slant' as const);
    return [{ id: `n${key}`, name: node.name, kind: node.kind, label, shape }];
  });
  const edges: Drawing['edges'][number][] = [];
  for (const [to, froms] of links.reads.entries())
    for (const from of froms) edges.push({ from: `n${from}`, to: `n${to}` });
  for (const [to, froms] of links.follows.entries())
    for (const from of froms) edges.push({ from: `n${from}`, to: `n${to}`, label: 'before' });
  for (const [i, { name }] of data.outputs.entries()) {
    nodes.push({ id: `out${i}`, name, kind: 'output', label: format === 'text' ? '' : name, shape: 'slant' });
    for (const from of links.outputs[i] ?? []) edges.push({ from: `n${from}`, to: `out${i}` });
  }
  return draw({ nodes, edges }, format);
}

/** What there is to say about a node besides its name. */
function noteOf(node: NodeSpec): string {
  switch (node.kind) {
    case 'input':
      return node.fallback === null ? '' : `default ${valueText(node.fallback.value)}`;
    case 'literal':
      return valueText(node.value);
    case 'task':
      return `${node.fn.name === '' ? '(a function)' : node.fn.name}${node.options.returns === undefined ? '' : ` (${node.options.returns} results)`}`;
  }
}

function nameAndNote(node: NodeSpec): string {
  const note = noteOf(node);
  if (note === '' || note === node.name) return node.name;
  return `${node.name}${node.kind === 'literal' ? ' = ' : ': '}${note}`;
}

const MOST_LETTERS = 24;

/** Enough of a value to know it again. */
function valueText(value: unknown): string {
  if (typeof value === 'object' && value !== null) {
    const name = Object.prototype.toString.call(value).slice(8, -1);
    const size =
      Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value)
        ? Number(value.length)
        : value instanceof Map || value instanceof Set
          ? value.size
          : null;
    return size === null ? name : `${name}(${size})`;
  }
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > MOST_LETTERS ? `${text.slice(0, MOST_LETTERS - 1)}…` : text;
}
