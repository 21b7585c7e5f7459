import fc from 'fast-check';
import { holds, LawError, type LawOptions, same, shown } from './laws.ts';

/** Splits rows into as many pieces as there are partitions: what the map function of a shuffle does. */
export type Partitioner<R> = (rows: readonly R[], partitions: number) => readonly (readonly R[])[];

export interface ShuffleLaws<R> extends LawOptions {
  /** The rows it is for. */
  readonly rows: fc.Arbitrary<R>;
  /** Rows with equal keys must meet. Keys that are objects are compared member by member. */
  readonly key: (row: R) => unknown;
  /** The fullest partition may have so many times the mean, where there are many different keys. Default: not checked. */
  readonly balance?: number;
  /** Whether rows of one key keep their order. Default true. */
  readonly ordered?: boolean;
  /** Most partitions tried. Default 8. */
  readonly partitions?: number;
}

/** Rows for which the balance is looked at: fewer say little. */
const BALANCED_ROWS = 2000;

/**
 * The laws of a shuffle, over random rows: there are as many pieces as partitions; no row is lost, doubled or changed (conservation); rows of one key meet in one
 * partition, whichever input they come from (key locality); the same rows give the same pieces (determinism); rows of one key keep their order; and no
 * partition is much fuller than the others (balance). Rejects with LawError, which has the smallest rows found that break one.
 */
export async function checkShuffle<R>(partitioner: Partitioner<R>, laws: ShuffleLaws<R>): Promise<void> {
  const { rows, partitions = 8, ordered = true } = laws;
  const cases = fc.record({
    one: fc.array(rows, { maxLength: 30 }),
    two: fc.array(rows, { maxLength: 30 }),
    partitions: fc.integer({ min: 1, max: partitions }),
  });
  const what = partitioner.name === '' ? 'the partitioner' : partitioner.name;
  await holds(
    what,
    cases,
    (c) => {
      const pieces = [c.one, c.two].map((input) => split(partitioner, input, c.partitions));
      conserved(c.one, pieces[0] as Pieces<R>);
      conserved(c.two, pieces[1] as Pieces<R>);
      local(pieces, laws.key);
      if (!same(split(partitioner, c.one, c.partitions), pieces[0]))
        throw new LawError('determinism', 'the same rows are split in another way the second time');
      if (ordered) inOrder(c.one, pieces[0] as Pieces<R>, laws.key);
    },
    laws,
  );
  if (laws.balance !== undefined) await balanced(partitioner, laws, laws.balance, what);
}

type Pieces<R> = readonly (readonly R[])[];

function split<R>(partitioner: Partitioner<R>, rows: readonly R[], partitions: number): Pieces<R> {
  const pieces = partitioner(rows, partitions);
  if (pieces.length !== partitions)
    throw new LawError('partitions', `there are ${pieces.length} pieces for ${partitions} partitions`);
  return pieces.map((piece) => [...piece]);
}

function conserved<R>(rows: readonly R[], pieces: Pieces<R>): void {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(shown(row), (counts.get(shown(row)) ?? 0) + 1);
  for (const row of pieces.flat()) counts.set(shown(row), (counts.get(shown(row)) ?? 0) - 1);
  for (const [row, n] of counts) {
    if (n > 0) throw new LawError('conservation', `the row ${row} is lost`);
    if (n < 0) throw new LawError('conservation', `the row ${row} comes out ${-n} times more often than it goes in`);
  }
}

function local<R>(inputs: readonly Pieces<R>[], key: (row: R) => unknown): void {
  const places = new Map<string, number>();
  for (const pieces of inputs) {
    for (const [p, piece] of pieces.entries()) {
      for (const row of piece) {
        const k = shown(key(row));
        const other = places.get(k) ?? p;
        if (other !== p)
          throw new LawError('key locality', `the key ${k} is in partition ${other} and in partition ${p}`);
        places.set(k, p);
      }
    }
  }
}

function inOrder<R>(rows: readonly R[], pieces: Pieces<R>, key: (row: R) => unknown): void {
  const of = (list: readonly R[]): Map<string, string[]> => {
    const byKey = new Map<string, string[]>();
    for (const row of list) {
      const k = shown(key(row));
      byKey.set(k, [...(byKey.get(k) ?? []), shown(row)]);
    }
    return byKey;
  };
  const before = of(rows);
  for (const [k, list] of of(pieces.flat())) {
    if (!same(list, before.get(k)))
      throw new LawError(
        'order',
        `rows of the key ${k} come as ${list.join(', ')}, and went in as ${before.get(k)?.join(', ')}`,
      );
  }
}

async function balanced<R>(
  partitioner: Partitioner<R>,
  laws: ShuffleLaws<R>,
  most: number,
  what: string,
): Promise<void> {
  const many = fc.array(laws.rows, { minLength: BALANCED_ROWS, maxLength: BALANCED_ROWS, size: 'max' });
  const cases = fc.record({ rows: many, partitions: fc.integer({ min: 2, max: laws.partitions ?? 8 }) });
  await holds(
    what,
    // Shrinking thousands of rows would tell nothing more.
    fc.noShrink(cases),
    ({ rows, partitions }) => {
      const seen = new Map<string, R>();
      for (const row of rows) seen.set(shown(laws.key(row)), row);
      if (seen.size < 50 * partitions) return;
      const sizes = split(partitioner, [...seen.values()], partitions).map((piece) => piece.length);
      const mean = seen.size / partitions;
      const fullest = Math.max(...sizes);
      if (fullest > most * mean)
        throw new LawError(
          'balance',
          `of ${seen.size} keys one of ${partitions} partitions has ${fullest}, ${(fullest / mean).toFixed(2)} times the mean; ${most} are allowed`,
        );
    },
    { ...laws, runs: Math.min(laws.runs ?? 200, 20) },
  );
}
