import type { Column } from '../batch/column.ts';
import { arenaScratch } from '../memory/scratch.ts';
import type { Scratch } from '../memory/types.ts';
import { sortIndices } from '../operators/sort_kernel.ts';
import { valueStore } from '../operators/value_store.ts';
import type { Store } from '../store/types.ts';
import type { DataType } from '../types.ts';
import { field, T } from '../types.ts';
import type { AggregateDef, ResolvedAggregate } from './def.ts';
import { Fractions, fractionOf, stateOf } from './fractions.ts';
import { groupColumn, OverValues } from './held_values.ts';
import { validRows } from './numbers.ts';
import { isOrdered } from './picks.ts';
import { ascending, type SpilledRuns } from './spilled_runs.ts';

/** The first of the sorted values that at least the fraction of all do not exceed. */
class DiscreteQuantile extends OverValues {
  private readonly fractions: Fractions;
  private readonly store: Store;

  constructor(store: Store, type: DataType, at: number | DataType) {
    super(store, type, 'quantile_disc', true);
    this.store = store;
    this.fractions = new Fractions(store, at);
  }

  override bytes(): number {
    return super.bytes() + this.fractions.bytes;
  }

  override grow(groups: number): void {
    super.grow(groups);
    this.fractions.grow(groups);
  }

  override add(groups: Uint32Array, rows: number, args: readonly Column[]): void {
    const v = validRows(groups, rows, args);
    this.held.log.append(args[0] as Column, v.groups, v.rows, v.n);
    this.fractions.add(args[1], v);
  }

  override merge(groups: Uint32Array, rows: number, state: readonly Column[]): void {
    super.merge(groups, rows, state);
    this.fractions.merge(groups, rows, state[1]);
  }

  override states(order: Uint32Array, n: number, scratch: Scratch): readonly Column[] {
    return [...super.states(order, n, scratch), ...this.fractions.state(order, n, scratch)];
  }

  private rank(group: number, count: number): number {
    return Math.max(1, count - Math.floor(count - this.fractions.of(group) * count)) - 1;
  }

  values(order: Uint32Array, n: number, scratch: Scratch): Column {
    const out = valueStore(this.held.type, this.store, 'quantile_disc');
    try {
      out.grow(n);
      const runs = this.held.runs();
      if (runs === null) this.fromMemory(order, n, (i, col, row) => setFrom(out, i, col, row));
      else this.fromRuns(runs, order, n, (i, col, row) => setFrom(out, i, col, row));
      const all = Uint32Array.from({ length: n }, (_, i) => i);
      return out.column(all, n, scratch);
    } finally {
      out.free();
    }
  }

  private fromMemory(order: Uint32Array, n: number, take: (i: number, col: Column, row: number) => void): void {
    const work = arenaScratch(this.store, 'quantile_disc');
    try {
      const { log, type } = this.held;
      const { offsets, entries, total } = log.indexAll().lists(order, n, work);
      if (total === 0) return;
      const groups = work.u32(total);
      for (let i = 0; i < n; i++) groups.fill(i, offsets[i], offsets[i + 1]);
      const schema = [field('g', T.int, false), field('v', type)];
      const v = log.values.column(entries, total, work);
      const sorted = sortIndices(
        { schema, rows: total, columns: [groupColumn(groups.subarray(0, total)), v] },
        schema.map(ascending),
        work,
      );
      for (let i = 0; i < n; i++) {
        const [from, to] = [offsets[i] as number, offsets[i + 1] as number];
        if (to > from) take(i, v, sorted[from + this.rank(order[i] as number, to - from)] as number);
      }
    } finally {
      work.release();
    }
  }

  private fromRuns(
    runs: SpilledRuns,
    order: Uint32Array,
    n: number,
    take: (i: number, col: Column, row: number) => void,
  ): void {
    const numbers: number[] = [];
    const targets: number[] = [];
    const place = new Map(Array.from(order.subarray(0, n), (g, i) => [g, i] as const));
    for (let g = 0, start = 0; g < this.held.groups; g++) {
      const count = this.held.count(g);
      const i = place.get(g);
      if (count > 0 && i !== undefined) {
        numbers.push(start + this.rank(g, count));
        targets.push(i);
      }
      start += count;
    }
    runs.pick(Float64Array.from(numbers), 1, (k, col, row) => take(targets[k] as number, col, row));
  }

  override clear(): void {
    super.clear();
    this.fractions.clear();
  }

  override free(): void {
    super.free();
    this.fractions.free();
  }
}

function setFrom(out: ReturnType<typeof valueStore>, entry: number, col: Column, row: number): void {
  out.bind(col);
  out.set(entry, row);
}

function discrete(args: readonly DataType[]): ResolvedAggregate | null {
  const [type] = args;
  const which = fractionOf(args, null);
  if (type === undefined || which === null || !isOrdered(type)) return null;
  return {
    type,
    nullable: true,
    state: stateOf(T.list(type, false), null),
    create: (store) => new DiscreteQuantile(store, type, which),
  };
}

export const DISCRETE_QUANTILES: readonly AggregateDef[] = [
  {
    name: 'quantile_disc',
    aliases: ['percentile_disc'],
    doc: 'The least of the values that at least the fraction `q` of all do not exceed: a value that is there, of any type that has an order; null when there are none.',
    signature: 'quantile_disc(x: T, q: float) -> T?  (T has an order)',
    example: 'summarize middle = quantile_disc(placed_at, 0.5) by customer',
    resolve: discrete,
  },
];
