import type { Accumulator, ResolvedAggregate } from '../aggregates/def.ts';
import { resolveAggregate } from '../aggregates/registry.ts';
import type { Batch, Column } from '../batch/column.ts';
import { MORSEL_ROWS } from '../batch/column.ts';
import { EngineBug, RunError } from '../errors.ts';
import { arenaScratch } from '../memory/scratch.ts';
import type { Scratch } from '../memory/types.ts';
import type { Vector } from '../memory/vector.ts';
import { u32Vector } from '../memory/vector.ts';
import type { Store } from '../store/types.ts';
import type { Field, Schema } from '../types.ts';
import { field } from '../types.ts';
import type { OperatorDef, PartitionReader, RelationReader, TaskContext } from './def.ts';
import { GroupTable } from './hash_table.ts';
import type { AggregateParams, AggregateSpec } from './params.ts';
import { canSplit, isFull, parts, rowsWithin, Splitter, workingGrant } from './split.ts';

/** After this many rows a partial aggregation looks at whether it is worth it. */
const TRIAL_ROWS = 2 * MORSEL_ROWS;
/** Groups per row above which it is not. */
const USELESS = 0.9;

function resolve(spec: AggregateSpec): ResolvedAggregate {
  const r = resolveAggregate(spec.fn, spec.argTypes, spec.distinct);
  if (r === null) throw new EngineBug(`no aggregate ${spec.fn} for these types`);
  return r;
}

function keyFields(params: AggregateParams, input: Schema): Field[] {
  return params.keys.map((k) => input[indexOf(input, k)] as Field);
}

function indexOf(schema: Schema, name: string): number {
  const at = schema.findIndex((f) => f.name === name);
  if (at < 0) throw new EngineBug(`no column ${name} in the input of an aggregation`);
  return at;
}

function stateFields(params: AggregateParams): Field[][] {
  return params.aggregates.map((a) => resolve(a).state.map((s, i) => ({ ...s, name: `${a.name}.s${i}` })));
}

/** A hash table of groups with the accumulators beside it. */
class Groups {
  private readonly table: GroupTable;
  private readonly accumulators: readonly Accumulator[];
  private readonly keys: readonly number[];
  /** Columns of the input for each accumulator: arguments, or states. */
  private readonly columns: readonly (readonly number[])[];
  private readonly schema: Schema;
  /** Group of each row of a batch. */
  private readonly ids: Vector<Uint32Array>;
  /** `ids` counts up: every row is a group. */
  private counting = false;

  constructor(store: Store, params: AggregateParams, input: Schema, partial: boolean) {
    this.schema = input;
    this.keys = params.keys.map((k) => indexOf(input, k));
    this.table = new GroupTable(
      store,
      keyFields(params, input).map((f) => f.type),
      'aggregate',
    );
    this.accumulators = params.aggregates.map((a) => resolve(a).create(store));
    this.ids = u32Vector(store, 'aggregate');
    let at = params.keys.length;
    // States stand behind the keys, in order: by place, since a key may be named like one of them.
    this.columns = partial
      ? params.aggregates.map((a) => a.args.map((c) => indexOf(input, c)))
      : stateFields(params).map((fields) => fields.map(() => at++));
  }

  get count(): number {
    return this.table.groups;
  }

  bytes(): number {
    return this.accumulators.reduce((n, a) => n + a.bytes(), this.table.bytes());
  }

  /** Rows of the input (`add`) or partial states (`merge`) join their groups. */
  take(batch: Batch, how: 'add' | 'merge'): void {
    this.ids.reserve(batch.rows);
    this.counting = false;
    const keys = this.keys.map((k) => batch.columns[k] as Column);
    this.table.insert(keys, batch.rows, this.ids.data);
    this.accumulate(batch, how, this.table.groups);
  }

  /** The numbers from 0 on. */
  private count0(n: number): Uint32Array {
    if (!this.counting || this.ids.length < n) {
      this.ids.reserve(n);
      const ids = this.ids.data;
      for (let i = 0; i < n; i++) ids[i] = i;
      this.ids.length = n;
      this.counting = true;
    }
    return this.ids.data;
  }

  private accumulate(batch: Batch, how: 'add' | 'merge', groups: number): void {
    for (let a = 0; a < this.accumulators.length; a++) {
      const acc = this.accumulators[a] as Accumulator;
      const columns = (this.columns[a] as readonly number[]).map((c) => batch.columns[c] as Column);
      acc.grow(groups);
      acc[how](this.ids.data, batch.rows, columns);
    }
  }

  /** One state a row, without a table: for input that does not group. */
  statesOfRows(batch: Batch, output: Schema, scratch: Scratch): Batch {
    const ids = this.count0(batch.rows);
    for (const a of this.accumulators) a.clear();
    this.accumulate(batch, 'add', batch.rows);
    const keys = this.keys.map((k) => batch.columns[k] as Column);
    return {
      schema: output,
      rows: batch.rows,
      columns: [...keys, ...this.accumulators.flatMap((a) => a.states(ids, batch.rows, scratch))],
    };
  }

  /** Partial states, in order of first appearance. */
  *states(output: Schema, rows: number, scratch: Scratch): Generator<Batch> {
    this.counting = false;
    this.ids.reserve(Math.min(this.count, rows));
    const order = this.ids.data;
    for (let at = 0; at < this.count; at += rows) {
      const n = Math.min(rows, this.count - at);
      for (let i = 0; i < n; i++) order[i] = at + i;
      const columns = [
        ...this.table.keyColumns(order, n, scratch),
        ...this.accumulators.flatMap((a) => a.states(order, n, scratch)),
      ];
      yield { schema: output, rows: n, columns };
    }
  }

  /** Final values by (hash, first appearance). */
  *values(output: Schema, rows: number, scratch: Scratch): Generator<Batch> {
    if (this.keys.length === 0) {
      for (const a of this.accumulators) a.grow(1);
      const only = new Uint32Array(1);
      yield { schema: output, rows: 1, columns: this.accumulators.map((a) => a.values(only, 1, scratch)) };
      return;
    }
    const order = this.table.orderByHash();
    for (let at = 0; at < this.count; at += rows) {
      const n = Math.min(rows, this.count - at);
      const part = order.subarray(at, at + n);
      const columns = [
        ...this.table.keyColumns(part, n, scratch),
        ...this.accumulators.map((a) => a.values(part, n, scratch)),
      ];
      yield { schema: output, rows: n, columns };
    }
  }

  /** Gives back all memory; the groups can be filled again. */
  free(): void {
    this.table.free();
    this.ids.free();
    for (const a of this.accumulators) a.free();
  }

  /** The input's schema: that of the states when merging. */
  get input(): Schema {
    return this.schema;
  }
}

async function* partial(
  params: AggregateParams,
  input: Schema,
  output: Schema,
  source: AsyncIterable<Batch>,
  ctx: TaskContext,
): AsyncIterable<Batch> {
  const groups = new Groups(ctx.store, params, input, true);
  const scratch = arenaScratch(ctx.store, 'aggregate');
  const grant = workingGrant(ctx);
  const step = rowsWithin(grant);
  let rows = 0;
  let passing = false;
  async function* flush(): AsyncGenerator<Batch> {
    for (const b of groups.states(output, step, scratch)) {
      yield b;
      scratch.reset();
    }
    groups.free();
    rows = 0;
  }
  try {
    for await (const batch of source) {
      for (const part of parts(batch, step)) {
        if (passing) {
          yield groups.statesOfRows(part, output, scratch);
          scratch.reset();
          continue;
        }
        groups.take(part, 'add');
        rows += part.rows;
        const full = isFull(groups.bytes(), grant);
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

async function* merge(
  params: AggregateParams,
  input: RelationReader,
  bits: number,
  output: Schema,
  ctx: TaskContext,
): AsyncIterable<Batch> {
  const groups = new Groups(ctx.store, params, input.schema, false);
  const grant = workingGrant(ctx);
  const step = rowsWithin(grant);
  let split: Splitter | null = null;
  try {
    for (const batch of input.batches()) {
      ctx.check();
      for (const part of parts(batch, step)) {
        if (split !== null) {
          split.add(part);
          continue;
        }
        takeWhole(groups, part, params);
        if (isFull(groups.bytes(), grant) && groups.count > 1 && canSplit(bits)) {
          // What was merged so far comes first in its sub-partitions, so that input order stays.
          split = new Splitter(ctx, input.schema, params.keys, bits);
          addStates(groups, split, step, ctx.store);
          groups.free();
        }
      }
    }
    if (split === null) {
      yield* groups.values(output, step, ctx.scratch);
      return;
    }
    split.finish();
    for (let p = 0; p < split.count; p++) {
      const part = split.part(p);
      if (part.rows > 0) yield* merge(params, part, part.hashBits, output, ctx);
      split.done(p);
    }
  } finally {
    groups.free();
    split?.free();
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

/** Out of memory here means that the values of single groups are too many: no split helps, and the message says which aggregates hold them. */
function takeWhole(groups: Groups, batch: Batch, params: AggregateParams): void {
  try {
    groups.take(batch, 'merge');
  } catch (e) {
    if (!(e instanceof RunError) || e.code !== 'FLOW7007') throw e;
    const holders = params.aggregates.filter((a) =>
      resolve(a).state.some((s) => s.type.kind === 'list' || s.type.kind === 'string'),
    );
    if (holders.length === 0) throw e;
    const names = holders.map((a) => `${a.name} (${a.fn})`).join(', ');
    throw new RunError(
      'FLOW7007',
      `${names} must hold all values of a group at a time, and they do not fit in memory`,
      e.where,
      'Give more memory, group more finely, or use an approximate aggregate',
    );
  }
}

export const aggregate: OperatorDef<AggregateParams> = {
  name: 'aggregate',
  traits: { shape: 'exchange', blocking: true },
  schema: (params, [input]) => [
    ...keyFields(params, input as Schema),
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
  final: (params, step, inputs, ctx) =>
    merge(params, inputs[0] as PartitionReader, (inputs[0] as PartitionReader).hashBits, step.output, ctx),
};
