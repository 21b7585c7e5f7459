// AssemblyScript, compiled by scripts/build-kernels.mjs into dist/kernels.wasm. Kernels own no memory: all addresses are the caller's.
export { checksum } from './checksum.ts';
export { csv_dictionary, csv_dictionary_bytes, csv_dictionary_offsets } from './csv_dictionary.ts';
export * from './csv_index.ts';
export * from './csv_numbers.ts';
export * from './csv_quotes.ts';
export { csv_codes, csv_text, csv_text_room } from './csv_strings.ts';
export * from './csv_times.ts';
export { gather_4, gather_8, gather_16, gather_bits, gather_bytes, gather_offsets, has_missing } from './gather.ts';
export * from './group_fold.ts';
export { group_index, group_list_entries, group_of_items } from './group_lists.ts';
export { fold_moments, fold_small_1, fold_small_2 } from './group_moments.ts';
export { group_quantiles } from './group_quantiles.ts';
export * from './group_table.ts';
export { fold_extreme_text } from './group_texts.ts';
export { group_top_keys, group_top_rows, group_tops } from './group_tops.ts';
export * from './group_values.ts';
export {
  hash_bool,
  hash_codes,
  hash_f64,
  hash_i32,
  hash_i64,
  hash_i128,
  hash_interval,
  hash_utf8,
} from './hash.ts';
export * from './ints.ts';
export { join_arrange, join_build, join_build_direct, join_narrow, join_probe, join_range } from './join.ts';
export { join_equal } from './join_equal.ts';
export { join_sort } from './join_sort.ts';
export { json_rows } from './json_rows.ts';
export { key_bits_set, key_bits_test, key_bloom_set, key_bloom_test } from './key_filter.ts';
export { lz4_decode } from './lz4.ts';
export { lz4_encode } from './lz4_encode.ts';
export { copy_bytes, fill_bytes } from './memory.ts';
export {
  parquet_delta_4,
  parquet_delta_8,
  parquet_delta_count,
  parquet_join_bytes,
  parquet_lengths_sum,
  parquet_plain_parts,
} from './parquet_delta.ts';
export * from './parquet_entries.ts';
export * from './parquet_extremes.ts';
export * from './parquet_pack.ts';
export * from './parquet_plain.ts';
export * from './parquet_runs.ts';
export * from './parquet_values.ts';
export { partition_count, partition_order, partition_rows } from './partition.ts';
export {
  rows_disorder,
  rows_fold,
  rows_hash_count,
  rows_hash_ids,
  rows_hash_scatter,
  rows_hash_scatter_within,
  rows_make,
  rows_make_ids,
  rows_range_ids,
  rows_scatter,
  rows_sort,
  rows_strangers,
} from './rows.ts';
export {
  copy_segments,
  pack_segments,
  scatter_4,
  scatter_4_to_8,
  scatter_8,
  scatter_16,
  scatter_bits,
} from './scatter.ts';
export { snappy_decode } from './snappy.ts';
export { snappy_encode } from './snappy_encode.ts';
export {
  sort_number,
  sort_order,
  sort_pack,
  sort_pack_nulls,
  sort_pairs,
  sort_radix,
  sort_range,
  sort_refine,
} from './sort.ts';
export { sort_text, sort_text_ranks } from './sort_text.ts';
export { add_i32, count_ones } from './span.ts';
export * from './text.ts';
export { utf8_distinct, utf8_valid } from './utf8.ts';
