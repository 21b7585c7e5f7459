/** Kernels that read and write Parquet's pages. What is a truth value comes as 0 or 1. */
export interface ParquetKernels extends ParquetEncoders {
  snappy_decode(from: number, n: number, to: number, size: number): number;
  lz4_decode(from: number, n: number, to: number, size: number): number;

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

  parquet_delta_count(at: number, end: number, state: number): number;
  parquet_delta_4(from: number, end: number, n: number, out: number, state: number): number;
  parquet_delta_8(from: number, end: number, n: number, out: number, state: number): number;
  parquet_lengths_sum(lengths: number, n: number): number;
  parquet_plain_parts(prefixes: number, lengths: number, n: number, from: number, end: number, out: number): number;
  parquet_join_bytes(from: number, n: number, width: number, out: number): void;

  parquet_texts(at: number, end: number, n: number, lengths: number, out: number): number;
  parquet_codes_bytes(codes: number, n: number, offsets: number): number;
  parquet_codes_texts(codes: number, n: number, offsets: number, bytes: number, out: number): void;
  parquet_offsets(offsets: number, n: number): void;

  utf8_distinct(offsets: number, n: number, bytes: number, hashes: number, slots: number, mask: number): number;
  utf8_valid(offsets: number, n: number, bytes: number): number;
}

/** Kernels that write them. */
interface ParquetEncoders {
  snappy_encode(from: number, n: number, to: number, table: number): number;
  lz4_encode(from: number, n: number, to: number, table: number): number;

  parquet_pack_1(values: number, n: number, width: number, out: number): number;
  parquet_pack_4(values: number, n: number, width: number, out: number): number;
  parquet_unpack_bits(bits: number, first: number, n: number, out: number): void;

  parquet_enter_4(dictionary: number, values: number, n: number, codes: number): number;
  parquet_enter_8(dictionary: number, values: number, n: number, codes: number): number;
  parquet_enter_texts(
    dictionary: number,
    offsets: number,
    bytes: number,
    others: number,
    known: number,
    bits: number,
    first: number,
    from: number,
    n: number,
    codes: number,
    span: number,
  ): number;
  parquet_enter_again(dictionary: number, width: number): void;
  parquet_used(codes: number, n: number, seen: number, out: number): number;

  parquet_extremes_4(values: number, n: number, out: number): void;
  parquet_extremes_8(values: number, n: number, out: number): void;
  parquet_extremes_floats(values: number, n: number, out: number): void;
  parquet_extremes_wide(values: number, n: number, width: number, out: number): void;
  parquet_extremes_texts(texts: number, ends: number, codes: number, n: number, out: number): void;

  parquet_dense_4(values: number, bits: number, first: number, n: number, out: number): number;
  parquet_dense_8(values: number, bits: number, first: number, n: number, out: number): number;
  parquet_dense_bits(values: number, valid: number, first: number, n: number, out: number, filled: number): number;
  parquet_plain_texts(
    offsets: number,
    bytes: number,
    bits: number,
    first: number,
    from: number,
    n: number,
    span: number,
  ): number;
  parquet_plain_size(ends: number, codes: number, n: number): number;
  parquet_plain_codes(ends: number, bytes: number, codes: number, n: number, out: number): number;
  parquet_big_endian(
    values: number,
    size: number,
    bits: number,
    first: number,
    n: number,
    width: number,
    out: number,
  ): number;
}
