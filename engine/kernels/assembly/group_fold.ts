// Accumulators over (group of each row, value of each row), bit for bit those of engine/aggregates: every NaN is the one of JavaScript. `validity`: a bitmap, or NONE; rows
// whose bit is 0 are left out.
import { addDouble } from './double_double.ts';
import { NONE } from './hash.ts';
import { bitAt } from './memory.ts';

function skipped(validity: u32, i: u32): bool {
  return validity !== NONE && !bitAt(validity, i);
}

function at8(base: u32, groups: u32, i: u32): u32 {
  return base + (load<u32>(groups + (i << 2)) << 3);
}

export function fold_count(groups: u32, validity: u32, n: u32, counts: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    if (skipped(validity, i)) continue;
    const at = at8(counts, groups, i);
    store<f64>(at, load<f64>(at) + 1.0);
  }
}

/** Rows whose bit is 1. */
export function fold_count_trues(groups: u32, bits: u32, validity: u32, n: u32, counts: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    if (skipped(validity, i) || !bitAt(bits, i)) continue;
    const at = at8(counts, groups, i);
    store<f64>(at, load<f64>(at) + 1.0);
  }
}

function addCounts<V>(groups: u32, values: u32, n: u32, counts: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const at = at8(counts, groups, i);
    store<f64>(at, load<f64>(at) + <f64>load<V>(values + i * <u32>sizeof<V>()));
  }
}

export function fold_counts_i32(groups: u32, values: u32, n: u32, counts: u32): void {
  addCounts<i32>(groups, values, n, counts);
}

export function fold_counts_i64(groups: u32, values: u32, n: u32, counts: u32): void {
  addCounts<i64>(groups, values, n, counts);
}

const LIMB: f64 = 4503599627370496.0;

/** Adds low + high * 2^52 to a sum of two limbs, carrying so that the low one stays within +-2^52. */
function addLimbs(lo: u32, mid: u32, low: f64, high: f64): void {
  let l = load<f64>(lo) + low;
  let m = high;
  if (l > LIMB || l < -LIMB) {
    const carry = trunc<f64>(l / LIMB);
    l -= carry * LIMB;
    m += carry;
  }
  store<f64>(lo, l);
  if (m !== 0) store<f64>(mid, load<f64>(mid) + m);
}

function addSmall(group: u32, value: u32, lo: u32, mid: u32): void {
  const g = load<u32>(group) << 3;
  const l = load<f64>(lo + g) + <f64>load<i32>(value);
  if (abs(l) > LIMB) addLimbs(lo + g, mid + g, <f64>load<i32>(value), 0);
  else store<f64>(lo + g, l);
}

export function fold_sum_i32(groups: u32, values: u32, validity: u32, n: u32, lo: u32, mid: u32): void {
  if (validity === NONE) {
    for (let i: u32 = 0; i < n; i++) addSmall(groups + (i << 2), values + (i << 2), lo, mid);
    return;
  }
  for (let i: u32 = 0; i < n; i++) if (bitAt(validity, i)) addSmall(groups + (i << 2), values + (i << 2), lo, mid);
}

/** Ints within +-2^53, or, with `wide` not 0, of any size. */
export function fold_sum_i64(groups: u32, values: u32, validity: u32, n: u32, lo: u32, mid: u32, wide: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    if (skipped(validity, i)) continue;
    const g = load<u32>(groups + (i << 2)) << 3;
    const v = load<i64>(values + (i << 3));
    if (wide) {
      addLimbs(lo + g, mid + g, <f64>(v & 0xfffffffffffff), <f64>(v >> 52));
    } else {
      const x = <f64>v;
      const m = trunc<f64>(x / LIMB);
      addLimbs(lo + g, mid + g, x - m * LIMB, m);
    }
  }
}

/** Adds low + high * 2^52 + more * 2^104 to a sum of three limbs, carrying so that the lower two stay within +-2^52. */
function addTriple(lo: u32, mid: u32, top: u32, low: f64, high: f64, more: f64): void {
  let l = load<f64>(lo) + low;
  let m = high;
  let t = more;
  if (abs(l) > LIMB) {
    const carry = trunc<f64>(l / LIMB);
    l -= carry * LIMB;
    m += carry;
  }
  store<f64>(lo, l);
  m += load<f64>(mid);
  if (abs(m) >= LIMB) {
    const carry = trunc<f64>(m / LIMB);
    m -= carry * LIMB;
    t += carry;
  }
  store<f64>(mid, m);
  if (t !== 0) store<f64>(top, load<f64>(top) + t);
}

const LOW_BITS: i64 = 0xfffffffffffff;

/** Ints of 64 bits within +-2^53 (`form` 0), of 64 bits (1) or of 128 bits (2) for sums of three limbs. */
export function fold_sum_triples(
  groups: u32,
  values: u32,
  validity: u32,
  n: u32,
  form: u32,
  lo: u32,
  mid: u32,
  top: u32,
): void {
  for (let i: u32 = 0; i < n; i++) {
    if (skipped(validity, i)) continue;
    const g = load<u32>(groups + (i << 2)) << 3;
    if (form === 0) {
      const x = <f64>load<i64>(values + (i << 3));
      // Most are below a limb.
      const m = abs(x) < LIMB ? 0.0 : trunc<f64>(x / LIMB);
      addTriple(lo + g, mid + g, top + g, x - m * LIMB, m, 0);
    } else if (form === 1) {
      const v = load<i64>(values + (i << 3));
      addTriple(lo + g, mid + g, top + g, <f64>(v & LOW_BITS), <f64>(v >> 52), 0);
    } else {
      const v = load<u64>(values + (i << 4));
      const w = load<i64>(values + (i << 4), 8);
      const middle = <i64>(v >> 52) | ((w << 12) & LOW_BITS);
      addTriple(lo + g, mid + g, top + g, <f64>(<i64>v & LOW_BITS), <f64>middle, <f64>(w >> 40));
    }
  }
}

/** -0: a sum without terms. */
const EMPTY: u64 = 0x8000000000000000;

/** Adds sums of two limbs; those without terms stay so. */
export function fold_sum_limbs(groups: u32, low: u32, high: u32, n: u32, lo: u32, mid: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    if (load<u64>(low + (i << 3)) === EMPTY) continue;
    const g = load<u32>(groups + (i << 2)) << 3;
    addLimbs(lo + g, mid + g, load<f64>(low + (i << 3)), load<f64>(high + (i << 3)));
  }
}

function addDoubles<V>(groups: u32, values: u32, validity: u32, n: u32, hi: u32, lo: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    if (skipped(validity, i)) continue;
    const g = load<u32>(groups + (i << 2)) << 3;
    addDouble(hi + g, lo + g, <f64>load<V>(values + i * <u32>sizeof<V>()));
  }
}

/** 2^53: integers below it are exact. */
const EXACT_END: f64 = 9007199254740992.0;

/** Adds integers to sums of nothing else: as long as a sum is exact, that is one addition, with the result of addDouble. */
function addInts<V>(groups: u32, values: u32, validity: u32, n: u32, hi: u32, lo: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    if (skipped(validity, i)) continue;
    const g = load<u32>(groups + (i << 2)) << 3;
    const x = <f64>load<V>(values + i * <u32>sizeof<V>());
    const s = load<f64>(hi + g) + x;
    if (abs(s) < EXACT_END && load<f64>(lo + g) === 0) {
      store<f64>(hi + g, s);
      // It was -0 before the first term.
      store<f64>(lo + g, 0);
    } else addDouble(hi + g, lo + g, x);
  }
}

export function fold_doubles_f64(groups: u32, values: u32, validity: u32, n: u32, hi: u32, lo: u32): void {
  addDoubles<f64>(groups, values, validity, n, hi, lo);
}

export function fold_doubles_i32(groups: u32, values: u32, validity: u32, n: u32, hi: u32, lo: u32): void {
  addInts<i32>(groups, values, validity, n, hi, lo);
}

export function fold_doubles_i64(groups: u32, values: u32, validity: u32, n: u32, hi: u32, lo: u32): void {
  addInts<i64>(groups, values, validity, n, hi, lo);
}

/** Adds sums: the high part, then the low one; those without terms (low part -0) are left out. */
export function fold_doubles_merge(groups: u32, high: u32, low: u32, n: u32, hi: u32, lo: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    if (load<u64>(low + (i << 3)) === EMPTY) continue;
    const g = load<u32>(groups + (i << 2)) << 3;
    addDouble(hi + g, lo + g, load<f64>(high + (i << 3)));
    const rest = load<f64>(low + (i << 3));
    if (rest !== 0) addDouble(hi + g, lo + g, rest);
  }
}

function least(groups: u32, values: u32, validity: u32, n: u32, held: u32, nulls: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    if (skipped(validity, i)) continue;
    const g = load<u32>(groups + (i << 2));
    const v = load<f64>(values + (i << 3));
    const h = load<f64>(held + (g << 3));
    if (v < h || load<u8>(nulls + g) === 1 || (h !== h && v === v)) {
      store<f64>(held + (g << 3), v === v ? v : NaN);
      store<u8>(nulls + g, 0);
    }
  }
}

function greatest(groups: u32, values: u32, validity: u32, n: u32, held: u32, nulls: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    if (skipped(validity, i)) continue;
    const g = load<u32>(groups + (i << 2));
    const v = load<f64>(values + (i << 3));
    const h = load<f64>(held + (g << 3));
    if (v > h || load<u8>(nulls + g) === 1 || (v !== v && h === h)) {
      store<f64>(held + (g << 3), v === v ? v : NaN);
      store<u8>(nulls + g, 0);
    }
  }
}

/** Bits of infinity; with the sign they are those of -infinity. */
const INFINITE: u64 = 0x7ff0000000000000;
const SIGN: u64 = 0x8000000000000000;

/** Least (`sign` 1) or greatest ints, without a branch that depends on values: a group without a value holds, for the moment, what is beyond all ints. */
function extreme<V>(groups: u32, values: u32, validity: u32, n: u32, held: u32, nulls: u32, sign: i32): void {
  const beyond = sign === 1 ? INFINITE : INFINITE | SIGN;
  for (let i: u32 = 0; i < n; i++) {
    if (skipped(validity, i)) continue;
    const g = load<u32>(groups + (i << 2));
    const v = f64x2.splat(<f64>load<V>(values + i * <u32>sizeof<V>()));
    const none = 0 - <u64>load<u8>(nulls + g);
    const at = held + (g << 3);
    const h = i64x2.splat((load<u64>(at) & ~none) | (beyond & none));
    v128.store64_lane(at, sign === 1 ? f64x2.pmin(h, v) : f64x2.pmax(h, v), 0);
    store<u8>(nulls + g, 0);
  }
}

/** The least (`sign` 1) or greatest value, NaN being greater than any number; ints within +-2^53. */
export function fold_extreme_i32(g: u32, values: u32, validity: u32, n: u32, held: u32, nulls: u32, sign: i32): void {
  extreme<i32>(g, values, validity, n, held, nulls, sign);
}

export function fold_extreme_i64(g: u32, values: u32, validity: u32, n: u32, held: u32, nulls: u32, sign: i32): void {
  extreme<i64>(g, values, validity, n, held, nulls, sign);
}

export function fold_extreme_f64(g: u32, values: u32, validity: u32, n: u32, held: u32, nulls: u32, sign: i32): void {
  if (sign === 1) least(g, values, validity, n, held, nulls);
  else greatest(g, values, validity, n, held, nulls);
}

/** Sets bit i of a bitmap that was 0. */
function setBit(bits: u32, i: u32): void {
  store<u8>(bits + (i >> 3), <u32>load<u8>(bits + (i >> 3)) | (1 << (i & 7)));
}

/** 2^53 - 1. */
const EXACT: f64 = 9007199254740991.0;

/**
 * The sums of two limbs of groups order[i] as doubles, and in `bits`, all 0 before, which of them have terms. How many have none; -1 when a sum
 * lies beyond +-(2^53 - 1).
 */
export function fold_sums(lo: u32, mid: u32, order: u32, n: u32, out: u32, bits: u32): i32 {
  let none: i32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const g = load<u32>(order + (i << 2)) << 3;
    if (load<u64>(lo + g) === EMPTY) none++;
    else setBit(bits, i);
    const v = load<f64>(mid + g) * LIMB + load<f64>(lo + g);
    if (!(v <= EXACT && v >= -EXACT)) return -1;
    store<f64>(out + (i << 3), v + 0.0);
  }
  return none;
}

/** The high parts of groups order[i], 0 where there are no terms, and in `bits`, all 0 before, which have terms; how many have none. */
export function fold_highs(hi: u32, lo: u32, order: u32, n: u32, out: u32, bits: u32): u32 {
  let none: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const g = load<u32>(order + (i << 2)) << 3;
    let v = load<f64>(hi + g);
    if (load<u64>(lo + g) === EMPTY) {
      none++;
      v = 0;
    } else setBit(bits, i);
    store<f64>(out + (i << 3), v);
  }
  return none;
}

/** The high part over the count over `unit`, as fold_highs; a group whose count is 0 has none. */
export function fold_means(hi: u32, counts: u32, unit: f64, order: u32, n: u32, out: u32, bits: u32): u32 {
  let none: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const g = load<u32>(order + (i << 2)) << 3;
    const count = load<f64>(counts + g);
    let v: f64 = 0;
    if (count === 0) none++;
    else {
      v = load<f64>(hi + g) / count / unit;
      setBit(bits, i);
    }
    store<f64>(out + (i << 3), v);
  }
  return none;
}
