import type { Column } from '../../batch/column.ts';
import { EngineBug } from '../../errors.ts';
import type { Expr, LiteralValue } from '../../expr.ts';
import type { Scratch } from '../../memory/types.ts';
import type { Schema } from '../../types.ts';
import { formOf } from '../forms.ts';
import type { Slot } from '../gen.ts';
import { Call, type Rows } from './call.ts';
import { loadNative } from './loaded.ts';
import { LEFT, type NativeCode } from './module.ts';
import type { NativeOutput } from './outputs.ts';

/** How the JavaScript path serves native code. */
export interface Services {
  readonly constant: (e: Expr) => LiteralValue;
  /** Results of an expression by dictionary code; null when an entry fails, or its result is beyond 2^53. */
  readonly table: (e: Expr, col: Column & { phys: 'dict' }) => { values: ArrayLike<unknown>; nulls: Uint8Array } | null;
  readonly worthLifting: (entries: number, rows: number) => boolean;
}

/** Variants with exact null patterns; beyond these, every column is taken as nullable. */
const MANY_VARIANTS = 16;
/** Batches left to JavaScript after one that native code could not compute. */
const STAY_AWAY = 16;
/** As many after one whose columns do not lie in one memory, or of whose dictionary an entry fails. */
const STAY_UNBOUND = 4;
/** Rows from which on a call costs less than it gains. */
const LEAST_BATCH = 128;

/** Code that has seen fewer rows, all batches together, is left to JavaScript: making and compiling a module takes half a millisecond. */
let leastRows = 4096;

/** Sets after how many rows native code begins. For tests and measurements. */
export function setNativeRows(rows: number): void {
  leastRows = rows;
}

/** Native code over columns by their forms and null patterns: made when the first batch has them, not tried where it is not worth it or has lately failed. */
export class Variants<V> {
  /** Rows met so far. */
  seen: number;
  private readonly names: readonly string[];
  private readonly schema: Schema;
  private readonly services: Services;
  private readonly make: (slots: readonly Slot[], wide: readonly boolean[], dense: boolean) => V;
  private readonly known = new Map<string, V>();
  private away = 0;

  /** `names`: of the columns that batches will come in. */
  constructor(
    names: readonly string[],
    schema: Schema,
    services: Services,
    make: (slots: readonly Slot[], wide: readonly boolean[], dense: boolean) => V,
    seen = 0,
  ) {
    this.names = names;
    this.schema = schema;
    this.services = services;
    this.make = make;
    this.seen = seen;
  }

  /** The variant for these columns, and what else `key` tells apart; null when JavaScript is to be used. */
  find(columns: readonly Column[], rows: Rows, key = ''): V | null {
    this.seen += rows.count;
    if (this.seen < leastRows || rows.count < Math.min(LEAST_BATCH, leastRows) || columns.length === 0) return null;
    if (this.away > 0) {
      this.away--;
      return null;
    }
    const many = this.known.size >= MANY_VARIANTS;
    const slots = columns.map((col, k) => this.slot(col, k, rows, many));
    const wide = columns.map((col) => col.phys === 'i64' && col.wide);
    const shape = slots.map(
      (s, k) => `${s.form}${s.nullable ? 'n' : ''}${s.lift ? 'l' : ''}${wide[k] === true ? 'w' : ''}`,
    );
    const whole = `${rows.select === null ? 'd' : ''}|${shape.join(',')}|${key}`;
    let variant = this.known.get(whole);
    if (variant === undefined) {
      variant = this.make(slots, wide, rows.select === null);
      this.known.set(whole, variant);
    }
    return variant;
  }

  private slot(col: Column, k: number, rows: Rows, many: boolean): Slot {
    const name = this.names[k] as string;
    const field = this.schema.find((f) => f.name === name);
    if (field === undefined) throw new EngineBug(`no column ${name}`);
    const lift = col.phys === 'dict' && this.services.worthLifting(col.dictionary.length, rows.count);
    return { name, type: field.type, form: formOf(col), nullable: many || col.validity !== null, lift };
  }

  /** Runs the code; null when JavaScript has to compute the batch. */
  run(
    code: Pick<NativeCode, 'bytes' | 'entries'>,
    columns: readonly Column[],
    rows: Rows,
    outputs: readonly NativeOutput[],
    scratch: Scratch,
  ): { readonly call: Call; readonly count: number } | null {
    const call = new Call(code, rows, scratch);
    const memory = call.bind(columns, outputs, this.services.table);
    if (memory === null) {
      this.away = STAY_UNBOUND;
      return null;
    }
    const count = loadNative(code.bytes, memory)(call.address, rows.count);
    if (count !== LEFT) return { call, count };
    this.leave();
    return null;
  }

  /** The next batches are likely to be like one that native code could not compute. */
  leave(): void {
    this.away = STAY_AWAY;
  }
}
