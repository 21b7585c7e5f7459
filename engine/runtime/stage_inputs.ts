import type { Split } from '../formats/def.ts';
import { format } from '../formats/registry.ts';
import type { PhysicalPlan, ScanInput, Stage } from '../plan.ts';
import { bitsFor, hashBits, hashTasks, rangeBuckets, rangePartitions, rangesOf } from './exchange.ts';
import { grantOf } from './grant.ts';
import { exchangeGroups } from './graph.ts';
import { splitTasks, streamTasks } from './inputs.ts';
import type { PartitionData, TaskInput } from './messages.ts';
import { type Relation, refsOf } from './relations.ts';
import { stampOf } from './stamp.ts';
import { conserved, sum } from './task_output.ts';

/** One task's runs take about so many grants of input. */
const RUNS_TOGETHER = 1.5;
const TASKS_PER_SLOT = 8;
/** Below this share of the limit a sort stays in memory, where reading parts of batches costs little: it is sampled only where that costs next to nothing. */
const SPILLS_FROM = 0.3;
/** Tasks whose first rows are looked at. */
const SAMPLED_SHARE = 1 / 16;
const LEAST_SAMPLED = 4;
const MOST_SAMPLED = 32;
const SAMPLES_PER_BUCKET = 48;

/** Tasks to ask for the keys of some of their rows, and the buckets these are to make. */
export interface Sampling {
  readonly inputs: readonly Extract<TaskInput, { kind: 'sample' }>[];
  readonly buckets: number;
}

/** What the tasks of a stage read, each made when it is asked for. */
export interface TaskInputs {
  readonly length: number;
  at(task: number): TaskInput | undefined;
}

export interface StageInputsOptions {
  /** Tasks at a time, and the memory limit in bytes. */
  readonly slots: number;
  readonly memory: number;
  /** Of hash exchanges, each for a task of its own; null: as their sizes ask for. */
  readonly partitions: number | null;
  readonly relation: (id: number) => Relation;
  /** Asks a task of the stage what only a look into the data tells of each split. */
  readonly probe: (stage: Stage, splits: readonly Split[]) => Promise<unknown[]>;
  /** Bytes a stage reads became known. */
  readonly onInput: (stage: number, bytes: number) => void;
}

/** What the tasks of stages read and how exchanges are cut. The same answers whenever asked, so that a task can be run again. */
export class StageInputs {
  readonly #o: StageInputsOptions;
  readonly #groups: Map<number, readonly Stage[]>;
  readonly #bits = new Map<number, number>();
  readonly #splits = new Map<number, TaskInput[]>();

  constructor(plan: PhysicalPlan, options: StageInputsOptions) {
    this.#o = options;
    this.#groups = exchangeGroups(plan);
  }

  /** Stages whose exchanges are cut alike. */
  group(stage: Stage): readonly Stage[] {
    return this.#groups.get(stage.id) ?? [stage];
  }

  /** How its exchange is cut is known, since one that is cut alike has begun. */
  isCut(stage: Stage): boolean {
    return this.#bits.has(stage.id);
  }

  /** Tells about how large all sources are, so that progress has a whole from the start. What cannot be estimated is told when its stage starts. */
  announce(plan: PhysicalPlan): void {
    for (const { id, input } of plan.stages) {
      if (input.kind !== 'scan') continue;
      const estimate = format(input.format).reader?.estimate(input.source);
      estimate?.then(
        (e) => {
          if (!this.#splits.has(id)) this.#o.onInput(id, e.bytes);
        },
        () => undefined,
      );
    }
  }

  /** Working memory for each consumer of a task of the stage, in bytes. */
  grant(stage: Stage): number {
    return grantOf(stage, this.#o.memory, this.#o.slots);
  }

  /** The tasks of a stage, once its inputs are there. */
  async tasksOf(stage: Stage): Promise<TaskInputs> {
    const { input } = stage;
    if (input.kind === 'scan') return this.#scanTasks(stage, input);
    if (input.kind === 'items') return Array.from({ length: input.count }, () => ({ kind: 'item' }) as const);
    const relations = input.from.map((f) => this.#o.relation(f.relation));
    this.#o.onInput(
      stage.id,
      relations.reduce((n, r) => n + r.bytes, 0),
    );
    if (input.kind === 'stream') return streamTasks(relations, input.skip);
    const [first] = relations;
    if (first === undefined) throw new Error(`stage ${stage.id} merges nothing`);
    if (first.content.kind === 'range') {
      const { schema } = first;
      const ranges = rangesOf(first, this.grant(stage), this.#o.slots);
      return {
        length: ranges.partitions,
        at: (p) => ({
          kind: 'partition',
          inputs: [{ by: 'runs', schema, slices: ranges.slices(p), whole: ranges.whole(p) }],
        }),
      };
    }
    if (first.content.kind === 'hash') {
      const tasks = hashTasks(relations, this.grant(stage), this.#o.partitions === null ? undefined : -1);
      relations.forEach((r, i) => {
        takesAll(stage, r, tasks, i);
      });
      return tasks.map((inputs): TaskInput => ({ kind: 'partition', inputs }));
    }
    const inputs = relations.map((r) => ({ by: 'pieces', schema: r.schema, pieces: refsOf(r), hashBits: 0 }) as const);
    return [{ kind: 'partition', inputs } as const];
  }

  async #scanTasks(stage: Stage, scan: ScanInput): Promise<TaskInput[]> {
    const known = this.#splits.get(stage.id);
    if (known !== undefined) return known;
    const reader = format(scan.format).reader;
    if (reader === null) throw new Error(`format ${scan.format} cannot be read`);
    const stamps = scan.source.paths.map(stampOf);
    let splits = await reader.splits(scan);
    if (reader.probe !== undefined && reader.resolve !== undefined) {
      splits = reader.resolve(splits, await this.#o.probe(stage, splits), scan);
    }
    this.#o.onInput(
      stage.id,
      splits.reduce((n, s) => n + s.bytes, 0),
    );
    const tasks = splitTasks(splits, stamps, await this.#splitsTogether(stage, splits));
    this.#splits.set(stage.id, tasks);
    return tasks;
  }

  /** Bytes of neighbouring splits that one task reads: where each sorts, fewer tasks make fewer and longer runs, and where each groups, fewer partial states. */
  async #splitsTogether(stage: Stage, splits: readonly Split[]): Promise<number> {
    if (groups(stage)) return splits.reduce((n, s) => n + s.bytes, 0) / (TASKS_PER_SLOT * this.#o.slots);
    if (!sortsAll(stage)) return 0;
    const bytes = await this.bytesOf(stage);
    return Math.min(this.grant(stage) * RUNS_TOGETHER, bytes / (TASKS_PER_SLOT * this.#o.slots));
  }

  /** How the runs of a sort are to be sampled before it starts; null: where they are cut does not matter, or cannot be told. */
  async samplingOf(stage: Stage, tasks: TaskInputs): Promise<Sampling | null> {
    if (!sortsAll(stage) || stage.input.kind === 'merge') return null;
    const bytes = await this.bytesOf(stage);
    const least = bytes < this.#o.memory * SPILLS_FROM ? 0 : Math.min(LEAST_SAMPLED, tasks.length);
    const count = Math.floor(Math.max(least, Math.min(MOST_SAMPLED, tasks.length * SAMPLED_SHARE)));
    if (count === 0 || tasks.length < 2) return null;
    const buckets = rangeBuckets(bytes, this.grant(stage), this.#o.slots);
    const rows = Math.ceil((buckets * SAMPLES_PER_BUCKET) / count);
    const inputs = Array.from({ length: count }, (_, i) => {
      const input = tasks.at(Math.floor(((i + 0.5) * tasks.length) / count)) as TaskInput;
      return { kind: 'sample', input, rows } as const;
    });
    return { inputs, buckets };
  }

  /** log2 of the partitions of a stage's exchange. All hash exchanges of one merge are cut alike, by the size of the largest. */
  async bitsOf(stage: Stage): Promise<number> {
    if (stage.output.kind !== 'exchange' || stage.output.by === 'single') return 0;
    const grant = this.grant(stage);
    if (stage.output.by === 'range') {
      return Math.round(Math.log2(rangePartitions(await this.bytesOf(stage), grant, this.#o.slots)));
    }
    const known = this.#bits.get(stage.id);
    if (known !== undefined) return known;
    let bytes = 0;
    for (const g of this.group(stage)) bytes = Math.max(bytes, await this.bytesOf(g));
    // The stages of a group may be given different shares of the memory; all have to cut alike.
    const least = Math.min(...this.group(stage).map((g) => this.grant(g)));
    const { partitions, slots } = this.#o;
    const bits = partitions === null ? hashBits(bytes, least, slots) : bitsFor(partitions);
    for (const g of this.group(stage)) this.#bits.set(g.id, bits);
    return bits;
  }

  /** Bytes a stage reads, about. */
  async bytesOf(stage: Stage): Promise<number> {
    if (stage.input.kind === 'items') return 0;
    if (stage.input.kind !== 'scan')
      return stage.input.from.reduce((n, f) => n + this.#o.relation(f.relation).bytes, 0);
    const est = await format(stage.input.format).reader?.estimate(stage.input.source);
    const share = stage.input.schema.length / Math.max(1, stage.input.source.schema.length);
    return (est?.bytes ?? 0) * share;
  }
}

/** Its tasks reduce their rows by key: the same key is one row of each task. */
function groups({ steps, output }: Stage): boolean {
  return output.kind === 'exchange' && output.by === 'hash' && steps.some((s) => s.phase === 'partial');
}

/** Its tasks write sorted runs of all their rows. */
function sortsAll({ output }: Stage): boolean {
  return output.kind === 'exchange' && output.by === 'range' && output.limit === null;
}

/** What a hash exchange was given is what its merge tasks take. */
function takesAll(stage: Stage, given: Relation, tasks: readonly (readonly PartitionData[])[], input: number): void {
  const taken = tasks.flatMap((t) => {
    const p = t[input];
    return p?.by === 'pieces' ? p.pieces : [];
  });
  conserved(stage, 'rows', given.rows, sum(taken, 'rows'));
  conserved(stage, 'bytes', given.bytes, sum(taken, 'bytes'));
}
