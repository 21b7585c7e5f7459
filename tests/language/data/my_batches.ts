interface Column {
  readonly values: ArrayLike<number>;
}

/** One score for each row of a batch. */
export function score_batch({ id, km }: { id: Column; km: Column }): { id: unknown; score: Float64Array } {
  return { id, score: Float64Array.from(km.values, (x) => x / 100) };
}
