import { EngineBug } from '../errors.ts';
import type { LateArray } from '../tasks/late_array.ts';
import { addChecksums, type Checksum } from './checksum.ts';
import { joinTyped } from './pieces.ts';
import {
  checkPartition,
  checkRange,
  checksumOf,
  checksumOfMade,
  type MadeRows,
  makeRows,
  type RangeCheck,
  sampleKeys,
  sortRows,
  splitMade,
  splitMadeByRange,
  splitRows,
} from './rows.ts';

/** The functions of `flowc shuffle` and `flowc sort-bench`, as tasks. */

type Rows = BigUint64Array;

export function make(rows: MadeRows): LateArray {
  return makeRows(rows);
}

export function mapMade(rows: MadeRows, partitions: number): LateArray[] {
  return splitMade(rows, partitions);
}

export function mapRows(rows: Rows, partitions: number): LateArray[] {
  return splitRows(rows, partitions);
}

/** What a partition comes down to. */
export interface PartitionSum {
  readonly sum: Checksum;
  /** Rows that belong elsewhere; 0 where nobody looked. */
  readonly strangers: number;
}

export function foldPieces(
  pieces: readonly Rows[],
  _partition: number,
  before: PartitionSum | undefined,
): PartitionSum {
  return added(before, { sum: checksumOf(pieces), strangers: 0 });
}

/** As foldPieces, and looks where each row belongs. */
export function checkPieces(
  pieces: readonly Rows[],
  partition: number,
  before: PartitionSum | undefined,
  partitions: number,
): PartitionSum {
  return added(before, checkPartition(pieces, partitions, partition));
}

function added(a: PartitionSum | undefined, b: PartitionSum): PartitionSum {
  return a === undefined ? b : { sum: addChecksums(a.sum, b.sum), strangers: a.strangers + b.strangers };
}

export function keepPieces(pieces: readonly Rows[]): LateArray | Rows {
  return pieces.length === 0 ? new BigUint64Array() : joinTyped(pieces);
}

export function expected(rows: MadeRows): Checksum {
  return checksumOfMade(rows);
}

export function sample(rows: MadeRows, step: number): Rows {
  return sampleKeys(rows, step);
}

export interface RangeInput {
  readonly rows: MadeRows;
  readonly bounds: Rows;
}

export function mapRange({ rows, bounds }: RangeInput, partitions: number): LateArray[] {
  if (bounds.length + 1 !== partitions) throw new EngineBug(`${bounds.length} bounds do not make ${partitions} ranges`);
  return splitMadeByRange(rows, bounds);
}

export function sortPieces(pieces: readonly Rows[]): LateArray {
  return sortRows(pieces);
}

export function checkSorted(rows: Rows): RangeCheck {
  return checkRange(rows);
}
