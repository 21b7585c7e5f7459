import type { Column } from '../batch/column.ts';
import type { Scratch } from '../memory/types.ts';
import { u32Vector, type Vector } from '../memory/vector.ts';
import { BytesStore } from '../operators/bytes_store.ts';
import { NumberStore } from '../operators/number_store.ts';
import type { ValueStore } from '../operators/value_store.ts';
import { valueStore } from '../operators/value_store.ts';
import type { Store } from '../store/types.ts';
import type { DataType } from '../types.ts';
import { field } from '../types.ts';
import type { Accumulator, AggregateDef, ResolvedAggregate } from './def.ts';
import { foldExtreme } from './folds.ts';
import { doublesOf, isWide, validRows } from './numbers.ts';

/** Holds one value a group. */
abstract class OneValue implements Accumulator {
  protected readonly value: ValueStore;

  constructor(store: Store, type: DataType, owner: string) {
    this.value = valueStore(type, store, owner);
  }

  bytes(): number {
    return this.value.bytes();
  }

  grow(groups: number): void {
    this.value.grow(groups);
  }

  abstract add(groups: Uint32Array, rows: number, args: readonly Column[]): void;

  /** A state is a value like any other. */
  merge(groups: Uint32Array, rows: number, state: readonly Column[]): void {
    this.add(groups, rows, state);
  }

  states(order: Uint32Array, n: number, scratch: Scratch): readonly Column[] {
    return [this.values(order, n, scratch)];
  }

  values(order: Uint32Array, n: number, scratch: Scratch): Column {
    return this.value.column(order, n, scratch);
  }

  clear(): void {
    this.value.clear();
  }

  free(): void {
    this.value.free();
  }
}

/** Least (`sign` 1) or greatest (-1) value; of equal ones the first. NaN is greater than any number. */
class Extreme extends OneValue {
  private readonly sign: 1 | -1;
  /** By group: the best row of a batch, see BytesStore.foldExtreme; and groups that have one. */
  private readonly best: Vector<Uint32Array>;
  private readonly found: Vector<Uint32Array>;

  constructor(store: Store, type: DataType, sign: 1 | -1) {
    super(store, type, sign === 1 ? 'min' : 'max');
    this.sign = sign;
    this.best = u32Vector(store, 'extremes');
    this.found = u32Vector(store, 'extremes');
  }

  override bytes(): number {
    return super.bytes() + this.best.bytes + this.found.bytes;
  }

  override free(): void {
    super.free();
    this.best.free();
    this.found.free();
  }

  add(groups: Uint32Array, rows: number, args: readonly Column[]): void {
    const col = args[0] as Column;
    const { value } = this;
    const narrow = value instanceof NumberStore && !value.isWide && !isWide(col);
    if (narrow && foldExtreme(groups, rows, col, value.doubles.data, value.nulls.data, this.sign)) return;
    if (!narrow) value.bind(col);
    if (value instanceof BytesStore && value.ordersByBytes && this.foldTexts(value, groups, rows)) return;
    const v = validRows(groups, rows, args);
    if (narrow) {
      const x = doublesOf(col, v, 0);
      if (this.sign === 1) least(value.doubles.data, value.nulls.data, v.groups, x, v.n);
      else greatest(value.doubles.data, value.nulls.data, v.groups, x, v.n);
      return;
    }
    for (let i = 0; i < v.n; i++) {
      const g = v.groups[i] as number;
      const row = v.rows === null ? i : (v.rows[i] as number);
      if (value.isNull(g) || value.compare(row, g) * this.sign < 0) value.set(g, row);
    }
  }

  private foldTexts(value: BytesStore, groups: Uint32Array, rows: number): boolean {
    const { best, found } = this;
    best.grow(value.capacity, 0);
    found.reserve(Math.min(rows, value.capacity));
    return value.foldExtreme(groups, rows, this.sign, { best: best.data, found: found.data });
  }
}

function least(held: Float64Array, nulls: Uint8Array, groups: Uint32Array, x: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    const g = groups[i] as number;
    const v = x[i] as number;
    const h = held[g] as number;
    if (v < h || nulls[g] === 1 || (h !== h && v === v)) {
      held[g] = v;
      nulls[g] = 0;
    }
  }
}

function greatest(held: Float64Array, nulls: Uint8Array, groups: Uint32Array, x: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    const g = groups[i] as number;
    const v = x[i] as number;
    const h = held[g] as number;
    if (v > h || nulls[g] === 1 || (v !== v && h === h)) {
      held[g] = v;
      nulls[g] = 0;
    }
  }
}

/** First or last value that is not null, in input order. */
class Pick extends OneValue {
  private readonly last: boolean;

  constructor(store: Store, type: DataType, last: boolean) {
    super(store, type, last ? 'last' : 'first');
    this.last = last;
  }

  add(groups: Uint32Array, rows: number, args: readonly Column[]): void {
    const v = validRows(groups, rows, args);
    const { value, last } = this;
    value.bind(args[0] as Column);
    for (let i = 0; i < v.n; i++) {
      const g = v.groups[i] as number;
      if (last || value.isNull(g)) value.set(g, v.rows === null ? i : (v.rows[i] as number));
    }
  }
}

/** The first argument in the row where the second is least or greatest (the first such row). The picked value may be null. */
class PickBy extends OneValue {
  private readonly by: ValueStore;
  private readonly sign: 1 | -1;

  constructor(store: Store, type: DataType, by: DataType, sign: 1 | -1) {
    super(store, type, sign === 1 ? 'min_by' : 'max_by');
    this.by = valueStore(by, store, 'min_by');
    this.sign = sign;
  }

  override bytes(): number {
    return this.value.bytes() + this.by.bytes();
  }

  override grow(groups: number): void {
    this.value.grow(groups);
    this.by.grow(groups);
  }

  add(groups: Uint32Array, rows: number, args: readonly Column[]): void {
    const [picked, by] = args as [Column, Column];
    const v = validRows(groups, rows, [by]);
    this.value.bind(picked);
    this.by.bind(by);
    for (let i = 0; i < v.n; i++) {
      const g = v.groups[i] as number;
      const row = v.rows === null ? i : (v.rows[i] as number);
      if (this.by.isNull(g) || this.by.compare(row, g) * this.sign < 0) {
        this.by.set(g, row);
        this.value.set(g, row);
      }
    }
  }

  override states(order: Uint32Array, n: number, scratch: Scratch): readonly Column[] {
    return [this.value.column(order, n, scratch), this.by.column(order, n, scratch)];
  }

  override clear(): void {
    super.clear();
    this.by.clear();
  }

  override free(): void {
    super.free();
    this.by.free();
  }
}

/** Types whose values have an order. */
export function isOrdered(t: DataType): boolean {
  return t.kind !== 'interval' && t.kind !== 'list' && t.kind !== 'struct' && t.kind !== 'map' && t.kind !== 'json';
}

function extreme(args: readonly DataType[], sign: 1 | -1): ResolvedAggregate | null {
  const [type, ...more] = args;
  if (type === undefined || more.length > 0 || !isOrdered(type)) return null;
  return { type, nullable: true, state: [field('s0', type)], create: (store) => new Extreme(store, type, sign) };
}

function pick(args: readonly DataType[], last: boolean): ResolvedAggregate | null {
  const [type, ...more] = args;
  if (type === undefined || more.length > 0) return null;
  return { type, nullable: true, state: [field('s0', type)], create: (store) => new Pick(store, type, last) };
}

function pickBy(args: readonly DataType[], sign: 1 | -1): ResolvedAggregate | null {
  const [type, by, ...more] = args;
  if (type === undefined || by === undefined || more.length > 0 || !isOrdered(by)) return null;
  return {
    type,
    nullable: true,
    state: [field('s0', type), field('s1', by)],
    create: (store) => new PickBy(store, type, by, sign),
  };
}

export const PICKS: readonly AggregateDef[] = [
  {
    name: 'min',
    doc: 'The least value; null when there are none. Strings compare by code point, NaN is greater than any number.',
    signature: 'min(x: T) -> T?  (T has an order)',
    example: 'summarize earliest = min(placed_at) by customer',
    resolve: (args) => extreme(args, 1),
  },
  {
    name: 'max',
    doc: 'The greatest value; null when there are none. Strings compare by code point, NaN is greater than any number.',
    signature: 'max(x: T) -> T?  (T has an order)',
    example: 'summarize latest = max(placed_at) by customer',
    resolve: (args) => extreme(args, -1),
  },
  {
    name: 'first',
    doc: 'The first value that is not null, in the order of the rows.',
    signature: 'first(x: T) -> T?',
    example: 'sort placed_at | summarize opening = first(price) by day',
    resolve: (args) => pick(args, false),
  },
  {
    name: 'last',
    doc: 'The last value that is not null, in the order of the rows.',
    signature: 'last(x: T) -> T?',
    example: 'sort placed_at | summarize closing = last(price) by day',
    resolve: (args) => pick(args, true),
  },
  {
    name: 'any_value',
    doc: 'Some value that is not null; it is the first, so that two runs agree.',
    signature: 'any_value(x: T) -> T?',
    example: 'summarize name = any_value(name) by customer_id',
    resolve: (args) => pick(args, false),
  },
  {
    name: 'min_by',
    aliases: ['arg_min'],
    doc: 'The value of `x` in the row where `y` is least (the first such row); rows where `y` is null do not count.',
    signature: 'min_by(x: T, y: U) -> T?  (U has an order)',
    example: 'summarize cheapest = min_by(product, price) by category',
    resolve: (args) => pickBy(args, 1),
  },
  {
    name: 'max_by',
    aliases: ['arg_max'],
    doc: 'The value of `x` in the row where `y` is greatest (the first such row); rows where `y` is null do not count.',
    signature: 'max_by(x: T, y: U) -> T?  (U has an order)',
    example: 'summarize newest = max_by(status, updated_at) by order_id',
    resolve: (args) => pickBy(args, -1),
  },
];
