/** How the rows of a hash exchange get from the tasks that make them to those that take them. */
export type ShuffleStrategy =
  /** Every task leaves its objects, with an index of the partitions in them; readers gather pieces from all of them. */
  | 'simple'
  /** After each round of tasks, merge tasks put the round's pieces of neighbouring partitions together; readers gather one piece a round. */
  | 'push';

export type ShuffleChoice = ShuffleStrategy | 'auto';

export interface ShuffleSize {
  /** Bytes of all rows, about. */
  readonly bytes: number;
  /** Tasks that make them. */
  readonly maps: number;
  readonly partitions: number;
  /** The memory limit. */
  readonly memory: number;
}

/** Pieces below this are not worth a read of their own: seeking and checking them takes longer than their bytes. */
const SMALL_PIECE = 32 << 10;
/** Beyond this share of the limit an exchange will be spilled, mostly. */
const SPILLS_FROM = 0.5;
/** Share of the limit that the objects of one round may take: they are to be merged before they are spilled, while the next round is made. */
const ROUND_SHARE = 0.2;
const MIN_ROUND = 2;

/**
 * `auto`: push where simple would read many small pieces back from disk and a round in memory makes them at least twice as large; simple otherwise, as it
 * writes every byte once.
 */
export function shuffleStrategy(choice: ShuffleChoice, size: ShuffleSize): ShuffleStrategy {
  if (choice !== 'auto') return choice;
  const piece = size.bytes / Math.max(1, size.maps * size.partitions);
  const small = piece < SMALL_PIECE && size.bytes > size.memory * SPILLS_FROM;
  return small && roundFits(size) >= MIN_ROUND ? 'push' : 'simple';
}

/** Tasks in a round of a push exchange. */
export function roundTasks(size: ShuffleSize): number {
  return Math.max(MIN_ROUND, roundFits(size));
}

function roundFits({ bytes, maps, memory }: ShuffleSize): number {
  return Math.floor((memory * ROUND_SHARE) / Math.max(1, bytes / Math.max(1, maps)));
}
