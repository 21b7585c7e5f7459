import { DirectedGraph } from 'graphology';
import { hasCycle, topologicalGenerations } from 'graphology-dag';
import { EngineBug } from '../engine/errors.ts';
import type { PhysicalPlan, Stage } from '../engine/plan.ts';

/** Node of the task graph: a stage's tasks (map side), or the exchange between two stages. Plain JSON. */
export interface TaskNode {
  readonly kind: 'scan' | 'map' | 'merge' | 'exchange' | 'sink' | 'result';
  readonly label: string;
  /** Stage number, where there is one. */
  readonly stage: number | null;
  /** Generation in topological order: nodes of one generation can run side by side. */
  readonly generation: number;
  readonly columns: readonly string[];
}

export interface TaskEdge {
  /** stream: in order; hash, range, single: an exchange; broadcast: whole to every task. */
  readonly kind: 'stream' | 'hash' | 'range' | 'single' | 'broadcast' | 'output';
}

export type TaskGraph = DirectedGraph<TaskNode, TaskEdge>;

/** The task graph of a physical plan on graphology: exchanges are nodes of their own, so that two-phase shuffles show. */
export function lower(plan: PhysicalPlan): TaskGraph {
  const g: TaskGraph = new DirectedGraph<TaskNode, TaskEdge>();
  const add = (id: string, node: Omit<TaskNode, 'generation'>): void => void g.addNode(id, { ...node, generation: 0 });
  for (const s of plan.stages) addStage(s, g, add);
  for (const s of plan.stages) connect(s, g);
  plan.results.forEach((r, i) => {
    add(`result${i}`, { kind: 'result', label: 'print', stage: null, columns: r.schema.map((f) => f.name) });
    g.addEdge(outOf(g, r.relation), `result${i}`, { kind: 'output' });
  });
  if (hasCycle(g)) throw new EngineBug('the task graph has a cycle');
  topologicalGenerations(g).forEach((ids, generation) => {
    for (const id of ids) g.setNodeAttribute(id, 'generation', generation);
  });
  return g;
}

function addStage(s: Stage, g: TaskGraph, add: (id: string, node: Omit<TaskNode, 'generation'>) => void): void {
  const columns = s.schema.map((f) => f.name);
  const kind = s.input.kind === 'scan' ? 'scan' : s.input.kind === 'merge' ? 'merge' : 'map';
  add(`s${s.id}`, { kind, label: s.label, stage: s.id, columns });
  if (s.output.kind === 'exchange') {
    const keys =
      s.output.by === 'hash'
        ? s.output.keys.join(', ')
        : s.output.by === 'range'
          ? s.output.keys.map(sortKey).join(', ')
          : 'all rows';
    add(`x${s.id}`, { kind: 'exchange', label: `${s.output.by}: ${keys}`, stage: s.id, columns });
    g.addEdge(`s${s.id}`, `x${s.id}`, { kind: s.output.by });
  }
  if (s.output.kind === 'sink') {
    add(`w${s.id}`, { kind: 'sink', label: `${s.output.format} ${s.output.path}`, stage: s.id, columns });
    g.addEdge(`s${s.id}`, `w${s.id}`, { kind: 'output' });
  }
}

function sortKey(k: { expr: { kind: string; name?: string }; desc: boolean }): string {
  return `${k.expr.name ?? k.expr.kind}${k.desc ? ' desc' : ''}`;
}

function connect(s: Stage, g: TaskGraph): void {
  const to = `s${s.id}`;
  if ('from' in s.input) {
    for (const f of s.input.from) {
      const from = outOf(g, f.relation);
      const kind = g.getNodeAttribute(from, 'kind') === 'exchange' ? (exchangeKind(g, from) ?? 'stream') : 'stream';
      if (!g.hasEdge(from, to)) g.addEdge(from, to, { kind });
    }
  }
  const steps = s.input.kind === 'merge' ? [s.input.step, ...s.steps] : s.steps;
  for (const side of steps.flatMap((x) => x.sides)) {
    const from = outOf(g, side.relation);
    if (!g.hasEdge(from, to)) g.addEdge(from, to, { kind: 'broadcast' });
  }
}

function exchangeKind(g: TaskGraph, id: string): TaskEdge['kind'] | undefined {
  const [edge] = g.inEdges(id);
  return edge === undefined ? undefined : g.getEdgeAttribute(edge, 'kind');
}

/** The node whose output a reader of a relation sees. */
function outOf(g: TaskGraph, relation: number): string {
  return g.hasNode(`x${relation}`) ? `x${relation}` : `s${relation}`;
}
