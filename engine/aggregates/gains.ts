import { ALL_VALID } from '../batch/bitmap.ts';
import type { Column } from '../batch/column.ts';
import type { FloatLanes, Gain } from '../expr/native/fold.ts';
import type { DataType } from '../types.ts';
import { T } from '../types.ts';
import { binaryExponent, type DD, ddAdd, lowestBit } from './double_double.ts';

/** What native code gathered for a group, as columns of partial states with one row. */

/** Double-doubles hold about so many bits behind the highest one of a sum. */
const HELD_BITS = 102;

/**
 * The sum of floats; null when the order of its terms may show: where they, with a sum so far, are not all multiples of one power of two within the reach
 * of double-doubles. Within it no addition rounds, so that any order gives the very same parts.
 */
export function floatSum({ sums, most, least }: FloatLanes, terms: number, [high, low]: DD): DD | null {
  const bound = Math.abs(high) + terms * most;
  if (!(bound < Number.POSITIVE_INFINITY) || !sums.every(Number.isFinite)) return null;
  const bits = [high, low].filter((x) => x !== 0).map(lowestBit);
  const finest = Math.min(...bits, ...(most === 0 ? [] : [binaryExponent(least) - 52]));
  if (bound !== 0 && binaryExponent(bound) + 1 > finest + HELD_BITS) return null;
  // The vectors are: high parts of two lanes, their low parts, then those of the other two.
  const lanes = [0, 1, 4, 5].map((k): DD => [sums[k] as number, sums[k + 2] as number]);
  const [hi, lo] = lanes.reduce(ddAdd);
  return [hi, lo + 0];
}

export function intSumState(sum: bigint, limbs: number): Column[] {
  const parts = [Number(BigInt.asUintN(52, sum)), Number(sum >> 52n), 0];
  return parts.slice(0, limbs).map(float);
}

export function floatSumState([hi, lo]: DD): Column[] {
  return [float(hi), float(lo)];
}

/** A sum of ints as a double-double. */
export function intAsFloats(sum: bigint): DD {
  const hi = Number(sum);
  return [hi, Number(sum - BigInt(hi))];
}

export function countState(count: number): Column {
  return { type: T.int, phys: 'i32', length: 1, ...ALL_VALID, values: Int32Array.of(count) };
}

/** An extreme, as a column of its type. */
export function valueState(type: DataType, gain: Gain): Column | null {
  const base = { type, length: 1, ...ALL_VALID };
  if (gain.rep === 'f64') return { ...base, phys: 'f64', values: Float64Array.of(gain.value) };
  if (gain.rep !== 'int') return null;
  const v = gain.value;
  if (type.kind === 'date') return { ...base, phys: 'i32', values: Int32Array.of(Number(v)) };
  const wide = v > BigInt(Number.MAX_SAFE_INTEGER) || v < -BigInt(Number.MAX_SAFE_INTEGER);
  return { ...base, phys: 'i64', values: BigInt64Array.of(v), wide };
}

function float(value: number): Column {
  return { type: T.float, phys: 'f64', length: 1, ...ALL_VALID, values: Float64Array.of(value) };
}
