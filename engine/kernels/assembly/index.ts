// AssemblyScript, compiled by scripts/build-kernels.mjs into dist/kernels.wasm. Kernels own no memory: all addresses are the caller's.
export { gather_4, gather_8, gather_16, gather_bits, gather_bytes, gather_offsets, has_missing } from './gather';
export {
  hash_bool,
  hash_f64,
  hash_i32,
  hash_i64,
  hash_i128,
  hash_interval,
  hash_utf8,
} from './hash';
export { partition_count, partition_order, partition_places } from './partition';
export { copy_segments, pack_bits, scatter_4, scatter_4_to_8, scatter_8, scatter_16, scatter_bits } from './scatter';
export { add_i32, count_ones } from './span';
