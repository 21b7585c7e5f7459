/** Kernels over the bytes of texts; see engine/kernels/assembly/text.ts. */
export interface TextKernels {
  text_pieces(
    offsets: number,
    bytes: number,
    total: number,
    rows: number,
    n: number,
    sizes: number,
    count: number,
    pieces: number,
    anchors: number,
    out: number,
  ): void;
  text_lengths(offsets: number, bytes: number, rows: number, n: number, out: number): void;
  text_letters(bytes: number, n: number, from: number, out: number): void;
  text_part_offsets(offsets: number, n: number, skip: number, take: number, starts: number, ends: number): number;
  text_parts(bytes: number, n: number, starts: number, ends: number, out: number): void;
  text_replace_offsets(
    offsets: number,
    bytes: number,
    n: number,
    piece: number,
    size: number,
    by: number,
    out: number,
  ): number;
  text_replace(
    offsets: number,
    bytes: number,
    n: number,
    piece: number,
    size: number,
    by: number,
    length: number,
    out: number,
  ): void;
}
