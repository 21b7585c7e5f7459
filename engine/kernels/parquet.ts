/** Kernels that read Parquet's pages. What is a truth value comes as 0 or 1. */
export interface ParquetKernels {
  snappy_decode(from: number, n: number, to: number, size: number): number;

  parquet_codes(state: number, n: number, out: number): number;
  parquet_levels(state: number, n: number, bits: number, first: number): number;
  parquet_bits(data: number, from: number, n: number, bits: number, first: number): number;
  parquet_beyond(codes: number, n: number, size: number): number;
  parquet_lookup_4(state: number, n: number, entries: number, size: number, out: number): number;
  parquet_lookup_8(state: number, n: number, entries: number, size: number, out: number): number;

  parquet_spread_4(values: number, bits: number, first: number, n: number, count: number): void;
  parquet_spread_8(values: number, bits: number, first: number, n: number, count: number): void;
  parquet_spread_bits(data: number, from: number, valid: number, first: number, n: number, out: number): void;

  parquet_floats(values: number, n: number, out: number): void;

  parquet_texts(at: number, end: number, n: number, lengths: number, out: number): number;
  parquet_codes_bytes(codes: number, n: number, offsets: number): number;
  parquet_codes_texts(codes: number, n: number, offsets: number, bytes: number, out: number): void;
  parquet_offsets(offsets: number, n: number): void;

  utf8_distinct(offsets: number, n: number, bytes: number, hashes: number, slots: number, mask: number): number;
  utf8_valid(offsets: number, n: number, bytes: number): number;
}
