import type { DataType, Typed } from '../types.ts';

/** An end of a frame by value, relative to the key of the row: an offset in the key's own unit (0: the peers), or a column that holds the bound; null: no bound. */
export type RangeBound =
  | null
  | { readonly kind: 'offset'; readonly value: number | bigint }
  | { readonly kind: 'column'; readonly column: string };

/** The rows that a function sees at a row, within its partition. Ends of `rows` count from the row itself; null is unbounded. */
export type FrameSpec =
  | { readonly unit: 'rows'; readonly low: number | null; readonly high: number | null }
  | { readonly unit: 'range'; readonly low: RangeBound; readonly high: RangeBound };

/** What a function needs besides its arguments. */
export interface WindowNeeds {
  /** It is about the order of rows: without `sort` it means nothing. */
  readonly sort: boolean;
  /** It looks at the frame; the others look at the whole partition, and no frame may be written. */
  readonly frame: boolean;
  /** `ignore_nulls: true` may be given. */
  readonly ignoreNulls: boolean;
}

/** An argument that is one constant for all rows: a whole number of at least `least`. */
export interface ConstantArg {
  readonly name: string;
  readonly least: number;
  /** Where it is not given; null: it has to be. */
  readonly default: number | null;
}

/** A function that only stands before `over`. Aggregates stand there too, by their own registry. */
export interface WindowDef {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly doc: string;
  readonly signature: string;
  /** Expressions over the rows of the reference (`k`, `t`, `v`), each with its value in every row. */
  readonly examples: readonly (readonly [expression: string, values: string])[];
  readonly needs: WindowNeeds;
  /** Its first argument is a value of the rows. */
  readonly value: boolean;
  readonly constant: ConstantArg | null;
  /** It may be given a value for rows that have none. */
  readonly fallback: boolean;
  /** `value`: the first argument. */
  type(value: Typed | null): { readonly type: DataType; readonly nullable: boolean };
}
