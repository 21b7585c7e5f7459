import { valueReader } from '../batch/access.ts';
import type { Batch, Column } from '../batch/column.ts';
import { isValid } from '../batch/column.ts';
import { equalRows, type RowEquality } from '../batch/compare.ts';
import type { FrameSpec, RangeBound } from './def.ts';
import { PageCursor, type Pages } from './pages.ts';

/** For each row of a chunk a pair of positions: the first row of a stretch, and the one behind its last. */
export interface Spans {
  readonly from: Float64Array;
  readonly to: Float64Array;
}

export function spans(rows: number): Spans {
  return { from: new Float64Array(rows), to: new Float64Array(rows) };
}

/** Stretches of neighbouring rows that are equal in some columns (partitions, peers), found going forwards; each row is compared with the next one once. */
export class EqualRuns {
  readonly #cursor: PageCursor;
  readonly #columns: readonly number[];
  #same: RowEquality = () => true;
  #from = 0;
  #to = 0;

  constructor(pages: Pages, columns: readonly number[]) {
    this.#cursor = new PageCursor(pages);
    this.#columns = columns;
  }

  /** The stretches of the rows [at, at + n). Chunks come in order. */
  fill(at: number, n: number, out: Spans): void {
    for (let i = 0; i < n; ) {
      while (at + i >= this.#to) {
        this.#from = this.#to;
        this.#to = this.#endOf(this.#from);
      }
      const end = Math.min(n, this.#to - at);
      out.from.fill(this.#from, i, end);
      out.to.fill(this.#to, i, end);
      i = end;
    }
  }

  #endOf(first: number): number {
    const { pages } = this.#cursor;
    if (this.#columns.length === 0) return pages.rows;
    let row = first;
    for (;;) {
      if (this.#cursor.seek(row)) this.#same = this.#equality(this.#cursor.batch);
      const { start, end } = this.#cursor;
      const same = this.#same;
      for (let k = row - start, last = end - start - 1; k < last; k++) if (!same(k, k + 1)) return start + k + 1;
      if (end === pages.rows || !this.#continues(end)) return end;
      row = end;
    }
  }

  #equality(batch: Batch): RowEquality {
    const columns = this.#columns.map((c) => batch.columns[c] as Column);
    return equalRows(columns, columns);
  }

  /** Row `next`, the first of its page, is equal to the one before it. */
  #continues(next: number): boolean {
    const before = this.#cursor.batch;
    this.#cursor.seek(next, true);
    const after = this.#cursor.batch;
    this.#same = this.#equality(after);
    const pick = (b: Batch) => this.#columns.map((c) => b.columns[c] as Column);
    const equal = equalRows(pick(before), pick(after))(before.rows - 1, 0);
    this.#cursor.settle();
    return equal;
  }

  release(): void {
    this.#cursor.release();
  }
}

/** Order of two valid keys read as values: numbers of either kind by value, NaN last. */
function compareKeys(a: number | bigint, b: number | bigint): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return (a !== a ? 1 : 0) - (b !== b ? 1 : 0);
}

/** Exact: beyond 2^53 the sum of two ints is one of big ones. */
function moved(key: number | bigint, by: number | bigint, exact: boolean): number | bigint {
  if (typeof key === 'number' && typeof by === 'number') {
    const sum = key + by;
    if (!exact || Number.isSafeInteger(sum)) return sum;
  }
  return BigInt(key) + BigInt(by);
}

type Key = number | bigint | null;

/**
 * Where frames by value begin, or end, going forwards: the first row whose key does not lie before the bound, or the first one that lies behind it. A row without a key
 * has the rows without keys as its frame, and those belong to no other one.
 */
class RangeEdge {
  readonly #cursor: PageCursor;
  readonly #column: number;
  readonly #bound: Exclude<RangeBound, null>;
  readonly #boundColumn: number;
  readonly #desc: boolean;
  readonly #nullsFirst: boolean;
  /** Rows equal to the bound are passed by. */
  readonly #inclusive: boolean;
  #read: (row: number) => Key = () => null;
  #at = 0;

  constructor(pages: Pages, key: RangeKey, bound: Exclude<RangeBound, null>, inclusive: boolean) {
    this.#cursor = new PageCursor(pages);
    this.#column = key.column;
    this.#desc = key.desc;
    this.#nullsFirst = key.nullsFirst;
    this.#bound = bound;
    this.#boundColumn = bound.kind === 'column' ? pages.schema.findIndex((f) => f.name === bound.column) : -1;
    this.#inclusive = inclusive;
  }

  #keyAt(row: number): Key {
    if (this.#cursor.seek(row))
      this.#read = valueReader(this.#cursor.batch.columns[this.#column] as Column) as (row: number) => Key;
    return this.#read(row - this.#cursor.start);
  }

  #passes(key: Key, bound: number | bigint): boolean {
    if (key === null) return this.#nullsFirst;
    const c = this.#desc ? compareKeys(bound, key) : compareKeys(key, bound);
    return c < 0 || (c === 0 && this.#inclusive);
  }

  /** `batch`: the rows of the chunk. */
  fill(batch: Batch, n: number, partition: Spans, peers: Float64Array, out: Float64Array): void {
    const keys = batch.columns[this.#column] as Column;
    const own = valueReader(keys) as (row: number) => Key;
    const bound = this.#bound;
    const given = bound.kind === 'column' ? valueReader(batch.columns[this.#boundColumn] as Column) : null;
    const exact = keys.type.kind !== 'float';
    const by = bound.kind === 'offset' ? (this.#desc ? -bound.value : bound.value) : 0;
    for (let i = 0; i < n; i++) {
      const key = isValid(keys, i) ? own(i) : null;
      const edge = key === null ? null : given === null ? moved(key, by, exact) : (given(i) as Key);
      if (edge === null) {
        out[i] = peers[i] as number;
        continue;
      }
      this.#at = Math.max(this.#at, partition.from[i] as number);
      const end = partition.to[i] as number;
      while (this.#at < end && this.#passes(this.#keyAt(this.#at), edge)) this.#at++;
      out[i] = this.#at;
    }
  }

  release(): void {
    this.#cursor.release();
  }
}

/** The sort key of a frame by value. */
export interface RangeKey {
  readonly column: number;
  readonly desc: boolean;
  readonly nullsFirst: boolean;
}

/** The frames of the rows of a chunk, one kind of frame. Both ends never go back within a partition. */
export class Frames {
  readonly #spec: FrameSpec;
  readonly #low: RangeEdge | null;
  readonly #high: RangeEdge | null;

  constructor(pages: Pages, spec: FrameSpec, key: RangeKey | null) {
    this.#spec = spec;
    const edge = (bound: RangeBound, inclusive: boolean): RangeEdge | null =>
      bound === null || isPeers(bound) || key === null ? null : new RangeEdge(pages, key, bound, inclusive);
    this.#low = spec.unit === 'rows' ? null : edge(spec.low, false);
    this.#high = spec.unit === 'rows' ? null : edge(spec.high, true);
  }

  /** `batch`: the rows of the chunk, whose first one is `at`. */
  fill(batch: Batch, at: number, partition: Spans, peers: Spans, out: Spans): void {
    const n = batch.rows;
    const spec = this.#spec;
    if (spec.unit === 'rows') fillRows(spec.low, spec.high, at, n, partition, out);
    else {
      if (this.#low !== null) this.#low.fill(batch, n, partition, peers.from, out.from);
      else out.from.set((spec.low === null ? partition : peers).from.subarray(0, n));
      if (this.#high !== null) this.#high.fill(batch, n, partition, peers.to, out.to);
      else out.to.set((spec.high === null ? partition : peers).to.subarray(0, n));
    }
    // An empty frame lies where its beginning is.
    for (let i = 0; i < n; i++) if ((out.to[i] as number) < (out.from[i] as number)) out.to[i] = out.from[i] as number;
  }

  release(): void {
    this.#low?.release();
    this.#high?.release();
  }
}

function isPeers(bound: RangeBound): boolean {
  return bound !== null && bound.kind === 'offset' && Number(bound.value) === 0;
}

function fillRows(
  low: number | null,
  high: number | null,
  at: number,
  n: number,
  { from, to }: Spans,
  out: Spans,
): void {
  for (let i = 0; i < n; i++) {
    const first = from[i] as number;
    const end = to[i] as number;
    out.from[i] = low === null ? first : Math.min(end, Math.max(first, at + i + low));
    out.to[i] = high === null ? end : Math.max(first, Math.min(end, at + i + high + 1));
  }
}
