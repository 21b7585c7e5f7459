import { errorFromData, RunError } from '../errors.ts';
import type { CallAnswer, FailedAnswer } from '../runtime/messages.ts';
import type { WorkerPool } from '../runtime/pool.ts';
import type { MainStore } from '../store/store.ts';
import type { ObjectId } from '../store/types.ts';
import type { TaskCounts } from '../trace/stats.ts';
import { Actor } from './actors.ts';
import { type ActorPart, Call, type CallHome } from './call.ts';
import { type Definition, define } from './definition.ts';
import { cancelled, closed, diedError, lostError, otherError, taskError, timedOut } from './failures.ts';
import { describeFunction } from './functions.ts';
import { Holdings, isShort } from './holdings.ts';
import type { Slot, WorkerDied } from './job.ts';
import { expected, Lineage, type LineageHome, type Spec } from './lineage.ts';
import { encodeArgs, placeValue } from './places.ts';
import { FAILED, isValue, PENDING, READY, RELEASED, Value, type ValueHome } from './refs.ts';
import type { FunctionSource, TaskDef, TaskOptions, ValuePlace } from './types.ts';

/** How often a call that finds no room in the store is tried again, alone. */
const SHORTAGES = 3;
const NO_VALUES: readonly Value[] = [];

/** Calls, their values, and what becomes of both: everything of the task API that is decided on the driver. */
export class TaskRuntime implements CallHome, ValueHome, LineageHome {
  readonly holdings: Holdings;
  readonly #store: MainStore;
  readonly #pool: WorkerPool;
  readonly #lineage: Lineage;
  readonly #definitions = new WeakMap<object, Definition>();
  /** By what tells a function from others. */
  readonly #functions = new Map<string, Definition>();
  /** Calls to be cancelled with a signal. */
  readonly #signalled = new WeakMap<AbortSignal, Set<Call>>();
  readonly #counts = { done: 0, failed: 0, cancelled: 0, retries: 0, reconstructions: 0 };
  #waiting = 0;
  #values = 0;
  #actors = 0;
  #closed = false;

  /** `words`: those of WorkerInit.jobs. */
  constructor(store: MainStore, pool: WorkerPool, words: Float64Array) {
    this.#store = store;
    this.#pool = pool;
    this.holdings = new Holdings(store, words);
    this.#lineage = new Lineage(this, store.limit);
    this.holdings.lineage = this.#lineage;
  }

  stats(): TaskCounts {
    return {
      waiting: this.#waiting,
      ready: this.#pool.scheduler.waiting,
      running: this.#pool.running,
      ...this.#counts,
      workersLost: this.#pool.workersLost,
    };
  }

  checkOpen(): void {
    if (this.#closed) throw closed();
  }

  put(value: unknown): Value {
    this.checkOpen();
    const made = this.newValue(null, 0);
    made.held = true;
    const place = this.holdings.withRoom(() => placeValue(this.#store, value, 'the value', this.holdings.inline));
    made.state = READY;
    this.holdings.keep(made, place);
    return made;
  }

  /** The definition behind what a user gave as a task. */
  definition(what: unknown): Definition {
    const key = what as object;
    const known = typeof what === 'object' || typeof what === 'function' ? this.#definitions.get(key) : undefined;
    if (known !== undefined) return known;
    const given = isTaskDef(what) ? what : { fn: describeFunction(what), options: {} };
    const def = this.define(given.fn, given.options);
    this.#definitions.set(key, def);
    return def;
  }

  define(source: FunctionSource, options: TaskOptions): Definition {
    const { scheduler } = this.#pool;
    const { threads = 1, memory = 0, name = source.name } = options;
    if (threads > scheduler.workers) {
      throw new RunError(
        'FLOW7016',
        `task "${name}" wants ${threads} threads; the engine has ${scheduler.workers} workers`,
      );
    }
    if (memory > scheduler.memory) {
      throw new RunError(
        'FLOW7007',
        `task "${name}" wants ${memory} bytes of working memory; tasks may take ${scheduler.memory}, half of the limit`,
        {},
        'Raise the limit with --memory (EngineOptions.memory).',
      );
    }
    const key = source.kind === 'module' ? `${source.url}#${source.name}` : source.code;
    const same = this.#functions.get(key);
    const def = define(same?.fn ?? this.#functions.size + 1, source, options, same?.pace ?? { average: Number.NaN });
    if (same === undefined) this.#functions.set(key, def);
    return def;
  }

  /** Arguments as they get to a worker. Errors of values that cannot, and of refs that were released. */
  encode(args: readonly unknown[]): { readonly shape: ValuePlace | null; readonly inputs: readonly Value[] } {
    this.checkOpen();
    const encoded =
      args.length === 0
        ? null
        : this.holdings.withRoom(() => encodeArgs(this.#store, args, isValue, this.holdings.inline));
    // A copy is as long as it has to be; an array that grew has room for many more, and there may be a million of them.
    const inputs = encoded === null || encoded.refs.length === 0 ? NO_VALUES : encoded.refs.slice();
    try {
      for (const v of inputs) v.claim();
    } catch (e) {
      if (encoded !== null) this.discard(encoded.shape);
      throw e;
    }
    return { shape: encoded?.shape ?? null, inputs };
  }

  /** The refs to the results of a new call. */
  submit(def: Definition, args: readonly unknown[], part: ActorPart | null = null): readonly Value[] {
    const { shape, inputs } = this.encode(args);
    const call = new Call({ home: this, order: this.#pool.nextOrder(), def, shape, inputs, part, spec: null });
    const results = new Array<Value>(def.returns ?? 1);
    for (let i = 0; i < results.length; i++) results[i] = new Value(this, ++this.#values, def, i, call);
    call.results = results;
    this.begin(call);
    return results;
  }

  /** A new actor, with the arguments of its constructor. */
  actor(def: Definition, restarts: number, args: readonly unknown[]): Actor {
    const { shape, inputs } = this.encode(args);
    return new Actor({ id: ++this.#actors, def, restarts, shape, inputs, runtime: this, pool: this.#pool });
  }

  /** The call waits for its inputs, or runs, or has failed with one of them. */
  begin(call: Call): void {
    call.part?.actor.enters(call);
    let failed: RunError | null = null;
    for (const v of call.inputs) {
      v.users++;
      if (v.state === PENDING) {
        call.missing++;
        if (v.dependents === null) v.dependents = [call];
        else v.dependents.push(call);
      } else if (v.state !== READY) failed ??= v.error ?? lostError(v, 'it was released');
    }
    if (call.missing > 0) this.#waiting++;
    if (failed !== null) this.fail(call, failed);
    else if (!this.#watchSignal(call)) this.cancel(call);
    else if (call.missing === 0) this.#submit(call);
  }

  #submit(call: Call): void {
    if (call.part === null) this.#pool.scheduler.submit(call);
    else call.part.actor.ready(call);
  }

  /** False: the signal was aborted already. */
  #watchSignal(call: Call): boolean {
    const { signal } = call.def;
    if (signal === null) return true;
    if (signal.aborted) return false;
    let calls = this.#signalled.get(signal);
    if (calls === undefined) {
      const all = new Set<Call>();
      calls = all;
      this.#signalled.set(signal, all);
      signal.addEventListener('abort', () => {
        for (const c of all) this.cancel(c);
      });
    }
    calls.add(call);
    return true;
  }

  /** The call is over, one way or the other. */
  #end(call: Call): void {
    call.dead = true;
    if (call.missing > 0) this.#waiting--;
    call.missing = 0;
    if (call.def.signal !== null) this.#signalled.get(call.def.signal)?.delete(call);
    for (const v of call.inputs) this.unuse(v);
  }

  /** One less takes the value. */
  unuse(v: Value): void {
    v.users--;
    if (!v.held && v.users === 0) this.#dropUnused(v);
  }

  /** Nobody can ask for the value any more. */
  #dropUnused(v: Value): void {
    if (v.state !== READY) return;
    v.state = RELEASED;
    this.holdings.drop(v);
  }

  /** Of a ref: its user needs the value no more. */
  released(v: Value): void {
    if (v.users === 0) this.#dropUnused(v);
  }

  succeeded(call: Call, { results }: CallAnswer): void {
    if (call.dead) {
      for (const place of results) this.discard(place);
      return;
    }
    this.#counts.done++;
    const stored = results.some((p) => p.kind === 'object');
    const receivers = call.spec === null ? call.results : expected(call.spec);
    const spec = call.spec ?? (stored && call.part === null ? this.#lineage.keep(call) : null);
    const ready: Call[] = [];
    receivers.forEach((v, i) => {
      const place = results[i];
      if (place === undefined) return;
      if (v === null || v.state !== PENDING) this.discard(place);
      else this.#settle(v, place, place.kind === 'object' ? spec : null, ready);
    });
    for (let i = receivers.length; i < results.length; i++) this.discard(results[i] as ValuePlace);
    this.#end(call);
    if (spec === null) this.#discardShape(call);
    if (call.spec !== null) this.#lineage.remade(call.spec);
    else if (spec !== null) this.#lineage.trim();
    call.part?.actor.left(call, null);
    for (const c of ready) this.#submit(c);
  }

  #discardShape({ shape, part }: Call): void {
    // An actor's is needed to make it again.
    if (shape !== null && part?.method !== null) this.discard(shape);
  }

  /** The value is there; adds the calls that waited for nothing else to `ready`. */
  #settle(v: Value, place: ValuePlace, spec: Spec | null, ready: Call[]): void {
    v.state = READY;
    v.maker = null;
    v.spec = spec;
    if (spec !== null) spec.holders++;
    this.holdings.keep(v, place);
    const { dependents } = v;
    v.dependents = null;
    if (dependents !== null) {
      for (const c of dependents) {
        if (c.dead || --c.missing > 0) continue;
        this.#waiting--;
        ready.push(c);
      }
    }
    if (!v.held && v.users === 0) this.#dropUnused(v);
    this.#wake(v);
  }

  #wake(v: Value): void {
    const { watchers } = v;
    if (watchers === null) return;
    v.watchers = null;
    for (const w of watchers) w.settled(v);
  }

  rejected(call: Call, { error, thrown }: FailedAnswer): void {
    if (call.dead) return;
    const e: Error = thrown ? taskError(call.name, error) : errorFromData(error);
    const retry = call.attempt <= call.def.retries && call.part === null;
    if (thrown && retry && call.def.retryErrors) this.#retry(call);
    else if (e instanceof RunError && e.code === 'FLOW7008' && e.where.object !== undefined) {
      this.#inputLost(call, e.where.object, e);
    } else if (isShort(e) && call.shortages < SHORTAGES && call.part === null) {
      // What others hold may be all that was missing, and what garbage holds; and what the driver looks at just then.
      this.holdings.collect();
      call.alone = this.#pool.size;
      call.shortages++;
      this.#retry(call);
    } else {
      this.fail(call, thrown ? (e as RunError) : otherError(call.name, e));
    }
  }

  #retry(call: Call): void {
    call.attempt++;
    this.#counts.retries++;
    this.#submit(call);
  }

  /** An argument cannot be read: it is made again, and then the call. */
  #inputLost(call: Call, object: number, e: RunError): void {
    const lost = call.inputs.filter(
      (v) => v.state === READY && v.place?.kind === 'object' && v.place.object === object,
    );
    if (lost.length === 0 && call.inputs.every((v) => v.state === READY)) {
      this.fail(call, new RunError('FLOW7015', `the arguments of task "${call.name}" are lost: ${e.message}`));
      return;
    }
    for (const v of lost) {
      if (call.attempt > call.def.retries || !this.remake(v)) {
        this.fail(call, lostError(v, e.message));
        return;
      }
    }
    call.attempt++;
    this.#counts.retries++;
    for (const v of call.inputs) {
      if (v.state !== PENDING) continue;
      call.missing++;
      if (v.dependents === null) v.dependents = [call];
      else v.dependents.push(call);
    }
    if (call.missing > 0) this.#waiting++;
    else this.#submit(call);
  }

  /** Begins to make a ready value again; false when nobody knows how. */
  remake(v: Value): boolean {
    return this.#lineage.remake(v);
  }

  newValue(def: Definition | null, index: number): Value {
    const v = new Value(this, ++this.#values, def, index, null);
    v.held = false;
    return v;
  }

  rerun(spec: Spec, inputs: readonly Value[]): void {
    this.#counts.reconstructions++;
    const order = this.#pool.nextOrder();
    const call = new Call({ home: this, order, def: spec.def, shape: spec.shape, inputs, part: null, spec });
    for (const v of expected(spec)) if (v !== null) v.maker = call;
    this.begin(call);
  }

  dropPlace(v: Value): void {
    this.holdings.drop(v);
  }

  discard(place: ValuePlace): void {
    this.holdings.discard(place);
  }

  soon(call: Call): void {
    const objects: ObjectId[] = [];
    for (const { place } of call.inputs) {
      // Of an object of which little is needed, that little is read alone.
      if (place?.kind === 'object' && place.bytes * 2 > this.#store.size(place.object)) objects.push(place.object);
    }
    if (objects.length > 0) this.#store.readAhead(objects);
  }

  lost(call: Call, died: WorkerDied, guilty: boolean): void {
    if (call.dead) return;
    if (call.overdue) this.fail(call, timedOut(call.name, call.timeout));
    else if (call.part !== null) call.part.actor.interrupted(call, died, guilty);
    else if (!guilty) this.#submit(call);
    else if (call.attempt > call.def.retries) this.fail(call, diedError(call.name, call.attempt, died));
    else this.#retry(call);
  }

  closed(call: Call): void {
    if (!call.dead) this.fail(call, closed());
  }

  tell(slot: Slot, def: Definition): void {
    slot.functions.add(def.fn);
    this.#pool.tell(slot, { type: 'function', fn: def.fn, source: def.source });
  }

  /** Cancels the call and what depends on it. */
  cancel(call: Call): void {
    if (call.dead) return;
    const { sent } = call;
    this.fail(call, cancelled(call.name));
    if (sent !== 0) this.#pool.cancel(call);
  }

  /** Its results, and those of all calls that wait for them, fail with the same error. */
  fail(first: Call, error: RunError): void {
    const open = [first];
    for (let call = open.pop(); call !== undefined; call = open.pop()) {
      if (call.dead) continue;
      if (error.code === 'FLOW7012') this.#counts.cancelled++;
      else this.#counts.failed++;
      const receivers = call.spec === null ? call.results : expected(call.spec);
      this.#end(call);
      if (call.spec === null) this.#discardShape(call);
      for (const v of receivers) {
        if (v === null || v.state !== PENDING) continue;
        v.state = FAILED;
        v.maker = null;
        v.error = error;
        if (v.dependents !== null) open.push(...v.dependents.filter((c) => !c.dead));
        v.dependents = null;
        this.#wake(v);
      }
      if (call.spec !== null) this.#lineage.remade(call.spec);
      call.part?.actor.left(call, error);
    }
  }

  /** After the pool was closed: everything is told. */
  close(): void {
    this.#closed = true;
  }

  /** Before the store is closed. */
  closeHoldings(): void {
    this.holdings.close();
  }
}

function isTaskDef(v: unknown): v is TaskDef<readonly unknown[], unknown, boolean> {
  return typeof v === 'object' && v !== null && 'fn' in v && 'options' in v;
}
