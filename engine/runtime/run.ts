import PQueue from 'p-queue';
import type { Split } from '../formats/def.ts';
import { hostFunctionsOf } from '../host/def.ts';
import type { PhysicalPlan, Stage } from '../plan.ts';
import { type KeySample, sampleBounds } from '../shuffle/range_sample.ts';
import { roundTasks, type ShuffleStrategy, shuffleStrategy } from '../shuffle/strategy.ts';
import type { MainStore } from '../store/store.ts';
import type { Store } from '../store/types.ts';
import { stageName } from '../trace/names.ts';
import type { TaskCounts } from '../trace/stats.ts';
import { seesAll } from './chain.ts';
import { Checks } from './checks.ts';
import { countReaders, inputsOf, sidesOf, sourcesOf, writesSerially } from './graph.ts';
import { loadMessage } from './host.ts';
import { refsOfTask } from './inputs.ts';
import { Lineage, type Making } from './lineage.ts';
import type { RelationData, StageMessage, TaskDone, TaskInput } from './messages.ts';
import type { ExchangeChoices } from './options.ts';
import { attributedTo, Outputs, type SinkSummary } from './outputs.ts';
import type { WorkerPool } from './pool.ts';
import { PushExchange } from './push.ts';
import { objectsOf, objectsOfInput } from './references.ts';
import { Relations, refsOf, releaseAll } from './relations.ts';
import { SinkBlocks } from './sink_blocks.ts';
import { sinkFiles } from './sink_files.ts';
import type { OrderedSink } from './sinks.ts';
import { StageInputs, type TaskInputs } from './stage_inputs.ts';
import { cutPrefix, NOTHING, prefixRows, relationOf } from './task_output.ts';
import { ATTEMPTS, TaskTries } from './task_tries.ts';

/** Bytes of pieces that one merge task of a push exchange looks at: a share of its grant, and no more than is quickly spilled. */
const MERGE_SHARE = 0.5;
const MERGE_BYTES = 16 * 2 ** 20;

export interface RunEnvironment extends ExchangeChoices {
  readonly store: Store & Pick<MainStore, 'readAhead'>;
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
  /** Bytes a stage reads: estimates of all sources at the start, then what each stage turns out to read when it starts. */
  readonly onInput?: (stage: number, bytes: number) => void;
  readonly onStage?: (e: StageEvent) => void;
}

/** What one hash exchange of a run did. */
export interface ExchangeSummary {
  /** The stage that gave the rows, as the user would name it. */
  readonly stage: string;
  readonly strategy: ShuffleStrategy;
  readonly partitions: number;
  /** Tasks that gave rows, and rounds of a push exchange (0: simple). */
  readonly maps: number;
  readonly rounds: number;
  readonly rows: number;
  readonly bytes: number;
}

/** One run of a physical plan. Stages start when what they read is there; their tasks share one bounded queue. */
export class Run {
  readonly #env: RunEnvironment;
  readonly #plan: PhysicalPlan;
  readonly #hooks: RunHooks;
  readonly #id: number;
  readonly #queue: PQueue;
  readonly relations: Relations;
  readonly exchanges: ExchangeSummary[] = [];
  readonly #inputs: StageInputs;
  readonly #lineage: Lineage;
  readonly #outputs: Outputs;
  readonly #tries: TaskTries;
  readonly checks: Checks;
  #failure: Error | null = null;
  #aborted: Promise<void> = Promise.resolve();

  constructor(id: number, plan: PhysicalPlan, env: RunEnvironment, hooks: RunHooks) {
    this.#id = id;
    this.checks = new Checks(plan);
    this.#plan = plan;
    this.#env = env;
    this.#hooks = hooks;
    this.#queue = new PQueue({ concurrency: this.#inFlight });
    this.#lineage = new Lineage(plan, env.store, (making, task, input) => this.#again(making, task, input));
    this.#tries = new TaskTries(id, env.pool, this.#lineage, () => this.#failure);
    this.relations = new Relations(env.store, countReaders(plan), (relation) => this.#lineage.dropped(relation));
    this.#inputs = new StageInputs(plan, {
      ...env,
      relation: (r) => this.#lineage.relation(r),
      probe: (stage, splits) => this.#probeAll(stage, splits),
      onInput: (stage, bytes) => hooks.onInput?.(stage, bytes),
    });
    this.#outputs = new Outputs(plan, env.store, {
      current: this.#lineage.current,
      remake: (lost) => this.#queue.add(() => this.#lineage.remake(lost), { priority: Number.POSITIVE_INFINITY }),
    });
  }

  /** Tasks that are with workers, at most: those behind others are not at work, but could be, unless fewer than all workers may. */
  get #inFlight(): number {
    const { slots, pool } = this.#env;
    return slots === pool.size ? slots * pool.scheduler.tasksAtATime : slots;
  }

  /** Counts of its tasks; those that run are with the pool. */
  get tasks(): Partial<TaskCounts> {
    const { reconstructions } = this.#lineage;
    return {
      ready: this.#queue.size,
      ...this.#tries.counts,
      reconstructions,
    };
  }

  /** Runs all stages, then makes the outputs appear. On any failure nothing appears, and the first error is thrown. */
  async execute(): Promise<readonly SinkSummary[]> {
    try {
      if (this.#failure !== null) throw this.#failure;
      this.#outputs.open();
      await this.#loadHost();
      await this.#stages();
      for (const r of this.#plan.results) this.relations.exchange(r.relation, (o) => this.#lineage.take(o));
      return this.#outputs.commit();
    } catch (e) {
      this.fail(e);
      await this.#aborted;
      this.#outputs.discard();
      this.relations.clear();
      throw this.#failure ?? e;
    } finally {
      this.#lineage.clear();
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

  /** Functions of the host language are loaded by one worker first, so that one that cannot be is told before any row is read. */
  async #loadHost(): Promise<void> {
    const host = hostFunctionsOf(this.#plan);
    if (host.length === 0) return;
    const message = loadMessage(this.#id, this.#plan.stages.length, host);
    await this.#tries.run(message, 0, { kind: 'refs', parts: [] });
  }

  async #stages(): Promise<void> {
    this.#inputs.announce(this.#plan);
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

  /** What it reads is there, and for how its exchange is cut also what the exchanges read that are to be cut alike. */
  #ready(s: Stage): boolean {
    const isThere = (r: number): boolean => this.relations.has(r);
    if (!inputsOf(s).every(isThere)) return false;
    return this.#inputs.isCut(s) || this.#inputs.group(s).every((g) => sourcesOf(g).every(isThere));
  }

  async #runStage(stage: Stage): Promise<void> {
    const sink = stage.output.kind === 'sink' ? await this.#outputs.begin(stage) : null;
    const inputs = await this.#inputs.tasksOf(stage);
    const bits = await this.#inputs.bitsOf(stage);
    const message = await this.#cutMessage(await this.#numbered(this.#message(stage, bits), inputs), inputs);
    const outputs = new Map();
    const push = await this.#push(message, inputs.length, outputs);
    const blocks = this.#blocks(message, inputs.length, outputs, sink);
    const making: Making = {
      stage,
      message,
      outputs,
      input: (task) => this.#inputOf(stage, push ?? blocks, task),
    };
    this.#lineage.begin(making);
    const done = await this.#runTasks(making, inputs, sink, push ?? blocks);
    this.checks.settle(stage);
    const rows = done.reduce((n, o) => n + o.rows, 0);
    if (sink === null) {
      const relation = relationOf(stage, done, bits);
      this.#lineage.finished(relation);
      this.relations.add(relation);
      if (relation.content.kind === 'hash') this.#note(making, push, inputs.length, rows, relation.bytes);
    }
    if (stage.output.kind === 'sink') await this.#finishSink(making, rows);
    for (const r of inputsOf(stage)) this.relations.readDone(r);
    if (sink !== null) this.#lineage.dropped(stage.id);
    this.#hooks.onStage?.({ stage, state: 'done', tasks: inputs.length, finished: inputs.length, rows });
  }

  async #inputOf(stage: Stage, push: PushExchange | SinkBlocks | null, task: number): Promise<TaskInput> {
    const inputs = await this.#inputs.tasksOf(stage);
    const input = task < inputs.length ? inputs.at(task) : push?.input(task);
    if (input === undefined) throw new Error(`"${stage.label}" has no task ${task}`);
    return input;
  }

  /** How the rows of a hash exchange are gathered; null: by whoever reads them. */
  async #push(message: StageMessage, maps: number, outputs: Making['outputs']): Promise<PushExchange | null> {
    const { stage, bits } = message;
    if (stage.output.kind !== 'exchange' || stage.output.by !== 'hash' || bits === 0 || maps < 2) return null;
    const { memory, shuffle, slots, store } = this.#env;
    const size = { bytes: await this.#inputs.bytesOf(stage), maps, partitions: 2 ** bits, memory };
    if (shuffleStrategy(shuffle, size) === 'simple') return null;
    return new PushExchange({
      stage,
      store,
      maps,
      round: roundTasks(size),
      partitions: size.partitions,
      groupBytes: Math.min(message.grant * MERGE_SHARE, MERGE_BYTES),
      slots,
      outputs,
      run: this.#behind(message),
    });
  }

  /** How the rows of a sink become the blocks of its file; null: it is not written in blocks. */
  #blocks(message: StageMessage, maps: number, outputs: Making['outputs'], sink: OrderedSink | null) {
    if (sink === null || sink.blockRows === null) return null;
    const { blockRows } = sink;
    return new SinkBlocks({ store: this.#env.store, maps, blockRows, sink, run: this.#behind(message), outputs });
  }

  /** Runs a task on what tasks of its stage have made, before the others of them. */
  #behind(message: StageMessage) {
    const priority = message.stage.id + MERGE_PRIORITY;
    return (task: number, input: TaskInput) =>
      this.#queue.add(() => this.#tries.run(message, task, input), { priority });
  }

  #note(making: Making, push: PushExchange | null, maps: number, rows: number, bytes: number): void {
    this.exchanges.push({
      stage: stageName(making.stage),
      strategy: push === null ? 'simple' : 'push',
      partitions: 2 ** making.message.bits,
      maps,
      rounds: push?.rounds ?? 0,
      rows,
      bytes,
    });
  }

  async #finishSink({ stage, message, outputs }: Making, rows: number): Promise<void> {
    if (writesSerially(stage)) {
      const refs = refsOf(this.relations.get(stage.id));
      const files = sinkFiles(stage, refs, outputs, this.#outputs);
      const write = async (input: TaskInput & { kind: 'encode' }, i: number): Promise<void> => {
        if (this.#failure !== null) return;
        // What went to standard output cannot be taken back, so that writing there is tried once.
        const tries = input.place === null ? 1 : ATTEMPTS;
        await attributedTo(stage, () => this.#tries.run(message, -1 - i, input, tries)).catch((e: unknown) =>
          this.fail(e),
        );
      };
      await Promise.all(files.map((input, i) => this.#queue.add(() => write(input, i), { priority: stage.id })));
      if (this.#failure !== null) throw this.#failure;
      this.relations.readDone(stage.id);
    }
    await this.#outputs.finish(stage, rows);
  }

  async #probeAll(stage: Stage, splits: readonly Split[]): Promise<unknown[]> {
    const message = this.#message(stage, 0);
    const answers = await Promise.all(
      splits.map((split, i) =>
        this.#queue.add(() => this.#look(message, i, { kind: 'probe', split }), { priority: stage.id }),
      ),
    );
    if (this.#failure !== null) throw this.#failure;
    return answers.map((a) => (a?.output.kind === 'answer' ? a.output.value : null));
  }

  /** With the bounds at which the runs of a large sort are cut, from a look at some of the rows: known before the first task, so that one that is run again does the same. */
  async #cutMessage(message: StageMessage, tasks: TaskInputs): Promise<StageMessage> {
    const { stage } = message;
    const sampling = await this.#inputs.samplingOf(stage, tasks);
    if (sampling === null || stage.output.kind !== 'exchange' || stage.output.by !== 'range') return message;
    const answers = await Promise.all(
      sampling.inputs.map((input, i) => this.#queue.add(() => this.#look(message, i, input), { priority: stage.id })),
    );
    if (this.#failure !== null) throw this.#failure;
    const samples = answers.flatMap((a) => (a?.output.kind === 'answer' ? [a.output.value as KeySample | null] : []));
    const { keys } = stage.output;
    return {
      ...message,
      bounds: sampleBounds(
        samples.filter((s) => s !== null),
        keys,
        stage.schema,
        sampling.buckets,
      ),
    };
  }

  /** With the numbers of the first rows of the tasks, where a step numbers the rows of a scan: known only when they have been counted. */
  async #numbered(message: StageMessage, tasks: TaskInputs): Promise<StageMessage> {
    const { stage } = message;
    if (stage.input.kind !== 'scan' || !stage.steps.some((s) => s.op === 'number')) return message;
    const counts = await Promise.all(
      Array.from({ length: tasks.length }, (_, i) => {
        const input = { kind: 'count', input: tasks.at(i) as TaskInput } as const;
        return this.#queue.add(() => this.#look(message, i, input), { priority: stage.id });
      }),
    );
    if (this.#failure !== null) throw this.#failure;
    let first = 0;
    const firsts = counts.map((answer) => {
      const own = first;
      first += answer?.output.kind === 'answer' ? (answer.output.value as number) : 0;
      return own;
    });
    return { ...message, firsts };
  }

  /** A failure ends the run and is not thrown, so that whoever waits for all probes returns when none is running any more. */
  async #look(message: StageMessage, index: number, input: TaskInput): Promise<TaskDone | null> {
    if (this.#failure !== null) return null;
    try {
      return await this.#tries.run(message, index, input);
    } catch (e) {
      this.fail(e);
      return null;
    }
  }

  #message(stage: Stage, bits: number): StageMessage {
    const sides = sidesOf(stage).map((relation) => {
      const r = this.relations.get(relation);
      const data: RelationData = { schema: r.schema, rows: r.rows, bytes: r.bytes, refs: refsOf(r) };
      return { relation, data };
    });
    return {
      type: 'stage',
      run: this.#id,
      stage,
      sides,
      grant: this.#inputs.grant(stage),
      bits,
      bounds: null,
      firsts: null,
    };
  }

  async #runTasks(
    { stage, message, outputs }: Making,
    inputs: TaskInputs,
    sink: OrderedSink | null,
    push: PushExchange | SinkBlocks | null,
  ): Promise<TaskDone[]> {
    const limit = stage.output.kind === 'collect' ? stage.output.limit : null;
    const stops = limit !== null && !seesAll(stage.steps);
    const done: (TaskDone | undefined)[] = new Array(inputs.length).fill(undefined);
    let finished = 0;
    let rows = 0;
    this.#hooks.onStage?.({ stage, state: 'start', tasks: inputs.length, finished, rows });
    const sole = inputsOf(stage).length > 0 && inputsOf(stage).every((r) => this.relations.soleReader(r));
    const one = async (index: number): Promise<void> => {
      if (this.#failure !== null) return;
      if (Atomics.load(this.#env.control, 1 + stage.id) !== 0) {
        done[index] = NOTHING;
        return;
      }
      const input = inputs.at(index) as TaskInput;
      if (input.kind === 'refs')
        this.#readAhead(inputs, index + Math.max(0, 2 * this.#env.slots - this.#queue.concurrency));
      const d = await this.#tries.run(message, index, input);
      this.#queue.concurrency = this.#inFlight;
      done[index] = d;
      outputs.set(index, d.output);
      if (d.tallies !== undefined) this.checks.add(stage, index, d.tallies);
      finished++;
      rows += d.rows;
      if (d.output.kind === 'bytes') sink?.accept(index, d.output.objects);
      if (sole) this.relations.consume(refsOfTask(input));
      if (stops && prefixRows(done) >= limit) Atomics.store(this.#env.control, 1 + stage.id, 1);
      this.#hooks.onStage?.({ stage, state: 'task', tasks: inputs.length, finished, rows });
      push?.done(index);
    };
    const guarded = (i: number): Promise<void> => one(i).catch((e: unknown) => this.fail(e));
    await Promise.all(
      done.map((_, i) => this.#queue.add(() => guarded(i), { priority: stage.id, signal: undefined })),
    ).catch((e: unknown) => this.fail(e));
    const merged = await push?.all().catch((e: unknown) => this.fail(e));
    if (this.#failure !== null) {
      // What a sink accepted is the sink's.
      if (push instanceof SinkBlocks) push.abandon();
      if (sink === null) for (const o of outputs.values()) releaseAll(this.#env.store, objectsOf(o));
      throw this.#failure;
    }
    const all = merged ?? done.map((d) => d ?? NOTHING);
    return limit === null ? all : cutPrefix(all, limit, outputs, this.#env.store);
  }

  /** Relations that are read whole come back for the next task while this one runs; pieces are read by range, when they are needed. */
  #readAhead(inputs: TaskInputs, index: number): void {
    const next = index < inputs.length ? inputs.at(index) : undefined;
    if (next !== undefined && this.#env.store.stats().spilledBytes > 0)
      this.#env.store.readAhead(Array.from(objectsOfInput(next)));
  }

  /** Runs a task whose result was lost once more, in the place of the task that misses it. */
  #again({ stage, message }: Making, task: number, input: TaskInput): Promise<TaskDone> {
    // Its stage had all rows it needed; those that are needed again are not there any more.
    Atomics.store(this.#env.control, 1 + stage.id, 0);
    return this.#tries.run(message, task, input);
  }
}

/** Merge tasks go before the tasks of their stage, so that a round is merged, or a block encoded, while its objects are in memory. */
const MERGE_PRIORITY = 0.5;
