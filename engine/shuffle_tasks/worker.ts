import { RunError } from '../errors.ts';
import { loadFunction } from '../tasks/functions.ts';
import { LateArray, lateArrays, limitInline } from '../tasks/late_array.ts';
import type { FunctionSource } from '../tasks/types.ts';
import { joinPieces, type Tally, tallyOf, totalOf } from './pieces.ts';

/** The worker's half of a shuffle: tasks that call the user's functions, count what passes, and put pieces together. */

/** Rows, then bytes, of each partition in what a map gave. Filled when the pieces are: until then the size of some may not be known. */
export type MapTally = Float64Array;

type MapFunction = (input: unknown, partitions: number, index: number) => unknown;
type ReduceFunction = (pieces: readonly unknown[], partition: number, before: unknown, partitions: number) => unknown;

/** Bytes of a tally, about; it stays outside the store, as the driver looks at it at once. Pieces do not: there are many. */
const tallyBytes = (partitions: number): number => 256 + 24 * partitions;

const known = new Map<string, unknown>();

/** By its text: the source comes with every call, as another object each time. */
async function functionOf<F>(source: FunctionSource): Promise<F> {
  const key = source.kind === 'module' ? `${source.url}#${source.name}` : source.code;
  if (!known.has(key)) known.set(key, await loadFunction(source));
  return known.get(key) as F;
}

/**
 * One map task. `groups`: first partition of each result, and behind the last one their number. A result is the piece of its partition, or, where `listed`, the
 * array of the pieces of its group.
 * @returns the tally, then the results
 */
export async function mapTask(
  source: FunctionSource,
  input: unknown,
  index: number,
  groups: readonly number[],
  listed: boolean,
  width: number,
): Promise<unknown[]> {
  const partitions = groups[groups.length - 1] as number;
  const map = await functionOf<MapFunction>(source);
  const pieces = await map(input, partitions, index);
  if (!Array.isArray(pieces) || pieces.length !== partitions) {
    const got = Array.isArray(pieces) ? `${pieces.length} values` : `a value of type ${typeof pieces}`;
    throw new RunError('FLOW7013', `the map of a shuffle must return ${partitions} pieces, but returned ${got}`);
  }
  const tally = mapTally(pieces, width);
  const results = listed ? groups.slice(1).map((end, g) => pieces.slice(groups[g], end)) : pieces;
  return limitInline([tally, ...results], tallyBytes(partitions));
}

function mapTally(pieces: readonly unknown[], width: number): LateArray {
  const fill = ([into]: readonly Uint8Array[]): void => {
    const { buffer, byteOffset, length } = into as Uint8Array;
    const words = new DataView(buffer, byteOffset, length);
    pieces.forEach((p, i) => {
      const { rows, bytes } = tallyOf(p, width);
      words.setFloat64(8 * i, rows, true);
      words.setFloat64(8 * (pieces.length + i), bytes, true);
    });
  };
  const late = pieces.filter((p) => p instanceof LateArray);
  return lateArrays(new Float64Array(), [16 * pieces.length], fill, late)[0] as LateArray;
}

/**
 * Puts the pieces of a round's maps together: `groups[m][p]` is the piece of map m for the p-th partition of this group.
 * @returns the tally of all, then a list of pieces for each partition
 */
export function mergeTask(width: number, ...groups: readonly (readonly unknown[])[]): unknown[] {
  const count = groups[0]?.length ?? 0;
  const merged = Array.from({ length: count }, (_, p) => joinPieces(groups.map((g) => g[p])));
  return limitInline([tallyOfAll(merged.flat(1), width), ...merged], tallyBytes(1));
}

function tallyOfAll(pieces: readonly unknown[], width: number): Tally {
  return totalOf(pieces.map((p) => tallyOf(p, width)));
}

/**
 * One step of a reduce. `listed`: each of `given` is a list of pieces. `before`: what the step before gave.
 * @returns the tally of the pieces, then what the function made of them
 */
export async function reduceTask(
  source: FunctionSource,
  partition: number,
  partitions: number,
  listed: boolean,
  width: number,
  before: unknown,
  ...given: readonly unknown[]
): Promise<[Tally, unknown]> {
  const pieces = listed ? given.flat(1) : given;
  const reduce = await functionOf<ReduceFunction>(source);
  return [tallyOfAll(pieces, width), await reduce(pieces, partition, before, partitions)];
}
