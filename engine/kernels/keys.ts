/** The kernels of sets of join keys. Told at their source, assembly/key_filter.ts. */
export interface KeyKernels {
  key_bits_set(values: number, validity: number, n: number, low: number, bits: number): void;
  key_bits_test(
    values: number,
    validity: number,
    n: number,
    low: number,
    range: number,
    bits: number,
    out: number,
  ): number;
  key_bloom_set(hashes: number, validity: number, n: number, words: number, mask: number): void;
  key_bloom_test(hashes: number, validity: number, n: number, words: number, mask: number, out: number): number;
}
