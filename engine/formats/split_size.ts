/** How large the splits of a file of text are. */
export interface SplitTuning {
  readonly splitBytes: number;
  /** Splits of large files grow up to this; absent: they do not. */
  readonly maxSplitBytes?: number;
}

/**
 * Bytes of each split of a file of `size` bytes, which alone decides them: in the middle between few tasks, as each takes about a millisecond beside
 * its rows, and many, which keep all threads busy to the end. At the quarter of `splitBytes` that it takes as unit, a file has as many splits as each has units.
 */
export function splitSize({ splitBytes, maxSplitBytes = splitBytes }: SplitTuning, size: number): number {
  return Math.max(splitBytes, Math.min(maxSplitBytes, Math.ceil(Math.sqrt((size * splitBytes) / 4))));
}
