/**
 * One arena of shared WebAssembly.Memory segments is the object store's memory, the workers' working memory and (later) the
 * kernels' memory. Every thread attaches to the same arena and allocates from it directly, under a lock held in shared memory.
 */

/** A span of the arena. `address` is segment * 2^32 + offset; 64-byte aligned at least. */
export interface Block {
  readonly address: number;
  readonly bytes: number;
  /** View of exactly `bytes` bytes on the segment's SharedArrayBuffer. */
  readonly view: Uint8Array;
}

/**
 * Morsel-scoped memory of one worker: a bump allocator over arena blocks that is reset when the source of a fused stage
 * is asked for its next batch. Whatever an operator yields lives here, so a batch is valid until the consumer asks for the next one.
 * Memory comes uninitialised. Counts against the limit.
 */
export interface Scratch {
  u8(length: number): Uint8Array;
  i32(length: number): Int32Array;
  u32(length: number): Uint32Array;
  f64(length: number): Float64Array;
  i64(length: number): BigInt64Array;
  /** All-ones / all-zeros bitmap for `rows` rows. */
  bitmap(rows: number, fill: boolean): Uint8Array;
  reset(): void;
  /** Resets and gives the memory back to the arena. */
  release(): void;
}
