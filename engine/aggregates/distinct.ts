import type { Column } from '../batch/column.ts';
import type { Scratch } from '../memory/types.ts';
import type { Store } from '../store/types.ts';
import type { DataType } from '../types.ts';
import { field, T } from '../types.ts';
import type { Accumulator, AggregateDef, ResolvedAggregate, SpillContext } from './def.ts';
import { validRows } from './numbers.ts';
import { itemsOf } from './value_log.ts';
import { ValueSets } from './value_sets.ts';

/** Aggregates that see the order of the rows. */
const ORDERED = new Set(['list', 'string_agg', 'last', 'mode', 'histogram']);

/** Share of the grant that an aggregate over different values may hold while they are read back. */
const INNER_SHARE = 4;

/** `f(distinct x)`: collects each group's different values; f itself runs over them at the end. */
class OfDistinct implements Accumulator {
  private readonly sets: ValueSets;
  private readonly type: DataType;
  private readonly inner: Accumulator;
  private readonly ordered: boolean;
  private spilled: SpillContext | null = null;
  private groups = 0;
  /** Set entries that `inner` has seen. */
  private done = -1;

  constructor(store: Store, type: DataType, inner: Accumulator, ordered: boolean) {
    this.sets = new ValueSets(store, type, 'distinct values');
    this.type = type;
    this.inner = inner;
    this.ordered = ordered;
  }

  bytes(): number {
    return this.sets.bytes() + this.inner.bytes();
  }

  grow(groups: number): void {
    this.groups = Math.max(this.groups, groups);
    this.sets.grow(groups);
  }

  add(groups: Uint32Array, rows: number, args: readonly Column[]): void {
    const v = validRows(groups, rows, args);
    this.sets.add(args[0] as Column, v.groups, v.rows, v.n, null);
  }

  merge(groups: Uint32Array, rows: number, state: readonly Column[]): void {
    const items = itemsOf(state[0] as Column, groups, rows);
    this.sets.add(items.child, items.groups, items.rows, items.n, null);
  }

  states(order: Uint32Array, n: number, scratch: Scratch): readonly Column[] {
    return [this.sets.lists(this.type, order, n, scratch).values];
  }

  spill(ctx: SpillContext): void {
    this.spilled = ctx;
    this.sets.spill(ctx);
  }

  largest(): number {
    return this.sets.largest();
  }

  values(order: Uint32Array, n: number, scratch: Scratch): Column {
    if (this.done !== this.sets.size) {
      this.inner.clear();
      this.inner.grow(this.groups);
      this.sets.each(this.ordered, (groups, values) => this.take(groups, values));
      this.done = this.sets.size;
    }
    this.inner.grow(this.groups);
    return this.inner.values(order, n, scratch);
  }

  private take(groups: Uint32Array, values: Column): void {
    const { inner, spilled } = this;
    inner.add(groups, groups.length, [values]);
    if (spilled !== null && inner.bytes() * INNER_SHARE > spilled.grant) inner.spill?.(spilled);
  }

  clear(): void {
    this.sets.clear();
    this.inner.clear();
    this.spilled = null;
    this.groups = 0;
    this.done = -1;
  }

  free(): void {
    this.clear();
    this.sets.free();
    this.inner.free();
  }
}

/** The aggregate `name`, resolved, over the different values of its only argument. */
export function overDistinct(
  name: string,
  resolved: ResolvedAggregate,
  args: readonly DataType[],
): ResolvedAggregate | null {
  const [type, ...more] = args;
  if (type === undefined || more.length > 0) return null;
  return {
    type: resolved.type,
    nullable: resolved.nullable,
    state: [field('s0', T.list(type, false), false)],
    create: (store) => new OfDistinct(store, type, resolved.create(store), ORDERED.has(name)),
  };
}

export function distinctAggregates(count: AggregateDef): readonly AggregateDef[] {
  return [
    {
      name: 'count_distinct',
      aliases: ['n_distinct'],
      doc: 'The number of different values that are not null, exactly. `approx_count_distinct` needs far less memory.',
      signature: 'count_distinct(x: any) -> int',
      example: 'summarize customers = count_distinct(customer_id) by month',
      resolve: (args) => {
        const inner = args.length === 1 ? count.resolve(args) : null;
        return inner === null ? null : overDistinct('count', inner, args);
      },
    },
  ];
}
