import type { Expr, SortKey, SourceSpan } from './expr.ts';
import type { HostFunction } from './host/def.ts';
import type { Schema } from './types.ts';

/**
 * The physical plan: stages of fused map-shaped steps between materialisations. Plain data (structured-cloneable); the compiler
 * makes it, the engine runs it. Relations are numbered; a stage produces one relation, other stages consume it.
 */
export interface PhysicalPlan {
  /** In topological order: a stage only reads relations of earlier stages. */
  readonly stages: readonly Stage[];
  /** Relations shown to the user (pipelines without a sink), in file order. */
  readonly results: readonly ResultRef[];
  /** What `expect` steps state of the data, in file order. */
  readonly checks: readonly CheckRef[];
}

/** A statement about data. `each`: what it is about: each row, each combination of keys, or all rows together. */
export interface CheckRef {
  readonly id: number;
  /** The condition as it is written. */
  readonly text: string;
  /** What the user says when it does not hold. */
  readonly message: string | null;
  readonly each: 'row' | 'key' | 'relation';
  readonly action: 'error' | 'warn' | 'drop' | 'quarantine';
  readonly span?: SourceSpan;
}

export interface ResultRef {
  readonly relation: number;
  readonly schema: Schema;
  /** At most this many rows are kept for showing; null = all (`--out csv|ndjson`, the builder's collect). */
  readonly limit: number | null;
}

export interface Stage {
  /** Number of the relation it produces; also its id. */
  readonly id: number;
  /** For people: `scan flights.parquet | where | summarize (partial)`. */
  readonly label: string;
  readonly input: StageInput;
  /** Map-shaped steps, fused: each batch passes through all of them while it is in cache. */
  readonly steps: readonly StepRef[];
  /** Rows that leave the last step. */
  readonly schema: Schema;
  readonly output: StageOutput;
  /** Functions of the host language that its worker makes ready although no step calls them. */
  readonly host?: readonly HostFunction[];
}

/** An operator by registry name, with its parameters (plain data, of the shape its definition names). */
export interface StepRef {
  readonly op: string;
  readonly phase: 'map' | 'partial' | 'final';
  readonly params: unknown;
  /** Schema of the rows that enter and that leave. */
  readonly input: Schema;
  readonly output: Schema;
  /** Relations that every task of the stage needs whole (broadcast build sides, models). */
  readonly sides: readonly SideInput[];
  readonly span?: SourceSpan;
  /** The step as the user would name it in an error: `derive gross`. */
  readonly label?: string;
}

export interface SideInput {
  readonly relation: number;
  readonly schema: Schema;
}

export type StageInput =
  | ScanInput
  /** So many tasks, each of which gets one row without columns: what they do follows from their number. */
  | { readonly kind: 'items'; readonly count: number }
  /** Materialised relations in order, one after another; tasks are contiguous ranges of their batches. `skip` leaves out the first rows of the whole. */
  | { readonly kind: 'stream'; readonly from: readonly SideInput[]; readonly skip: number }
  /** One task per partition of an exchange (several inputs are partitioned alike: a join); `step` is the final half of an operator. */
  | { readonly kind: 'merge'; readonly from: readonly SideInput[]; readonly step: StepRef };

export interface ScanInput {
  readonly kind: 'scan';
  /** Format registry name. */
  readonly format: string;
  readonly source: SourceSpec;
  /** Columns to produce, in order: a subset of the source's schema. */
  readonly schema: Schema;
  /** A conjunction the reader may use to skip row groups; the rows are filtered again by a step. */
  readonly filter: Expr | null;
  /** Rows after which the reader may stop; null = all. */
  readonly limit: number | null;
}

/** Where a source's bytes are and how to read them; `schema` is the whole schema as inferred or declared. */
export interface SourceSpec {
  readonly paths: readonly string[];
  /** The user's path or glob, for messages. */
  readonly display: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly schema: Schema;
  /** True when the user declared it (`as Schema`): misfits are then errors against the declaration. */
  readonly declared: boolean;
  readonly span?: SourceSpan;
}

export type StageOutput =
  /** Batches in input order stay in the store. `limit`: exactly the first rows; tasks behind them need not run. */
  | { readonly kind: 'collect'; readonly limit: number | null }
  /** Rows with equal keys meet in one partition. */
  | { readonly kind: 'exchange'; readonly by: 'hash'; readonly keys: readonly string[] }
  /** Sorted runs and sampled range bounds; partitions are ranges of the keys. `limit`: each run keeps only its first rows (top-N). */
  | {
      readonly kind: 'exchange';
      readonly by: 'range';
      readonly keys: readonly SortKey[];
      readonly limit: number | null;
    }
  /** All rows in input order to one partition. */
  | { readonly kind: 'exchange'; readonly by: 'single' }
  | {
      readonly kind: 'sink';
      readonly format: string;
      readonly path: string;
      readonly options: Readonly<Record<string, unknown>>;
      readonly span?: SourceSpan;
    };
