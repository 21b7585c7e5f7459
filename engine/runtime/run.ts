import PQueue from 'p-queue';
import { RunError } from '../errors.ts';
import type { Split } from '../formats/def.ts';
import { format } from '../formats/registry.ts';
import type { PhysicalPlan, ScanInput, Stage } from '../plan.ts';
import type { Store } from '../store/types.ts';
import { hashBits, hashTasks, rangePartitions, rangeTasks } from './exchange.ts';
import { grantOf } from './grant.ts';
import { refsOfTask, splitTasks, streamTasks } from './inputs.ts';
import type { RelationData, StageMessage, TaskDone, TaskInput } from './messages.ts';
import { attributedTo, Outputs, type SinkSummary } from './outputs.ts';
import { WorkerDied, type WorkerPool } from './pool.ts';
import { Relations, refsOf, releaseAll } from './relations.ts';
import type { OrderedSink } from './sinks.ts';
import { stampOf } from './stamp.ts';
import { writerOf } from './task.ts';
import { firstRefs, NOTHING, objectsOf, prefixRows, relationOf } from './task_output.ts';

/** A task that lost its worker is tried this often in all. */
const ATTEMPTS = 3;

export interface RunEnvironment {
  readonly store: Store;
  readonly pool: WorkerPool;
  readonly control: Int32Array;
  /** Tasks at a time: workers, fewer when memory is short. */
  readonly slots: number;
  /** The memory limit in bytes. */
  readonly memory: number;
}

export interface StageEvent {
  readonly stage: Stage;
  readonly state: 'start' | 'task' | 'done';
  readonly tasks: number;
  readonly finished: number;
  readonly rows: number;
}

export interface RunHooks {
  /** Bytes of input known so far; grows when a stage's splits are known. */
  readonly onInput?: (bytes: number) => void;
  readonly onStage?: (e: StageEvent) => void;
}

/** One run of a physical plan. Stages start when what they read is there; their tasks share one bounded queue. */
export class Run {
  readonly #env: RunEnvironment;
  readonly #plan: PhysicalPlan;
  readonly #hooks: RunHooks;
  readonly #id: number;
  readonly #queue: PQueue;
  readonly relations: Relations;
  readonly #groups: Map<number, readonly Stage[]>;
  readonly #bits = new Map<number, number>();
  readonly #splits = new Map<number, TaskInput[]>();
  readonly #outputs: Outputs;
  #failure: Error | null = null;
  #aborted: Promise<void> = Promise.resolve();

  constructor(id: number, plan: PhysicalPlan, env: RunEnvironment, hooks: RunHooks) {
    this.#id = id;
    this.#plan = plan;
    this.#env = env;
    this.#hooks = hooks;
    this.#queue = new PQueue({ concurrency: env.slots });
    this.relations = new Relations(env.store, countReaders(plan));
    this.#groups = exchangeGroups(plan);
    this.#outputs = new Outputs(plan, env.store);
  }

  /** Runs all stages, then makes the outputs appear. On any failure nothing appears, and the first error is thrown. */
  async execute(): Promise<readonly SinkSummary[]> {
    try {
      if (this.#failure !== null) throw this.#failure;
      this.#outputs.open();
      await this.#stages();
      return this.#outputs.commit();
    } catch (e) {
      this.fail(e);
      await this.#aborted;
      this.#outputs.discard();
      this.relations.clear();
      throw this.#failure ?? e;
    }
  }

  /**
   * Ends the run: the first failure is the one that is reported. Waiting tasks leave the queue undone; to clear it would leave whoever waits for
   * them waiting.
   */
  fail(e: unknown): void {
    if (this.#failure !== null) return;
    this.#failure = e instanceof Error ? e : new Error(String(e));
    Atomics.store(this.#env.control, 0, 1);
    this.#aborted = this.#outputs.abort().catch(() => undefined);
  }

  async #stages(): Promise<void> {
    const waiting = new Set(this.#plan.stages);
    const running = new Set<Promise<void>>();
    while (waiting.size > 0 || running.size > 0) {
      if (this.#failure === null) {
        for (const s of Array.from(waiting)) {
          if (!this.#ready(s)) continue;
          waiting.delete(s);
          const p: Promise<void> = this.#runStage(s)
            .catch((e: unknown) => this.fail(e))
            .finally(() => running.delete(p));
          running.add(p);
        }
      }
      if (running.size === 0) {
        if (this.#failure !== null) throw this.#failure;
        throw new Error('no stage can start: the plan has a cycle');
      }
      await Promise.race(running);
      if (this.#failure !== null) {
        await Promise.all(running);
        throw this.#failure;
      }
    }
  }

  #ready(s: Stage): boolean {
    return (this.#groups.get(s.id) ?? [s]).every((g) => inputsOf(g).every((r) => this.relations.has(r)));
  }

  async #runStage(stage: Stage): Promise<void> {
    const sink = stage.output.kind === 'sink' ? await this.#outputs.begin(stage) : null;
    const inputs = await this.#tasksOf(stage);
    const bits = await this.#bitsOf(stage);
    const message = this.#message(stage, bits);
    const outputs = await this.#runTasks(stage, message, inputs, sink);
    const rows = outputs.reduce((n, o) => n + o.rows, 0);
    if (stage.output.kind === 'sink') await this.#finishSink(stage, message, outputs, rows);
    else this.relations.add(relationOf(stage, outputs, bits));
    for (const r of inputsOf(stage)) this.relations.readDone(r);
    this.#hooks.onStage?.({ stage, state: 'done', tasks: inputs.length, finished: inputs.length, rows });
  }

  async #finishSink(stage: Stage, message: StageMessage, outputs: readonly TaskDone[], rows: number): Promise<void> {
    if (stage.output.kind === 'sink' && writerOf(stage.output.format).kind === 'serial') {
      const refs = outputs.flatMap((o) => (o.output.kind === 'collect' ? o.output.refs : []));
      const place = this.#outputs.place(stage);
      try {
        // What went to standard output cannot be taken back, so that writing there is tried once.
        await attributedTo(stage, () =>
          this.#task(message, -1, { kind: 'encode', schema: stage.schema, refs, place }, place === null ? 1 : ATTEMPTS),
        );
      } finally {
        for (const ref of new Set(refs.map((r) => r.object))) this.#env.store.release(ref);
      }
    }
    await this.#outputs.finish(stage, rows);
  }

  /** The tasks of a stage, once its inputs are there. */
  async #tasksOf(stage: Stage): Promise<TaskInput[]> {
    const { input } = stage;
    if (input.kind === 'scan') return this.#scanTasks(stage, input);
    const relations = input.from.map((f) => this.relations.get(f.relation));
    if (input.kind === 'stream') return streamTasks(relations, input.skip);
    const [first] = relations;
    if (first === undefined) throw new Error(`stage ${stage.id} merges nothing`);
    if (first.content.kind === 'range')
      return rangeTasks(first, this.#grant(stage), this.#env.slots).map((inputs) => ({ kind: 'partition', inputs }));
    if (first.content.kind === 'hash')
      return hashTasks(relations, this.#grant(stage)).map((inputs) => ({ kind: 'partition', inputs }));
    const inputs = relations.map((r) => ({ by: 'pieces', schema: r.schema, pieces: refsOf(r), hashBits: 0 }) as const);
    return [{ kind: 'partition', inputs }];
  }

  async #scanTasks(stage: Stage, scan: ScanInput): Promise<TaskInput[]> {
    const known = this.#splits.get(stage.id);
    if (known !== undefined) return known;
    const reader = format(scan.format).reader;
    if (reader === null) throw new Error(`format ${scan.format} cannot be read`);
    const stamps = scan.source.paths.map(stampOf);
    let splits = await reader.splits(scan);
    if (reader.probe !== undefined && reader.resolve !== undefined) {
      const message = this.#message(stage, 0);
      const answers = await Promise.all(
        splits.map((split, i) => this.#queue.add(() => this.#probe(message, i, split), { priority: stage.id })),
      );
      if (this.#failure !== null) throw this.#failure;
      splits = reader.resolve(
        splits,
        answers.map((a) => (a?.output.kind === 'answer' ? a.output.value : null)),
        scan,
      );
    }
    this.#hooks.onInput?.(splits.reduce((n, s) => n + s.bytes, 0));
    const tasks = splitTasks(splits, stamps);
    this.#splits.set(stage.id, tasks);
    return tasks;
  }

  /** A failure ends the run and is not thrown, so that whoever waits for all probes returns when none is running any more. */
  async #probe(message: StageMessage, index: number, split: Split): Promise<TaskDone | null> {
    if (this.#failure !== null) return null;
    try {
      return await this.#task(message, index, { kind: 'probe', split });
    } catch (e) {
      this.fail(e);
      return null;
    }
  }

  /** log2 of the partitions of a stage's exchange. All hash exchanges of one merge are cut alike, by the size of the largest. */
  async #bitsOf(stage: Stage): Promise<number> {
    if (stage.output.kind !== 'exchange' || stage.output.by === 'single') return 0;
    const grant = this.#grant(stage);
    if (stage.output.by === 'range') {
      return Math.round(Math.log2(rangePartitions(await this.#inputBytes(stage), grant, this.#env.slots)));
    }
    const group = this.#groups.get(stage.id) ?? [stage];
    const known = this.#bits.get(stage.id);
    if (known !== undefined) return known;
    let bytes = 0;
    for (const g of group) bytes = Math.max(bytes, await this.#inputBytes(g));
    const bits = hashBits(bytes, grant, this.#env.slots);
    for (const g of group) this.#bits.set(g.id, bits);
    return bits;
  }

  #grant(stage: Stage): number {
    return grantOf(stage, this.#env.memory, this.#env.slots);
  }

  async #inputBytes(stage: Stage): Promise<number> {
    if (stage.input.kind !== 'scan')
      return stage.input.from.reduce((n, f) => n + this.relations.get(f.relation).bytes, 0);
    const est = await format(stage.input.format).reader?.estimate(stage.input.source);
    const share = stage.input.schema.length / Math.max(1, stage.input.source.schema.length);
    return (est?.bytes ?? 0) * share;
  }

  #message(stage: Stage, bits: number): StageMessage {
    const sides = sidesOf(stage).map((relation) => {
      const r = this.relations.get(relation);
      const data: RelationData = { schema: r.schema, rows: r.rows, bytes: r.bytes, refs: refsOf(r) };
      return { relation, data };
    });
    return { type: 'stage', run: this.#id, stage, sides, grant: this.#grant(stage), bits };
  }

  async #runTasks(
    stage: Stage,
    message: StageMessage,
    inputs: readonly TaskInput[],
    sink: OrderedSink | null,
  ): Promise<TaskDone[]> {
    const limit = stage.output.kind === 'collect' ? stage.output.limit : null;
    const done: (TaskDone | undefined)[] = new Array(inputs.length).fill(undefined);
    let finished = 0;
    let rows = 0;
    this.#hooks.onStage?.({ stage, state: 'start', tasks: inputs.length, finished, rows });
    const sole = inputsOf(stage).length > 0 && inputsOf(stage).every((r) => this.relations.soleReader(r));
    const one = async (input: TaskInput, index: number): Promise<void> => {
      if (this.#failure !== null) return;
      if (Atomics.load(this.#env.control, 1 + stage.id) !== 0) {
        done[index] = NOTHING;
        return;
      }
      const d = await this.#task(message, index, input);
      done[index] = d;
      finished++;
      rows += d.rows;
      if (d.output.kind === 'bytes') sink?.accept(index, d.output.objects);
      if (sole) this.relations.consume(refsOfTask(input));
      if (limit !== null && prefixRows(done) >= limit) Atomics.store(this.#env.control, 1 + stage.id, 1);
      this.#hooks.onStage?.({ stage, state: 'task', tasks: inputs.length, finished, rows });
    };
    const guarded = (input: TaskInput, i: number): Promise<void> => one(input, i).catch((e: unknown) => this.fail(e));
    await Promise.all(
      inputs.map((input, i) => this.#queue.add(() => guarded(input, i), { priority: stage.id, signal: undefined })),
    ).catch((e: unknown) => this.fail(e));
    if (this.#failure !== null) {
      // What a sink accepted is the sink's.
      for (const d of done) if (d !== undefined && sink === null) releaseAll(this.#env.store, objectsOf(d.output));
      throw this.#failure;
    }
    const all = done.map((d) => d ?? NOTHING);
    return limit === null ? all : this.#cutPrefix(all, limit);
  }

  /** Keeps exactly the first `limit` rows, and drops what tasks produced in vain. */
  #cutPrefix(done: readonly TaskDone[], limit: number): TaskDone[] {
    let left = limit;
    return done.map((d) => {
      if (d.output.kind !== 'collect') return d;
      const refs = firstRefs(d.output.refs, left);
      const kept = new Set(refs.map((r) => r.object));
      for (const o of objectsOf(d.output)) if (!kept.has(o)) this.#env.store.release(o);
      const rows = Math.min(d.rows, left);
      left -= rows;
      return { ...d, rows, output: { kind: 'collect', refs } };
    });
  }

  async #task(message: StageMessage, index: number, input: TaskInput, attempts = ATTEMPTS): Promise<TaskDone> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#env.pool.run(message, {
          type: 'task',
          run: this.#id,
          stage: message.stage.id,
          index,
          input,
        });
      } catch (e) {
        if (!(e instanceof WorkerDied)) throw e;
        if (this.#failure !== null) throw this.#failure;
        if (attempt >= attempts) throw deadWorker(message.stage, attempts, e);
      }
    }
  }
}

function deadWorker(stage: Stage, attempts: number, e: WorkerDied): RunError {
  const how = attempts === 1 ? 'in a task that cannot be repeated' : `${attempts} times in the same task`;
  return new RunError(
    'FLOW7010',
    `a worker died ${how}: ${e.message}`,
    { step: stage.label },
    'Fewer workers or more memory may help: --workers 1',
  );
}

/** Relations that every task of a stage reads whole. */
function sidesOf(stage: Stage): number[] {
  const steps = stage.input.kind === 'merge' ? [stage.input.step, ...stage.steps] : stage.steps;
  return steps.flatMap((s) => s.sides.map((x) => x.relation));
}

/** Relations a stage reads: its input and the sides of its steps. */
function inputsOf(stage: Stage): number[] {
  const from = stage.input.kind === 'scan' ? [] : stage.input.from.map((f) => f.relation);
  return [...from, ...sidesOf(stage)];
}

function countReaders(plan: PhysicalPlan): Map<number, number> {
  const readers = new Map<number, number>();
  const add = (r: number): void => void readers.set(r, (readers.get(r) ?? 0) + 1);
  for (const s of plan.stages) inputsOf(s).forEach(add);
  for (const r of plan.results) add(r.relation);
  return readers;
}

/** Hash exchanges that meet in one merge have to be cut alike: they start together, when the inputs of all of them are known. */
function exchangeGroups(plan: PhysicalPlan): Map<number, readonly Stage[]> {
  const byId = new Map(plan.stages.map((s) => [s.id, s]));
  const groups = new Map<number, readonly Stage[]>();
  for (const s of plan.stages) {
    if (s.input.kind !== 'merge' || s.input.from.length < 2) continue;
    const members = s.input.from.map((f) => byId.get(f.relation)).filter((x) => x !== undefined);
    for (const m of members) groups.set(m.id, members);
  }
  return groups;
}
