import type { Validity } from '../batch/bitmap.ts';
import type { BoolColumn, Column } from '../batch/column.ts';
import { wordsOf } from '../batch/ints.ts';
import type { Kernels } from '../kernels/load.ts';
import type { Scratch } from '../memory/types.ts';
import { u8Vector } from '../memory/vector.ts';
import type { Store } from '../store/types.ts';
import type { DataType } from '../types.ts';
import type { TimeUnit } from './arrow_types.ts';
import { scaleWords } from './arrow_values.ts';
import { type Cursor, PLAIN, RLE, type Rows, reach, taken, type Values } from './parquet_cursor.ts';
import { Declined, type Page, SLACK } from './parquet_pages.ts';

/**
 * What values of 4 or 8 bytes become: integers of up to 32 bits or days, 64-bit integers (narrowed where they can be), floats of two
 * sizes, microseconds.
 */
export type FixedForm = 'i32' | 'i64' | 'f32' | 'f64' | 'time';

/** Bytes of a value in a page. */
export const WIDTH: Readonly<Record<FixedForm, 4 | 8>> = { i32: 4, i64: 8, f32: 4, f64: 8, time: 8 };
type Words = Int32Array | BigInt64Array | Float64Array;
/** What ints_width says. */
const NARROW = 0;
const WIDE = 2;

export class FixedValues implements Values {
  readonly #kernels: Kernels;
  readonly #type: DataType;
  readonly #form: FixedForm;
  readonly #unit: TimeUnit;
  readonly #entries: ReturnType<typeof u8Vector>;
  #size = 0;
  /** Bytes of an entry: 4 for 64-bit integers that all fit. */
  #entryWidth: 4 | 8 = 8;
  /** Plain 64-bit integers are taken as 32 bits each, until a page has larger ones. */
  #narrow: boolean;
  #rows = 0;
  #scratch: Scratch | null = null;
  #out: Words | null = null;

  constructor(kernels: Kernels, store: Store, type: DataType, form: FixedForm, unit: TimeUnit) {
    this.#kernels = kernels;
    this.#type = type;
    this.#form = form;
    this.#unit = unit;
    this.#narrow = form === 'i64';
    this.#entries = u8Vector(store, 'parquet');
  }

  dictionary({ body, values }: Page): void {
    const width = WIDTH[this.#form];
    if (body.end - body.at < values * width) throw new Declined('a dictionary is cut off');
    this.#entries.reserve(values * width + SLACK);
    const { byteOffset } = reach(this.#kernels, this.#entries.data);
    const k = this.#kernels;
    this.#size = values;
    this.#entryWidth = this.#form === 'i64' && k.ints_width(body.at, values) === NARROW ? 4 : width;
    if (this.#entryWidth < width) k.ints_narrow(body.at, values, byteOffset);
    else k.copy_bytes(byteOffset, body.at, values * width);
  }

  begin(rows: number, scratch: Scratch): void {
    this.#rows = rows;
    this.#scratch = scratch;
    this.#out = null;
  }

  add(cursor: Cursor, { from, rows, valid, bits }: Rows): void {
    const out = cursor.coded ? this.#decoded(cursor.state, from, valid) : this.#copied(cursor, from, valid);
    if (valid === rows || bits === null) return;
    const k = this.#kernels;
    const step = out.BYTES_PER_ELEMENT;
    const spread = step === 4 ? k.parquet_spread_4 : k.parquet_spread_8;
    spread(out.byteOffset + step * from, bits.byteOffset, from, rows, valid);
  }

  #decoded(state: number, from: number, n: number): Words {
    const out = this.#room(this.#entryWidth, from);
    const step = out.BYTES_PER_ELEMENT;
    this.#lookup(state, n, out.byteOffset + step * from, step);
    return out;
  }

  #copied(cursor: Cursor, from: number, n: number): Words {
    const width = WIDTH[this.#form];
    if (cursor.page.encoding !== PLAIN) throw new Declined('an encoding that is not read here');
    if (cursor.page.body.end - cursor.at < n * width) throw new Declined('values are cut off');
    const { at } = cursor;
    cursor.at += n * width;
    if (this.#narrow) {
      const out = this.#room(4, from);
      if (out instanceof Int32Array) {
        if (this.#kernels.ints_fit(at, n, out.byteOffset + 4 * from) !== 0) return out;
        this.#narrow = false;
      }
    }
    const out = this.#room(width, from);
    this.#kernels.copy_bytes(out.byteOffset + out.BYTES_PER_ELEMENT * from, at, n * width);
    return out;
  }

  #lookup(state: number, n: number, to: number, step: number): void {
    const k = this.#kernels;
    if (n > 0 && this.#size === 0) throw new Declined('codes without a dictionary');
    const entries = this.#entries.data.byteOffset;
    if (step === 8 && this.#entryWidth === 8) {
      taken(k.parquet_lookup_8(state, n, entries, this.#size, to), 'codes that make no sense');
      return;
    }
    // Narrow values for a wide place: into its end, from where they are widened.
    const at = to + (step - 4) * n;
    taken(k.parquet_lookup_4(state, n, entries, this.#size, at), 'codes that make no sense');
    if (step === 8) k.ints_widen(at, n, to);
  }

  /** Where values go: of 4 bytes as long as the values allow, of 8 from the first page on that needs them. `filled` rows are there. */
  #room(width: 4 | 8, filled: number): Words {
    const out = this.#out;
    if (out !== null && out.BYTES_PER_ELEMENT >= width) return out;
    const scratch = this.#scratch as Scratch;
    const rows = this.#rows;
    const made = width === 4 ? scratch.i32(rows) : this.#form === 'f64' ? scratch.f64(rows) : scratch.i64(rows);
    this.#out = reach(this.#kernels, made);
    if (out !== null) this.#kernels.ints_widen(out.byteOffset, filled, made.byteOffset);
    return made;
  }

  end(valid: Validity): Column {
    const n = this.#rows;
    const k = this.#kernels;
    const scratch = this.#scratch as Scratch;
    const base = { type: this.#type, length: n, ...valid };
    const out = this.#out ?? this.#room(WIDTH[this.#form], 0);
    if (out instanceof Int32Array) {
      if (this.#form !== 'f32') return { ...base, phys: 'i32', values: out };
      const values = reach(k, scratch.f64(n));
      k.parquet_floats(out.byteOffset, n, values.byteOffset);
      return { ...base, phys: 'f64', values };
    }
    if (out instanceof Float64Array) return { ...base, phys: 'f64', values: out };
    if (this.#form === 'time') scaleWords(wordsOf(out), this.#unit, valid.validity);
    const width = k.ints_width(out.byteOffset, n);
    if (this.#form === 'time' || width !== NARROW) return { ...base, phys: 'i64', values: out, wide: width === WIDE };
    const values = reach(k, scratch.i32(n));
    k.ints_narrow(out.byteOffset, n, values.byteOffset);
    return { ...base, phys: 'i32', values };
  }

  free(): void {
    this.#entries.free();
  }
}

export class BoolValues implements Values {
  readonly #kernels: Kernels;
  readonly #type: DataType;
  #rows = 0;
  #scratch: Scratch | null = null;
  #out: Uint8Array = new Uint8Array(0);

  constructor(kernels: Kernels, type: DataType) {
    this.#kernels = kernels;
    this.#type = type;
  }

  dictionary(): void {
    throw new Declined('a dictionary of truth values');
  }

  begin(rows: number, scratch: Scratch): void {
    this.#rows = rows;
    this.#scratch = scratch;
    this.#out = reach(this.#kernels, scratch.bitmap(rows, false));
  }

  add(cursor: Cursor, { from, rows, valid, bits }: Rows): void {
    const out = this.#out.byteOffset;
    if (valid === rows || bits === null) {
      this.#take(cursor, valid, out, from);
      return;
    }
    const dense = reach(this.#kernels, (this.#scratch as Scratch).bitmap(valid, false));
    this.#take(cursor, valid, dense.byteOffset, 0);
    this.#kernels.parquet_spread_bits(dense.byteOffset, 0, bits.byteOffset, from, rows, out);
  }

  #take(cursor: Cursor, n: number, out: number, from: number): void {
    const { page } = cursor;
    if (page.encoding === RLE) {
      if (this.#kernels.parquet_levels(cursor.state, n, out, from) < 0) throw new Declined('runs that make no sense');
      return;
    }
    if (page.encoding !== PLAIN) throw new Declined('an encoding that is not read here');
    if ((page.body.end - cursor.at) * 8 < cursor.taken + n) throw new Declined('values are cut off');
    this.#kernels.parquet_bits(cursor.at, cursor.taken, n, out, from);
    cursor.taken += n;
  }

  end(valid: Validity): BoolColumn {
    return { type: this.#type, length: this.#rows, ...valid, phys: 'bool', values: this.#out };
  }

  free(): void {}
}
