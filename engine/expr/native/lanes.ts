import type { Expr } from '../../expr.ts';
import { Code, FunctionBuilder } from '../../wasm/assembler.ts';
import type { VectorOp } from '../../wasm/opcodes.ts';
import type { Part } from '../forms.ts';

/** Number of a local that holds a vector. */
export type V = number;

/** Rows that one turn of the loop computes: the lanes of a vector of 32-bit values; 64-bit values take two vectors. */
export const LANES = 4;

/** Bytes of an entry of the block. */
const ENTRY = 8;

/** An address that the block holds: of a part of a column, or of results by dictionary code. */
export interface NativeInput {
  readonly slot: number;
  readonly part: Part;
  readonly lifted: Expr | null;
}

/**
 * What an entry of the parameter block holds: the address of an input or of an output's values or validity, a constant of the user's (as the
 * 64 bits that it has in memory), or a word that the code gives back.
 */
export type Entry =
  | { readonly kind: 'input'; readonly input: NativeInput }
  | { readonly kind: 'output'; readonly output: number; readonly part: 'values' | 'validity' }
  | { readonly kind: 'select' }
  | { readonly kind: 'entries'; readonly slot: number }
  | { readonly kind: 'lastRow' }
  | { readonly kind: 'constant'; readonly bits: bigint }
  | { readonly kind: 'result'; readonly output: number; readonly what: 'nulls' | 'beyond32' | 'beyond53' };

/**
 * The function being written: `head` runs once, `body` once each four rows, straight through: both sides of a choice are computed and one is
 * selected. Constants and addresses come in by the parameter block, so that the same code serves every run of the same shape.
 */
export class Lanes {
  readonly fn = new FunctionBuilder(['i32', 'i32'], ['i32']);
  readonly head = new Code();
  readonly body = new Code();
  readonly entries: Entry[] = [];
  /** Parameter: address of the block. */
  readonly block = 0;
  /** Parameter: how many rows. */
  readonly rows = 1;
  /** First row of the turn. */
  readonly row: number;
  readonly dense: boolean;
  private readonly known = new Map<string, number>();

  constructor(dense: boolean) {
    this.dense = dense;
    this.row = this.fn.local('i32');
  }

  /** The local that `make` gives, made once for a key. */
  once(key: string, make: () => number): number {
    let local = this.known.get(key);
    if (local === undefined) {
      local = make();
      this.known.set(key, local);
    }
    return local;
  }

  /** Byte offset of an entry in the block. */
  entry(entry: Entry): number {
    return ENTRY * (this.entries.push(entry) - 1);
  }

  /** A vector computed in the body. */
  v(op: VectorOp, ...args: readonly V[]): V {
    for (const a of args) this.body.get(a);
    return this.keep(this.body.vector(op));
  }

  /** As `v`, shifted by a number of bits. */
  shift(op: VectorOp, a: V, bits: number): V {
    return this.keep(this.body.get(a).i32(bits).vector(op));
  }

  /** 32-bit words of two vectors: 0 to 3 of `a`, 4 to 7 of `b`. */
  words(a: V, b: V, picks: readonly [number, number, number, number]): V {
    const lanes = picks.flatMap((w) => [0, 1, 2, 3].map((k) => 4 * w + k));
    return this.keep(this.body.get(a).get(b).shuffle(lanes));
  }

  /** Puts what the body has left on the stack into a local. */
  keep(code: Code): V {
    const local = this.fn.local('v128');
    code.set(local);
    return local;
  }

  /** An i32 of the body. */
  scalar(code: Code): number {
    const local = this.fn.local('i32');
    code.set(local);
    return local;
  }

  /** A constant of ours in every 64-bit lane. */
  all64(bits: bigint): V {
    const lane = BigInt.asUintN(64, bits);
    return this.once(`c64:${lane}`, () =>
      this.keep(this.head.v128(new Uint8Array(BigUint64Array.of(lane, lane).buffer))),
    );
  }

  allF64(value: number): V {
    return this.all64(bitsOf(value));
  }

  /** A constant of ours in every 32-bit lane. */
  all32(value: number): V {
    const word = BigInt.asUintN(32, BigInt(value));
    return this.all64((word << 32n) | word);
  }

  ones(): V {
    return this.all64(-1n);
  }

  /** A constant of the user's in every 64-bit lane. */
  constant64(bits: bigint): V {
    return this.once(`p64:${bits}`, () => {
      const at = this.entry({ kind: 'constant', bits });
      return this.keep(this.head.get(this.block).vectorMemory('v128.load64_splat', at));
    });
  }

  constantF64(value: number): V {
    return this.constant64(bitsOf(value));
  }

  constant32(value: number): V {
    return this.once(`p32:${value}`, () => {
      const at = this.entry({ kind: 'constant', bits: BigInt.asUintN(32, BigInt(value)) });
      return this.keep(this.head.get(this.block).vectorMemory('v128.load32_splat', at));
    });
  }

  /** An address or a number from the block, as an i32. */
  word(key: string, entry: () => Entry): number {
    return this.once(`w:${key}`, () => {
      const at = this.entry(entry());
      return this.scalar(this.head.get(this.block).memory('i32.load', at));
    });
  }

  /** A vector that lives from turn to turn, zero at first. */
  running(): V {
    return this.fn.local('v128');
  }

  /** `into |= a`, from turn to turn. */
  gather(into: V, a: V): void {
    this.body.get(into).get(a).vector('v128.or').set(into);
  }

  /** Lanes that are rows: in the last turn some may lie beyond them. */
  live(): V {
    return this.once('live', () => {
      const first = this.once('lanes', () =>
        this.keep(this.head.v128(new Uint8Array(Int32Array.of(0, 1, 2, 3).buffer))),
      );
      const rows = this.once('rows', () => this.keep(this.head.get(this.rows).vector('i32x4.splat')));
      const numbers = this.keep(this.body.get(this.row).vector('i32x4.splat').get(first).vector('i32x4.add'));
      return this.v('i32x4.lt_s', numbers, rows);
    });
  }

  or(a: V | null, b: V | null): V | null {
    if (a === null || b === null) return a ?? b;
    return a === b ? a : this.v('v128.or', a, b);
  }

  /** `a` without `b`. */
  without(a: V | null, b: V | null): V | null {
    return a === null || b === null ? a : this.v('v128.andnot', a, b);
  }

  and(a: V | null, b: V): V | null {
    return a === null ? null : this.v('v128.and', a, b);
  }

  /** `a` where the mask is set, `b` elsewhere. */
  pick(mask: V, a: V, b: V): V {
    return a === b ? a : this.v('v128.bitselect', a, b, mask);
  }

  /** As `pick`, for masks of which null stands for none. */
  pickMask(mask: V, a: V | null, b: V | null): V | null {
    if (a === null) return this.without(b, mask);
    return b === null ? this.and(a, mask) : this.pick(mask, a, b);
  }
}

const floats = new Float64Array(1);
const floatBits = new BigUint64Array(floats.buffer);

export function bitsOf(value: number): bigint {
  floats[0] = value;
  return floatBits[0] as bigint;
}
