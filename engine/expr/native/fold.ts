import type { Column } from '../../batch/column.ts';
import { MORSEL_ROWS } from '../../batch/column.ts';
import type { Expr } from '../../expr.ts';
import type { Scratch } from '../../memory/types.ts';
import type { Schema } from '../../types.ts';
import type { Slot } from '../gen.ts';
import { type FoldCode, type FoldPlace, type FoldTerm, generateFold } from './fold_module.ts';
import { attempt } from './kernel.ts';
import { type Services, Variants } from './variants.ts';

/** A sum of floats: four double-doubles, one after another, and the greatest and the least magnitude but 0 of its terms. */
export interface FloatLanes {
  readonly sums: Float64Array;
  readonly most: number;
  readonly least: number;
}

/** Of a term: a count, a sum of ints, what a sum of floats is made of, or an extreme. */
export type Gain =
  | { readonly rep: 'count' | 'f64'; readonly value: number }
  | { readonly rep: 'int'; readonly value: bigint }
  | { readonly rep: 'floats'; readonly value: FloatLanes };

/** Filters batches and gathers from expressions over them, in one pass, by native code. */
export class NativeFold {
  private readonly filter: Expr | null;
  private readonly terms: readonly FoldTerm[];
  private readonly services: Services;
  private readonly variants: Variants<FoldCode | string>;

  /** `names`: the columns of the schema that the expressions read. */
  constructor(
    filter: Expr | null,
    terms: readonly FoldTerm[],
    names: readonly string[],
    schema: Schema,
    services: Services,
  ) {
    this.filter = filter;
    this.terms = terms;
    this.services = services;
    this.variants = new Variants(names, schema, services, (slots, wide) => this.make(slots, wide));
  }

  private make(slots: readonly Slot[], wide: readonly boolean[]): FoldCode | string {
    const { filter, terms, services } = this;
    return attempt(() => generateFold({ filter, terms, slots, wide, constant: services.constant }));
  }

  /** Why there is no native code over columns of these forms; null where there is. */
  reason(slots: readonly Slot[]): string | null {
    const made = this.make(
      slots,
      slots.map(() => false),
    );
    return typeof made === 'string' ? made : null;
  }

  /** What each term gains by the batch; null when it has to be computed otherwise. */
  gains(columns: readonly Column[], rows: number, scratch: Scratch): Gain[] | null {
    if (rows > MORSEL_ROWS) return null;
    const all = { count: rows, select: null };
    const code = this.variants.find(columns, all);
    if (code === null || typeof code === 'string') return null;
    const values = scratch.i64(2 * code.vectors);
    const ran = this.variants.run(code, columns, all, [{ form: 'i64', values, validity: null }], scratch);
    if (ran === null) return null;
    return this.terms.map((term, k) => gainOf(term, code.places[k] as FoldPlace, values));
  }

  /** The batch that gave gains could not use them, and the next ones are likely to be like it. */
  leave(): void {
    this.variants.leave();
  }
}

function gainOf({ what }: FoldTerm, { rep, at }: FoldPlace, out: BigInt64Array): Gain {
  const offset = out.byteOffset + 16 * at;
  const words = (n: number): Int32Array => new Int32Array(out.buffer, offset, n);
  const longs = (n: number): BigInt64Array => new BigInt64Array(out.buffer, offset, n);
  const floats = (n: number): Float64Array => new Float64Array(out.buffer, offset, n);
  switch (what) {
    case 'count':
    case 'trues':
      return { rep: 'count', value: words(4).reduce((a, b) => a + b) };
    case 'sum': {
      if (rep !== 'f64') return { rep: 'int', value: longs(4).reduce((a, b) => a + b) };
      const all = floats(12);
      const value = {
        sums: all.subarray(0, 8),
        most: Math.max(all[8] as number, all[9] as number),
        least: Math.min(all[10] as number, all[11] as number),
      };
      return { rep: 'floats', value };
    }
    case 'least':
    case 'greatest': {
      const least = what === 'least';
      if (rep === 'f64') return { rep: 'f64', value: least ? Math.min(...floats(4)) : Math.max(...floats(4)) };
      const ints = rep === 'i32' ? Array.from(words(4), BigInt) : Array.from(longs(4));
      return { rep: 'int', value: ints.reduce((a, b) => (a < b === least ? a : b)) };
    }
  }
}
