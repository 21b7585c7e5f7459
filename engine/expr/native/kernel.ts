import type { Column } from '../../batch/column.ts';
import { RunError } from '../../errors.ts';
import type { Expr } from '../../expr.ts';
import type { Scratch } from '../../memory/types.ts';
import type { Schema } from '../../types.ts';
import type { Slot } from '../gen.ts';
import type { Rows } from './call.ts';
import { generateNative, type NativeCode, type NativeForm } from './module.ts';
import { type NativeOutput, nativeFormOf, outputColumn, outputsFor } from './outputs.ts';
import { prefilterOf } from './prefilter.ts';
import { Unsupported } from './values.ts';
import { type Services, Variants } from './variants.ts';

/** How the JavaScript path serves native code for some of the expressions. */
export interface KernelServices extends Services {
  /** Computes some of the expressions, by JavaScript. */
  readonly rest: (exprs: readonly Expr[]) => (columns: readonly Column[], rows: Rows, scratch: Scratch) => Column[];
}

/** Which expressions native code computes over columns of some forms, and why not the others. */
interface Variant {
  readonly code: NativeCode | null;
  readonly covered: readonly number[];
  readonly left: readonly number[];
  readonly reasons: readonly (string | null)[];
  readonly rest: ReturnType<KernelServices['rest']> | null;
  /** Of a filter that is left to JavaScript: what leaves it fewer rows. */
  readonly prefilter: NativeKernel | null;
}

export interface Selected {
  readonly rows: Uint32Array;
  readonly final: boolean;
}

/** Native code for the expressions of a kernel, as far as it goes: WebAssembly over columns that lie in one memory. */
export class NativeKernel {
  private readonly kind: 'filter' | 'project';
  private readonly exprs: readonly Expr[];
  private readonly names: readonly string[];
  private readonly schema: Schema;
  private readonly services: KernelServices;
  private readonly variants: Variants<Variant>;
  /** Outputs of which a value has needed 64 bits. */
  private readonly large: boolean[];

  constructor(
    kind: 'filter' | 'project',
    exprs: readonly Expr[],
    names: readonly string[],
    schema: Schema,
    services: KernelServices,
    seen = 0,
  ) {
    this.kind = kind;
    this.exprs = exprs;
    this.names = names;
    this.schema = schema;
    this.services = services;
    this.large = exprs.map(() => false);
    this.variants = new Variants(names, schema, services, (...found) => this.make(...found), seen);
  }

  /**
   * The selection of a filter; null when JavaScript has to make it. `final` false: the rows left out are false, the others JavaScript has to
   * test.
   */
  select(columns: readonly Column[], rows: number, scratch: Scratch): Selected | null {
    const all = { count: rows, select: null };
    const variant = this.variants.find(columns, all, this.widths());
    if (variant === null) return null;
    if (variant.code === null) {
      const made = variant.prefilter?.select(columns, rows, scratch) ?? null;
      return made && { ...made, final: false };
    }
    const values = scratch.u32(rows + 4);
    const outputs = [{ form: 'i32' as const, values, validity: null }];
    const count = this.variants.run(variant.code, columns, all, outputs, scratch)?.count;
    return count === undefined ? null : { rows: values.subarray(0, count), final: true };
  }

  /** The columns of a projection; null when JavaScript has to compute all of them. */
  project(columns: readonly Column[], rows: Rows, scratch: Scratch): Column[] | null {
    for (;;) {
      const variant = this.variants.find(columns, rows, this.widths());
      if (variant === null || variant.code === null) return null;
      const { code, covered } = variant;
      const outputs = outputsFor(this.formsOf(covered), code.nullable, rows.count, scratch);
      const call = this.variants.run(code, columns, rows, outputs, scratch)?.call;
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

  /** Which outputs need 64 bits. */
  private widths(): string {
    return this.large.map(Number).join('');
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
    return e === null
      ? null
      : new NativeKernel('filter', [e], this.names, this.schema, this.services, this.variants.seen);
  }
}

/** What `generate` gives, or why it gives nothing. */
export function attempt<C>(generate: () => C): C | string {
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
