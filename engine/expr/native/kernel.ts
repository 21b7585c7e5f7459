import type { Column } from '../../batch/column.ts';
import { EngineBug, RunError } from '../../errors.ts';
import type { Expr, LiteralValue } from '../../expr.ts';
import type { Scratch } from '../../memory/types.ts';
import type { Schema } from '../../types.ts';
import { formOf } from '../forms.ts';
import type { Slot } from '../gen.ts';
import { Call, type Rows } from './call.ts';
import { loadNative } from './loaded.ts';
import { generateNative, LEFT, type NativeCode, type NativeForm } from './module.ts';
import { type NativeOutput, nativeFormOf, outputColumn, outputsFor } from './outputs.ts';
import { prefilterOf } from './prefilter.ts';
import { Unsupported } from './values.ts';

/** How the JavaScript path serves native code. */
export interface Services {
  readonly constant: (e: Expr) => LiteralValue;
  /** Results of an expression by dictionary code; null when an entry fails, or its result is beyond 2^53. */
  readonly table: (e: Expr, col: Column & { phys: 'dict' }) => { values: ArrayLike<unknown>; nulls: Uint8Array } | null;
  /** Computes some of the expressions, by JavaScript. */
  readonly rest: (exprs: readonly Expr[]) => (columns: readonly Column[], rows: Rows, scratch: Scratch) => Column[];
  readonly worthLifting: (entries: number, rows: number) => boolean;
}

/** Which expressions native code computes over columns of some forms, and why not the others. */
interface Variant {
  readonly code: NativeCode | null;
  readonly covered: readonly number[];
  readonly left: readonly number[];
  readonly reasons: readonly (string | null)[];
  readonly rest: ReturnType<Services['rest']> | null;
  /** Of a filter that is left to JavaScript: what leaves it fewer rows. */
  readonly prefilter: NativeKernel | null;
}

export interface Selected {
  readonly rows: Uint32Array;
  readonly final: boolean;
}

/** Variants with exact null patterns; beyond these, every column is taken as nullable. */
const MANY_VARIANTS = 16;
/** Batches left to JavaScript after one that native code could not compute. */
const STAY_AWAY = 16;
/** As many after one whose columns do not lie in one memory, or of whose dictionary an entry fails. */
const STAY_UNBOUND = 4;

/** Rows from which on a call costs less than it gains. */
const LEAST_BATCH = 128;

/** A kernel that has seen fewer rows, all batches together, is left to JavaScript: making and compiling a module takes half a millisecond. */
let leastRows = 4096;

/** Sets after how many rows native code begins. For tests and measurements. */
export function setNativeRows(rows: number): void {
  leastRows = rows;
}

/** Native code for the expressions of a kernel, as far as it goes: WebAssembly over columns that lie in one memory. */
export class NativeKernel {
  private readonly kind: 'filter' | 'project';
  private readonly exprs: readonly Expr[];
  private readonly names: readonly string[];
  private readonly schema: Schema;
  private readonly services: Services;
  private readonly variants = new Map<string, Variant>();
  /** Outputs of which a value has needed 64 bits. */
  private readonly large: boolean[];
  private away = 0;
  private seen: number;

  constructor(
    kind: 'filter' | 'project',
    exprs: readonly Expr[],
    names: readonly string[],
    schema: Schema,
    services: Services,
    seen = 0,
  ) {
    this.seen = seen;
    this.kind = kind;
    this.exprs = exprs;
    this.names = names;
    this.schema = schema;
    this.services = services;
    this.large = exprs.map(() => false);
  }

  /**
   * The selection of a filter; null when JavaScript has to make it. `final` false: the rows left out are false, the others JavaScript has to
   * test.
   */
  select(columns: readonly Column[], rows: number, scratch: Scratch): Selected | null {
    const all = { count: rows, select: null };
    const variant = this.ready(columns, all);
    if (variant === null) return null;
    if (variant.code === null) {
      const made = variant.prefilter?.select(columns, rows, scratch) ?? null;
      return made && { ...made, final: false };
    }
    const values = scratch.u32(rows + 4);
    const outputs = [{ form: 'i32' as const, values, validity: null }];
    const count = this.run(variant.code, columns, all, outputs, scratch)?.count;
    return count === undefined ? null : { rows: values.subarray(0, count), final: true };
  }

  /** The columns of a projection; null when JavaScript has to compute all of them. */
  project(columns: readonly Column[], rows: Rows, scratch: Scratch): Column[] | null {
    for (;;) {
      const variant = this.ready(columns, rows);
      if (variant === null || variant.code === null) return null;
      const { code, covered } = variant;
      const outputs = outputsFor(this.formsOf(covered), code.nullable, rows.count, scratch);
      const call = this.run(code, columns, rows, outputs, scratch)?.call;
      if (call === undefined) return null;
      const grown = covered.filter(
        (at, k) => outputs[k]?.form === 'i32' && call.result(k, 'beyond32') !== 0 && this.grow(at),
      );
      if (grown.length > 0) continue;
      const made = new Array<Column>(this.exprs.length);
      covered.forEach((at, k) => {
        const type = (this.exprs[at] as Expr).type;
        made[at] = outputColumn(type, outputs[k] as NativeOutput, rows.count, (what) => call.result(k, what), scratch);
      });
      return this.withRest(variant, made, columns, rows, scratch);
    }
  }

  /** Where a row fails JavaScript computes everything, so that the error is that of the first row that has one. */
  private withRest(
    v: Variant,
    made: Column[],
    columns: readonly Column[],
    rows: Rows,
    scratch: Scratch,
  ): Column[] | null {
    if (v.rest === null) return made;
    try {
      const others = v.rest(columns, rows, scratch);
      v.left.forEach((at, k) => {
        made[at] = others[k] as Column;
      });
      return made;
    } catch (e) {
      if (e instanceof RunError) return null;
      throw e;
    }
  }

  private grow(at: number): boolean {
    this.large[at] = true;
    return true;
  }

  private formsOf(covered: readonly number[]): NativeForm[] {
    return covered.map((at) => nativeFormOf((this.exprs[at] as Expr).type, this.large[at] === true));
  }

  /** The variant for these columns; null when JavaScript is to be used. */
  private ready(columns: readonly Column[], rows: Rows): Variant | null {
    this.seen += rows.count;
    if (this.seen < leastRows || rows.count < Math.min(LEAST_BATCH, leastRows) || columns.length === 0) return null;
    if (this.away > 0) {
      this.away--;
      return null;
    }
    const many = this.variants.size >= MANY_VARIANTS;
    const slots = columns.map((col, k) => this.slot(col, k, rows, many));
    const wide = columns.map((col) => col.phys === 'i64' && col.wide);
    const shape = slots.map(
      (s, k) => `${s.form}${s.nullable ? 'n' : ''}${s.lift ? 'l' : ''}${wide[k] === true ? 'w' : ''}`,
    );
    const key = `${rows.select === null ? 'd' : ''}|${shape.join(',')}|${this.large.map(Number).join('')}`;
    let variant = this.variants.get(key);
    if (variant === undefined) {
      variant = this.make(slots, wide, rows.select === null);
      this.variants.set(key, variant);
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

  /** Why each expression is left to JavaScript over columns of these forms; null where it is not. */
  reasons(slots: readonly Slot[]): readonly (string | null)[] {
    return this.make(
      slots,
      slots.map(() => false),
      true,
    ).reasons;
  }

  private make(slots: readonly Slot[], wide: readonly boolean[], dense: boolean): Variant {
    const generate = (exprs: readonly Expr[], forms: readonly NativeForm[]): NativeCode =>
      generateNative({ kind: this.kind, exprs, slots, wide, dense, forms, constant: this.services.constant });
    const some = (at: readonly number[]): NativeCode =>
      generate(
        at.map((k) => this.exprs[k] as Expr),
        this.kind === 'filter' ? [] : this.formsOf(at),
      );
    const all = attempt(() => some(this.exprs.map((_, k) => k)));
    const reasons =
      typeof all === 'string' && this.exprs.length > 1
        ? this.exprs.map((_, k) => reasonOf(attempt(() => some([k]))))
        : this.exprs.map(() => reasonOf(all));
    const covered = reasons.flatMap((r, k) => (r === null ? [k] : []));
    const left = reasons.flatMap((r, k) => (r === null ? [] : [k]));
    const mixed = left.length > 0 && covered.length > 0;
    return {
      code: typeof all !== 'string' ? all : covered.length === 0 ? null : some(covered),
      covered,
      left,
      reasons,
      rest: mixed ? this.services.rest(left.map((k) => this.exprs[k] as Expr)) : null,
      prefilter:
        this.kind === 'filter' && typeof all === 'string'
          ? this.prefilter((e) => typeof attempt(() => generate([e], [])) !== 'string')
          : null,
    };
  }

  private prefilter(computable: (e: Expr) => boolean): NativeKernel | null {
    const e = prefilterOf(this.exprs[0] as Expr, computable);
    return e === null ? null : new NativeKernel('filter', [e], this.names, this.schema, this.services, this.seen);
  }

  private run(
    code: NativeCode,
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
    this.away = STAY_AWAY;
    return null;
  }
}

/** What `generate` gives, or why it gives nothing. */
function attempt(generate: () => NativeCode): NativeCode | string {
  try {
    return generate();
  } catch (e) {
    if (e instanceof Unsupported) return e.message;
    throw e;
  }
}

function reasonOf(outcome: NativeCode | string): string | null {
  return typeof outcome === 'string' ? outcome : null;
}
