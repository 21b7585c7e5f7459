import type { Column } from '../batch/column.ts';
import { EngineBug, RunError } from '../errors.ts';
import type { Scratch } from '../memory/types.ts';
import type { Vector } from '../memory/vector.ts';
import { f64Vector } from '../memory/vector.ts';
import type { NumberStore } from '../operators/number_store.ts';
import type { ValueStore } from '../operators/value_store.ts';
import { valueStore } from '../operators/value_store.ts';
import type { Store } from '../store/types.ts';
import type { DataType } from '../types.ts';
import { field, isNumeric, T } from '../types.ts';
import type { Accumulator, AggregateDef, ResolvedAggregate } from './def.ts';
import { floatColumn } from './double_double.ts';
import { doublesOf, validRows } from './numbers.ts';
import { nullableFloats } from './sums.ts';
import { itemsOf, ValueLog } from './value_log.ts';

/** All values that are not null, in input order. */
class List implements Accumulator {
  private readonly log: ValueLog;
  private readonly type: DataType;

  constructor(store: Store, item: DataType) {
    this.log = new ValueLog(store, item, 'list');
    this.type = T.list(item, false);
  }

  bytes(): number {
    return this.log.bytes();
  }

  grow(groups: number): void {
    this.log.grow(groups);
  }

  add(groups: Uint32Array, rows: number, args: readonly Column[]): void {
    const v = validRows(groups, rows, args);
    this.log.append(args[0] as Column, v.groups, v.rows, v.n);
  }

  merge(groups: Uint32Array, rows: number, state: readonly Column[]): void {
    const items = itemsOf(state[0] as Column, groups, rows);
    this.log.append(items.child, items.groups, items.rows, items.n);
  }

  states(order: Uint32Array, n: number, scratch: Scratch): readonly Column[] {
    return [this.values(order, n, scratch)];
  }

  values(order: Uint32Array, n: number, scratch: Scratch): Column {
    return this.log.lists(this.type, order, n, scratch);
  }

  clear(): void {
    this.log.clear();
  }

  free(): void {
    this.log.free();
  }
}

const FLOATS = T.list(T.float, false);

/** What a decimal's unscaled integers are divided by. */
function unitOf(t: DataType): number {
  return t.kind === 'decimal' ? 10 ** t.scale : 1;
}

/** Quantile by linear interpolation between the two nearest values. Which one: `at`, or (given as its type) the second argument. */
class Quantile implements Accumulator {
  private readonly log: ValueLog;
  private readonly q: Vector<Float64Array>;
  private readonly at: number | null;
  private readonly unit: number;
  private readonly qUnit: number;

  constructor(store: Store, arg: DataType, at: number | DataType) {
    this.log = new ValueLog(store, T.float, 'quantile');
    this.q = f64Vector(store, 'quantile');
    this.at = typeof at === 'number' ? at : null;
    this.unit = unitOf(arg);
    this.qUnit = typeof at === 'number' ? 1 : unitOf(at);
  }

  bytes(): number {
    return this.log.bytes() + this.q.bytes;
  }

  grow(groups: number): void {
    this.log.grow(groups);
    if (this.at === null) this.q.grow(groups, Number.NaN);
  }

  add(groups: Uint32Array, rows: number, args: readonly Column[]): void {
    const v = validRows(groups, rows, args);
    this.append(doublesOf(args[0] as Column, v, 0), v.groups, v.n);
    if (this.at !== null) return;
    const q = doublesOf(args[1] as Column, v, 1);
    for (let i = 0; i < v.n; i++) this.setQ(v.groups[i] as number, (q[i] as number) / this.qUnit);
  }

  private setQ(group: number, q: number): void {
    if (!(q >= 0 && q <= 1)) {
      throw new RunError('FLOW7005', `quantile needs a fraction between 0 and 1, got ${q}`, { value: String(q) });
    }
    this.q.data[group] = q;
  }

  private append(values: Float64Array, groups: Uint32Array, n: number): void {
    const col: Column = { type: T.float, phys: 'f64', length: n, nullCount: 0, validity: null, values };
    this.log.append(col, groups, null, n);
  }

  merge(groups: Uint32Array, rows: number, state: readonly Column[]): void {
    const items = itemsOf(state[0] as Column, groups, rows);
    this.log.append(items.child, items.groups, items.rows, items.n);
    const q = state[1];
    if (this.at !== null || q?.phys !== 'f64') return;
    for (let i = 0; i < rows; i++)
      if (!Number.isNaN(q.values[i])) this.q.data[groups[i] as number] = q.values[i] as number;
  }

  states(order: Uint32Array, n: number, scratch: Scratch): readonly Column[] {
    const lists = this.log.lists(FLOATS, order, n, scratch);
    return this.at === null ? [lists, floatColumn(this.q.data, order, n, scratch)] : [lists];
  }

  values(order: Uint32Array, n: number, scratch: Scratch): Column {
    const index = this.log.indexAll();
    const held = (this.log.values as NumberStore).doubles;
    return nullableFloats(n, scratch, (i) => {
      const g = order[i] as number;
      const from = index.start(g);
      const count = index.start(g + 1) - from;
      if (count === 0) return null;
      const sorted = scratch.f64(count);
      for (let k = 0; k < count; k++) sorted[k] = held.data[index.entry(from + k)] as number;
      sorted.sort();
      return interpolate(sorted, this.at ?? (this.q.data[g] as number)) / this.unit;
    });
  }

  clear(): void {
    this.log.clear();
    this.q.length = 0;
  }

  free(): void {
    this.log.free();
    this.q.free();
  }
}

function interpolate(sorted: Float64Array, q: number): number {
  const position = q * (sorted.length - 1);
  const below = Math.floor(position);
  const a = sorted[below] as number;
  const part = position - below;
  return part === 0 ? a : a + ((sorted[below + 1] as number) - a) * part;
}

/**
 * Joined text. Each value after a group's first is kept with its separator before it; the first one's separator is kept apart, for the merge
 * that puts this text after another.
 */
class StringAgg implements Accumulator {
  /** Pieces of text, in order. */
  private readonly log: ValueLog;
  private readonly separator: ValueStore;
  private readonly separated: boolean;

  constructor(store: Store, separated: boolean) {
    this.log = new ValueLog(store, T.string, 'string_agg');
    this.separator = valueStore(T.string, store, 'string_agg');
    this.separated = separated;
  }

  bytes(): number {
    return this.log.bytes() + this.separator.bytes();
  }

  grow(groups: number): void {
    this.log.grow(groups);
    this.separator.grow(groups);
  }

  add(groups: Uint32Array, rows: number, args: readonly Column[]): void {
    const [col, separator = commas(rows)] = args as [Column, Column?];
    const v = validRows(groups, rows, this.separated ? [col, separator] : [col]);
    this.appendPairs(col, separator, v.groups, v.rows, v.n);
  }

  /** A state is a text with the separator that goes before it. */
  merge(groups: Uint32Array, rows: number, state: readonly Column[]): void {
    const [text, separator] = state as [Column, Column];
    const v = validRows(groups, rows, [text, separator]);
    this.appendPairs(text, separator, v.groups, v.rows, v.n);
  }

  private appendPairs(col: Column, separator: Column, groups: Uint32Array, rows: Uint32Array | null, n: number): void {
    const one = Uint32Array.of(0);
    const target = Uint32Array.of(0);
    this.separator.bind(separator);
    for (let i = 0; i < n; i++) {
      const g = groups[i] as number;
      const row = rows === null ? i : (rows[i] as number);
      one[0] = row;
      target[0] = g;
      if (this.separator.isNull(g)) this.separator.set(g, row);
      else this.log.append(separator, target, one, 1);
      this.log.append(col, target, one, 1);
    }
  }

  states(order: Uint32Array, n: number, scratch: Scratch): readonly Column[] {
    return [this.values(order, n, scratch), this.separator.column(order, n, scratch)];
  }

  values(order: Uint32Array, n: number, scratch: Scratch): Column {
    const lists = this.log.indexAll().lists(order, n, scratch);
    const pieces = this.log.values.column(lists.entries, lists.total, scratch);
    if (pieces.phys !== 'utf8') throw new EngineBug('text pieces are not text');
    // The pieces of a group lie one after another, so that their bytes are its text.
    const offsets = scratch.i32(n + 1);
    const validity = scratch.bitmap(n, true);
    let nullCount = 0;
    for (let i = 0; i <= n; i++) offsets[i] = pieces.offsets[lists.offsets[i] as number] as number;
    for (let i = 0; i < n; i++) {
      if (!this.separator.isNull(order[i] as number)) continue;
      nullCount++;
      validity[i >> 3] = (validity[i >> 3] as number) & ~(1 << (i & 7));
    }
    return {
      type: T.string,
      phys: 'utf8',
      length: n,
      nullCount,
      validity: nullCount === 0 ? null : validity,
      offsets,
      bytes: pieces.bytes,
    };
  }

  clear(): void {
    this.log.clear();
    this.separator.clear();
  }

  free(): void {
    this.log.free();
    this.separator.free();
  }
}

/** The default separator in every row. */
function commas(rows: number): Column {
  const dictionary = {
    type: T.string,
    phys: 'utf8',
    length: 1,
    nullCount: 0,
    validity: null,
    offsets: Int32Array.of(0, 1),
    bytes: Uint8Array.of(44),
  } as const;
  return {
    type: T.string,
    phys: 'dict',
    length: rows,
    nullCount: 0,
    validity: null,
    codes: new Int32Array(rows),
    dictionary,
  };
}

function quantile(args: readonly DataType[], at: number | null): ResolvedAggregate | null {
  const [type, q, ...more] = args;
  if (type === undefined || more.length > 0 || !(isNumeric(type) || type.kind === 'null')) return null;
  const which = at ?? q;
  if (which === undefined || (at !== null && q !== undefined)) return null;
  if (q !== undefined && !isNumeric(q)) return null;
  const state = at === null ? [field('s0', FLOATS, false), field('s1', T.float, false)] : [field('s0', FLOATS, false)];
  return { type: T.float, nullable: true, state, create: (store) => new Quantile(store, type, which) };
}

const isText = (t: DataType | undefined): boolean => t?.kind === 'string' || t?.kind === 'null';

export const COLLECTED: readonly AggregateDef[] = [
  {
    name: 'list',
    doc: 'All values that are not null as a list, in the order of the rows; empty when there are none.',
    signature: 'list(x: T) -> list<T>',
    example: 'sort placed_at | summarize orders = list(id) by customer',
    resolve: ([item, ...more]) => {
      if (item === undefined || more.length > 0) return null;
      const type = T.list(item, false);
      return { type, nullable: false, state: [field('s0', type, false)], create: (store) => new List(store, item) };
    },
  },
  {
    name: 'string_agg',
    doc: 'The values that are not null as one string, in the order of the rows, with `separator` (default ",") between them; null when there are none.',
    signature: 'string_agg(x: string, separator: string = ",") -> string?',
    example: 'summarize tags = string_agg(tag, ", ") by article',
    resolve: (args) => {
      if (args.length < 1 || args.length > 2 || !args.every(isText)) return null;
      const state = [field('s0', T.string), field('s1', T.string)];
      return { type: T.string, nullable: true, state, create: (store) => new StringAgg(store, args.length === 2) };
    },
  },
  {
    name: 'median',
    doc: 'The middle value, or the mean of the two middle ones; null when there are none.',
    signature: 'median(x: int | float | decimal) -> float?',
    example: 'summarize typical = median(price) by town',
    resolve: (args) => quantile(args, 0.5),
  },
  {
    name: 'quantile',
    doc: 'The value below which the fraction `q` of the values lies, interpolated linearly; null when there are none. `q` is between 0 and 1.',
    signature: 'quantile(x: int | float | decimal, q: float) -> float?',
    example: 'summarize p95 = quantile(latency, 0.95) by endpoint',
    resolve: (args) => quantile(args, null),
  },
];
