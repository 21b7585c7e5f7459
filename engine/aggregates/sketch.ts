import { getBit } from '../batch/bitmap.ts';
import type { Column } from '../batch/column.ts';
import { MAX_OFFSET, tooLong } from '../batch/gather.ts';
import { hashColumns } from '../batch/hash.ts';
import type { Scratch } from '../memory/types.ts';
import type { Vector } from '../memory/vector.ts';
import { i32Vector, u8Vector, u32Vector } from '../memory/vector.ts';
import { exactColumn } from '../operators/number_store.ts';
import type { Store } from '../store/types.ts';
import { field, T } from '../types.ts';
import type { Accumulator, AggregateDef } from './def.ts';

/** 2^12 registers: a standard error of 1.6 %. */
const INDEX_BITS = 12;
const REGISTERS = 1 << INDEX_BITS;
/** Bits of a hash behind the index, and so the highest rank less one. */
const TAIL_BITS = 32 - INDEX_BITS;
/** A group with this many registers set or fewer keeps them as a short list. */
const SPARSE = 32;
/** Bytes of one register in a sparse state: index (2), rank. */
const SPARSE_BYTES = 3;
/** Entries of the list hold rank + 32 * index. */
const RANK = 32;

/**
 * HyperLogLog over the engine's 32-bit hashes. The registers are the same whatever the order and grouping of the rows, and the estimate is computed from
 * them alone, so that the result is deterministic. Few registers lie in a list a group, many in a block of 4 KiB.
 */
class Sketches implements Accumulator {
  private readonly list: Vector<Uint32Array>;
  private readonly used: Vector<Uint8Array>;
  /** Number of a group's block, or -1. */
  private readonly block: Vector<Int32Array>;
  private readonly registers: Vector<Uint8Array>;
  private blocks = 0;
  private hashes = new Uint32Array(0);

  constructor(store: Store) {
    this.list = u32Vector(store, 'sketch');
    this.used = u8Vector(store, 'sketch');
    this.block = i32Vector(store, 'sketch');
    this.registers = u8Vector(store, 'sketch');
  }

  bytes(): number {
    return this.list.bytes + this.used.bytes + this.block.bytes + this.registers.bytes;
  }

  grow(groups: number): void {
    this.list.grow(groups * SPARSE, 0);
    this.used.grow(groups, 0);
    this.block.grow(groups, -1);
  }

  add(groups: Uint32Array, rows: number, args: readonly Column[]): void {
    const col = args[0] as Column;
    if (col.phys === 'null') return;
    if (this.hashes.length < rows) this.hashes = new Uint32Array(rows);
    const hashes = this.hashes;
    hashColumns([col], rows, hashes);
    const bits = col.validity;
    for (let i = 0; i < rows; i++) {
      if (bits !== null && !getBit(bits, i)) continue;
      const h = hashes[i] as number;
      const rank = Math.min(Math.clz32(h << INDEX_BITS), TAIL_BITS) + 1;
      this.raise(groups[i] as number, h >>> TAIL_BITS, rank);
    }
  }

  private raise(g: number, index: number, rank: number): void {
    const b = this.block.data[g] as number;
    if (b >= 0) {
      const at = b * REGISTERS + index;
      if ((this.registers.data[at] as number) < rank) this.registers.data[at] = rank;
      return;
    }
    const list = this.list.data;
    const from = g * SPARSE;
    const n = this.used.data[g] as number;
    for (let k = from; k < from + n; k++) {
      const e = list[k] as number;
      if (Math.floor(e / RANK) !== index) continue;
      if (e % RANK < rank) list[k] = index * RANK + rank;
      return;
    }
    if (n < SPARSE) {
      list[from + n] = index * RANK + rank;
      this.used.data[g] = n + 1;
      return;
    }
    this.spread(g);
    this.raise(g, index, rank);
  }

  /** Moves a group's list to a block. */
  private spread(g: number): void {
    const b = this.blocks++;
    this.registers.grow(this.blocks * REGISTERS, 0);
    for (let k = 0; k < SPARSE; k++) {
      const e = this.list.data[g * SPARSE + k] as number;
      this.registers.data[b * REGISTERS + Math.floor(e / RANK)] = e % RANK;
    }
    this.block.data[g] = b;
  }

  merge(groups: Uint32Array, rows: number, state: readonly Column[]): void {
    const col = state[0] as Column;
    if (col.phys !== 'utf8') return;
    const { offsets, bytes } = col;
    for (let i = 0; i < rows; i++) {
      const g = groups[i] as number;
      const from = offsets[i] as number;
      const to = offsets[i + 1] as number;
      if (to - from === REGISTERS) {
        for (let k = 0; k < REGISTERS; k++) if (bytes[from + k] !== 0) this.raise(g, k, bytes[from + k] as number);
        continue;
      }
      for (let k = from; k < to; k += SPARSE_BYTES)
        this.raise(g, (bytes[k] as number) | ((bytes[k + 1] as number) << 8), bytes[k + 2] as number);
    }
  }

  states(order: Uint32Array, n: number, scratch: Scratch): readonly Column[] {
    const offsets = scratch.i32(n + 1);
    let total = 0;
    offsets[0] = 0;
    for (let i = 0; i < n; i++) {
      const g = order[i] as number;
      total += (this.block.data[g] as number) >= 0 ? REGISTERS : (this.used.data[g] as number) * SPARSE_BYTES;
      if (total > MAX_OFFSET) throw tooLong('The sketches');
      offsets[i + 1] = total;
    }
    const bytes = scratch.u8(total);
    for (let i = 0; i < n; i++) {
      const g = order[i] as number;
      const b = this.block.data[g] as number;
      let at = offsets[i] as number;
      if (b >= 0) {
        bytes.set(this.registers.data.subarray(b * REGISTERS, (b + 1) * REGISTERS), at);
        continue;
      }
      for (let k = 0; k < (this.used.data[g] as number); k++) {
        const e = this.list.data[g * SPARSE + k] as number;
        const index = Math.floor(e / RANK);
        bytes[at++] = index & 0xff;
        bytes[at++] = index >> 8;
        bytes[at++] = e % RANK;
      }
    }
    return [{ type: T.bytes, phys: 'utf8', length: n, nullCount: 0, validity: null, offsets, bytes }];
  }

  values(order: Uint32Array, n: number, scratch: Scratch): Column {
    const values = scratch.f64(n);
    const histogram = new Float64Array(TAIL_BITS + 2);
    for (let i = 0; i < n; i++) {
      this.count(order[i] as number, histogram);
      values[i] = estimate(histogram);
    }
    return exactColumn(T.int, values, n, { validity: null, nullCount: 0 }, scratch);
  }

  /** How many registers hold each rank. */
  private count(g: number, histogram: Float64Array): void {
    histogram.fill(0);
    const b = this.block.data[g] as number;
    const bump = (rank: number): void => {
      histogram[rank] = (histogram[rank] as number) + 1;
    };
    if (b >= 0) {
      for (let k = b * REGISTERS; k < (b + 1) * REGISTERS; k++) bump(this.registers.data[k] as number);
      return;
    }
    const n = this.used.data[g] as number;
    histogram[0] = REGISTERS - n;
    for (let k = g * SPARSE; k < g * SPARSE + n; k++) bump((this.list.data[k] as number) % RANK);
  }

  clear(): void {
    for (const v of [this.list, this.used, this.block, this.registers]) v.length = 0;
    this.blocks = 0;
  }

  free(): void {
    this.clear();
    for (const v of [this.list, this.used, this.block, this.registers]) v.free();
  }
}

/** Ertl's estimator, without bias from the smallest to the largest counts, then corrected for values that share a 32-bit hash. */
function estimate(histogram: Float64Array): number {
  const m = REGISTERS;
  let z = m * tau(1 - (histogram[TAIL_BITS + 1] as number) / m);
  for (let k = TAIL_BITS; k >= 1; k--) z = 0.5 * (z + (histogram[k] as number));
  z += m * sigma((histogram[0] as number) / m);
  const hashes = (m * m) / (2 * Math.LN2 * z);
  const share = hashes / 4294967296;
  return Math.round(share < 0.999 ? -4294967296 * Math.log1p(-share) : hashes);
}

function sigma(start: number): number {
  if (start === 1) return Number.POSITIVE_INFINITY;
  let x = start;
  let y = 1;
  let z = x;
  for (;;) {
    x *= x;
    const before = z;
    z += x * y;
    y += y;
    if (z === before) return z;
  }
}

function tau(start: number): number {
  if (start === 0 || start === 1) return 0;
  let x = start;
  let y = 1;
  let z = 1 - x;
  for (;;) {
    x = Math.sqrt(x);
    const before = z;
    y *= 0.5;
    z -= (1 - x) ** 2 * y;
    if (z === before) return z / 3;
  }
}

export const SKETCHES: readonly AggregateDef[] = [
  {
    name: 'approx_count_distinct',
    doc: 'About the number of different values that are not null, in little memory: the standard error is 1.6 %. The same data always give the same answer.',
    signature: 'approx_count_distinct(x: any) -> int',
    example: 'summarize visitors = approx_count_distinct(ip) by page',
    resolve: (args) =>
      args.length === 1
        ? { type: T.int, nullable: false, state: [field('s0', T.bytes, false)], create: (store) => new Sketches(store) }
        : null,
  },
];
