import { type ShuffleChoice, type ShuffleStrategy, shuffleStrategy } from '../shuffle/strategy.ts';

/** What is known of a shuffle before it starts. */
export interface PlanInput {
  readonly strategy: ShuffleChoice;
  readonly maps: number;
  readonly partitions: number;
  /** Of all that the maps give, about; null: not known. */
  readonly bytes: number | null;
  /** The memory limit, bytes. */
  readonly memory: number;
  readonly workers: number;
  /** Most map tasks at a time; null: by workers and memory. */
  readonly inFlight: number | null;
}

export interface ShufflePlan {
  readonly strategy: ShuffleStrategy;
  /** Map tasks that are at work at a time. */
  readonly inFlight: number;
  /** Push: maps of a round (the last may have fewer). Simple: all maps. */
  readonly round: number;
  /** Push: the first partition of each group that is merged by one task, and behind the last one the number of partitions. Simple: every partition by itself. */
  readonly groups: readonly number[];
}

/** Beyond this many pieces what is known of each of them costs more than merging them. */
const MANY_PIECES = 200_000;
/** Share of the limit that the pieces of one round may take: they are to be merged, while the next round is made, before they have to be spilled. */
const ROUND_SHARE = 0.2;
/** Share of the limit that map tasks at work may write at a time, and so may reduce tasks hold. */
const WORK_SHARE = 0.5;
const MIN_ROUND = 2;
/** Map tasks for each worker: one at work, one that follows at once. */
const AHEAD = 2;

export function planShuffle(p: PlanInput): ShufflePlan {
  const strategy = choose(p);
  const bytesOfMap = (p.bytes ?? 0) / Math.max(1, p.maps);
  const fit = (share: number): number =>
    bytesOfMap === 0 ? p.maps : Math.max(1, Math.floor((p.memory * share) / bytesOfMap));
  const inFlight = Math.max(1, Math.min(p.inFlight ?? p.workers * AHEAD, fit(WORK_SHARE)));
  if (strategy === 'simple') return { strategy, inFlight, round: p.maps, groups: range(p.partitions) };
  const round = Math.max(MIN_ROUND, Math.min(fit(ROUND_SHARE), Math.ceil(p.maps / MIN_ROUND)));
  return { strategy, inFlight, round, groups: groupStarts(p.partitions, p.workers) };
}

/** The rule of every shuffle, and push where there are too many pieces to know each of them. */
function choose({ strategy, maps, partitions, bytes, memory }: PlanInput): ShuffleStrategy {
  if (strategy !== 'auto') return strategy;
  if (maps * partitions > MANY_PIECES) return 'push';
  return bytes === null ? 'simple' : shuffleStrategy('auto', { bytes, maps, partitions, memory });
}

function range(n: number): number[] {
  return Array.from({ length: n + 1 }, (_, i) => i);
}

/** Contiguous groups of about the same number of partitions, a merge task for each worker. */
function groupStarts(partitions: number, workers: number): number[] {
  const groups = Math.max(1, Math.min(partitions, workers));
  return Array.from({ length: groups + 1 }, (_, g) => Math.round((g * partitions) / groups));
}

/** Bytes a reduce task may be given at a time. */
export function stepBytes(memory: number, workers: number): number {
  return (memory * WORK_SHARE) / (AHEAD * workers);
}

/**
 * Splits pieces, in order, into steps of at most `most` bytes, a piece that is larger by itself. `sizes`: bytes of each piece.
 * @returns the index behind the last piece of each step; one empty step where there are no pieces
 */
export function stepsOf(sizes: readonly number[], most: number): number[] {
  const ends: number[] = [];
  let bytes = 0;
  let from = 0;
  sizes.forEach((size, i) => {
    if (i > from && bytes + size > most) {
      ends.push(i);
      from = i;
      bytes = 0;
    }
    bytes += size;
  });
  ends.push(sizes.length);
  return ends;
}
