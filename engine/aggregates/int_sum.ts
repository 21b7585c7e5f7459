import { setBit } from '../batch/bitmap.ts';
import type { Column } from '../batch/column.ts';
import { narrowI64, narrowI128, wordsOf } from '../batch/ints.ts';
import { RunError } from '../errors.ts';
import type { Scratch } from '../memory/types.ts';
import type { Vector } from '../memory/vector.ts';
import { f64Vector } from '../memory/vector.ts';
import { exactColumn } from '../operators/number_store.ts';
import type { Store } from '../store/types.ts';
import type { DataType } from '../types.ts';
import { formatType } from '../types.ts';
import type { Accumulator } from './def.ts';
import { floatColumn } from './double_double.ts';
import { foldInts, foldLimbs, foldTriples, sumsOf } from './folds.ts';
import { doublesOf, isWide, slot, validRows } from './numbers.ts';

/** Limbs are exact integers in doubles; a limb is brought back below this after each addition. */
const LIMB = 2 ** 52;
const TWO32 = 4294967296;
const EXACT = Number.MAX_SAFE_INTEGER;

/**
 * Exact sums of ints and decimals: lo + mid * 2^52 + top * 2^104, each limb a double. The range is far beyond that of the result, so whether a sum
 * overflows is decided on the total alone, never on a partial sum. A `lo` of -0 marks a sum without terms (adding never leaves one behind).
 */
export class IntSum implements Accumulator {
  private readonly lo: Vector<Float64Array>;
  private readonly mid: Vector<Float64Array>;
  private readonly top: Vector<Float64Array>;
  private readonly result: DataType;
  /** Three limbs travel when the argument may have 128 bits, otherwise two. */
  private readonly limbs: 2 | 3;

  constructor(store: Store, result: DataType, limbs: 2 | 3) {
    this.lo = f64Vector(store, 'sum');
    this.mid = f64Vector(store, 'sum');
    this.top = f64Vector(store, 'sum');
    this.result = result;
    this.limbs = limbs;
  }

  bytes(): number {
    return this.lo.bytes + this.mid.bytes + this.top.bytes;
  }

  grow(groups: number): void {
    this.lo.grow(groups, -0);
    this.mid.grow(groups, 0);
    if (this.limbs === 3) this.top.grow(groups, 0);
  }

  add(groups: Uint32Array, rows: number, args: readonly Column[]): void {
    const col = args[0] as Column;
    if (this.folded(groups, rows, col)) return;
    if (col.phys === 'i32' && col.validity === null) {
      addSmall(this.lo.data, this.mid.data, groups, col.values, rows);
      return;
    }
    const v = validRows(groups, rows, [col]);
    if (!isWide(col)) {
      if (col.phys === 'i32') addSmall(this.lo.data, this.mid.data, v.groups, doublesOf(col, v, 0), v.n);
      else this.addLimbs(v.groups, ...splitDoubles(doublesOf(col, v, 0), v.n), null, v.n);
      return;
    }
    if (col.phys !== 'i64' && col.phys !== 'i128') return;
    const w = wordsOf(col.values);
    const low = slot(0, v.n);
    const mid = slot(1, v.n);
    const top = col.phys === 'i128' ? slot(2, v.n) : null;
    for (let i = 0; i < v.n; i++) {
      const r = v.rows === null ? i : (v.rows[i] as number);
      if (top === null) {
        const hi = w[2 * r + 1] as number;
        low[i] = (hi & 0xfffff) * TWO32 + ((w[2 * r] as number) >>> 0);
        mid[i] = hi >> 20;
      } else {
        const w1 = w[4 * r + 1] as number;
        const w3 = w[4 * r + 3] as number;
        low[i] = (w1 & 0xfffff) * TWO32 + ((w[4 * r] as number) >>> 0);
        mid[i] = (w1 >>> 20) + ((w[4 * r + 2] as number) >>> 0) * 4096 + (w3 & 0xff) * (4096 * TWO32);
        top[i] = w3 >> 8;
      }
    }
    this.addLimbs(v.groups, low, mid, top, v.n);
  }

  private folded(groups: Uint32Array, rows: number, col: Column): boolean {
    const lo = this.lo.data;
    const mid = this.mid.data;
    if (this.limbs === 2) return foldInts(groups, rows, col, lo, mid);
    return foldTriples(groups, rows, col, lo, mid, this.top.data);
  }

  private addLimbs(
    groups: Uint32Array,
    low: Float64Array,
    mid: Float64Array,
    top: Float64Array | null,
    n: number,
  ): void {
    const lo = this.lo.data;
    const mi = this.mid.data;
    const to = this.top.data;
    for (let i = 0; i < n; i++) {
      const g = groups[i] as number;
      let l = (lo[g] as number) + (low[i] as number);
      let m = mid[i] as number;
      if (l > LIMB || l < -LIMB) {
        const carry = Math.trunc(l / LIMB);
        l -= carry * LIMB;
        m += carry;
      }
      lo[g] = l;
      m += mi[g] as number;
      if (this.limbs === 3) {
        const carry = Math.trunc(m / LIMB);
        m -= carry * LIMB;
        to[g] = (to[g] as number) + carry + (top === null ? 0 : (top[i] as number));
      }
      mi[g] = m;
    }
  }

  merge(groups: Uint32Array, rows: number, state: readonly Column[]): void {
    const limb = (k: number): Float64Array => (state[k] as Column & { phys: 'f64' }).values;
    if (this.limbs === 2) {
      const [lo, mid] = [this.lo.data, this.mid.data];
      if (!foldLimbs(groups, rows, limb(0), limb(1), lo, mid)) mergePairs(lo, mid, groups, limb(0), limb(1), rows);
    } else mergeTriples(this.lo.data, this.mid.data, this.top.data, groups, [limb(0), limb(1), limb(2)], rows);
  }

  states(order: Uint32Array, n: number, scratch: Scratch): readonly Column[] {
    const out = [floatColumn(this.lo.data, order, n, scratch), floatColumn(this.mid.data, order, n, scratch)];
    if (this.limbs === 3) out.push(floatColumn(this.top.data, order, n, scratch));
    return out;
  }

  values(order: Uint32Array, n: number, scratch: Scratch): Column {
    const sums = this.limbs === 2 ? sumsOf(this.lo.data, this.mid.data, order, n, scratch) : null;
    if (sums !== null) return exactColumn(this.result, sums.exact, n, sums.valid, scratch);
    const exact = scratch.f64(n);
    let nullCount = 0;
    let beyond = false;
    for (let i = 0; i < n; i++) {
      const g = order[i] as number;
      const l = this.lo.data[g] as number;
      if (Object.is(l, -0)) nullCount++;
      const v =
        (this.limbs === 3 ? (this.top.data[g] as number) : 0) * (LIMB * LIMB) + (this.mid.data[g] as number) * LIMB + l;
      if (v > EXACT || v < -EXACT) beyond = true;
      exact[i] = v + 0;
    }
    const validity = nullCount === 0 ? null : scratch.bitmap(n, false);
    if (validity !== null)
      for (let i = 0; i < n; i++) if (!Object.is(this.lo.data[order[i] as number], -0)) setBit(validity, i);
    const valid = { validity, nullCount };
    if (!beyond) return exactColumn(this.result, exact, n, valid, scratch);
    return this.bigValues(order, n, valid, scratch);
  }

  private bigValues(
    order: Uint32Array,
    n: number,
    valid: { validity: Uint8Array | null; nullCount: number },
    scratch: Scratch,
  ): Column {
    const { result } = this;
    const step = result.kind === 'int' ? 1 : 2;
    const max = result.kind === 'decimal' ? 10n ** BigInt(result.precision) - 1n : (1n << 63n) - 1n;
    const min = result.kind === 'decimal' ? -max : -max - 1n;
    const values = scratch.i64(n * step);
    for (let i = 0; i < n; i++) {
      const g = order[i] as number;
      const top = this.limbs === 3 ? BigInt(this.top.data[g] as number) : 0n;
      const v = (((top << 52n) + BigInt(this.mid.data[g] as number)) << 52n) + BigInt(this.lo.data[g] as number);
      if (v > max || v < min) throw overflow(v, result);
      values[i * step] = BigInt.asIntN(64, v);
      if (step === 2) values[i * step + 1] = v >> 64n;
    }
    return step === 1 ? narrowI64(result, values, n, valid, scratch) : narrowI128(result, values, n, valid, scratch);
  }

  clear(): void {
    this.lo.length = 0;
    this.mid.length = 0;
    this.top.length = 0;
  }

  free(): void {
    this.lo.free();
    this.mid.free();
    this.top.free();
  }
}

function overflow(v: bigint, type: DataType): RunError {
  const scale = type.kind === 'decimal' ? type.scale : 0;
  const digits = String(v < 0n ? -v : v).padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const text = `${v < 0n ? '-' : ''}${whole}${scale === 0 ? '' : `.${digits.slice(-scale)}`}`;
  return new RunError('FLOW7005', `the sum ${text} does not fit ${formatType(type)}`, { value: text });
}

/** Values that fit 32 bits: |lo + x| stays exact, a carry is rare. */
function addSmall(
  lo: Float64Array,
  mid: Float64Array,
  groups: Uint32Array,
  values: Int32Array | Float64Array,
  n: number,
): void {
  for (let i = 0; i < n; i++) {
    const g = groups[i] as number;
    const l = (lo[g] as number) + (values[i] as number);
    if (l > LIMB || l < -LIMB) {
      const carry = Math.trunc(l / LIMB);
      lo[g] = l - carry * LIMB;
      mid[g] = (mid[g] as number) + carry;
    } else lo[g] = l;
  }
}

/** Exact integers within +-2^53 as limbs below 2^52. */
function splitDoubles(values: Float64Array, n: number): [Float64Array, Float64Array] {
  const low = slot(2, n);
  const mid = slot(1, n);
  for (let i = 0; i < n; i++) {
    const x = values[i] as number;
    const m = Math.trunc(x / LIMB);
    mid[i] = m;
    low[i] = x - m * LIMB;
  }
  return [low, mid];
}

/** Adds sums of two limbs; those without terms stay so. */
function mergePairs(
  lo: Float64Array,
  mid: Float64Array,
  groups: Uint32Array,
  low: Float64Array,
  high: Float64Array,
  n: number,
): void {
  for (let i = 0; i < n; i++) {
    const x = low[i] as number;
    if (x === 0 && 1 / x < 0) continue;
    const g = groups[i] as number;
    let l = (lo[g] as number) + x;
    let m = high[i] as number;
    if (l > LIMB || l < -LIMB) {
      const carry = Math.trunc(l / LIMB);
      l -= carry * LIMB;
      m += carry;
    }
    lo[g] = l;
    if (m !== 0) mid[g] = (mid[g] as number) + m;
  }
}

function mergeTriples(
  lo: Float64Array,
  mid: Float64Array,
  top: Float64Array,
  groups: Uint32Array,
  limbs: readonly [Float64Array, Float64Array, Float64Array],
  n: number,
): void {
  for (let i = 0; i < n; i++) {
    const x = limbs[0][i] as number;
    if (x === 0 && 1 / x < 0) continue;
    const g = groups[i] as number;
    const l = (lo[g] as number) + x;
    const low = Math.trunc(l / LIMB);
    lo[g] = l - low * LIMB;
    const m = (mid[g] as number) + (limbs[1][i] as number) + low;
    const high = Math.trunc(m / LIMB);
    mid[g] = m - high * LIMB;
    top[g] = (top[g] as number) + (limbs[2][i] as number) + high;
  }
}
