import { ALL_VALID, type Validity } from '../batch/bitmap.ts';
import type { Column } from '../batch/column.ts';
import { kernelsFor } from '../kernels/load.ts';
import type { Block, Scratch } from '../memory/types.ts';
import type { Store } from '../store/types.ts';
import type { DataType, Field, Schema } from '../types.ts';
import { type CellKernel, CellKernels, type CellPlan } from './csv_kernels.ts';
import type { JsonColumn } from './json_columns.ts';
import type { ValueIndex } from './json_records.ts';
import type { JsonScanner } from './json_scanner.ts';

/** Words of the job of json_rows; see engine/kernels/assembly/json_rows.ts. */
const JOB_WORDS = 16;
const NAME_WORDS = 4;
/** The members of a line: see engine/kernels/assembly/json_shape.ts. */
const SHAPE_WORDS = 4 + 4 * 256;
/** Names are compared eight bytes at a time. */
const NAME_SLACK = 8;
/** Words for the places of values: a window of short lines has about as many. */
const PLACE_WORDS = 1 << 17;
/** Columns are bits of a word. */
const MAX_COLUMNS = 32;

/** Kinds of values that a column takes. */
const KINDS = { number: 1, bool: 2, string: 4 } as const;
const REASONS = ['end', 'full', 'incomplete', 'odd'] as const;

/** A run over fewer lines costs more than it saves. */
const WORTHWHILE = 32;
const MAX_WAIT = 4096;

function kindsOf(type: DataType): number {
  switch (type.kind) {
    case 'int':
    case 'float':
      return KINDS.number;
    case 'bool':
      return KINDS.bool;
    case 'decimal':
      return KINDS.number | KINDS.string;
    case 'date':
    case 'time':
    case 'timestamp':
      return KINDS.string;
    case 'string':
      return KINDS.string | KINDS.number | KINDS.bool;
    default:
      return 0;
  }
}

/** What fields stand for here: a value in quotes is a text, nothing at all a null. */
const DIALECT = { quote: 34, emptyIsNull: true, point: 46, nulls: [] } as const;
/** Of the largest power of ten in 64 bits. */
const MAX_SCALE = 18;

/** Reads lines of flat objects by kernels: finds the values of many at a time, then makes columns of them. */
export class JsonKernels {
  /** Lines to read otherwise before the next run: more and more where runs do not get far. */
  patience = 0;
  #wait = 1;
  #escaped = 0;
  readonly #store: Pick<Store, 'free'>;
  readonly #block: Block;
  readonly #fields: Schema;
  readonly #job: Uint32Array;
  readonly #places: Int32Array;

  private constructor(store: Pick<Store, 'free'>, block: Block, fields: Schema, job: Uint32Array, places: Int32Array) {
    this.#store = store;
    this.#block = block;
    this.#fields = fields;
    this.#job = job;
    this.#places = places;
  }

  /** Null where there are no kernels, or where columns are of other types. */
  static over(store: Pick<Store, 'allocate' | 'free'>, fields: Schema): JsonKernels | null {
    if (fields.length === 0 || fields.length > MAX_COLUMNS || fields.some((f) => kindsOf(f.type) === 0)) return null;
    const names = fields.map((f) => Buffer.from(JSON.stringify(f.name)));
    const before = 4 * (JOB_WORDS + NAME_WORDS * fields.length + PLACE_WORDS + SHAPE_WORDS);
    const block = store.allocate(before + names.reduce((n, b) => n + b.length, 0) + NAME_SLACK, 'json index');
    const { buffer, byteOffset } = block.view;
    const job = new Uint32Array(buffer, byteOffset, JOB_WORDS);
    if (kernelsFor(job) === null) {
      store.free(block);
      return null;
    }
    const about = new Uint32Array(buffer, byteOffset + 4 * JOB_WORDS, NAME_WORDS * fields.length);
    let at = before;
    names.forEach((name, i) => {
      block.view.set(name, at);
      const { type } = fields[i] as Field;
      about.set([byteOffset + at, name.length, kindsOf(type), type.kind === 'string' ? 1 : 0], NAME_WORDS * i);
      at += name.length;
    });
    const places = new Int32Array(buffer, about.byteOffset + about.byteLength, PLACE_WORDS);
    job.set([places.byteOffset, fields.length, about.byteOffset], 7);
    job[15] = places.byteOffset + places.byteLength;
    return new JsonKernels(store, block, fields, job, places);
  }

  free(): void {
    this.#store.free(this.#block);
  }

  /**
   * Finds lines that start in [from, stop), up to the first that is no flat object of such values. False when it did not try, or found none: the line at
   * `from` is for the caller.
   */
  find(
    u8: Uint8Array,
    from: number,
    stop: number,
    length: number,
    final: boolean,
    maxRows: number,
    out: ValueIndex,
  ): boolean {
    const kernels = kernelsFor(this.#job, u8, out.bounds);
    if (kernels === null || this.patience > 0) return false;
    const job = this.#job;
    const room = Math.floor(this.#places.length / (2 * this.#fields.length));
    const rows = Math.min(maxRows, room, out.bounds.length >> 1);
    job.set([u8.byteOffset, from, stop, length, final ? 1 : 0, out.bounds.byteOffset, rows]);
    kernels.json_rows(job.byteOffset);
    const found = job[10]!;
    const why = REASONS[job[12]!] ?? 'odd';
    this.#escaped = job[13]!;
    if (why === 'odd') {
      this.#wait = found > WORTHWHILE ? 1 : Math.min(2 * this.#wait, MAX_WAIT);
      this.patience = this.#wait;
      if (found === 0) return false;
    }
    out.rows = found;
    out.next = job[11]!;
    out.stopped = why === 'odd' ? 'full' : why;
    return true;
  }

  /** Columns of the lines found last. What a kernel does not take is read by `columns`, one for each field and empty, which may throw as they do. */
  convert(
    u8: Uint8Array,
    index: ValueIndex,
    columns: readonly JsonColumn[],
    s: JsonScanner,
    scratch: Scratch,
  ): Column[] {
    const { rows, bounds } = index;
    const width = 2 * this.#fields.length;
    const places = { ends: this.#places, stride: width, rows };
    const cells = CellKernels.over(u8, places, scratch);
    return this.#fields.map((field, i) => {
      const plan = { type: field.type, nullable: field.nullable, source: 2 * i, dialect: DIALECT };
      const escapes = ((this.#escaped >>> i) & 1) === 1;
      const whole = cells === null || (escapes && field.type.kind !== 'string');
      const taken = whole ? null : columnOf(cells, plan, rows, escapes, scratch);
      if (taken !== null) return taken;
      const column = columns[i] as JsonColumn;
      for (let row = 0; row < rows; row++) {
        const from = this.#places[row * width + 2 * i]! + 1;
        const end = this.#places[row * width + 2 * i + 1]!;
        if (end <= from) column.absent(bounds[2 * row]!, bounds[2 * row + 1]!);
        else {
          s.over(u8, s.text, from, end);
          column.read(s);
        }
      }
      return column.finish(scratch);
    });
  }
}

class KernelNulls {
  validity: Validity = ALL_VALID;

  adopt(bits: Uint8Array, count: number): void {
    this.validity = { validity: bits, nullCount: count };
  }
}

/** Null when a value is not for the kernel. */
function columnOf(cells: CellKernels, plan: CellPlan, rows: number, escapes: boolean, scratch: Scratch): Column | null {
  const { type } = plan;
  const nulls = new KernelNulls();
  const base = (): { type: DataType; length: number } & Validity => ({ type, length: rows, ...nulls.validity });
  const take = (name: CellKernel, values: ArrayBufferView, a = 0, b = 0) => {
    const left = cells.take(name, plan, values, nulls, a, b);
    return left === null || left.count > 0 || left.narrow ? null : left;
  };
  switch (type.kind) {
    case 'string':
      return cells.text(plan, nulls, escapes ? 'json' : 'doubled');
    case 'float': {
      const values = scratch.f64(rows);
      return take('csv_float', values) === null ? null : { ...base(), phys: 'f64', values };
    }
    case 'bool': {
      const values = scratch.bitmap(rows, false);
      return take('csv_bool', values) === null ? null : { ...base(), phys: 'bool', values };
    }
    case 'date': {
      const values = scratch.i32(rows);
      return take('csv_date', values) === null ? null : { ...base(), phys: 'i32', values };
    }
    case 'timestamp': {
      const values = scratch.i64(rows);
      const left = take('csv_timestamp', values);
      return left === null ? null : { ...base(), phys: 'i64', values, wide: left.wide };
    }
    case 'int':
      return wholeColumn(['csv_int_32', 'csv_int_64'], 0, 0);
    case 'decimal':
      if (type.scale > MAX_SCALE) return null;
      return wholeColumn(['csv_decimal_32', 'csv_decimal_64'], type.precision - type.scale, type.scale);
    default:
      return null;
  }

  /** As 32 bits while the values allow, else as 64. */
  function wholeColumn(names: readonly [CellKernel, CellKernel], a: number, b: number): Column | null {
    const narrow = scratch.i32(rows);
    if (take(names[0], narrow, a, b) !== null) return { ...base(), phys: 'i32', values: narrow };
    nulls.validity = ALL_VALID;
    const values = scratch.i64(rows);
    const left = take(names[1], values, a, b);
    return left === null ? null : { ...base(), phys: 'i64', values, wide: left.wide };
  }
}
