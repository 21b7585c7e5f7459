import type { Kernels } from '../kernels/load.ts';

/** Bytes of a row, and elements of its array. */
export const ROW_BYTES = 16;
export const ROW_WIDTH = 2;

/** The kernels of engine/kernels/assembly/rows.ts. Parameters that name data are addresses; 64-bit numbers are bigints. */
export interface RowKernels extends Kernels {
  rows_make(out: number, first: bigint, n: number, seed: bigint): void;
  rows_make_ids(first: bigint, n: number, seed: bigint, partitions: number, ids: number, counts: number): void;
  rows_hash_ids(rows: number, n: number, partitions: number, ids: number, counts: number): void;
  rows_hash_count(rows: number, n: number, partitions: number, counts: number): void;
  rows_hash_scatter(rows: number, n: number, partitions: number, next: number): void;
  rows_hash_scatter_within(rows: number, n: number, partitions: number, next: number, limits: number): number;
  rows_range_ids(rows: number, n: number, bounds: number, count: number, ids: number, counts: number): void;
  rows_scatter(rows: number, n: number, ids: number, next: number): void;
  rows_fold(rows: number, n: number, sums: number): void;
  rows_strangers(rows: number, n: number, partitions: number, p: number): number;
  rows_disorder(rows: number, n: number): number;
  rows_sort(rows: number, n: number, other: number, counts: number): void;
}
