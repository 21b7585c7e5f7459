import type { Column, I32Column } from '../batch/column.ts';
import { bitmapAt, kernelsFor } from '../kernels/load.ts';
import type { Vector } from '../memory/vector.ts';
import { f64Vector, u32Vector } from '../memory/vector.ts';
import type { Store } from '../store/types.ts';
import type { DoubleDoubles } from './double_double.ts';

/** Integers below it are exact as doubles. */
const EXACT_END = 2 ** 53;
/** Few rows are not worth a table of their own. */
const LEAST_ROWS = 64;

/**
 * Count and sums of moments of 32-bit ints, as plain doubles in one record a group: that is a line of the cache for a row where the double-doubles are eleven. All is exact as long
 * as no sum can pass 2^53, which the range of the values tells. `settle` adds the records to double-doubles; these hold the sums of integers alone then, exactly, so that
 * they are, to the last bit, what adding row by row makes of them. That ends with the first batch of another kind.
 */
export class SmallMoments {
  /** Doubles of a record: count, x, xx, and for two arguments y, yy, xy. */
  readonly #width: number;
  readonly #records: Vector<Float64Array>;
  readonly #range: Vector<Uint32Array>;
  /** No sum in the records lies beyond. */
  #bound = 0;
  #left = false;

  constructor(store: Store, args: number) {
    this.#width = args === 1 ? 3 : 6;
    this.#records = f64Vector(store, 'moments');
    this.#range = u32Vector(store, 'moments');
  }

  bytes(): number {
    return this.#records.bytes;
  }

  /** Adds rows to groups below `count`; false where it is not for the records to do. `settle` is called before sums could pass 2^53. */
  add(groups: Uint32Array, rows: number, args: readonly Column[], count: number, settle: () => void): boolean {
    // Where nearly every row is a group of its own, records are a detour.
    if (this.#left || (this.#records.length === 0 && (rows <= count || rows < LEAST_ROWS))) return false;
    const [x, y = x] = args;
    if (x?.phys !== 'i32' || y?.phys !== 'i32') return false;
    const most = this.#greatest([x, y], rows);
    if (most === null) return false;
    const adds = rows * Math.max(1, most * most);
    if (adds >= EXACT_END) return false;
    if (this.#bound + adds >= EXACT_END) settle();
    this.#records.grow(count * this.#width, 0);
    const records = this.#records.data;
    const k = kernelsFor(records, groups, x.values, x.validity, y.values, y.validity);
    if (k === null) return false;
    const at = [groups.byteOffset, rows, records.byteOffset, x.values.byteOffset, bitmapAt(x.validity)] as const;
    if (args.length === 1) k.fold_small_1(...at);
    else k.fold_small_2(...at, y.values.byteOffset, bitmapAt(y.validity));
    this.#bound += adds;
    return true;
  }

  /** The greatest distance of a value from 0; null where kernels do not reach the columns. */
  #greatest(cols: readonly I32Column[], rows: number): number | null {
    this.#range.reserve(2);
    const range = this.#range.data;
    const ends = new Int32Array(range.buffer, range.byteOffset, 2);
    let most = 0;
    for (const { values, validity } of new Set(cols)) {
      const k = kernelsFor(range, values, validity);
      if (k === null) return null;
      k.group_range(values.byteOffset, bitmapAt(validity), rows, range.byteOffset);
      const [low, high] = ends as unknown as [number, number];
      if (low <= high) most = Math.max(most, -low, high);
    }
    return most;
  }

  /** Moves what the records hold to the counts and sums, which have room for all groups: x, xx, and for two arguments y, yy, xy. */
  settle(counts: Float64Array, sums: readonly DoubleDoubles[]): void {
    if (this.#bound === 0) return;
    const width = this.#width;
    const records = this.#records.data;
    const groups = this.#records.length / width;
    const ids = new Uint32Array(groups);
    let n = 0;
    for (let g = 0; g < groups; g++) {
      const count = records[g * width] as number;
      if (count === 0) continue;
      counts[g] = (counts[g] as number) + count;
      ids[n++] = g;
    }
    const values = new Float64Array(n);
    sums.forEach((sum, s) => {
      for (let i = 0; i < n; i++) values[i] = records[(ids[i] as number) * width + s + 1] as number;
      sum.add(ids, values, n);
    });
    records.fill(0, 0, groups * width);
    this.#bound = 0;
  }

  /** Takes no more rows: sums are not of small ints alone any more. */
  leave(): void {
    this.#left = true;
    this.#records.free();
  }

  clear(): void {
    this.#left = false;
    this.#bound = 0;
    this.#records.length = 0;
  }

  free(): void {
    this.clear();
    this.#records.free();
    this.#range.free();
  }
}
