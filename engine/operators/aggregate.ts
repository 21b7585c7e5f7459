import type { SpillContext } from '../aggregates/def.ts';
import type { Batch } from '../batch/column.ts';
import { MORSEL_ROWS } from '../batch/column.ts';
import { sliceBatch } from '../batch/slice.ts';
import { RunError } from '../errors.ts';
import { arenaScratch } from '../memory/scratch.ts';
import type { Store } from '../store/types.ts';
import type { Schema } from '../types.ts';
import { field } from '../types.ts';
import type { OperatorDef, PartitionReader, RelationReader, TaskContext } from './def.ts';
import { Groups, keyFields, resolve, shownFields, stateFields } from './groups.ts';
import type { AggregateParams } from './params.ts';
import { canSplit, isFull, parts, rowsWithin, Splitter, workingGrant } from './split.ts';

/** After this many rows a partial aggregation looks at whether it is worth it. */
const TRIAL_ROWS = MORSEL_ROWS;
/** Groups per row above which it is not: of twice as many rows that are spread evenly, nine tenths would be groups. */
const USELESS = 0.95;
/** States that are lists of values go on in pieces of this share of the grant: they are taken in whole. */
const LIST_SHARE = 8;
/** Values of one group go to the store when they take this share of the grant: they are sorted on the way. */
const SPILL_SHARE = 4;

/** Rows taken in at a time; fewer where every row may leave values in several accumulators. */
function stepOf(groups: Groups, grant: number): number {
  return rowsWithin(groups.holdsValues ? grant / LIST_SHARE : grant);
}

/** Bytes of text that count as a value. */
const TEXT_BYTES = 64;

/** States in parts of at most `most` rows, and of about as many values in their lists: a state that has more is a part of its own. */
function* valueParts(batch: Batch, most: number): Generator<Batch> {
  const lists = batch.columns.flatMap((c) =>
    c.phys === 'list'
      ? [{ offsets: c.offsets, unit: 1 }]
      : c.phys === 'utf8'
        ? [{ offsets: c.offsets, unit: TEXT_BYTES }]
        : [],
  );
  let from = 0;
  let values = 0;
  for (let row = 0; row < batch.rows; row++) {
    let here = 1;
    for (const { offsets, unit } of lists) here += ((offsets[row + 1] as number) - (offsets[row] as number)) / unit;
    if (row > from && values + here > most) {
      yield sliceBatch(batch, from, row);
      from = row;
      values = 0;
    }
    values += here;
  }
  if (from < batch.rows) yield sliceBatch(batch, from, batch.rows);
}

async function* partial(
  params: AggregateParams,
  input: Schema,
  output: Schema,
  source: AsyncIterable<Batch>,
  ctx: TaskContext,
): AsyncIterable<Batch> {
  const groups = new Groups(ctx.store, params, input, true);
  ctx.folded?.begin(groups);
  const scratch = arenaScratch(ctx.store, 'aggregate');
  const grant = workingGrant(ctx);
  const step = stepOf(groups, grant);
  let rows = 0;
  let passing = false;
  async function* flush(): AsyncGenerator<Batch> {
    for (const b of groups.states(output, groups.within(step, grant / LIST_SHARE), scratch)) {
      yield b;
      scratch.reset();
    }
    groups.free();
    rows = 0;
  }
  try {
    for await (const batch of source) {
      if (ctx.fold?.take(batch, ctx.scratch) === true) continue;
      for (const part of parts(batch, step)) {
        if (passing) {
          yield groups.statesOfRows(part, output, scratch);
          scratch.reset();
          continue;
        }
        groups.take(part, 'add');
        rows += part.rows;
        const full = isFull(groups.bytes(), groups.holdsValues ? (2 * grant) / LIST_SHARE : grant);
        if (full || rows >= TRIAL_ROWS) {
          // Where nearly every row is a group, the work of finding groups is left to the final phase.
          passing = params.keys.length > 0 && groups.count > rows * USELESS;
          if (full || passing) yield* flush();
        }
      }
    }
    yield* flush();
  } finally {
    groups.free();
    scratch.release();
  }
}

function* merge(
  params: AggregateParams,
  input: RelationReader,
  bits: number,
  output: Schema,
  ctx: MergeContext,
): Generator<Batch> {
  const groups = new Groups(ctx.store, params, input.schema, false);
  const split = new Splitting(params, input, bits, ctx);
  try {
    split.gather(groups);
    if (!split.happened) {
      const grant = workingGrant(ctx);
      const values = groups.values(output, groups.within(stepOf(groups, grant), grant / LIST_SHARE), ctx.scratch);
      for (let next = holding(groups, params, () => values.next()); !next.done; ) {
        yield next.value;
        next = holding(groups, params, () => values.next());
      }
      return;
    }
    for (const part of split.parts()) yield* merge(params, part, part.hashBits, output, ctx);
  } finally {
    groups.free();
    split.free();
  }
}

/**
 * Takes the states of a partition into one table, as long as its groups fit. Where they do not, the partition is split by further bits of the hash. Values of a
 * single group, or of groups that share their whole hash, go to the store instead; when other groups come after that, the partition is split from its begin.
 */
class Splitting {
  private readonly params: AggregateParams;
  private readonly input: RelationReader;
  private readonly bits: number;
  private readonly ctx: MergeContext;
  private split: Splitter | null = null;

  constructor(params: AggregateParams, input: RelationReader, bits: number, ctx: MergeContext) {
    this.params = params;
    this.input = input;
    this.bits = bits;
    this.ctx = ctx;
  }

  get happened(): boolean {
    return this.split !== null;
  }

  gather(groups: Groups): void {
    const { ctx } = this;
    const step = stepOf(groups, workingGrant(ctx));
    let spilled = false;
    for (const batch of this.input.batches()) {
      ctx.check();
      for (const part of groups.holdsValues ? valueParts(batch, step) : parts(batch, step)) {
        if (this.split !== null) this.split.add(part);
        else {
          holding(groups, this.params, () => groups.take(part, 'merge'));
          const next = this.after(groups, spilled);
          if (next === 'begin') {
            this.fromBegin(groups, step);
            return;
          }
          if (next === 'split') this.fromHere(groups, step);
          if (next === 'spill') spilled = groups.spill(spillContext(ctx));
        }
      }
    }
    this.split?.finish();
  }

  /** What has to happen after a batch. Several accumulators that hold values may double at once: they are full sooner. */
  private after(groups: Groups, spilled: boolean): 'split' | 'begin' | 'spill' | null {
    const grant = workingGrant(this.ctx);
    if (groups.count > 1 && canSplit(this.bits)) {
      if (spilled) return 'begin';
      return isFull(groups.bytes(), groups.holdsValues ? grant / 2 : grant) ? 'split' : null;
    }
    return groups.holdsValues && groups.bytes() * SPILL_SHARE > grant ? 'spill' : null;
  }

  /** What was merged so far comes first in its sub-partitions, so that input order stays. */
  private fromHere(groups: Groups, step: number): void {
    const { ctx } = this;
    this.split = this.splitter();
    addStates(groups, this.split, groups.within(step, workingGrant(ctx) / LIST_SHARE), ctx.store);
    groups.free();
  }

  /** Values that were spilled are no states any more: all is read again. */
  private fromBegin(groups: Groups, step: number): void {
    const { input, ctx } = this;
    groups.free();
    this.split = this.splitter();
    for (const batch of input.batches()) {
      ctx.check();
      for (const part of valueParts(batch, step)) this.split.add(part);
    }
    this.split.finish();
  }

  private splitter(): Splitter {
    const { params, input, bits, ctx } = this;
    return new Splitter(ctx, input.schema, params.keys, bits);
  }

  *parts(): Generator<PartitionReader> {
    const { split } = this;
    if (split === null) return;
    for (let p = 0; p < split.count; p++) {
      const part = split.part(p);
      if (part.rows > 0) yield part;
      split.done(p);
    }
  }

  free(): void {
    this.split?.free();
  }
}

function addStates(groups: Groups, split: Splitter, rows: number, store: Store): void {
  const scratch = arenaScratch(store, 'aggregate');
  try {
    for (const b of groups.states(groups.input, rows, scratch)) {
      split.add(b);
      scratch.reset();
    }
  } finally {
    scratch.release();
  }
}

type MergeContext = Pick<TaskContext, 'store' | 'grant' | 'check' | 'scratch'>;

/** Share of the grant for what reads values back: the table of groups stands beside it. */
const READ_SHARE = 2;

/** What accumulators of a task need to spill. */
export function spillContext(ctx: MergeContext): SpillContext {
  const { store } = ctx;
  const grant = workingGrant(ctx) / READ_SHARE;
  const check = (): void => ctx.check();
  return {
    store,
    grant,
    check,
    *merge(params, states, output) {
      const scratch = arenaScratch(store, 'aggregate');
      try {
        for (const b of merge(params, states, states.hashBits, output, { store, grant, check, scratch })) {
          yield b;
          scratch.reset();
        }
      } finally {
        scratch.release();
      }
    },
  };
}

/** Out of memory here means that the values of a single group are too many for its result: the message says which aggregates hold them. */
function holding<R>(groups: Groups, params: AggregateParams, work: () => R): R {
  try {
    return work();
  } catch (e) {
    if (!(e instanceof RunError) || e.code !== 'FLOW7007' || !groups.holdsValues) throw e;
    const holders = params.aggregates.filter((a) =>
      resolve(a).state.some((s) => s.type.kind === 'list' || s.type.kind === 'string'),
    );
    const names = holders.map((a) => `${a.name} (${a.fn})`).join(', ');
    throw new RunError(
      'FLOW7007',
      `${names} must hold the result of a group, made of ${groups.largest()} values, and it does not fit in memory`,
      e.where,
      'Give more memory, group more finely, or use an approximate aggregate',
    );
  }
}

export const aggregate: OperatorDef<AggregateParams> = {
  name: 'aggregate',
  traits: { shape: 'exchange', blocking: true },
  schema: (params, [input]) => [
    ...shownFields(params, input as Schema),
    ...params.aggregates.map((a) => {
      const r = resolve(a);
      return field(a.name, r.type, r.nullable);
    }),
  ],
  partialSchema: (params, [input]) => [...keyFields(params, input as Schema), ...stateFields(params).flat()],
  /**
   * Within the grant one table; when it is full its states go on and it starts anew, so that a group may leave several states. Input that does not
   * group goes through as one state a row.
   */
  partial: (params, step, ctx) => (source) => partial(params, step.input, step.output, source, ctx),
  /**
   * Merges the states of one partition. A partition whose groups do not fit the grant is split by further hash bits, as often as needed, through the
   * store. Output by (hash, first appearance); without keys exactly one row.
   */
  async *final(params, step, inputs, ctx) {
    const reader = inputs[0] as PartitionReader;
    yield* merge(params, reader, reader.hashBits, step.output, ctx);
  },
};
