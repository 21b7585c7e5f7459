import { ALL_VALID } from '../batch/bitmap.ts';
import { exactColumn } from '../operators/number_store.ts';
import { T } from '../types.ts';
import type { Chunk, Evaluator } from './evaluator.ts';

/** Numbers that follow from where a row lies between the bounds of its partition and of its peers. */
type Numbers = (chunk: Chunk, out: Float64Array) => void;

const rowNumber: Numbers = ({ at, rows, partition }, out) => {
  for (let i = 0; i < rows; i++) out[i] = at + i - (partition.from[i] as number) + 1;
};

const rank: Numbers = ({ rows, partition, peers }, out) => {
  for (let i = 0; i < rows; i++) out[i] = (peers.from[i] as number) - (partition.from[i] as number) + 1;
};

const percentRank: Numbers = ({ rows, partition, peers }, out) => {
  for (let i = 0; i < rows; i++) {
    const first = partition.from[i] as number;
    const others = (partition.to[i] as number) - first - 1;
    out[i] = others === 0 ? 0 : ((peers.from[i] as number) - first) / others;
  }
};

const cumeDist: Numbers = ({ rows, partition, peers }, out) => {
  for (let i = 0; i < rows; i++) {
    const first = partition.from[i] as number;
    out[i] = ((peers.to[i] as number) - first) / ((partition.to[i] as number) - first);
  }
};

/** Counts the different peers from the beginning of the partition on, which may lie in an earlier chunk. */
function denseRank(): Numbers {
  let partitionAt = -1;
  let peersAt = -1;
  let current = 0;
  return ({ rows, partition, peers }, out) => {
    for (let i = 0; i < rows; i++) {
      const first = partition.from[i] as number;
      const own = peers.from[i] as number;
      if (first !== partitionAt) current = 1;
      else if (own !== peersAt) current++;
      partitionAt = first;
      peersAt = own;
      out[i] = current;
    }
  };
}

const ntile =
  (buckets: number): Numbers =>
  ({ at, rows, partition }, out) => {
    for (let i = 0; i < rows; i++) {
      const first = partition.from[i] as number;
      const size = (partition.to[i] as number) - first;
      const small = Math.floor(size / buckets);
      // The first `larger` parts have one row more.
      const larger = size % buckets;
      const row = at + i - first;
      const inLarger = larger * (small + 1);
      out[i] =
        1 +
        (row < inLarger ? Math.floor(row / (small + 1)) : larger + Math.floor((row - inLarger) / Math.max(1, small)));
    }
  };

const NUMBERS: Readonly<Record<string, (constant: number) => Numbers>> = {
  row_number: () => rowNumber,
  rank: () => rank,
  dense_rank: denseRank,
  percent_rank: () => percentRank,
  cume_dist: () => cumeDist,
  ntile,
};

/** null: not a function of this kind. */
export function rankingEvaluator(fn: string, constant: number | null): Evaluator | null {
  const make = NUMBERS[fn];
  if (make === undefined) return null;
  const numbers = make(constant ?? 0);
  const whole = fn !== 'percent_rank' && fn !== 'cume_dist';
  return {
    column(chunk, _frame, scratch) {
      const values = scratch.f64(chunk.rows);
      numbers(chunk, values);
      return whole
        ? exactColumn(T.int, values, chunk.rows, ALL_VALID, scratch)
        : { type: T.float, phys: 'f64', length: chunk.rows, ...ALL_VALID, values };
    },
    release() {},
  };
}
