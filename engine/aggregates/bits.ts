import { setBit } from '../batch/bitmap.ts';
import type { Column } from '../batch/column.ts';
import { narrowI64, wordsOf } from '../batch/ints.ts';
import type { Scratch } from '../memory/types.ts';
import type { Vector } from '../memory/vector.ts';
import { i32Vector, u8Vector } from '../memory/vector.ts';
import type { Store } from '../store/types.ts';
import type { DataType } from '../types.ts';
import { field, T } from '../types.ts';
import type { Accumulator, AggregateDef, ResolvedAggregate } from './def.ts';
import { validRows } from './numbers.ts';

type Fold = (a: number, b: number) => number;

/** The bits of 64-bit ints of a group together, as two words. */
class Bits implements Accumulator {
  private readonly low: Vector<Int32Array>;
  private readonly high: Vector<Int32Array>;
  private readonly seen: Vector<Uint8Array>;
  private readonly fold: Fold;
  private readonly start: number;

  constructor(store: Store, fold: Fold, start: number) {
    this.low = i32Vector(store, 'bits');
    this.high = i32Vector(store, 'bits');
    this.seen = u8Vector(store, 'bits');
    this.fold = fold;
    this.start = start;
  }

  bytes(): number {
    return this.low.bytes + this.high.bytes + this.seen.bytes;
  }

  grow(groups: number): void {
    this.low.grow(groups, this.start);
    this.high.grow(groups, this.start);
    this.seen.grow(groups, 0);
  }

  add(groups: Uint32Array, rows: number, args: readonly Column[]): void {
    const col = args[0] as Column;
    const v = validRows(groups, rows, args);
    if (col.phys !== 'i32' && col.phys !== 'i64') return;
    const wide = col.phys === 'i64';
    const words = wide ? wordsOf(col.values) : col.values;
    const { fold } = this;
    const [low, high, seen] = [this.low.data, this.high.data, this.seen.data];
    for (let i = 0; i < v.n; i++) {
      const g = v.groups[i] as number;
      const row = v.rows === null ? i : (v.rows[i] as number);
      const l = words[wide ? 2 * row : row] as number;
      low[g] = fold(low[g] as number, l);
      high[g] = fold(high[g] as number, wide ? (words[2 * row + 1] as number) : l >> 31);
      seen[g] = 1;
    }
  }

  merge(groups: Uint32Array, rows: number, state: readonly Column[]): void {
    this.add(groups, rows, state);
  }

  states(order: Uint32Array, n: number, scratch: Scratch): readonly Column[] {
    return [this.values(order, n, scratch)];
  }

  values(order: Uint32Array, n: number, scratch: Scratch): Column {
    const values = scratch.i64(n);
    const words = wordsOf(values);
    const validity = scratch.bitmap(n, false);
    let nullCount = 0;
    for (let i = 0; i < n; i++) {
      const g = order[i] as number;
      const there = this.seen.data[g] === 1;
      if (there) setBit(validity, i);
      else nullCount++;
      words[2 * i] = there ? (this.low.data[g] as number) : 0;
      words[2 * i + 1] = there ? (this.high.data[g] as number) : 0;
    }
    const valid = { validity: nullCount === 0 ? null : validity, nullCount };
    return narrowI64(T.int, values, n, valid, scratch);
  }

  clear(): void {
    for (const v of [this.low, this.high, this.seen]) v.length = 0;
  }

  free(): void {
    for (const v of [this.low, this.high, this.seen]) v.free();
  }
}

function bits([type, ...more]: readonly DataType[], fold: Fold, start: number): ResolvedAggregate | null {
  if (more.length > 0 || (type?.kind !== 'int' && type?.kind !== 'null')) return null;
  return { type: T.int, nullable: true, state: [field('s0', T.int)], create: (store) => new Bits(store, fold, start) };
}

const entry = (name: string, doc: string, example: string, fold: Fold, start: number): AggregateDef => ({
  name,
  doc,
  signature: `${name}(x: int) -> int?`,
  example,
  resolve: (args) => bits(args, fold, start),
});

export const BIT_FOLDS: readonly AggregateDef[] = [
  entry(
    'bit_and',
    'The bits that all values have set; null when there are none.',
    'summarize common = bit_and(flags) by host',
    (a, b) => a & b,
    -1,
  ),
  entry(
    'bit_or',
    'The bits that some value has set; null when there are none.',
    'summarize some = bit_or(flags) by host',
    (a, b) => a | b,
    0,
  ),
  entry(
    'bit_xor',
    'The bits that an odd number of values has set; null when there are none.',
    'summarize parity = bit_xor(flags) by host',
    (a, b) => a ^ b,
    0,
  ),
];
