interface Rows {
  readonly id: ArrayLike<number>;
  readonly km: ArrayLike<number>;
}

/** One score for each row of a batch. */
export function score_batch({ id, km }: Rows): { id: number[]; score: number[] } {
  return { id: Array.from(id, Number), score: Array.from(km, (x) => Number(x) / 100) };
}
