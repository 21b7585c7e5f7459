/** What a graph of tasks is made of: plain data between building, checking, writing, drawing and running. */
import type { FunctionSource, Ref, TaskOptions } from '../../engine/tasks/types.ts';

/** Annotations that stay with a node; everything that JSON can carry, and what `toJSON` has tags for. */
export type Meta = Readonly<Record<string, unknown>>;

/** A node of a graph, or one result of a node: stands for the value it will have. */
export class DagNode<T = unknown> {
  readonly name: string;
  /** Which of several results, from 0; null: the only one. */
  readonly result: number | null;
  /** The graph it was made for: nodes of two graphs do not mix. */
  readonly graph: DagData;
  /** Place in `graph.nodes`; null: known by its name only, until the graph is checked. */
  readonly index: number | null;
  /** Never there; carries the type. */
  declare readonly __type?: T;

  constructor(graph: DagData, name: string, index: number | null, result: number | null) {
    this.graph = graph;
    this.name = name;
    this.index = index;
    this.result = result;
  }

  toString(): string {
    return this.result === null ? this.name : `${this.name}[${this.result}]`;
  }
}

type Plain = { readonly [key: string]: unknown };
/** Objects that are values, not structures to look into. */
type Whole =
  | DagNode
  | Ref<unknown>
  | Date
  | RegExp
  | Error
  | ArrayBufferLike
  | ArrayBufferView
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | ((...args: never[]) => unknown);

/** What may stand in the place of a T: the value, a node of this type, or the same in the members of arrays and plain objects. */
export type DagArg<T> =
  | T
  | DagNode<T>
  | (T extends Whole
      ? never
      : T extends readonly unknown[] | Plain
        ? { readonly [K in keyof T]: DagArg<T[K]> }
        : never);
export type DagArgs<A extends readonly unknown[]> = { readonly [K in keyof A]: DagArg<A[K]> };

/** The value of an argument or an output: nodes replaced by what they stand for. */
export type ValueOf<V> = unknown extends V
  ? unknown
  : V extends DagNode<infer T>
    ? T
    : V extends Whole
      ? V
      : V extends readonly unknown[] | Plain
        ? { -readonly [K in keyof V]: ValueOf<V[K]> }
        : V;

/** The same with refs in the place of nodes. */
export type RefsOf<V> = unknown extends V
  ? unknown
  : V extends DagNode<infer T>
    ? Ref<T>
    : V extends Whole
      ? V
      : V extends readonly unknown[] | Plain
        ? { -readonly [K in keyof V]: RefsOf<V[K]> }
        : V;

interface Spec {
  readonly name: string;
  readonly meta: Meta | null;
}

export interface InputSpec extends Spec {
  readonly kind: 'input';
  /** null: a value must be given. */
  readonly fallback: { readonly value: unknown } | null;
}

export interface LiteralSpec extends Spec {
  readonly kind: 'literal';
  readonly value: unknown;
}

export interface TaskSpec extends Spec {
  readonly kind: 'task';
  /** Or why it cannot travel to a worker. */
  readonly fn: FunctionSource | { readonly kind: 'refused'; readonly reason: string; readonly name: string };
  /** With nodes anywhere in arrays and plain objects. */
  readonly args: readonly unknown[];
  /** `name` is not among them: the node's own is used. */
  readonly options: Omit<TaskOptions, 'name'>;
}

export type NodeSpec = InputSpec | LiteralSpec | TaskSpec;

export interface OutputSpec {
  readonly name: string;
  /** A node, or nodes anywhere in arrays and plain objects. */
  readonly value: unknown;
}

/** `after` starts when `before` is done, without reading its value. */
export interface OrderSpec {
  readonly before: DagNode;
  readonly after: DagNode;
}

export interface DagData {
  readonly name: string;
  readonly nodes: NodeSpec[];
  readonly outputs: OutputSpec[];
  readonly orders: OrderSpec[];
  /** Name to place in `nodes`; of several nodes of one name, the first. */
  readonly byName: Map<string, number>;
}

export type DagProblemKind =
  | 'cycle'
  | 'duplicate-name'
  | 'unknown-node'
  | 'unknown-result'
  | 'foreign-node'
  | 'hidden-node'
  | 'circular-value'
  | 'function'
  | 'no-output'
  | 'unknown-output'
  | 'missing-input'
  | 'unknown-input'
  | 'unused';

export interface DagProblem {
  /** A graph with errors does not run; warnings are for people. */
  readonly severity: 'error' | 'warning';
  readonly kind: DagProblemKind;
  /** One line. */
  readonly message: string;
  /** Name of the node that the problem is at, where there is one. */
  readonly node: string | null;
}

export function emptyData(name: string): DagData {
  return { name, nodes: [], outputs: [], orders: [], byName: new Map() };
}

/** Whether the node was made for this graph (or for the same nodes with other outputs). */
export function belongs(data: DagData, node: DagNode): boolean {
  return node.graph.nodes === data.nodes;
}

/** Place of the node that is meant, or null when there is none of its name. */
export function indexOf(data: DagData, node: DagNode): number | null {
  return node.index ?? data.byName.get(node.name) ?? null;
}
