// Quantiles of values that groups hold (see group_lists.ts), by selection. Doubles are looked at as 64-bit ints of the same order: -0 before 0, NaN last.

const NAN: i64 = 0x7ff8000000000000;
/** Up to so many values are sorted by insertion. */
const FEW: u32 = 16;
/** So often a pivot is guessed; then the range of the values is halved, which ends whatever they are. */
const GUESSES: u32 = 48;

/** Its own inverse. */
function ordered(bits: i64): i64 {
  return bits ^ ((bits >> 63) & i64.MAX_VALUE);
}

function keyOf(x: f64): i64 {
  return ordered(x === x ? reinterpret<i64>(x) : NAN);
}

function valueOf(key: i64): f64 {
  return reinterpret<f64>(ordered(key));
}

function middleOf(a: i64, b: i64, c: i64): i64 {
  return max(min(a, b), min(max(a, b), c));
}

/** Keys in [from, to) below `pivot` come first; where they end. What is not below it follows in any order. */
function splitBelow(from: u32, to: u32, pivot: i64): u32 {
  let end = from;
  for (let at = from; at < to; at += 8) {
    const key = load<i64>(at);
    store<i64>(at, load<i64>(end));
    store<i64>(end, key);
    end += u32(key < pivot) << 3;
  }
  return end;
}

function sortFew(from: u32, to: u32): void {
  for (let at = from + 8; at < to; at += 8) {
    const key = load<i64>(at);
    let place = at;
    while (place > from && load<i64>(place - 8) > key) {
      store<i64>(place, load<i64>(place - 8));
      place -= 8;
    }
    store<i64>(place, key);
  }
}

/** A key above the least of [from, to) and not above the greatest; the least where all are alike. */
function halfway(from: u32, to: u32): i64 {
  let low = i64.MAX_VALUE;
  let high = i64.MIN_VALUE;
  for (let at = from; at < to; at += 8) {
    low = min(low, load<i64>(at));
    high = max(high, load<i64>(at));
  }
  return low + <i64>((<u64>(high - low) >> 1) + (<u64>(high - low) & 1));
}

/** Moves the keys of [first, last) so that the one at address `place` is where sorting would put it, and none behind it is less. */
function select(first: u32, last: u32, place: u32): void {
  let from = first;
  let to = last;
  for (let guesses: u32 = 0; to - from > FEW << 3; guesses++) {
    const middle = from + (((to - from) >> 4) << 3);
    const pivot =
      guesses < GUESSES ? middleOf(load<i64>(from), load<i64>(middle), load<i64>(to - 8)) : halfway(from, to);
    const end = splitBelow(from, to, pivot);
    if (place < end) to = end;
    else if (end > from) from = end;
    else {
      // The pivot is the least: those like it are told from greater ones.
      const like = pivot === i64.MAX_VALUE ? to : splitBelow(from, to, pivot + 1);
      if (place < like) return;
      from = like;
    }
  }
  sortFew(from, to);
}

/** The quantile of the keys in [from, to), interpolated linearly. */
function quantile(from: u32, to: u32, q: f64): f64 {
  if (!(q >= 0 && q <= 1)) return NaN;
  const place = q * <f64>(((to - from) >> 3) - 1);
  const below = floor(place);
  const part = place - below;
  const at = from + ((<u32>below) << 3);
  select(from, to, at);
  let v = valueOf(load<i64>(at));
  if (part !== 0) {
    let next = i64.MAX_VALUE;
    for (let k = at + 8; k < to; k += 8) next = min(next, load<i64>(k));
    v = v + (valueOf(next) - v) * part;
  }
  return v + 0.0;
}

/**
 * out[i] = the quantile fractions[i] of the values of group order[i], over `unit`, or with `distances` the quantile of their distances from it; `bits` (all 0
 * before): which groups have values. How many have none. `work`: as many doubles as the largest group has values.
 */
export function group_quantiles(
  doubles: u32,
  starts: u32,
  entries: u32,
  order: u32,
  n: u32,
  fractions: u32,
  unit: f64,
  distances: u32,
  work: u32,
  out: u32,
  bits: u32,
): u32 {
  let none: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const at = starts + (load<u32>(order + (i << 2)) << 2);
    const first = load<u32>(at);
    const count = load<u32>(at, 4) - first;
    if (count === 0) {
      none++;
      store<f64>(out + (i << 3), 0);
      continue;
    }
    for (let k: u32 = 0; k < count; k++) {
      const e = load<u32>(entries + ((first + k) << 2));
      store<i64>(work + (k << 3), keyOf(load<f64>(doubles + (e << 3))));
    }
    const end = work + (count << 3);
    const q = load<f64>(fractions + (i << 3));
    let v = quantile(work, end, q);
    if (distances) {
      for (let k = work; k < end; k += 8) store<i64>(k, keyOf(abs(valueOf(load<i64>(k)) - v)));
      v = quantile(work, end, q);
    }
    v /= unit;
    store<f64>(out + (i << 3), v === v ? v : NaN);
    store<u8>(bits + (i >> 3), <u32>load<u8>(bits + (i >> 3)) | (1 << (i & 7)));
  }
  return none;
}
