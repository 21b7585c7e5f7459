import type { Column } from '../../batch/column.ts';
import { wordsOf } from '../../batch/ints.ts';
import { EngineBug } from '../../errors.ts';
import { kernelsFor } from '../../kernels/load.ts';
import type { Scratch } from '../../memory/types.ts';
import { partOf } from '../forms.ts';
import { type Entry, LANES, type NativeInput } from './lanes.ts';
import { type NativeCode, POSITIONS } from './module.ts';
import type { NativeOutput } from './outputs.ts';
import { type PackedTable, tableFor } from './tables.ts';
import type { Services } from './variants.ts';

/** The rows of a batch to compute over: all of them when `select` is null. */
export interface Rows {
  readonly count: number;
  readonly select: Uint32Array | null;
}

/** Words of the block in front of its entries. */
const HEAD = POSITIONS.length;

/** One run of native code: its parameter block, in scratch, and the data it points to. */
export class Call {
  readonly address: number;
  private readonly code: Pick<NativeCode, 'entries'>;
  private readonly rows: Rows;
  private readonly scratch: Scratch;
  private readonly block: BigInt64Array;
  private readonly words: Int32Array;

  constructor(code: Pick<NativeCode, 'entries'>, rows: Rows, scratch: Scratch) {
    this.code = code;
    this.rows = rows;
    this.scratch = scratch;
    this.block = scratch.i64(HEAD / 2 + code.entries.length);
    this.words = wordsOf(this.block);
    this.address = this.block.byteOffset + 4 * HEAD;
  }

  /** Fills the block. Gives the memory that everything lies in; null when there is no such memory, or no table for a dictionary. */
  bind(
    columns: readonly Column[],
    outputs: readonly NativeOutput[],
    table: Services['table'],
  ): WebAssembly.Memory | null {
    this.words.set(POSITIONS);
    const views: ArrayBufferView[] = [];
    for (const [k, entry] of this.code.entries.entries()) {
      const value = this.valueOf(entry, columns, outputs, table);
      if (value === null) return null;
      const word = HEAD + 2 * k;
      if (typeof value === 'bigint') this.block[word / 2] = value;
      else if (typeof value === 'number') this.words[word] = value;
      else {
        views.push(value);
        this.words[word] = value.byteOffset;
      }
    }
    return kernelsFor(this.block, ...views)?.memory ?? null;
  }

  /** What the code noted about output `j`; 0 where it notes nothing. */
  result(j: number, what: 'nulls' | 'beyond32' | 'beyond53'): number {
    const k = this.code.entries.findIndex((e) => e.kind === 'result' && e.output === j && e.what === what);
    return k < 0 ? 0 : (this.words[HEAD + 2 * k] as number);
  }

  private valueOf(
    e: Entry,
    columns: readonly Column[],
    outputs: readonly NativeOutput[],
    table: Services['table'],
  ): ArrayBufferView | bigint | number | null {
    switch (e.kind) {
      case 'constant':
        return BigInt.asIntN(64, e.bits);
      case 'result':
        return 0;
      case 'lastRow':
        return (columns[0] as Column).length - 1;
      case 'entries': {
        const col = columns[e.slot] as Column;
        return col.phys === 'dict' ? col.dictionary.length : null;
      }
      case 'select':
        return this.readable(this.rows.select as Uint32Array, this.rows.count);
      case 'output': {
        const out = outputs[e.output] as NativeOutput;
        return e.part === 'values' ? out.values : out.validity;
      }
      case 'input':
        return this.input(e.input, columns[e.input.slot] as Column, table);
    }
  }

  private input(input: NativeInput, col: Column, table: Services['table']): ArrayBufferView | null {
    const { lifted, part } = input;
    if (lifted !== null) {
      if (col.phys !== 'dict') throw new EngineBug('an expression is looked up in a column without a dictionary');
      const packed = tableFor(lifted, col, () => table(lifted, col));
      return packed === null ? null : this.place(part === 'nulls' ? packed.flags : packed.values);
    }
    // A variant for columns with nulls serves those without, too.
    if (part === 'validity' && !('validity' in col && col.validity !== null))
      return this.scratch.bitmap(col.length, true);
    const view = partOf(col, part) as ArrayBufferView;
    const vectors = view instanceof Int32Array || view instanceof BigInt64Array || view instanceof Float64Array;
    return vectors && this.rows.select === null ? this.readable(view, this.rows.count) : view;
  }

  private place(table: PackedTable['values'] | Uint8Array): ArrayBufferView {
    if (table === null) throw new EngineBug('a table without values');
    const { scratch } = this;
    if (table instanceof Uint8Array) {
      const out = scratch.u8(table.length);
      out.set(table);
      return out;
    }
    if (table instanceof BigInt64Array) {
      const out = scratch.i64(table.length);
      out.set(table);
      return out;
    }
    const out = table instanceof Int32Array ? scratch.i32(table.length) : scratch.f64(table.length);
    out.set(table);
    return out;
  }

  /** Whole vectors are read, beyond the rows: null when that leaves the memory. */
  private readable(
    view: Int32Array | Uint32Array | BigInt64Array | Float64Array,
    rows: number,
  ): ArrayBufferView | null {
    const whole = Math.ceil(rows / LANES) * LANES * view.BYTES_PER_ELEMENT;
    return view.byteOffset + whole <= view.buffer.byteLength ? view : null;
  }
}
