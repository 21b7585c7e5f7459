import type { Column } from '../batch/column.ts';
import { MAX_OFFSET, tooLong } from '../batch/gather.ts';
import { EngineBug } from '../errors.ts';
import type { Scratch } from '../memory/types.ts';
import type { Vector } from '../memory/vector.ts';
import { u8Vector } from '../memory/vector.ts';
import type { ValueStore } from '../operators/value_store.ts';
import { valueStore } from '../operators/value_store.ts';
import type { Store } from '../store/types.ts';
import type { DataType } from '../types.ts';
import { field, T } from '../types.ts';
import type { AggregateDef, ResolvedAggregate } from './def.ts';
import { groupsOf, OverValues } from './held_values.ts';
import { validRows } from './numbers.ts';
import type { SpilledRuns } from './spilled_runs.ts';
import { listColumn } from './value_log.ts';

/** Starts of groups in what lies group after group, from the number that each has. */
function startsOf(groups: number, count: (g: number) => number): Float64Array {
  const starts = new Float64Array(groups + 1);
  for (let g = 0; g < groups; g++) starts[g + 1] = (starts[g] as number) + count(g);
  return starts;
}

/** All values that are not null, in input order. */
class List extends OverValues {
  private readonly store: Store;
  private readonly type: DataType;
  /** What was spilled, read back: group after group. */
  private whole: { readonly items: ValueStore; readonly starts: Float64Array } | null = null;

  constructor(store: Store, item: DataType) {
    super(store, item, 'list', false);
    this.store = store;
    this.type = T.list(item, false);
  }

  values(order: Uint32Array, n: number, scratch: Scratch): Column {
    const runs = this.held.runs();
    if (runs === null) return this.held.log.lists(this.type, order, n, scratch);
    this.whole ??= this.collect(runs);
    const { items, starts } = this.whole;
    const start = (g: number): number => starts[Math.min(g, starts.length - 1)] as number;
    const offsets = scratch.i32(n + 1);
    offsets[0] = 0;
    for (let i = 0; i < n; i++) {
      const g = order[i] as number;
      const end = (offsets[i] as number) + start(g + 1) - start(g);
      if (end > MAX_OFFSET) throw tooLong('The lists');
      offsets[i + 1] = end;
    }
    const total = offsets[n] as number;
    const entries = scratch.u32(total);
    for (let i = 0, at = 0; i < n; i++) {
      const g = order[i] as number;
      for (let e = start(g); e < start(g + 1); e++) entries[at++] = e;
    }
    return listColumn(this.type, n, offsets, items.column(entries, total, scratch));
  }

  private collect(runs: SpilledRuns): { items: ValueStore; starts: Float64Array } {
    const items = valueStore(this.held.type, this.store, 'list');
    this.whole = { items, starts: startsOf(this.held.groups, (g) => this.held.count(g)) };
    items.grow(this.whole.starts.at(-1) as number);
    let at = 0;
    for (const b of runs.sorted()) {
      items.bind(b.columns[1] as Column);
      items.append(at, null, b.rows);
      at += b.rows;
    }
    return this.whole;
  }

  override clear(): void {
    super.clear();
    this.whole?.items.free();
    this.whole = null;
  }
}

/**
 * Joined text. Each value after a group's first is kept with its separator before it; the first one's separator is kept apart, for the merge
 * that puts this text after another.
 */
class StringAgg extends OverValues {
  private readonly store: Store;
  private readonly separator: ValueStore;
  private readonly separated: boolean;
  /** What was spilled, read back: the texts of the groups one after another. */
  private whole: { readonly text: Vector<Uint8Array>; readonly starts: Float64Array } | null = null;

  constructor(store: Store, separated: boolean) {
    super(store, T.string, 'string_agg', false);
    this.store = store;
    this.separator = valueStore(T.string, store, 'string_agg');
    this.separated = separated;
  }

  override bytes(): number {
    return super.bytes() + this.separator.bytes();
  }

  override grow(groups: number): void {
    super.grow(groups);
    this.separator.grow(groups);
  }

  override add(groups: Uint32Array, rows: number, args: readonly Column[]): void {
    const [col, separator = commas(rows)] = args as [Column, Column?];
    const v = validRows(groups, rows, this.separated ? [col, separator] : [col]);
    this.appendPairs(col, separator, v.groups, v.rows, v.n);
  }

  /** A state is a text with the separator that goes before it. */
  override merge(groups: Uint32Array, rows: number, state: readonly Column[]): void {
    const [text, separator] = state as [Column, Column];
    const v = validRows(groups, rows, [text, separator]);
    this.appendPairs(text, separator, v.groups, v.rows, v.n);
  }

  private appendPairs(col: Column, separator: Column, groups: Uint32Array, rows: Uint32Array | null, n: number): void {
    const { log } = this.held;
    const one = Uint32Array.of(0);
    const target = Uint32Array.of(0);
    this.separator.bind(separator);
    for (let i = 0; i < n; i++) {
      const g = groups[i] as number;
      const row = rows === null ? i : (rows[i] as number);
      one[0] = row;
      target[0] = g;
      if (this.separator.isNull(g)) this.separator.set(g, row);
      else log.append(separator, target, one, 1);
      log.append(col, target, one, 1);
    }
  }

  override states(order: Uint32Array, n: number, scratch: Scratch): readonly Column[] {
    return [this.values(order, n, scratch), this.separator.column(order, n, scratch)];
  }

  values(order: Uint32Array, n: number, scratch: Scratch): Column {
    const validity = scratch.bitmap(n, true);
    let nullCount = 0;
    for (let i = 0; i < n; i++) {
      if (!this.separator.isNull(order[i] as number)) continue;
      nullCount++;
      validity[i >> 3] = (validity[i >> 3] as number) & ~(1 << (i & 7));
    }
    const runs = this.held.runs();
    const text = runs === null ? this.inMemory(order, n, scratch) : this.fromRuns(runs, order, n, scratch);
    return { type: T.string, phys: 'utf8', length: n, nullCount, validity: nullCount === 0 ? null : validity, ...text };
  }

  private inMemory(order: Uint32Array, n: number, scratch: Scratch): { offsets: Int32Array; bytes: Uint8Array } {
    const { log } = this.held;
    const lists = log.indexAll().lists(order, n, scratch);
    const pieces = log.values.column(lists.entries, lists.total, scratch);
    if (pieces.phys !== 'utf8') throw new EngineBug('text pieces are not text');
    // The pieces of a group lie one after another, so that their bytes are its text.
    const offsets = scratch.i32(n + 1);
    for (let i = 0; i <= n; i++) offsets[i] = pieces.offsets[lists.offsets[i] as number] as number;
    return { offsets, bytes: pieces.bytes };
  }

  private fromRuns(
    runs: SpilledRuns,
    order: Uint32Array,
    n: number,
    scratch: Scratch,
  ): { offsets: Int32Array; bytes: Uint8Array } {
    this.whole ??= this.collect(runs);
    const { text, starts } = this.whole;
    const start = (g: number): number => starts[Math.min(g, starts.length - 1)] as number;
    const offsets = scratch.i32(n + 1);
    offsets[0] = 0;
    for (let i = 0; i < n; i++) {
      const g = order[i] as number;
      const end = (offsets[i] as number) + start(g + 1) - start(g);
      if (end > MAX_OFFSET) throw tooLong('The strings');
      offsets[i + 1] = end;
    }
    const bytes = scratch.u8(offsets[n] as number);
    for (let i = 0; i < n; i++) {
      const g = order[i] as number;
      bytes.set(text.data.subarray(start(g), start(g + 1)), offsets[i] as number);
    }
    return { offsets, bytes };
  }

  /** Streams the pieces twice: how many bytes each group has, then the bytes. */
  private collect(runs: SpilledRuns): { text: Vector<Uint8Array>; starts: Float64Array } {
    const sizes = new Float64Array(this.held.groups);
    for (const b of runs.sorted()) {
      const { offsets } = piecesOf(b.columns[1]);
      const groups = groupsOf(b);
      for (let i = 0; i < b.rows; i++) {
        const g = groups[i] as number;
        sizes[g] = (sizes[g] as number) + (offsets[i + 1] as number) - (offsets[i] as number);
      }
    }
    const text = u8Vector(this.store, 'string_agg');
    this.whole = { text, starts: startsOf(sizes.length, (g) => sizes[g] as number) };
    const total = this.whole.starts.at(-1) as number;
    if (total > MAX_OFFSET) throw tooLong('The strings');
    text.reserve(total);
    let at = 0;
    for (const b of runs.sorted()) {
      const { offsets, bytes } = piecesOf(b.columns[1]);
      const piece = bytes.subarray(offsets[0], offsets[b.rows]);
      text.data.set(piece, at);
      at += piece.length;
    }
    return this.whole;
  }

  override clear(): void {
    super.clear();
    this.separator.clear();
    this.whole?.text.free();
    this.whole = null;
  }

  override free(): void {
    super.free();
    this.separator.free();
  }
}

function piecesOf(col: Column | undefined): { readonly offsets: Int32Array; readonly bytes: Uint8Array } {
  if (col?.phys !== 'utf8') throw new EngineBug('text pieces are not text');
  return col;
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

const isText = (t: DataType | undefined): boolean => t?.kind === 'string' || t?.kind === 'null';

export const COLLECTED: readonly AggregateDef[] = [
  {
    name: 'list',
    aliases: ['array_agg'],
    doc: 'All values that are not null as a list, in the order of the rows; empty when there are none. The list of a group has to fit in memory.',
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
    aliases: ['listagg', 'group_concat'],
    doc: 'The values that are not null as one string, in the order of the rows, with `separator` (default ",") between them; null when there are none. The string of a group has to fit in memory.',
    signature: 'string_agg(x: string, separator: string = ",") -> string?',
    example: 'summarize tags = string_agg(tag, ", ") by article',
    resolve: (args) => {
      if (args.length < 1 || args.length > 2 || !args.every(isText)) return null;
      const state = [field('s0', T.string), field('s1', T.string)];
      const create: ResolvedAggregate['create'] = (store) => new StringAgg(store, args.length === 2);
      return { type: T.string, nullable: true, state, collects: true, create };
    },
  },
];
