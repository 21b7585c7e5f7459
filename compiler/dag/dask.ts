/** Graphs as Dask specifies them: `{ key: computation }`, where a computation is a literal, another key, a task `[fn, ...args]`, or a list of computations. */
import { RunError } from '../../engine/errors.ts';
import type { ModuleFunction, TaskDef } from '../../engine/tasks/types.ts';
import { Dag, type DagRunOptions } from './graph.ts';
import type { TaskEngine } from './run.ts';
import type { DagNode } from './types.ts';

/** Strings that are keys stand for what these give, also in the arguments of tasks and in lists; other strings are literals. */
export type DaskGraph = Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown>;
/** A key, or lists of keys, to any depth. */
export type DaskKeys = string | readonly DaskKeys[];
/** Values in the shape of the keys. */
export type DaskValues<K> = DaskKeys extends K
  ? unknown
  : K extends readonly unknown[]
    ? { -readonly [I in keyof K]: DaskValues<K[I]> }
    : unknown;

export type DaskOptions = Pick<DagRunOptions<undefined>, 'signal' | 'onTask'>;

const RESULT = 'result';

/**
 * Computes keys of a graph; the result mirrors the shape of `keys`. What they do not need is not computed. Error FLOW7016 for keys that are not there, cycles, and
 * functions that cannot be sent to a worker.
 */
export function get<const K extends DaskKeys>(
  engine: TaskEngine,
  dsk: DaskGraph,
  keys: K,
  options?: DaskOptions,
): Promise<DaskValues<K>>;
export async function get(
  engine: TaskEngine,
  dsk: DaskGraph,
  keys: DaskKeys,
  options: DaskOptions = {},
): Promise<unknown> {
  const values = await fromDask(dsk, keys).run(engine, { ...options, outputs: [RESULT] });
  return values[RESULT];
}

/**
 * The graph, with tasks under their keys (tasks within tasks: `key.1`, …) and one output, `result`: `keys`. Without `keys`, every key that nothing else
 * reads is an output under its own name.
 */
export function fromDask(dsk: DaskGraph, keys?: DaskKeys): Dag {
  return new Translation(dsk).graph(keys);
}

type Call = readonly [fn: TaskFunction, ...args: unknown[]];
type TaskFunction = ((...args: unknown[]) => unknown) | ModuleFunction<(...args: unknown[]) => unknown> | AnyDef;
type AnyDef = TaskDef<unknown[], unknown, false>;

class Translation {
  readonly #dsk: ReadonlyMap<string, unknown>;
  readonly #dag = new Dag('dask');
  /** Keys of literals and aliases of them, and lists: what stands in their place. */
  readonly #stands = new Map<string, unknown>();
  readonly #open: string[] = [];
  readonly #read = new Set<string>();
  readonly #names = new Set<string>();

  constructor(dsk: DaskGraph) {
    this.#dsk = dsk instanceof Map ? dsk : new Map(Object.entries(dsk));
  }

  graph(keys: DaskKeys | undefined): Dag {
    for (const [key, computation] of this.#dsk) if (isCall(computation)) this.#task(key, computation);
    for (const key of this.#dsk.keys()) this.#key(key);
    if (keys === undefined) {
      for (const key of this.#dsk.keys()) if (!this.#read.has(key)) this.#dag.output(key, this.#key(key));
    } else this.#dag.output(RESULT, this.#wanted(keys));
    return this.#dag;
  }

  #wanted(keys: DaskKeys): unknown {
    if (typeof keys !== 'string') return keys.map((one) => this.#wanted(one));
    // A key that is not there: a name that the check of the graph tells, with the nearest.
    return this.#dsk.has(keys) ? this.#key(keys) : this.#dag.node(keys);
  }

  #task(key: string, [fn, ...args]: Call): DagNode {
    let part = 0;
    const translated = args.map((arg) => this.#argument(arg, () => this.#freeName(key, ++part)));
    return this.#dag.task(key, fn as AnyDef, ...translated);
  }

  #freeName(key: string, part: number): string {
    let name = `${key}.${part}`;
    while (this.#dsk.has(name) || this.#names.has(name)) name += '_';
    this.#names.add(name);
    return name;
  }

  /** Tasks in the place of an argument become tasks of their own. */
  #argument(arg: unknown, name: () => string): unknown {
    if (typeof arg === 'string' && this.#dsk.has(arg)) {
      this.#read.add(arg);
      return this.#key(arg);
    }
    if (isCall(arg)) return this.#task(name(), arg);
    return Array.isArray(arg) ? arg.map((one: unknown) => this.#argument(one, name)) : arg;
  }

  /** What stands for a key: the node of its task or literal; for a list, a list of such. */
  #key(key: string): unknown {
    const computation = this.#dsk.get(key);
    if (isCall(computation)) return this.#dag.node(key);
    if (this.#stands.has(key)) return this.#stands.get(key);
    if (this.#open.includes(key)) {
      const cycle = [...this.#open.slice(this.#open.indexOf(key)), key].reverse();
      throw new RunError('FLOW7016', `the graph \`dask\` cannot run: the graph has a cycle: ${cycle.join(' -> ')}`);
    }
    this.#open.push(key);
    let part = 0;
    const isAlias = typeof computation === 'string' && this.#dsk.has(computation);
    const stand =
      isAlias || Array.isArray(computation)
        ? this.#argument(computation, () => this.#freeName(key, ++part))
        : this.#dag.literal(key, computation);
    this.#open.pop();
    this.#stands.set(key, stand);
    return stand;
  }
}

/** An array whose first member is a function, in one of the forms that a task takes. */
function isCall(value: unknown): value is Call {
  if (!Array.isArray(value)) return false;
  const first: unknown = value[0];
  if (typeof first === 'function') return true;
  if (typeof first !== 'object' || first === null) return false;
  return (
    ('fn' in first && 'options' in first) || ('url' in first && 'name' in first && Object.keys(first).length === 2)
  );
}
