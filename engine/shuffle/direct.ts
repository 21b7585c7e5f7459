import type { Batch, Column } from '../batch/column.ts';
import { hashColumns } from '../batch/hash.ts';
import { type PlacedColumn, writeHead } from '../batch/layout.ts';
import { sliceColumn } from '../batch/slice.ts';
import { type Kernels, kernelsFor } from '../kernels/load.ts';
import type { Scratch } from '../memory/types.ts';
import type { BatchRef, ObjectId, ObjectWriter, Store } from '../store/types.ts';
import type { FixedColumn, Form, RegionPlan } from './regions.ts';
import { align, BITS, formsOf, headBytes, planRegion, rowBytes, sameForms, valueBytes } from './regions.ts';

/** Rows hashed and placed at a time: hashes and places stay in the cache. */
const CHUNK_ROWS = 16384;
/** Regions an object has room for, by partition: evenly spread rows fill them to the end, a skewed partition takes those of others. */
const REGIONS = 2;
/** Share of an object that may be left empty; above it what lies there is moved together. */
const MAX_EMPTY = 1 / 8;
const FIRST_ROWS = 256;

interface Region {
  readonly partition: number;
  /** Bytes from the start of the object. */
  readonly start: number;
  /** Rows when it was closed, -1 while it is open. */
  rows: number;
}

/** Places of rows for values of one width: the next place of each partition, and those of the rows of a chunk; in bytes (bits for width 1) from the start of the object. */
interface Lane {
  readonly bits: number;
  readonly next: Uint32Array;
  readonly places: Uint32Array;
  /** Was not moved on with the others. */
  stale: boolean;
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
 * The hash exchange of columns of fixed width by kernels: each value is copied once, from its batch to where it stays in the object. An
 * object is cut into regions, each a batch to be of one partition with room for a number of rows; a partition whose region is full
 * takes the next one, and when there is none left, the object is sealed. Rows keep their order within a partition.
 */
export class DirectWriter {
  readonly #store: Store;
  readonly #sink: DirectSink;
  readonly #o: DirectOptions;
  readonly #scratch: Scratch;
  readonly #hashes: Uint32Array;
  /** End of the stretch of each partition in the leading lane; for the others none is needed. */
  readonly #limits: Uint32Array;
  readonly #never: Uint32Array;
  readonly #lanes = new Map<number, Lane>();
  #kernels: Kernels | null;
  #forms: readonly Form[] | null = null;
  #plan: RegionPlan | null = null;
  #object: ObjectWriter | null = null;
  #bytes = 0;
  /** By partition: its open region. */
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
    this.#scratch = scratch;
    const partitions = 2 ** options.bits;
    this.#hashes = scratch.u32(CHUNK_ROWS);
    this.#limits = scratch.u32(partitions).fill(0);
    this.#never = scratch.u32(partitions).fill(0xffffffff);
    this.#kernels = kernelsFor(this.#hashes, this.#limits, this.#never);
  }

  /** Whether the batch is of columns this way is for, as those before it, and lies where kernels reach it. */
  accepts(batch: Batch): boolean {
    const forms = formsOf(batch, this.#forms);
    if (forms === null || !this.#reaches(batch)) return false;
    const plan = planRegion(forms, this.#regionBytes(this.#o.objectBytes), FIRST_ROWS);
    return plan !== null && plan.rows === FIRST_ROWS;
  }

  /** Takes rows of an accepted batch from the first on; how many. Fewer than there are: nothing more may be added. */
  add(batch: Batch): number {
    const forms = formsOf(batch, this.#forms) as readonly Form[];
    if (this.#forms === null || !sameForms(forms, this.#forms)) {
      this.flush();
      this.#forms = forms;
      this.#bytes ||= batch.rows * rowBytes(forms);
    }
    const kernels = this.#kernels as Kernels;
    for (let from = 0; from < batch.rows; from += CHUNK_ROWS) {
      const n = Math.min(CHUNK_ROWS, batch.rows - from);
      const taken = this.#chunk(kernels, batch, from, n);
      if (taken < n) return from + taken;
    }
    return batch.rows;
  }

  #reaches(batch: Batch): boolean {
    const kernels = this.#kernels;
    if (kernels === null) return false;
    return batch.columns.every((c) => kernelsFor(this.#hashes, (c as FixedColumn).values, c.validity) === kernels);
  }

  #chunk(kernels: Kernels, batch: Batch, from: number, n: number): number {
    const { keys, skip, bits } = this.#o;
    const shift = 32 - bits;
    const hashes = this.#hashes;
    hashColumns(
      keys.map((k) => sliceColumn(batch.columns[k] as Column, from, from + n)),
      n,
      hashes,
    );
    const [lead, ...others] = this.#lanesFor(batch) as [Lane, ...Lane[]];
    for (let done = 0; ; ) {
      const at = hashes.byteOffset + 4 * done;
      const place = (lane: Lane, rows: number, limits: Uint32Array): number => {
        const [next, end, places] = [lane.next.byteOffset, limits.byteOffset, lane.places.byteOffset];
        return kernels.partition_places(at, rows, skip, shift, next, end, step(lane.bits), places);
      };
      const placed = place(lead, n - done, this.#limits);
      if (placed > 0) {
        for (const lane of others) place(lane, placed, this.#never);
        this.#scatter(kernels, batch, from + done, placed);
      }
      done += placed;
      if (done === n) return n;
      if (!this.#openRegion(((hashes[done] as number) << skip) >>> shift)) return done;
    }
  }

  /** The lanes a batch needs, moved on to where the partitions are; the first one leads: it is never stale. */
  #lanesFor(batch: Batch): Lane[] {
    const forms = this.#forms as readonly Form[];
    const needed = new Set(forms.map((f) => BITS[f]));
    if (batch.columns.some((c) => c.validity !== null)) needed.add(1);
    for (const bits of needed) {
      const lane = this.#lanes.get(bits) ?? this.#makeLane(bits);
      if (!lane.stale) continue;
      this.#open.forEach((region, p) => {
        if (region !== undefined) lane.next[p] = placeOf(lane, region, this.#rowsOf(region));
      });
      lane.stale = false;
    }
    for (const lane of this.#lanes.values()) if (!needed.has(lane.bits)) lane.stale = true;
    return [...needed].map((bits) => this.#lanes.get(bits) as Lane);
  }

  #makeLane(bits: number): Lane {
    const next = this.#scratch.u32(2 ** this.#o.bits).fill(0);
    const lane = { bits, next, places: this.#scratch.u32(CHUNK_ROWS), stale: this.#lanes.size > 0 };
    this.#lanes.set(bits, lane);
    return lane;
  }

  #leading(): Lane {
    return this.#lanes.get(BITS[(this.#forms as readonly Form[])[0] as Form]) as Lane;
  }

  /** Rows in a region. */
  #rowsOf(region: Region): number {
    if (region.rows >= 0) return region.rows;
    const lane = this.#leading();
    return ((lane.next[region.partition] as number) - placeOf(lane, region, 0)) / step(lane.bits);
  }

  #scatter(k: Kernels, batch: Batch, row: number, n: number): void {
    const object = (this.#object as ObjectWriter).view.byteOffset;
    const places = (bits: number): number => (this.#lanes.get(bits) as Lane).places.byteOffset;
    (this.#forms as readonly Form[]).forEach((form, i) => {
      const col = batch.columns[i] as FixedColumn;
      const { valuesAt, validityAt } = (this.#plan as RegionPlan).columns[i] as RegionPlan['columns'][number];
      const base = object + valuesAt;
      const values = col.values.byteOffset;
      if (form === 'bool') k.scatter_bits(values, row, places(1), n, base);
      else if (form === 'i32') k.scatter_4(values + 4 * row, places(32), n, base);
      else if (col.phys === 'i32') k.scatter_4_to_8(values + 4 * row, places(64), n, base);
      else if (BITS[form] === 64) k.scatter_8(values + 8 * row, places(64), n, base);
      else k.scatter_16(values + 16 * row, places(128), n, base);
      if (col.validity !== null) {
        this.#nulls[i] = true;
        k.scatter_zeros(col.validity.byteOffset, row, places(1), n, object + validityAt);
      }
      if (col.phys === 'i64' && col.wide) this.#wide[i] = true;
    });
  }

  #regionBytes(objectBytes: number): number {
    return Math.floor(objectBytes / (REGIONS * 2 ** this.#o.bits));
  }

  /** Gives a partition a new region, if need be in a new object. False when that does not lie in the memory of the batches. */
  #openRegion(p: number): boolean {
    const before = this.#open[p];
    if (before !== undefined) before.rows = this.#rowsOf(before);
    const last = this.#regions.at(-1);
    const bytes = this.#plan?.bytes ?? 0;
    if (this.#object !== null && last !== undefined && last.start + 2 * bytes > this.#object.view.length) this.flush();
    if (this.#object === null && !this.#newObject()) return false;
    const { view } = this.#object as ObjectWriter;
    const plan = this.#plan as RegionPlan;
    const end = this.#regions.at(-1);
    const region: Region = { partition: p, start: end === undefined ? 0 : end.start + plan.bytes, rows: -1 };
    this.#regions.push(region);
    this.#open[p] = region;
    for (const { validityAt, valuesAt } of plan.columns)
      view.fill(0xff, region.start + validityAt, region.start + valuesAt);
    for (const lane of this.#lanes.values()) lane.next[p] = placeOf(lane, region, 0);
    this.#limits[p] = placeOf(this.#leading(), region, plan.rows);
    return true;
  }

  /** Objects grow fourfold up to their size, so that few rows take little memory. */
  #newObject(): boolean {
    const forms = this.#forms as readonly Form[];
    const { objectBytes, pieceRows, bits } = this.#o;
    const least = REGIONS * 2 ** bits * (headBytes(forms.length, forms.length) + FIRST_ROWS * rowBytes(forms));
    this.#bytes = Math.min(objectBytes, Math.max(4 * this.#bytes, least));
    this.#plan =
      planRegion(forms, this.#regionBytes(this.#bytes), pieceRows) ??
      planRegion(forms, this.#regionBytes(objectBytes), pieceRows);
    const plan = this.#plan as RegionPlan;
    const object = this.#store.create(plan.bytes * REGIONS * 2 ** bits);
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
    const forms = this.#forms as readonly Form[];
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
    this.#reset(forms);
    this.#sink.sealed(id);
    for (const { partition, ...ref } of places) this.#sink.piece(partition, { object: id, ...ref });
  }

  #reset(forms: readonly Form[]): void {
    this.#object = null;
    this.#plan = null;
    this.#regions = [];
    this.#open = [];
    // A partition without a region is full from the start.
    this.#limits.fill(0);
    for (const lane of this.#lanes.values()) lane.next.fill(0);
    this.#wide = forms.map(() => false);
  }

  /** The batch in a region as it lies there, and its size when nothing lies between its buffers. */
  #describe(view: Uint8Array, region: Region) {
    const rows = this.#rowsOf(region);
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

/** Units a row takes in a lane. */
const step = (bits: number): number => (bits === 1 ? 1 : bits >> 3);

function placeOf(lane: Lane, region: Region, row: number): number {
  return (lane.bits === 1 ? 8 * region.start : region.start) + row * step(lane.bits);
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
