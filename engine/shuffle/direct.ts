import type { Batch, Column } from '../batch/column.ts';
import { hashColumns } from '../batch/hash.ts';
import { type PlacedColumn, writeHead } from '../batch/layout.ts';
import { sliceColumn } from '../batch/slice.ts';
import { fillBytes } from '../kernels/copy.ts';
import { type Kernels, kernelsFor } from '../kernels/load.ts';
import type { Scratch } from '../memory/types.ts';
import type { BatchRef, ObjectId, ObjectWriter, Store } from '../store/types.ts';
import type { FixedColumn, Form, RegionPlan } from './regions.ts';
import {
  align,
  BITS,
  formsOf,
  headBytes,
  planRegion,
  regionBytes,
  rowBytes,
  sameForms,
  valueBytes,
} from './regions.ts';

/** Rows partitioned at a time, more when partitions are many: the rows of a column stay in the cache, and those of a partition are worth a copy. */
const CHUNK_ROWS = 16384;
const MAX_CHUNK_ROWS = 65536;
const ROWS_A_PARTITION = 256;
/** Regions an object has room for, by partition: evenly spread rows fill them to the end, a skewed partition takes those of others. */
const REGIONS = 2;
/** Share of an object that may be left empty; above it what lies there is moved together. */
const MAX_EMPTY = 1 / 4;

interface Region {
  readonly partition: number;
  /** Bytes from the start of the object. */
  readonly start: number;
  rows: number;
}

/** Where pieces go, in the order of a partition's rows. */
export interface DirectSink {
  sealed(object: ObjectId): void;
  piece(partition: number, ref: BatchRef): void;
}

export interface DirectOptions {
  readonly bits: number;
  readonly skip: number;
  /** Indexes of the key columns. */
  readonly keys: readonly number[];
  /** Bytes of an object at most. */
  readonly objectBytes: number;
  /** Rows of a piece at most. */
  readonly pieceRows: number;
}

/**
 * The hash exchange of columns of fixed width by kernels: the rows of a chunk are ordered by partition in the cache, column by column, and
 * copied from there to where they stay in the object. An object is cut into regions, each a batch to be of one partition with room for a
 * number of rows; a partition whose region is full takes the next one, and when there are too few left, the object is sealed. Rows keep
 * their order within a partition.
 */
export class DirectWriter {
  readonly #store: Store;
  readonly #sink: DirectSink;
  readonly #o: DirectOptions;
  readonly #partitions: number;
  readonly #chunkRows: number;
  /** Rows a region has at least, so that an object has regions enough for any chunk. */
  readonly #leastRows: number;
  readonly #hashes: Uint32Array;
  readonly #counters: Uint32Array;
  readonly #starts: Uint32Array;
  readonly #places: Uint32Array;
  readonly #segments: Uint32Array;
  /** A chunk of a column in order of its partitions. */
  readonly #buffer: Uint8Array;
  #kernels: Kernels | null;
  #forms: readonly Form[] | null = null;
  #plan: RegionPlan | null = null;
  #object: ObjectWriter | null = null;
  #bytes = 0;
  /** By partition: the region it fills. */
  #open: (Region | undefined)[] = [];
  #regions: Region[] = [];
  /** By column, of the object being written. */
  #wide: boolean[] = [];
  #nulls: boolean[] = [];

  /** `scratch` is not reset before the writer is done. */
  constructor(store: Store, sink: DirectSink, options: DirectOptions, scratch: Scratch) {
    this.#store = store;
    this.#sink = sink;
    this.#o = options;
    const partitions = 2 ** options.bits;
    const chunk = Math.min(MAX_CHUNK_ROWS, Math.max(CHUNK_ROWS, ROWS_A_PARTITION * partitions));
    this.#partitions = partitions;
    this.#chunkRows = chunk;
    this.#leastRows = Math.max(64, chunk / partitions);
    this.#hashes = scratch.u32(chunk);
    this.#counters = scratch.u32(2 * partitions);
    this.#starts = scratch.u32(partitions + 1);
    this.#places = scratch.u32(chunk);
    this.#segments = scratch.u32(4 * (REGIONS + 1) * partitions);
    this.#buffer = scratch.u8(16 * chunk);
    this.#kernels = kernelsFor(this.#hashes, this.#counters, this.#starts, this.#places, this.#segments, this.#buffer);
  }

  /** Whether the batch is of columns this way is for, as those before it, and lies where kernels reach it. */
  accepts(batch: Batch): boolean {
    const forms = formsOf(batch, this.#forms);
    if (forms === null || !this.#reaches(batch)) return false;
    return planRegion(forms, this.#regionBytes(this.#o.objectBytes), this.#leastRows)?.rows === this.#leastRows;
  }

  /** Takes rows of an accepted batch from the first on; how many. Fewer than there are: nothing more may be added. */
  add(batch: Batch): number {
    const forms = formsOf(batch, this.#forms) as readonly Form[];
    if (this.#forms === null || !sameForms(forms, this.#forms)) {
      this.flush();
      this.#forms = forms;
      this.#bytes ||= 2 * batch.rows * rowBytes(forms);
    }
    const kernels = this.#kernels as Kernels;
    for (let from = 0; from < batch.rows; from += this.#chunkRows) {
      const n = Math.min(this.#chunkRows, batch.rows - from);
      if (!this.#chunk(kernels, batch, from, n)) return from;
    }
    return batch.rows;
  }

  #reaches(batch: Batch): boolean {
    const kernels = this.#kernels;
    if (kernels === null) return false;
    return batch.columns.every((c) => kernelsFor(this.#hashes, (c as FixedColumn).values, c.validity) === kernels);
  }

  #chunk(kernels: Kernels, batch: Batch, from: number, n: number): boolean {
    const { keys, skip, bits } = this.#o;
    hashColumns(
      keys.map((k) => sliceColumn(batch.columns[k] as Column, from, from + n)),
      n,
      this.#hashes,
    );
    const [hashes, counters, starts] = [this.#hashes.byteOffset, this.#counters.byteOffset, this.#starts.byteOffset];
    kernels.partition_rows(hashes, n, skip, bits, counters, starts, this.#places.byteOffset);
    if (!this.#hasRoom()) this.flush();
    if (this.#object === null && !this.#newObject()) return false;
    this.#move(kernels, batch, from, n, this.#cut());
    return true;
  }

  /** Whether there are regions for all rows of the chunk. */
  #hasRoom(): boolean {
    const plan = this.#plan;
    if (plan === null) return true;
    let needed = this.#regions.length;
    for (let p = 0; p < this.#partitions; p++) {
      const rows = (this.#starts[p + 1] as number) - (this.#starts[p] as number);
      const region = this.#open[p];
      const room = region === undefined ? 0 : plan.rows - region.rows;
      if (rows > room) needed += Math.ceil((rows - room) / plan.rows);
    }
    return needed <= REGIONS * this.#partitions;
  }

  /** Shares the rows of the chunk out among regions; how many segments that makes. */
  #cut(): number {
    const segments = this.#segments;
    const most = (this.#plan as RegionPlan).rows;
    let at = 0;
    for (let p = 0; p < this.#partitions; p++) {
      const end = this.#starts[p + 1] as number;
      for (let row = this.#starts[p] as number; row < end; ) {
        let region = this.#open[p];
        if (region === undefined || region.rows === most) region = this.#openRegion(p);
        const rows = Math.min(end - row, most - region.rows);
        segments[at++] = row;
        segments[at++] = rows;
        segments[at++] = region.start;
        segments[at++] = region.rows;
        region.rows += rows;
        row += rows;
      }
    }
    return at / 4;
  }

  #move(k: Kernels, batch: Batch, first: number, n: number, segments: number): void {
    const object = (this.#object as ObjectWriter).view.byteOffset;
    const [places, buffer, list] = [this.#places.byteOffset, this.#buffer.byteOffset, this.#segments.byteOffset];
    const moveBits = (bits: Uint8Array, base: number): void => {
      k.scatter_bits(bits.byteOffset, first, places, n, buffer);
      k.pack_segments(list, segments, buffer, base);
    };
    (this.#forms as readonly Form[]).forEach((form, i) => {
      const col = batch.columns[i] as FixedColumn;
      const { valuesAt, validityAt } = (this.#plan as RegionPlan).columns[i] as RegionPlan['columns'][number];
      if (col.validity !== null) {
        this.#nulls[i] = true;
        moveBits(col.validity, object + validityAt);
      }
      if (col.phys === 'bool') {
        moveBits(col.values, object + valuesAt);
        return;
      }
      const values = col.values.byteOffset;
      const width = BITS[form] >> 3;
      if (width === 4) k.scatter_4(values + 4 * first, places, n, buffer);
      else if (col.phys === 'i32') k.scatter_4_to_8(values + 4 * first, places, n, buffer);
      else if (width === 8) k.scatter_8(values + 8 * first, places, n, buffer);
      else k.scatter_16(values + 16 * first, places, n, buffer);
      k.copy_segments(list, segments, buffer, width, object + valuesAt);
      if (col.phys === 'i64' && col.wide) this.#wide[i] = true;
    });
  }

  #regionBytes(objectBytes: number): number {
    return Math.floor(objectBytes / (REGIONS * this.#partitions));
  }

  #openRegion(p: number): Region {
    const { view } = this.#object as ObjectWriter;
    const plan = this.#plan as RegionPlan;
    const region: Region = { partition: p, start: this.#regions.length * plan.bytes, rows: 0 };
    this.#regions.push(region);
    this.#open[p] = region;
    const { start } = region;
    for (const { validityAt, valuesAt } of plan.columns) fillBytes(view, 0xff, start + validityAt, start + valuesAt);
    return region;
  }

  /** Each object is twice as large as the one before up to their size: few rows take little memory, and little of what is written lies in the last, half empty one. False when the new one does not lie in the memory of the batches. */
  #newObject(): boolean {
    const forms = this.#forms as readonly Form[];
    const { objectBytes, pieceRows } = this.#o;
    const room = regionBytes(forms, this.#leastRows);
    this.#bytes = Math.min(objectBytes, Math.max(2 * this.#bytes, room * REGIONS * this.#partitions));
    this.#plan = planRegion(forms, this.#regionBytes(this.#bytes), Math.max(pieceRows, this.#leastRows));
    const plan = this.#plan as RegionPlan;
    const object = this.#store.create(plan.bytes * REGIONS * this.#partitions);
    if (kernelsFor(object.view) !== this.#kernels) {
      object.abort();
      this.#kernels = null;
      return false;
    }
    this.#object = object;
    this.#wide = forms.map(() => false);
    this.#nulls = forms.map(() => false);
    return true;
  }

  /** Seals the object being written and tells its pieces. */
  flush(): void {
    const object = this.#object;
    if (object === null) return;
    const plan = this.#plan as RegionPlan;
    const pieces = this.#regions.map((region) => this.#describe(object.view, region));
    const full = pieces.reduce((n, p) => n + p.tight, 0);
    const together = full < this.#regions.length * plan.bytes * (1 - MAX_EMPTY);
    let end = 0;
    const places = pieces.map(({ region, rows, columns }) => {
      const at = together ? end : region.start;
      const bytes = together ? pack(object.view, region.start, at, columns) : endOf(columns);
      writeHead(object.view.subarray(at, at + bytes), rows, columns);
      end = at + bytes;
      return { partition: region.partition, offset: at, bytes, rows };
    });
    const id = object.seal(end);
    this.#object = null;
    this.#plan = null;
    this.#regions = [];
    this.#open = [];
    this.#sink.sealed(id);
    for (const { partition, ...ref } of places) this.#sink.piece(partition, { object: id, ...ref });
  }

  /** The batch in a region as it lies there, and its size when nothing lies between its buffers. */
  #describe(view: Uint8Array, region: Region) {
    const { rows } = region;
    const plan = this.#plan as RegionPlan;
    const columns = (this.#forms as readonly Form[]).map((form, i): PlacedColumn => {
      const { validityAt, valuesAt } = plan.columns[i] as RegionPlan['columns'][number];
      const validity = { at: validityAt, bytes: valueBytes('bool', rows) };
      const values = { at: valuesAt, bytes: valueBytes(form, rows) };
      if (form === 'bool') clearTail(view, region.start + valuesAt, rows);
      let nullCount = 0;
      if (this.#nulls[i]) {
        clearTail(view, region.start + validityAt, rows);
        const bits = view.byteOffset + region.start + validityAt;
        nullCount = rows - (this.#kernels as Kernels).count_ones(bits, 0, rows);
      }
      const buffers = nullCount > 0 ? [validity, values] : [values];
      return { phys: form, nullCount, wide: this.#wide[i] ?? false, buffers };
    });
    const bitmaps = columns.filter((c) => c.nullCount > 0).length;
    const buffers = columns.flatMap((c) => c.buffers);
    const tight = buffers.reduce((n, b) => n + align(b.bytes), headBytes(columns.length, bitmaps));
    return { region, rows, columns, tight };
  }

  /** Lets go of an object that is not sealed. */
  drop(): void {
    this.#object?.abort();
    this.#object = null;
  }
}

function endOf(columns: readonly PlacedColumn[]): number {
  const last = columns.at(-1)?.buffers.at(-1);
  return last === undefined ? 0 : align(last.at + last.bytes);
}

/** Moves the buffers of a batch from where it starts now to where it shall start, nothing between them; returns its bytes. Changes the places in `columns`. */
function pack(view: Uint8Array, from: number, to: number, columns: PlacedColumn[]): number {
  let at = headBytes(columns.length, columns.filter((c) => c.nullCount > 0).length);
  for (const c of columns) {
    c.buffers = c.buffers.map((b) => {
      view.copyWithin(to + at, from + b.at, from + b.at + b.bytes);
      const moved = { at, bytes: b.bytes };
      at = align(at + b.bytes);
      return moved;
    });
  }
  return at;
}

/** Bits behind the last row are 0. */
function clearTail(view: Uint8Array, at: number, rows: number): void {
  if ((rows & 7) !== 0) view[at + (rows >> 3)] = (view[at + (rows >> 3)] as number) & ((1 << (rows & 7)) - 1);
}
