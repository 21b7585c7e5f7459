/** Runs a graph on an engine: what the outputs need, as tasks that read each other's results by refs. */
import { RunError } from '../../engine/errors.ts';
import { FAILED, isValue, PENDING, type Value } from '../../engine/tasks/refs.ts';
import type { FunctionSource, Ref, TaskDef, TaskOptions } from '../../engine/tasks/types.ts';
import { check, DagError } from './check.ts';
import { depthFirst, type Links, linksOf } from './links.ts';
import { fill, isPlain, scan } from './structures.ts';
import { type DagData, type DagNode, indexOf, type TaskSpec } from './types.ts';

/** What a graph needs of an engine. */
export interface TaskEngine {
  put(value: unknown): Ref<unknown>;
  task(def: TaskDef<unknown[], unknown, boolean>, ...args: unknown[]): unknown;
  get(refs: readonly Ref<unknown>[]): Promise<unknown[]>;
}

export interface DagTaskEvent {
  /** Name of the task's node. */
  readonly task: string;
  /** submitted: handed to the engine, which starts it when its arguments are there. */
  readonly state: 'submitted' | 'done' | 'failed';
  /** Why it failed. */
  readonly error?: unknown;
}

export interface DagRunRequest {
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Names of the graph's outputs; default: all. */
  readonly outputs: readonly string[] | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onTask: ((event: DagTaskEvent) => void) | undefined;
  /** Whether outputs are values; otherwise they are refs, which are the caller's to release. */
  readonly get: boolean;
}

/** The outputs by name. Error FLOW7016 (DagError) before anything starts when the graph is wrong. */
export async function runDag(
  data: DagData,
  engine: TaskEngine,
  request: DagRunRequest,
): Promise<Record<string, unknown>> {
  const links = linksOf(data);
  const { inputs, outputs, signal } = request;
  const found = check(data, links, { inputs: Object.keys(inputs), ...(outputs === undefined ? {} : { outputs }) });
  const errors = found.filter((p) => p.severity === 'error');
  if (errors.length > 0) throw new DagError(data.name, errors);
  if (signal?.aborted === true)
    throw new RunError('FLOW7012', `the graph \`${data.name}\` was cancelled before it started`);
  const stop = new AbortController();
  const abort = (): void => stop.abort(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  const run = new DagRun(data, links, engine, request, stop.signal);
  try {
    return await run.outputs();
  } catch (error) {
    // What else is running or waits is for nothing.
    stop.abort();
    run.release();
    throw error;
  } finally {
    // With refs as outputs, tasks may still run, and the caller's signal still ends them.
    if (request.get) signal?.removeEventListener('abort', abort);
  }
}

/** After so many tasks the engine gets its turn: its workers' messages are read between the turns of the driver. */
const TURN = 4096;

class DagRun {
  readonly #data: DagData;
  readonly #links: Links;
  readonly #engine: TaskEngine;
  readonly #request: DagRunRequest;
  readonly #signal: AbortSignal;
  readonly #wanted: readonly number[];
  /** By node: refs to its results, from its submission until nothing reads them any more. */
  readonly #refs = new Map<number, readonly Ref<unknown>[]>();
  /** By node: readers that are not submitted yet, and others who hold it. */
  readonly #holders: Int32Array;
  /** Nodes that follow others, and those that read from such: they are submitted later. */
  readonly #later = new Map<number, Promise<void>>();
  readonly #settled = new Map<number, Promise<void>>();

  constructor(data: DagData, links: Links, engine: TaskEngine, request: DagRunRequest, signal: AbortSignal) {
    this.#data = data;
    this.#links = links;
    this.#engine = engine;
    this.#request = request;
    this.#signal = signal;
    const { outputs } = request;
    this.#wanted = [...data.outputs.keys()].filter((i) => outputs?.includes(data.outputs[i]?.name ?? '') ?? true);
    this.#holders = new Int32Array(data.nodes.length);
  }

  async outputs(): Promise<Record<string, unknown>> {
    await this.#submitAll();
    await Promise.all(this.#later.values());
    const values = await (this.#request.get ? this.#values() : this.#outputRefs());
    await Promise.all(this.#settled.values());
    return values;
  }

  release(): void {
    for (const refs of this.#refs.values()) for (const ref of refs) ref.release();
    this.#refs.clear();
  }

  async #submitAll(): Promise<void> {
    const { reads, follows, outputs } = this.#links;
    const order = depthFirst(
      this.#links,
      this.#wanted.flatMap((i) => outputs[i] ?? []),
    );
    for (const at of order) for (const from of this.#sources(at)) this.#hold(from);
    for (const i of this.#wanted) for (const from of outputs[i] ?? []) this.#hold(from);
    let turn = 0;
    for (const at of order) {
      const after = follows[at] ?? [];
      const later = (reads[at] ?? []).flatMap((from) => this.#later.get(from) ?? []);
      if (after.length === 0 && later.length === 0) this.#submit(at);
      else this.#submitLater(at, [...later, ...after.map((from) => this.#done(from))]);
      if (++turn % TURN === 0) await new Promise(setImmediate);
      this.#signal.throwIfAborted();
    }
  }

  #sources(at: number): readonly number[] {
    return [...(this.#links.reads[at] ?? []), ...(this.#links.follows[at] ?? [])];
  }

  #hold(at: number): void {
    this.#holders[at] = (this.#holders[at] as number) + 1;
  }

  /** The last who holds a node lets its results go; the engine keeps them as long as submitted tasks need them. */
  #drop(at: number): void {
    const left = (this.#holders[at] as number) - 1;
    this.#holders[at] = left;
    if (left > 0) return;
    for (const ref of this.#refs.get(at) ?? []) ref.release();
    this.#refs.delete(at);
  }

  #submitLater(at: number, conditions: readonly Promise<void>[]): void {
    const submitted = Promise.all(conditions).then(() => {
      this.#signal.throwIfAborted();
      this.#submit(at);
    });
    // It is waited for when all others are submitted.
    submitted.catch(() => undefined);
    this.#later.set(at, submitted);
  }

  /** The node has its results, or the promise fails with its error. */
  async #done(at: number): Promise<void> {
    await this.#later.get(at);
    const refs = this.#refs.get(at);
    if (refs === undefined) return;
    await settled(refs[0]);
  }

  #submit(at: number): void {
    const node = this.#data.nodes[at];
    if (node?.kind !== 'task') return;
    const args =
      (this.#links.reads[at] ?? []).length === 0 ? node.args : (fill(node.args, (n) => this.#argument(n)) as unknown[]);
    const given = this.#engine.task({ fn: node.fn as FunctionSource, options: this.#options(node) }, ...args);
    this.#refs.set(at, (node.options.returns === undefined ? [given] : given) as readonly Ref<unknown>[]);
    if (this.#request.onTask !== undefined) this.#watch(at, node.name, this.#request.onTask);
    for (const from of this.#sources(at)) this.#drop(from);
  }

  #options({ name, options }: TaskSpec): TaskOptions {
    const { signal } = options;
    return { ...options, name, signal: signal === undefined ? this.#signal : AbortSignal.any([signal, this.#signal]) };
  }

  #watch(at: number, task: string, onTask: (event: DagTaskEvent) => void): void {
    onTask({ task, state: 'submitted' });
    this.#hold(at);
    const settled = this.#done(at).then(
      () => onTask({ task, state: 'done' }),
      (error: unknown) => onTask({ task, state: 'failed', error }),
    );
    settled.catch(() => undefined);
    this.#settled.set(
      at,
      settled.finally(() => this.#drop(at)),
    );
  }

  /** What stands for a node in the arguments of a task. */
  #argument(node: DagNode): unknown {
    const at = indexOf(this.#data, node) ?? -1;
    const spec = this.#data.nodes[at];
    if (spec?.kind === 'task') return this.#refs.get(at)?.[node.result ?? 0];
    const value = this.#given(at);
    return travelsAsItIs(value) ? value : this.#put(at, value);
  }

  /** The value of an input or a literal. */
  #given(at: number): unknown {
    const spec = this.#data.nodes[at];
    if (spec?.kind === 'literal') return spec.value;
    const { inputs } = this.#request;
    if (spec?.kind !== 'input') return undefined;
    return Object.hasOwn(inputs, spec.name) ? inputs[spec.name] : spec.fallback?.value;
  }

  /** A value that several tasks read is written once. */
  #put(at: number, value: unknown): Ref<unknown> {
    const known = this.#refs.get(at)?.[0];
    if (known !== undefined) return known;
    const ref = this.#engine.put(value);
    this.#refs.set(at, [ref]);
    return ref;
  }

  async #values(): Promise<Record<string, unknown>> {
    const specs = this.#wanted.map((i) => this.#data.outputs[i]);
    const refs = new Map<Ref<unknown>, unknown>();
    for (const spec of specs) {
      for (const node of scan(spec?.value).nodes) {
        const ref = this.#result(node);
        if (ref !== null) refs.set(ref, undefined);
      }
    }
    const values = await this.#engine.get([...refs.keys()]);
    for (const [i, ref] of [...refs.keys()].entries()) refs.set(ref, values[i]);
    const named = specs.map((spec): [string, unknown] => [
      spec?.name ?? '',
      fill(spec?.value, (node) => {
        const ref = this.#result(node);
        return ref === null ? this.#given(indexOf(this.#data, node) ?? -1) : refs.get(ref);
      }),
    ]);
    for (const i of this.#wanted) for (const from of this.#links.outputs[i] ?? []) this.#drop(from);
    return Object.fromEntries(named);
  }

  /** The ref that has to be asked for the value of a node; null: the value is at hand. */
  #result(node: DagNode): Ref<unknown> | null {
    const at = indexOf(this.#data, node) ?? -1;
    if (this.#data.nodes[at]?.kind === 'task') return this.#refs.get(at)?.[node.result ?? 0] ?? null;
    const value = this.#given(at);
    return isValue(value) ? value : null;
  }

  /** Refs in the places of nodes. They are the caller's: a second reader of the same result gets the same ref. */
  #outputRefs(): Record<string, unknown> {
    const named = this.#wanted.map((i): [string, unknown] => {
      const spec = this.#data.outputs[i];
      const refs = fill(spec?.value, (node) => {
        const ref = this.#result(node);
        const at = indexOf(this.#data, node) ?? -1;
        return ref ?? this.#put(at, this.#given(at));
      });
      return [spec?.name ?? '', refs];
    });
    return Object.fromEntries(named);
  }
}

/** Fulfilled when the value of the ref is there, without reading it; rejected with the error of its task. */
async function settled(ref: Ref<unknown> | undefined): Promise<void> {
  if (!isValue(ref)) return;
  if (ref.state === PENDING) await new Promise<Value>((resolve) => ref.watch({ settled: resolve }));
  if (ref.error !== null && ref.state === FAILED) throw ref.error;
}

/** Cheap to send with every task that reads it; and refs go as they are, wherever they stand. */
function travelsAsItIs(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= SHORT;
  return typeof value !== 'object' || value === null || holdsRef(value);
}

const SHORT = 1000;

function holdsRef(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (isValue(value)) return true;
  if (Array.isArray(value)) return value.some(holdsRef);
  return isPlain(value) && Object.values(value).some(holdsRef);
}
