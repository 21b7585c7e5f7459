/** The edges of a graph, by place of its nodes, and as a graph of graphology. */
import { DirectedGraph } from 'graphology';
import { scan } from './structures.ts';
import { belongs, type DagData, type DagNode, indexOf } from './types.ts';

export interface Links {
  /** By node: the nodes whose values it reads, each once, in the order of its arguments. Nodes that are not there are left out. */
  readonly reads: readonly (readonly number[])[];
  /** By node: the nodes that must be done before it starts, and that it does not read. */
  readonly follows: readonly (readonly number[])[];
  /** By output. */
  readonly outputs: readonly (readonly number[])[];
}

export function linksOf(data: DagData): Links {
  const reads = data.nodes.map((n) => (n.kind === 'task' ? places(data, scan(n.args).nodes) : []));
  const follows: number[][] = data.nodes.map(() => []);
  for (const { before, after } of data.orders) {
    const [from] = places(data, [before]);
    const [to] = places(data, [after]);
    if (from === undefined || to === undefined) continue;
    if (!reads[to]?.includes(from) && !follows[to]?.includes(from)) follows[to]?.push(from);
  }
  return { reads, follows, outputs: data.outputs.map((o) => places(data, scan(o.value).nodes)) };
}

function places(data: DagData, nodes: readonly DagNode[]): readonly number[] {
  if (nodes.length === 0) return [];
  const found = new Set<number>();
  for (const node of nodes) {
    const at = belongs(data, node) ? indexOf(data, node) : null;
    if (at !== null) found.add(at);
  }
  return [...found];
}

export type LinkGraph = DirectedGraph<Record<string, never>, { readonly kind: 'value' | 'order' }>;

/** Nodes are keyed by their places: names may be there twice. */
export function graphOf({ reads, follows }: Links): LinkGraph {
  const graph: LinkGraph = new DirectedGraph();
  for (const at of reads.keys()) graph.addNode(String(at));
  const edges = (lists: Links['reads'], kind: 'value' | 'order'): void => {
    for (const [to, list] of lists.entries()) {
      for (const from of list) graph.addDirectedEdge(String(from), String(to), { kind });
    }
  };
  edges(reads, 'value');
  edges(follows, 'order');
  return graph;
}

/** What `roots` need, themselves included: flags by node. */
export function ancestors({ reads, follows }: Links, roots: Iterable<number>): Uint8Array {
  const needed = new Uint8Array(reads.length);
  const open = [...roots];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (needed[at] === 1) continue;
    needed[at] = 1;
    for (const from of reads[at] ?? []) if (needed[from] === 0) open.push(from);
    for (const from of follows[at] ?? []) if (needed[from] === 0) open.push(from);
  }
  return needed;
}

/**
 * A topological order of what `roots` need that goes into the depth: what a node reads comes right before it, so that few values are alive at a time.
 * The graph has no cycle.
 */
export function depthFirst({ reads, follows }: Links, roots: Iterable<number>): number[] {
  const order: number[] = [];
  const seen = new Uint8Array(reads.length);
  const path: { readonly at: number; next: number }[] = [];
  const enter = (at: number): void => {
    if (seen[at] === 1) return;
    seen[at] = 1;
    path.push({ at, next: 0 });
  };
  for (const root of roots) {
    enter(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const own = reads[top.at] ?? [];
      const first = follows[top.at] ?? [];
      const i = top.next++;
      const from = i < first.length ? first[i] : own[i - first.length];
      if (from === undefined) {
        order.push(top.at);
        path.pop();
      } else enter(from);
    }
  }
  return order;
}
