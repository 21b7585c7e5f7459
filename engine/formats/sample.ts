/** How much of an input inference looks at; bytes unless said otherwise. */
export interface SampleBudget {
  /** Files up to this size are read whole. */
  readonly whole: number;
  /** Of larger ones: so much of the start, and so many rows at least, */
  readonly head: number;
  readonly headRows: number;
  /** then this many places of this size, the last one at the end. */
  readonly spots: number;
  readonly spot: number;
}

const WHOLE = 16 << 20;
const MAX_FILES = 12;

/** The files to look into: all when they are few, else the first, the last, and some between. */
export function pickFiles(paths: readonly string[]): {
  readonly files: readonly string[];
  readonly budget: SampleBudget;
} {
  const n = Math.min(paths.length, MAX_FILES);
  const files = Array.from(
    { length: n },
    (_, i) => paths[n === 1 ? 0 : Math.round((i * (paths.length - 1)) / (n - 1))]!,
  );
  const share = Math.max(1 << 20, Math.floor(WHOLE / Math.max(1, n)));
  return { files, budget: { whole: share, head: Math.floor(share / 8), headRows: 10000, spots: 9, spot: 1 << 17 } };
}

/** Where the spots of [from, size) start. */
export function spotsOf(from: number, size: number, budget: SampleBudget): number[] {
  const last = size - budget.spot;
  if (last <= from) return [];
  return Array.from({ length: budget.spots }, (_, i) => from + Math.floor(((last - from) * (i + 1)) / budget.spots));
}
