import type { Validity } from '../batch/bitmap.ts';
import type { Column, DictColumn, Utf8Column } from '../batch/column.ts';
import { bitmapAt, type Kernels, kernelsFor } from '../kernels/load.ts';
import type { Scratch } from '../memory/types.ts';
import type { DataType } from '../types.ts';
import type { ColumnPlan, Left } from './csv_columns.ts';
import type { Dialect } from './csv_dialect.ts';
import type { RecordIndex, RecordShape } from './csv_index.ts';

/** Words of the job of csv_index and of its list; see engine/kernels/assembly/csv_index.ts. */
const INDEX_WORDS = 32;
const CHUNK = 8192;
const FIELD_WORDS = 2 * CHUNK + 128;

/** Bytes that an IndexKernel works in. */
export const INDEX_KERNEL_BYTES = 4 * (INDEX_WORDS + FIELD_WORDS);

/** More rows than are ever asked for. */
const MANY_ROWS = 0x7fffffff;
/** A run over fewer records costs more than it saves. */
const WORTHWHILE = 32;
const MAX_WAIT = 4096;
const NO_QUOTES = 0;
const DOUBLED_QUOTES = 1;
const UNUSUAL_QUOTES = 2;

/** Finds regular records as indexRecords does, many times faster, up to the first that is not. */
export class IndexKernel {
  /** Where the record behind those of the last run starts. */
  next = 0;
  #kernels: Kernels | null = null;
  /** Records to find otherwise before the next run: more and more where runs do not get far. */
  #patience = 0;
  #wait = 1;
  readonly #job: Uint32Array;

  /** `memory`: INDEX_KERNEL_BYTES, 4-byte aligned. */
  constructor(memory: Uint8Array, s: RecordShape) {
    const job = new Uint32Array(memory.buffer, memory.byteOffset, INDEX_WORDS);
    const { delimiter, quote, escape, trim, comment } = s.dialect;
    const quotes = quote < 0 ? NO_QUOTES : escape === quote && !trim ? DOUBLED_QUOTES : UNUSUAL_QUOTES;
    job.set([s.width, s.trailing ? 1 : 0, delimiter, s.newline, quote, quotes, comment], 6);
    job.set([memory.byteOffset + 4 * INDEX_WORDS, FIELD_WORDS], 13);
    this.#job = job;
  }

  /** A new window; false when text and index lie where there are no kernels. */
  begin(u8: Uint8Array, ends: Int32Array): boolean {
    this.#kernels = kernelsFor(this.#job, u8, ends);
    this.#patience = 0;
    this.#wait = 1;
    return this.#kernels !== null;
  }

  /**
   * Adds records that start in [from, stop) to the index, `maxRows` in all at most. False when it did not try: the record at `from` is for the caller.
   * WINDOW_SLACK bytes behind `length` are readable.
   */
  run(u8: Uint8Array, from: number, stop: number, length: number, maxRows: number, out: RecordIndex): boolean {
    if (this.#kernels === null || this.#patience-- > 0) return false;
    const job = this.#job;
    const at = out.rows * out.stride;
    // The kernel writes up to three words behind a row.
    const room = Math.floor((out.ends.length - at - 3) / out.stride);
    const rows = Math.max(0, Math.min(room, maxRows - out.rows, MANY_ROWS));
    job.set([u8.byteOffset, from, Math.min(stop, length), length, out.ends.byteOffset + 4 * at, rows]);
    this.#kernels.csv_index(job.byteOffset);
    const found = job[15]!;
    out.rows += found;
    this.next = job[16]!;
    this.#wait = found > WORTHWHILE ? 1 : Math.min(2 * this.#wait, MAX_WAIT);
    this.#patience = this.#wait;
    // At the end of the text, what is left is no whole record.
    if (job[17] === 1) this.#kernels = null;
    return true;
  }
}

/** Flags of a run; see engine/kernels/assembly/csv_cells.ts. */
const NARROW = 1;
const WIDE = 2;

const TABLE = powerTable();

/**
 * 10^0 to 10^22 as doubles, 10^0 to 10^18 as 64-bit integers, then 10^0 to 10^-22 as their first 128 bits, rounded up: low words, then high words.
 */
function powerTable(): Uint8Array {
  const doubles = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
  const ints = BigUint64Array.from({ length: 19 }, (_, i) => 10n ** BigInt(i));
  const inverse = BigUint64Array.from({ length: 46 }, (_, i) => inversePower(i >> 1) >> (i % 2 === 0 ? 0n : 64n));
  return new Uint8Array([doubles, ints, inverse].flatMap((a) => [...new Uint8Array(a.buffer)]));
}

/** 2^k / 5^n for the k that makes it 128 bits long. 10^-n is that times a power of two. */
function inversePower(n: number): bigint {
  const five = 5n ** BigInt(n);
  return n === 0 ? 1n << 127n : (1n << BigInt(five.toString(2).length + 127)) / five + 1n;
}

/** Kernels that write a column's values and nulls and leave single rows to their caller. */
export type CellKernel =
  | 'csv_int_32'
  | 'csv_int_64'
  | 'csv_float'
  | 'csv_decimal_32'
  | 'csv_decimal_64'
  | 'csv_bool'
  | 'csv_date'
  | 'csv_timestamp';

/** Where fields are: see RecordIndex. */
type Fields = Pick<RecordIndex, 'ends' | 'stride' | 'rows'>;

/** Takes over the nulls that a kernel found. */
export interface FoundNulls {
  adopt(bits: Uint8Array, count: number): void;
  readonly validity: Validity;
}

/** What kernels need to know of a column. */
export interface CellPlan extends Pick<ColumnPlan, 'type' | 'nullable' | 'source'> {
  readonly dialect: Pick<Dialect, 'quote' | 'emptyIsNull' | 'point' | 'nulls'>;
}

/** How quotes hold what is special: a quote twice, or behind a backslash, or the escapes of JSON. */
export type Escapes = 'doubled' | 'backslash' | 'json';
/** What csv_text and csv_dictionary are told of them. */
const ESCAPES: Readonly<Record<Escapes, number>> = { doubled: 0, json: 4, backslash: 8 };

/** Kernels over the fields of one run of records. */
export class CellKernels {
  readonly #kernels: Kernels;
  readonly #scratch: Scratch;
  readonly #index: Fields;
  readonly #job: Uint32Array;
  readonly #odd: Uint32Array;
  #table: Uint32Array | null = null;

  private constructor(
    kernels: Kernels,
    u8: Uint8Array,
    index: Fields,
    scratch: Scratch,
    job: Uint32Array,
    odd: Uint32Array,
  ) {
    this.#kernels = kernels;
    this.#scratch = scratch;
    this.#index = index;
    this.#job = job;
    this.#odd = odd;
    job[0] = u8.byteOffset;
    job[8] = odd.byteOffset;
  }

  /** Null where there are no kernels. */
  static over(u8: Uint8Array, index: Fields, scratch: Scratch): CellKernels | null {
    if (index.rows === 0 || kernelsFor(u8, index.ends) === null) return null;
    const job = scratch.u32(18);
    const odd = scratch.u32(index.rows);
    const powers = scratch.u8(TABLE.length);
    const kernels = kernelsFor(u8, index.ends, job, odd, powers);
    if (kernels === null) return null;
    powers.set(TABLE);
    job[9] = powers.byteOffset;
    return new CellKernels(kernels, u8, index, scratch, job, odd);
  }

  /** Fills `values` and notes nulls; null when the values lie where there are no kernels. `a`, `b`: what the kernel asks for. */
  take(
    name: CellKernel,
    plan: CellPlan,
    values: ArrayBufferView,
    nulls: FoundNulls,
    a: number,
    b: number,
  ): Left | null {
    const bits = this.#scratch.u8((this.#index.rows + 7) >> 3);
    if (kernelsFor(this.#job, values, bits) !== this.#kernels) return null;
    const job = this.#begin(plan, values.byteOffset, bits, a, b);
    this.#kernels[name](job.byteOffset);
    const flags = job[15]!;
    if (job[14]! > 0) nulls.adopt(bits, job[14]!);
    const count = job[13]!;
    return { rows: this.#odd, count, narrow: (flags & NARROW) !== 0, wide: (flags & WIDE) !== 0 };
  }

  #begin(plan: CellPlan, out: number, bits: Uint8Array, a: number, b: number): Uint32Array {
    const { ends, stride, rows } = this.#index;
    const { quote, emptyIsNull, point } = plan.dialect;
    const job = this.#job;
    job[1] = ends.byteOffset + 4 * plan.source;
    job[2] = 4 * stride;
    job[3] = rows;
    job[4] = quote < 0 ? 256 : quote;
    job[5] = emptyIsNull && plan.nullable ? 1 : 0;
    job[6] = out;
    job[7] = bits.byteOffset;
    job[10] = point;
    job[11] = a;
    job[12] = b;
    return job;
  }

  /** Null texts where the kernel finds them; null when there are too long ones among them. */
  #nullTexts({ nulls }: Pick<Dialect, 'nulls'>): Uint8Array | null {
    if (nulls.some((text) => text.length > 8)) return null;
    const table = this.#scratch.u8(16 * nulls.length);
    if (kernelsFor(this.#job, table) !== this.#kernels) return null;
    table.fill(0);
    nulls.forEach((text, i) => {
      table[16 * i] = text.length;
      table.set(text, 16 * i + 8);
    });
    this.#job[16] = nulls.length;
    this.#job[17] = table.byteOffset;
    return table;
  }

  /** A column of text, with a dictionary where the texts are few; null when a field is for the caller. `escapes`: of quotes within quotes. */
  text(plan: CellPlan, nulls: FoundNulls, escapes: Escapes): Column | null {
    const { rows } = this.#index;
    const bits = this.#scratch.u8((rows + 7) >> 3);
    if (kernelsFor(this.#job, bits) !== this.#kernels || this.#nullTexts(plan.dialect) === null) return null;
    const how = (plan.dialect.emptyIsNull ? 1 : 0) + (plan.nullable ? 2 : 0) + ESCAPES[escapes];
    const found = rows < MIN_DICTIONARY_ROWS ? TOO_MANY : this.#codes(plan, nulls, bits, how);
    if (typeof found !== 'number') return found;
    const column = this.#texts(plan, nulls, bits, how);
    return column === null || found === TOO_MANY ? column : (this.#dictionary(column) ?? column);
  }

  /** A column with a dictionary, straight from the fields; else why there is none. */
  #codes(plan: CellPlan, nulls: FoundNulls, bits: Uint8Array, how: number): Column | number {
    const { rows } = this.#index;
    const kernels = this.#kernels;
    const codes = this.#scratch.i32(rows);
    const table = this.#tableOf();
    if (kernelsFor(this.#job, codes, table) !== kernels) return REFUSED;
    const job = this.#begin(plan, codes.byteOffset, bits, 0, how);
    const entries = table.byteOffset + 4 * SLOTS;
    const count = kernels.csv_dictionary(job.byteOffset, table.byteOffset, entries);
    if (count === TOO_MANY || count === REFUSED) return count;
    const offsets = this.#scratch.i32(Math.max(count, 1) + 1);
    offsets.fill(0, 0, 2);
    if (kernelsFor(this.#job, offsets) !== kernels) return REFUSED;
    const bytes = this.#scratch.u8(kernels.csv_dictionary_offsets(entries, count, offsets.byteOffset));
    if (kernelsFor(this.#job, bytes) !== kernels) return REFUSED;
    kernels.csv_dictionary_bytes(entries, count, bytes.byteOffset);
    if (job[14]! > 0) nulls.adopt(bits, job[14]!);
    return { ...coded(plan.type, offsets, bytes), length: rows, ...nulls.validity, codes };
  }

  #texts(plan: CellPlan, nulls: FoundNulls, bits: Uint8Array, how: number): Utf8Column | null {
    const { rows } = this.#index;
    const scratch = this.#scratch;
    const offsets = scratch.i32(rows + 1);
    if (kernelsFor(this.#job, offsets) !== this.#kernels) return null;
    const job = this.#begin(plan, 0, bits, offsets.byteOffset, how);
    const bytes = scratch.u8(this.#kernels.csv_text_room(job.byteOffset) + 32);
    if (kernelsFor(this.#job, bytes) !== this.#kernels) return null;
    job[6] = bytes.byteOffset;
    this.#kernels.csv_text(job.byteOffset);
    if (job[15] !== 0) return null;
    if (job[14]! > 0) nulls.adopt(bits, job[14]!);
    const used = bytes.subarray(0, offsets[rows]);
    return { type: plan.type, phys: 'utf8', length: rows, ...nulls.validity, offsets, bytes: used };
  }

  #tableOf(): Uint32Array {
    this.#table ??= this.#scratch.u32(SLOTS + ENTRY_WORDS * MAX_ENTRIES);
    return this.#table;
  }

  /** The column with a dictionary; null when the texts are too many. */

  #dictionary(texts: Utf8Column): Column | null {
    const scratch = this.#scratch;
    const table = this.#tableOf();
    const codes = scratch.i32(texts.length);
    const kernels = this.#kernels;
    if (kernelsFor(this.#job, codes, table) !== kernels) return null;
    const slots = table.byteOffset;
    const entries = slots + 4 * SLOTS;
    const { offsets, bytes, length } = texts;
    const validity = bitmapAt(texts.validity);
    const at = [offsets.byteOffset, bytes.byteOffset] as const;
    const count = kernels.csv_codes(...at, validity, length, codes.byteOffset, slots, entries);
    if (count === TOO_MANY) return null;
    const own = scratch.i32(Math.max(count, 1) + 1);
    own.fill(0, 0, 2);
    if (kernelsFor(this.#job, own) !== kernels) return null;
    const used = kernels.gather_offsets(at[0], entries, count, own.byteOffset);
    const text = scratch.u8(used);
    if (kernelsFor(this.#job, text) !== kernels) return null;
    kernels.gather_bytes(...at, entries, count, own.byteOffset, text.byteOffset);
    const { nullCount, validity: valid } = texts;
    return { ...coded(texts.type, own, text), length, nullCount, validity: valid, codes };
  }
}

/** What a column of codes has beside these. */
function coded(
  type: DataType,
  offsets: Int32Array,
  bytes: Uint8Array,
): Pick<DictColumn, 'type' | 'phys' | 'dictionary'> {
  const base = { type, phys: 'utf8', nullCount: 0, validity: null } as const;
  return { type, phys: 'dict', dictionary: { ...base, length: offsets.length - 1, offsets, bytes } };
}

const SLOTS = 16384;
const MAX_ENTRIES = 4096;
const MIN_DICTIONARY_ROWS = 8;
/** Words of an entry, at most. */
const ENTRY_WORDS = 6;
/** What kernels say instead of a number of texts: too many for a dictionary; not for the kernel. */
const TOO_MANY = -1;
const REFUSED = -2;
