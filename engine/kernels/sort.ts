/** The kernels of sorting: normalised keys, radix sort, texts. Told at their sources, assembly/sort.ts and assembly/sort_text.ts. */
export interface SortKernels {
  sort_range(kind: number, values: number, stride: number, validity: number, n: number, out: number): void;
  sort_pack(
    kind: number,
    values: number,
    stride: number,
    validity: number,
    n: number,
    bounds: number,
    desc: number,
    shift: number,
    words: number,
  ): void;
  sort_pack_nulls(validity: number, n: number, first: number, shift: number, words: number): void;
  sort_number(words: number, n: number): void;
  sort_pairs(words: number, n: number, out: number): void;
  sort_refine(
    pairs: number,
    other: number,
    n: number,
    floor: number,
    words: number,
    stride: number,
    more: number,
    floors: number,
    counts: number,
  ): void;
  sort_radix(elements: number, other: number, width: number, n: number, floor: number, counts: number): void;
  sort_order(elements: number, width: number, mask: number, n: number, order: number): void;
  sort_text(offsets: number, bytes: number, n: number, elements: number, other: number, counts: number): void;
  sort_text_ranks(offsets: number, bytes: number, n: number, elements: number, ranks: number): void;
}
