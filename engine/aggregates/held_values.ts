import type { Batch, Column } from '../batch/column.ts';
import { arenaScratch } from '../memory/scratch.ts';
import type { Scratch } from '../memory/types.ts';
import type { Vector } from '../memory/vector.ts';
import { f64Vector } from '../memory/vector.ts';
import type { Store } from '../store/types.ts';
import type { DataType, Schema } from '../types.ts';
import { field, T } from '../types.ts';
import type { Accumulator, SpillContext } from './def.ts';
import { validRows } from './numbers.ts';
import { SpilledRuns } from './spilled_runs.ts';
import { ValueLog } from './value_log.ts';

/** A column of group numbers. */
export function groupColumn(groups: Uint32Array): Column {
  const values = new Int32Array(groups.buffer, groups.byteOffset, groups.length);
  return { type: T.int, phys: 'i32', length: groups.length, nullCount: 0, validity: null, values };
}

/** Values of groups in order of arrival: in memory, and beyond it in the store, by group and, if so wanted, by value. */
export class HeldValues {
  readonly log: ValueLog;
  readonly type: DataType;
  private readonly schema: Schema;
  private readonly sorted: boolean;
  private readonly owner: string;
  private readonly store: Store;
  private readonly counts: Vector<Float64Array>;
  private spilled: SpilledRuns | null = null;

  constructor(store: Store, type: DataType, owner: string, sorted: boolean) {
    this.log = new ValueLog(store, type, owner);
    this.type = type;
    this.store = store;
    this.owner = owner;
    this.sorted = sorted;
    this.schema = [field('g', T.int, false), field('v', type)];
    this.counts = f64Vector(store, owner);
  }

  bytes(): number {
    return this.log.bytes() + this.counts.bytes;
  }

  /** Moves what is in memory to the store, as one run. */
  spill(ctx: SpillContext): void {
    const n = this.log.size;
    if (n === 0) return;
    this.spilled ??= new SpilledRuns(ctx, this.schema, this.sorted ? ['g', 'v'] : ['g']);
    const scratch = arenaScratch(this.store, this.owner);
    try {
      const groups = this.log.groupsOf();
      const all = scratch.u32(n);
      let most = 0;
      for (let i = 0; i < n; i++) {
        all[i] = i;
        most = Math.max(most, groups[i] as number);
      }
      this.counts.grow(most + 1, 0);
      const counts = this.counts.data;
      for (let i = 0; i < n; i++) {
        const g = groups[i] as number;
        counts[g] = (counts[g] as number) + 1;
      }
      const columns = [groupColumn(groups), this.log.values.column(all, n, scratch)];
      this.spilled.add({ schema: this.schema, rows: n, columns });
    } finally {
      scratch.release();
    }
    this.log.empty();
  }

  /** All values in the store, when some are there: null when all are in memory. */
  runs(): SpilledRuns | null {
    if (this.spilled !== null) this.spill(this.spilled.ctx);
    return this.spilled;
  }

  /** Values that a group has in the store. */
  count(group: number): number {
    return group < this.counts.length ? (this.counts.data[group] as number) : 0;
  }

  /** Groups that may have values in the store. */
  get groups(): number {
    return this.counts.length;
  }

  largest(): number {
    let most = this.log.largest();
    for (let g = 0; g < this.groups; g++) most = Math.max(most, this.count(g));
    return most;
  }

  clear(): void {
    this.log.clear();
    this.counts.length = 0;
    this.spilled?.free();
    this.spilled = null;
  }

  free(): void {
    this.clear();
    this.log.free();
    this.counts.free();
  }
}

/** An accumulator over all values of a group. */
export abstract class OverValues implements Accumulator {
  protected readonly held: HeldValues;
  private readonly list: DataType;

  constructor(store: Store, item: DataType, owner: string, sorted: boolean) {
    this.held = new HeldValues(store, item, owner, sorted);
    this.list = T.list(item, false);
  }

  bytes(): number {
    return this.held.bytes();
  }

  grow(groups: number): void {
    this.held.log.grow(groups);
  }

  add(groups: Uint32Array, rows: number, args: readonly Column[]): void {
    const v = validRows(groups, rows, args);
    this.held.log.append(args[0] as Column, v.groups, v.rows, v.n);
  }

  merge(groups: Uint32Array, rows: number, state: readonly Column[]): void {
    this.held.log.appendLists(state[0] as Column, groups, rows);
  }

  states(order: Uint32Array, n: number, scratch: Scratch): readonly Column[] {
    return [this.held.log.lists(this.list, order, n, scratch)];
  }

  abstract values(order: Uint32Array, n: number, scratch: Scratch): Column;

  spill(ctx: SpillContext): void {
    this.held.spill(ctx);
  }

  largest(): number {
    return this.held.largest();
  }

  clear(): void {
    this.held.clear();
  }

  free(): void {
    this.clear();
    this.held.free();
  }
}

/** Group numbers of a batch whose first column they are. */
export function groupsOf(batch: Batch): Uint32Array {
  const [col] = batch.columns;
  if (col?.phys === 'i32') return new Uint32Array(col.values.buffer, col.values.byteOffset, batch.rows);
  return new Uint32Array(batch.rows);
}
