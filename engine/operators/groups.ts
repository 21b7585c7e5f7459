import type { Accumulator, ResolvedAggregate, SpillContext } from '../aggregates/def.ts';
import { overDistinct } from '../aggregates/distinct.ts';
import { hostResolved } from '../aggregates/host.ts';
import { resolveAggregate } from '../aggregates/registry.ts';
import type { Batch, Column } from '../batch/column.ts';
import { EngineBug } from '../errors.ts';
import type { Scratch } from '../memory/types.ts';
import type { Vector } from '../memory/vector.ts';
import { u32Vector } from '../memory/vector.ts';
import type { Store } from '../store/types.ts';
import type { Field, Schema } from '../types.ts';
import { GroupTable } from './hash_table.ts';
import type { AggregateParams, AggregateSpec } from './params.ts';

/** Of the registry, or of the host language. */
export function resolve(spec: Omit<AggregateSpec, 'args' | 'name'>): ResolvedAggregate {
  const own = spec.host === undefined ? null : hostResolved(spec.host);
  const r =
    own === null
      ? resolveAggregate(spec.fn, spec.argTypes, spec.distinct)
      : spec.distinct
        ? overDistinct(spec.fn, own, spec.argTypes)
        : own;
  if (r === null) throw new EngineBug(`no aggregate ${spec.fn} for these types`);
  return r;
}

/** The fields of the keys that the output has. */
export function shownFields(params: AggregateParams, input: Schema): Field[] {
  return keyFields({ ...params, keys: params.shown ?? params.keys }, input);
}

export function keyFields(params: AggregateParams, input: Schema): Field[] {
  return params.keys.map((k) => input[indexOf(input, k)] as Field);
}

function indexOf(schema: Schema, name: string): number {
  const at = schema.findIndex((f) => f.name === name);
  if (at < 0) throw new EngineBug(`no column ${name} in the input of an aggregation`);
  return at;
}

export function stateFields(params: AggregateParams): Field[][] {
  return params.aggregates.map((a) => resolve(a).state.map((s, i) => ({ ...s, name: `${a.name}.s${i}` })));
}

/** A hash table of groups with the accumulators beside it. */
export class Groups {
  private readonly table: GroupTable;
  private readonly accumulators: readonly Accumulator[];
  private readonly keys: readonly number[];
  /** Columns of the input for each accumulator: arguments, or states. */
  private readonly columns: readonly (readonly number[])[];
  private readonly schema: Schema;
  /** Positions of the keys that final values have. */
  private readonly shown: readonly number[];
  private readonly anyOrder: boolean;
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
    this.shown = (params.shown ?? params.keys).map((k) => params.keys.indexOf(k));
    this.anyOrder = params.anyOrder === true;
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

  /** Some accumulator holds more than one value a group. */
  get holdsValues(): boolean {
    return this.accumulators.some((a) => a.spill !== undefined);
  }

  /** Groups whose states or values are given out at a time, so that lists of them stay within `bytes`. */
  within(rows: number, bytes: number): number {
    if (!this.holdsValues) return rows;
    return Math.max(1, Math.min(rows, Math.floor((this.count * bytes) / Math.max(1, this.bytes()))));
  }

  /** Moves values that accumulators hold to the store; false when none of them can. */
  spill(ctx: SpillContext): boolean {
    for (const a of this.accumulators) a.spill?.(ctx);
    return this.holdsValues;
  }

  /** Values of the largest group, of the accumulators that hold them. */
  largest(): number {
    return Math.max(0, ...this.accumulators.map((a) => a.largest?.() ?? 0));
  }

  /** Rows of the input (`add`) or partial states (`merge`) join their groups. */
  take(batch: Batch, how: 'add' | 'merge'): void {
    this.ids.reserve(batch.rows);
    this.counting = false;
    const keys = this.keys.map((k) => batch.columns[k] as Column);
    this.table.insert(keys, batch.rows, this.ids.data);
    this.accumulate(batch, how, this.table.groups);
  }

  accumulator(at: number): Accumulator {
    return this.accumulators[at] as Accumulator;
  }

  /** Without keys: merges partial states of one row, by aggregate; null: nothing is added. */
  join(states: readonly (readonly Column[] | null)[]): void {
    const first = Uint32Array.of(0);
    this.table.insert([], 1, first);
    for (const [k, state] of states.entries()) {
      const acc = this.accumulator(k);
      acc.grow(1);
      if (state !== null) acc.merge(first, 1, state);
    }
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

  /** Final values by (hash, first appearance), unless any order will do. */
  *values(output: Schema, rows: number, scratch: Scratch): Generator<Batch> {
    if (this.keys.length === 0) {
      for (const a of this.accumulators) a.grow(1);
      const only = new Uint32Array(1);
      yield { schema: output, rows: 1, columns: this.accumulators.map((a) => a.values(only, 1, scratch)) };
      return;
    }
    const order = this.anyOrder ? this.count0(this.count) : this.table.orderByHash();
    for (let at = 0; at < this.count; at += rows) {
      const n = Math.min(rows, this.count - at);
      const part = order.subarray(at, at + n);
      const columns = [
        ...this.table.keyColumns(part, n, scratch, this.shown),
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
