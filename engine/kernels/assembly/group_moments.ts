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
