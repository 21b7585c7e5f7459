/** The builder of graphs of tasks. */
import { RunError } from '../../engine/errors.ts';
import { checkTaskOptions } from '../../engine/tasks/definition.ts';
import type { ModuleFunction, TaskDef, TaskOptions } from '../../engine/tasks/types.ts';
import type { DrawingFormat } from '../explain/draw.ts';
import { type CheckRequest, check } from './check.ts';
import { drawDag } from './draw.ts';
import { sourceOf } from './functions.ts';
import { type DagJson, toJson } from './json.ts';
import { linksOf } from './links.ts';
import { type DagTaskEvent, runDag, type TaskEngine } from './run.ts';
import {
  type DagArgs,
  type DagData,
  DagNode,
  type DagProblem,
  emptyData,
  type Meta,
  type NodeSpec,
  type RefsOf,
  type ValueOf,
} from './types.ts';

type AnyFunction = (...args: never[]) => unknown;
/** Nodes for the results of a task that has several. */
export type DagNodes<R> = R extends readonly unknown[] ? { readonly [K in keyof R]: DagNode<R[K]> } : never;

/** What a graph gives, by name: a node, or nodes in arrays and plain objects. */
export type Outputs = Readonly<Record<string, unknown>>;
/** The outputs of a graph that `output` was called on: names are checked as soon as one is known. */
type With<O, N extends string, V> = string extends keyof O ? { readonly [K in N]: V } : O & { readonly [K in N]: V };
type Name<O> = keyof O & string;

export interface DagRunOptions<W> {
  /** Values, or refs of the engine, by the names of the inputs. */
  readonly inputs?: Readonly<Record<string, unknown>>;
  /** Names of the outputs that are wanted, or nodes under names of one's own. Default: all outputs of the graph. What they do not need does not run. */
  readonly outputs?: W;
  /** Cancels the tasks that are not done: the run is rejected with FLOW7012. */
  readonly signal?: AbortSignal;
  /** Is told when tasks are submitted, done, or have failed. */
  readonly onTask?: (event: DagTaskEvent) => void;
  /** false: refs instead of values, at once; they are the caller's to release. Default true. */
  readonly get?: boolean;
}

/** Annotations of a node: options of its task, and anything else as `meta`. */
export interface Annotations extends Omit<TaskOptions, 'name' | 'returns'> {
  readonly meta?: Meta;
}

/** A graph of tasks: built once, then checked, drawn, written as JSON, and run, as often as wanted, on any engine. */
export class Dag<O extends Outputs = Outputs> {
  readonly #data: DagData;

  constructor(name: string | DagData = 'graph') {
    this.#data = typeof name === 'string' ? emptyData(name) : name;
  }

  get name(): string {
    return this.#data.name;
  }

  /** Nodes in the order they were made. */
  get nodes(): readonly DagNode[] {
    return this.#data.nodes.map(({ name }, at) => new DagNode(this.#data, name, at, null));
  }

  /** A value that a run is given; the default is used when it is not. */
  input<T = unknown>(name: string, options: { readonly default?: T; readonly meta?: Meta } = {}): DagNode<T> {
    const fallback = Object.hasOwn(options, 'default') ? { value: options.default } : null;
    return this.#add<T>({ kind: 'input', name, fallback, meta: options.meta ?? null });
  }

  /** A value that belongs to the graph. Tasks that read it share one copy. */
  literal<T>(name: string, value: T): DagNode<T> {
    return this.#add<T>({ kind: 'literal', name, value, meta: null });
  }

  /**
   * A call of a function: one node, or one for each result where `task(fn, { returns })` says how many. Arguments are values, nodes, and nodes in arrays and
   * plain objects. A function that cannot be sent to a worker is told by `validate`.
   */
  task<A extends readonly unknown[], R>(
    name: string,
    fn: TaskDef<A, R, true>,
    ...args: DagArgs<NoInfer<A>>
  ): DagNodes<R>;
  task<A extends readonly unknown[], R>(
    name: string,
    fn: TaskDef<A, R, false>,
    ...args: DagArgs<NoInfer<A>>
  ): DagNode<R>;
  task<F extends AnyFunction>(
    name: string,
    fn: ModuleFunction<F>,
    ...args: DagArgs<Parameters<F>>
  ): DagNode<Awaited<ReturnType<F>>>;
  task<A extends readonly unknown[], R>(
    name: string,
    fn: (...args: A) => R,
    ...args: DagArgs<NoInfer<A>>
  ): DagNode<Awaited<R>>;
  task(
    name: string,
    fn: TaskDef<readonly unknown[], unknown, boolean> | ModuleFunction<AnyFunction> | AnyFunction,
    ...args: readonly unknown[]
  ): unknown {
    const isDef = typeof fn === 'object' && fn !== null && 'fn' in fn;
    const { name: _, ...options } = isDef ? fn.options : ({} as TaskOptions);
    const node = this.#add({ kind: 'task', name, fn: isDef ? fn.fn : sourceOf(fn), args, options, meta: null });
    if (options.returns === undefined) return node;
    return Array.from({ length: options.returns }, (_one, i) => new DagNode(this.#data, name, node.index, i));
  }

  /** A node by its name (and which of its results), also one that will be made later: a name that stays unknown is told by `validate`. */
  node<T = unknown>(name: string, result: number | null = null): DagNode<T> {
    return new DagNode<T>(this.#data, name, null, result);
  }

  /** What the graph gives under this name: a node, or nodes in arrays and plain objects. Returns the graph, which knows the type of the output. */
  output<const N extends string, const V>(name: N, value: V): Dag<With<O, N, V>> {
    checkName(name, 'an output');
    this.#data.outputs.push({ name, value });
    return this as unknown as Dag<With<O, N, V>>;
  }

  /** `after` starts when `before` is done, without reading its value. Nodes or their names. */
  connect(before: DagNode | string, after: DagNode | string): this {
    const node = (one: DagNode | string): DagNode => (typeof one === 'string' ? this.node(one) : one);
    this.#data.orders.push({ before: node(before), after: node(after) });
    return this;
  }

  /** Options and data for a node that is there; what it has and is not named here stays. Error FLOW7016 for an option that is none or has a bad value. */
  annotate(node: DagNode | string, { meta, ...options }: Annotations): this {
    const name = typeof node === 'string' ? node : node.name;
    const at = (typeof node === 'string' ? null : node.index) ?? this.#data.byName.get(name) ?? -1;
    const spec = this.#data.nodes[at];
    if (spec === undefined) throw new RunError('FLOW7016', `there is no node \`${name}\` to annotate`);
    const merged = meta === undefined ? spec.meta : { ...spec.meta, ...meta };
    if (spec.kind === 'task') {
      if ('returns' in options || 'name' in options)
        throw new RunError(
          'FLOW7016',
          `name and number of results of the task \`${name}\` were settled when it was made`,
        );
      checkTaskOptions(options);
      this.#data.nodes[at] = { ...spec, meta: merged, options: { ...spec.options, ...options } };
    } else {
      const [option] = Object.keys(options);
      if (option !== undefined)
        throw new RunError('FLOW7016', `the ${spec.kind} \`${name}\` is no task: it has no option "${option}"`);
      this.#data.nodes[at] = { ...spec, meta: merged };
    }
    return this;
  }

  /** The free annotations of a node. */
  meta(node: DagNode | string): Meta {
    const at = (typeof node === 'string' ? null : node.index) ?? this.#data.byName.get(String(node)) ?? -1;
    return this.#data.nodes[at]?.meta ?? {};
  }

  /** Everything that is wrong, errors and warnings; with a request, also what is wrong with that. An empty list: it can run. */
  validate(request: CheckRequest = {}): readonly DagProblem[] {
    return check(this.#data, linksOf(this.#data), request);
  }

  /** Plain data for `JSON.stringify`, which `dag.fromJSON` reads. Error FLOW7016 with the path of what has no JSON. */
  toJSON(): DagJson {
    return toJson(this.#data);
  }

  /** text: a line for each node; mermaid and dot: to be drawn. Also of a graph that is wrong. */
  draw(format: DrawingFormat = 'text'): string {
    return drawDag(this.#data, format);
  }

  /**
   * Runs what the outputs need. Tasks go to the engine at once, which starts each when its arguments are there; results that are no outputs are let go as soon as
   * nothing needs them. DagError (FLOW7016, with all problems) before anything starts; the error of the first task that failed, when the others are cancelled.
   */
  run<const W extends readonly Name<O>[]>(
    engine: TaskEngine,
    options: DagRunOptions<W> & { readonly outputs: W; readonly get: false },
  ): Promise<{ [K in W[number]]: RefsOf<O[K]> }>;
  run<const W extends readonly Name<O>[]>(
    engine: TaskEngine,
    options: DagRunOptions<W> & { readonly outputs: W },
  ): Promise<{ [K in W[number]]: ValueOf<O[K]> }>;
  run<const W extends Outputs>(
    engine: TaskEngine,
    options: DagRunOptions<W> & { readonly outputs: W; readonly get: false },
  ): Promise<{ -readonly [K in keyof W]: RefsOf<W[K]> }>;
  run<const W extends Outputs>(
    engine: TaskEngine,
    options: DagRunOptions<W> & { readonly outputs: W },
  ): Promise<{ -readonly [K in keyof W]: ValueOf<W[K]> }>;
  run(
    engine: TaskEngine,
    options: DagRunOptions<undefined> & { readonly get: false },
  ): Promise<{ -readonly [K in keyof O]: RefsOf<O[K]> }>;
  run(engine: TaskEngine, options?: DagRunOptions<undefined>): Promise<{ -readonly [K in keyof O]: ValueOf<O[K]> }>;
  run(engine: TaskEngine, options: DagRunOptions<readonly string[] | Outputs | undefined> = {}): Promise<unknown> {
    const { inputs = {}, outputs, signal, onTask, get = true } = options;
    const named = outputs === undefined || Array.isArray(outputs) ? null : Object.entries(outputs);
    const data =
      named === null ? this.#data : { ...this.#data, outputs: named.map(([name, value]) => ({ name, value })) };
    const names = Array.isArray(outputs) ? (outputs as readonly string[]) : undefined;
    return runDag(data, engine, { inputs, outputs: names, signal, onTask, get });
  }

  #add<T>(spec: NodeSpec): DagNode<T> {
    checkName(spec.name, 'a node');
    const { nodes, byName } = this.#data;
    const at = nodes.push(spec) - 1;
    if (!byName.has(spec.name)) byName.set(spec.name, at);
    return new DagNode<T>(this.#data, spec.name, at, null);
  }
}

function checkName(name: unknown, what: string): void {
  if (typeof name !== 'string' || name === '')
    throw new RunError(
      'FLOW7016',
      `the name of ${what} is ${JSON.stringify(name) ?? String(name)}; a text that is not empty is expected`,
    );
}
