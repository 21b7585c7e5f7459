import { RunError } from '../errors.ts';
import type { ShuffleChoice, ShuffleStrategy } from '../shuffle/strategy.ts';
import { task } from '../tasks/definition.ts';
import type { Arg, FunctionSource, ModuleFunction, Ref, TaskDef } from '../tasks/types.ts';
import { Flight } from './flight.ts';
import { checkConserved, type Tally, totalOf } from './pieces.ts';
import { planShuffle, type ShufflePlan, stepBytes, stepsOf } from './plan.ts';
import type { MapTally } from './worker.ts';
import { workerFunction } from './worker_url.ts';

/** What a shuffle needs of an engine. */
export interface ShuffleEngine {
  readonly workers: number;
  /** The memory limit, bytes. */
  readonly memory: number;
  task(def: AnyDef, ...args: readonly unknown[]): unknown;
  get(ref: Ref<unknown>): Promise<unknown>;
  cancel(ref: Ref<unknown>): void;
}

/** Splits an input: the r-th of the `partitions` pieces it returns goes to partition r. `index`: of the input. */
export type MapFunction<I, P> = (input: I, partitions: number, index: number) => readonly P[] | Promise<readonly P[]>;
/**
 * Makes a partition's result from its pieces, in the order of the inputs. Pieces that are typed arrays or arrays may come put together. Streaming: called for
 * some pieces at a time, with what it returned for those before (undefined at first).
 */
export type ReduceFunction<P, O> = (
  pieces: readonly P[],
  partition: number,
  before: O | undefined,
  partitions: number,
) => O | Promise<O>;

export interface ShuffleOptions<I, P, O> {
  /** A map task for each. A function is called when its task is due; a ref it returns is released when the task is done. */
  readonly inputs: readonly (Arg<I> | (() => Arg<I>))[];
  readonly map: MapFunction<I, P> | ModuleFunction<MapFunction<I, P>>;
  readonly partitions: number;
  readonly reduce: ReduceFunction<P, O> | ModuleFunction<ReduceFunction<P, O>>;
  /** How pieces get to the reduce tasks; the results are the same. Default `auto`. */
  readonly strategy?: ShuffleChoice;
  /** Bytes of all pieces, about: by it `auto` and the number of tasks at work are settled. Default: not known. */
  readonly bytes?: number;
  /** Most map tasks, and most reduce tasks, that are submitted at a time. Default: two for each worker. Memory may call for fewer. */
  readonly inFlight?: number;
  /** Reduce by steps that fit into memory, however large a partition is. Default false: a reduce function gets all pieces at once. */
  readonly streaming?: boolean;
  /** Elements of a typed array that are one row, for the counts. Default 1. */
  readonly width?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (p: ShuffleProgress) => void;
}

export interface ShuffleProgress {
  readonly phase: 'map' | 'reduce';
  /** Tasks done, of all of the phase. */
  readonly done: number;
  readonly tasks: number;
  /** Moved by the phase so far. */
  readonly rows: number;
  readonly bytes: number;
}

export interface ShuffleResult<O> {
  /** By partition. The caller's to release. */
  readonly results: readonly Ref<O>[];
  readonly strategy: ShuffleStrategy;
  /** Push: rounds of map tasks. Simple: 1. */
  readonly rounds: number;
  readonly rows: number;
  readonly bytes: number;
  /** Milliseconds until all pieces were there, and from then on. */
  readonly mapMs: number;
  readonly reduceMs: number;
}

type AnyDef = TaskDef<readonly unknown[], unknown, boolean>;

/** A value of a partition, and how many bytes its pieces have. */
interface Piece {
  readonly ref: Ref<unknown>;
  readonly bytes: number;
}

/**
 * A shuffle: map tasks split their inputs into a piece for each partition; reduce tasks take the pieces of one partition. Results depend on neither strategy,
 * workers nor memory. Rows and bytes are counted on both sides, and compared. Rejects with what a task failed with, FLOW7012 when `signal` is
 * aborted, FLOW7016 for a bad option; everything is cancelled and released then.
 */
export async function shuffle<I, P, O>(
  engine: ShuffleEngine,
  options: ShuffleOptions<I, P, O>,
): Promise<ShuffleResult<O>> {
  checkOptions(options);
  const run = new ShuffleRun(engine, {
    ...options,
    map: task(options.map as MapFunction<I, P>).fn,
    reduce: task(options.reduce as ReduceFunction<P, O>).fn,
  });
  try {
    return (await run.execute()) as ShuffleResult<O>;
  } catch (e) {
    run.drop();
    throw e;
  }
}

type Settled = Omit<ShuffleOptions<unknown, unknown, unknown>, 'map' | 'reduce'> & {
  readonly map: FunctionSource;
  readonly reduce: FunctionSource;
};

class ShuffleRun {
  readonly #engine: ShuffleEngine;
  readonly #o: Settled;
  readonly #plan: ShufflePlan;
  readonly #width: number;
  /** Everything submitted and not released. */
  readonly #live = new Set<Ref<unknown>>();
  /** By partition. */
  readonly #pieces: Piece[][];
  /** By map task, then by partition. */
  readonly #tallies: Tally[][] = [];
  /** One for each function and number of results. */
  readonly #defs = new Map<string, AnyDef>();
  #done = 0;
  #moved: Tally = { rows: 0, bytes: 0 };

  constructor(engine: ShuffleEngine, o: Settled) {
    this.#engine = engine;
    this.#o = o;
    this.#width = o.width ?? 1;
    this.#plan = planShuffle({
      strategy: o.strategy ?? 'auto',
      maps: o.inputs.length,
      partitions: o.partitions,
      bytes: o.bytes ?? null,
      memory: engine.memory,
      workers: engine.workers,
      inFlight: o.inFlight ?? null,
    });
    this.#pieces = Array.from({ length: o.partitions }, () => []);
  }

  async execute(): Promise<ShuffleResult<unknown>> {
    const started = performance.now();
    const { strategy, round } = this.#plan;
    const maps = this.#o.inputs.length;
    await (strategy === 'push' ? this.#mapRounds() : this.#mapAll());
    const mapped = performance.now();
    const total = totalOf(this.#tallies.flat());
    const results = await this.#reduceAll();
    checkConserved('a shuffle', total, this.#moved);
    for (const r of results) this.#live.delete(r);
    return {
      results,
      strategy,
      rounds: strategy === 'push' ? Math.ceil(maps / round) : 1,
      ...total,
      mapMs: mapped - started,
      reduceMs: performance.now() - mapped,
    };
  }

  /** Nothing goes on, and nothing stays. */
  drop(): void {
    for (const ref of this.#live) {
      this.#engine.cancel(ref);
      ref.release();
    }
    this.#live.clear();
  }

  #submit(name: string, worker: string, args: readonly unknown[], returns: number): Ref<unknown>[] {
    const key = `${worker} ${returns}`;
    const def = this.#defs.get(key) ?? this.#define(name, worker, returns);
    this.#defs.set(key, def);
    const made = this.#engine.task(def, ...args);
    const refs = made as Ref<unknown>[];
    for (const r of refs) this.#live.add(r);
    return refs;
  }

  #define(name: string, worker: string, returns: number): AnyDef {
    const { signal } = this.#o;
    return task(workerFunction(worker), { name, returns, ...(signal ? { signal } : {}) });
  }

  #release(refs: Iterable<Ref<unknown>>): void {
    for (const r of refs) {
      r.release();
      this.#live.delete(r);
    }
  }

  /** Runs map task m; its results lie in `into[m]` when it is done. */
  async #map(m: number, listed: boolean, into: Ref<unknown>[][]): Promise<void> {
    const { groups } = this.#plan;
    const given = this.#o.inputs[m];
    const input: unknown = typeof given === 'function' ? given() : given;
    const args = [this.#o.map, input, m, groups, listed, this.#width];
    const [tallyRef, ...results] = this.#submit('shuffle map', 'mapTask', args, groups.length);
    if (typeof given === 'function' && isRef(input)) input.release();
    into[m] = results;
    const tallies = tallyList((await this.#engine.get(tallyRef as Ref<unknown>)) as MapTally);
    this.#release([tallyRef as Ref<unknown>]);
    this.#tallies[m] = tallies;
    this.#progress('map', this.#o.inputs.length, totalOf(tallies));
  }

  #progress(phase: 'map' | 'reduce', tasks: number, t: Tally): void {
    this.#moved = { rows: this.#moved.rows + t.rows, bytes: this.#moved.bytes + t.bytes };
    this.#o.onProgress?.({ phase, done: ++this.#done, tasks, ...this.#moved });
  }

  async #mapAll(): Promise<void> {
    const flight = new Flight(this.#plan.inFlight);
    const results: Ref<unknown>[][] = [];
    for (let m = 0; m < this.#o.inputs.length; m++) await flight.start(() => this.#map(m, false, results));
    await flight.end();
    results.forEach((refs, m) => {
      const tallies = this.#tallies[m] as Tally[];
      this.#pieces.forEach((all, p) => {
        all.push({ ref: refs[p] as Ref<unknown>, bytes: (tallies[p] as Tally).bytes });
      });
    });
  }

  /** While the pieces of a round are put together, the maps of the next one run; those after it wait. */
  async #mapRounds(): Promise<void> {
    const { round, inFlight } = this.#plan;
    const maps = this.#o.inputs.length;
    const flight = new Flight(inFlight);
    let merging: Promise<void> = Promise.resolve();
    for (let from = 0; from < maps; from += round) {
      const results: Ref<unknown>[][] = [];
      const to = Math.min(maps, from + round);
      for (let m = from; m < to; m++) await flight.start(() => this.#map(m, true, results));
      await flight.end();
      await merging;
      merging = this.#merge(results.slice(from, to), from);
      // Is awaited by the next round: until then it is not unhandled.
      merging.catch(() => undefined);
    }
    await merging;
  }

  /** `results[i][g]`: the pieces of map from + i for group g. */
  async #merge(results: readonly (readonly Ref<unknown>[])[], from: number): Promise<void> {
    const { groups } = this.#plan;
    const merged = groups.slice(1).map((end, g) => {
      const given = results.map((refs) => refs[g] as Ref<unknown>);
      const refs = this.#submit('shuffle merge', 'mergeTask', [this.#width, ...given], end - (groups[g] as number) + 1);
      this.#release(given);
      return refs as [Ref<unknown>, ...Ref<unknown>[]];
    });
    const tallies = this.#tallies.slice(from, from + results.length);
    const lists = merged.flatMap(([, ...refs]) => refs);
    this.#pieces.forEach((all, p) => {
      all.push({ ref: lists[p] as Ref<unknown>, bytes: sum(tallies.map((t) => (t[p] as Tally).bytes)) });
    });
    const counted = merged.map(([tally]) => tally);
    const got = totalOf((await Promise.all(counted.map((r) => this.#engine.get(r)))) as Tally[]);
    this.#release(counted);
    checkConserved('a merge of a shuffle', totalOf(tallies.flat()), got);
  }

  async #reduceAll(): Promise<Ref<unknown>[]> {
    this.#done = 0;
    this.#moved = { rows: 0, bytes: 0 };
    const largest = Math.max(1, ...this.#pieces.map((all) => sum(all.map((p) => p.bytes))));
    const step =
      this.#o.streaming === true ? stepBytes(this.#engine.memory, this.#engine.workers) : Number.POSITIVE_INFINITY;
    const atOnce = Math.max(1, Math.floor(this.#engine.memory / 2 / Math.min(largest, step)));
    const flight = new Flight(Math.min(this.#plan.inFlight, atOnce));
    const results: Ref<unknown>[] = [];
    for (let p = 0; p < this.#o.partitions; p++) await flight.start(() => this.#reduce(p, step, results));
    await flight.end();
    return results;
  }

  async #reduce(partition: number, step: number, into: Ref<unknown>[]): Promise<void> {
    const pieces = this.#pieces[partition] as Piece[];
    const listed = this.#plan.strategy === 'push';
    const counted: Ref<unknown>[] = [];
    let before: Ref<unknown> | undefined;
    let from = 0;
    for (const to of stepsOf(
      pieces.map((p) => p.bytes),
      step,
    )) {
      const given = pieces.slice(from, to).map((p) => p.ref);
      const args = [this.#o.reduce, partition, this.#o.partitions, listed, this.#width, before, ...given];
      const [tally, made] = this.#submit('shuffle reduce', 'reduceTask', args, 2) as [Ref<unknown>, Ref<unknown>];
      counted.push(tally);
      this.#release(before === undefined ? given : [...given, before]);
      before = made;
      from = to;
    }
    into[partition] = before as Ref<unknown>;
    const tallies = (await Promise.all(counted.map((r) => this.#engine.get(r)))) as Tally[];
    this.#release(counted);
    const got = totalOf(tallies);
    const sent = totalOf(this.#tallies.map((t) => t[partition] as Tally));
    checkConserved(`partition ${partition} of a shuffle`, sent, got);
    this.#progress('reduce', this.#o.partitions, got);
  }
}

function tallyList(tally: MapTally): Tally[] {
  const partitions = tally.length / 2;
  return Array.from(tally.subarray(0, partitions), (rows, p) => ({ rows, bytes: tally[partitions + p] as number }));
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const v of values) total += v;
  return total;
}

function isRef(v: unknown): v is Ref<unknown> {
  return typeof v === 'object' && v !== null && 'release' in v && 'id' in v;
}

type Checked = Pick<Settled, 'partitions' | 'inFlight' | 'width' | 'strategy' | 'bytes'>;

function checkOptions(o: Checked): void {
  const whole = (name: 'partitions' | 'inFlight' | 'width', value: number | undefined, most: number): void => {
    if (value === undefined || (Number.isSafeInteger(value) && value >= 1 && value <= most)) return;
    throw new RunError('FLOW7016', `${name} of a shuffle is ${value}; a whole number from 1 to ${most} is expected`);
  };
  whole('partitions', o.partitions, 65536);
  whole('inFlight', o.inFlight, Number.MAX_SAFE_INTEGER);
  whole('width', o.width, 65536);
  if (!['simple', 'push', 'auto', undefined].includes(o.strategy))
    throw new RunError('FLOW7016', `strategy of a shuffle is "${o.strategy}"; simple, push or auto is expected`);
  if (o.bytes !== undefined && !(o.bytes >= 0))
    throw new RunError('FLOW7016', `bytes of a shuffle is ${o.bytes}; a number from 0 is expected`);
}
