// Count and double-double sums of x, x*x and, for two arguments, y, y*y, x*y, bit for bit those of engine/aggregates/moments.ts.
import { addDouble } from './double_double.ts';
import { NONE } from './hash.ts';
import { bitAt } from './memory.ts';

// The job: 32-bit words; engine/aggregates/folds.ts lays it out.
const GROUPS: usize = 0;
const ROWS: usize = 4;
const COUNTS: usize = 8;
/** Arguments: address of the values, their form, bitmap. */
const X: usize = 12;
const Y: usize = 24;
/** High and low parts of each sum. */
const SUMS: usize = 36;

const I32: u32 = 0;
const I64: u32 = 1;

function valueAt(values: u32, form: u32, i: u32): f64 {
  if (form === I32) return <f64>load<i32>(values + (i << 2));
  if (form === I64) return <f64>load<i64>(values + (i << 3));
  return load<f64>(values + (i << 3));
}

const SPLITTER: f64 = 134217729.0;

/** Rounding error of the product p = a * b (Dekker); NaN where the split overflows. */
function productError(a: f64, b: f64, p: f64): f64 {
  const ca = SPLITTER * a;
  const ah = ca - (ca - a);
  const al = a - ah;
  const cb = SPLITTER * b;
  const bh = cb - (cb - b);
  const bl = b - bh;
  return al * bl - (p - ah * bh - al * bh - ah * bl);
}

function add(job: u32, sum: u32, g: u32, v: f64): void {
  const at = job + (sum << 3);
  addDouble(load<u32>(at, SUMS) + g, load<u32>(at, SUMS + 4) + g, v);
}

function addProduct(job: u32, sum: u32, g: u32, a: f64, b: f64): void {
  const p = a * b;
  add(job, sum, g, p);
  const e = productError(a, b, p);
  // Of infinite and huge factors there is none to be had; adding nothing changes nothing.
  if (e === e && e !== 0) add(job, sum, g, e);
}

export function fold_moments(job: u32, two: bool): void {
  const groups = load<u32>(job, GROUPS);
  const n = load<u32>(job, ROWS);
  const counts = load<u32>(job, COUNTS);
  const xs = load<u32>(job, X);
  const xForm = load<u32>(job, X + 4);
  const xValid = load<u32>(job, X + 8);
  const ys = load<u32>(job, Y);
  const yForm = load<u32>(job, Y + 4);
  const yValid = load<u32>(job, Y + 8);
  for (let i: u32 = 0; i < n; i++) {
    if (xValid !== NONE && !bitAt(xValid, i)) continue;
    if (two && yValid !== NONE && !bitAt(yValid, i)) continue;
    const g = load<u32>(groups + (i << 2)) << 3;
    store<f64>(counts + g, load<f64>(counts + g) + 1.0);
    const x = valueAt(xs, xForm, i);
    add(job, 0, g, x);
    addProduct(job, 1, g, x, x);
    if (!two) continue;
    const y = valueAt(ys, yForm, i);
    add(job, 2, g, y);
    addProduct(job, 3, g, y, y);
    addProduct(job, 4, g, x, y);
  }
}

/**
 * The same of 32-bit ints into one record a group: the doubles count, x, x*x. The caller knows that no sum passes 2^53, so that each is exact.
 */
export function fold_small_1(groups: u32, n: u32, records: u32, xs: u32, xValid: u32): void {
  const ones = f64x2.splat(1);
  for (let i: u32 = 0; i < n; i++) {
    if (xValid !== NONE && !bitAt(xValid, i)) continue;
    const at = records + load<u32>(groups + (i << 2)) * 24;
    const x = <f64>load<i32>(xs + (i << 2));
    v128.store(at, f64x2.add(v128.load(at), f64x2.replace_lane(ones, 1, x)));
    store<f64>(at, load<f64>(at, 16) + x * x, 16);
  }
}

/** The same of two arguments: count, x, x*x, y, y*y, x*y. */
export function fold_small_2(groups: u32, n: u32, records: u32, xs: u32, xValid: u32, ys: u32, yValid: u32): void {
  const ones = f64x2.splat(1);
  for (let i: u32 = 0; i < n; i++) {
    if (xValid !== NONE && !bitAt(xValid, i)) continue;
    if (yValid !== NONE && !bitAt(yValid, i)) continue;
    const at = records + load<u32>(groups + (i << 2)) * 48;
    const pair = i32x4.replace_lane(v128.load32_zero(xs + (i << 2)), 1, load<i32>(ys + (i << 2)));
    const v = f64x2.convert_low_i32x4_s(pair);
    const a = v128.shuffle<f64>(ones, v, 0, 2);
    const b = f64x2.mul(v, v128.shuffle<f64>(v, ones, 0, 2));
    const c = f64x2.mul(v128.shuffle<f64>(v, v, 1, 1), v128.shuffle<f64>(v, v, 1, 0));
    v128.store(at, f64x2.add(v128.load(at), a));
    v128.store(at, f64x2.add(v128.load(at, 16), b), 16);
    v128.store(at, f64x2.add(v128.load(at, 32), c), 32);
  }
}
