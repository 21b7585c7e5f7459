import type { LiteralValue } from '../../engine/expr.ts';

/** A row of a table by the names of its columns. */
export type Named = { readonly [column: string]: LiteralValue };

/** Where results differ on purpose. */
export interface Difference {
  readonly functions: readonly string[];
  /** What is done here, what there, and why: one row of docs/differences.md. */
  readonly here: string;
  readonly there: string;
  readonly why: string;
  /** The rows on which it may show; all unless told. */
  readonly where?: (row: Named) => boolean;
}
