/** Adds a double to the double-double at `hi`, `lo`. */
export function addDouble(hi: u32, lo: u32, x: f64): void {
  const a = load<f64>(hi);
  const s = a + x;
  const b = s - a;
  const l = load<f64>(lo) + (a - (s - b) + (x - b));
  const t = s + l;
  if (t - t === 0) {
    store<f64>(hi, t);
    store<f64>(lo, l - (t - s));
  } else {
    // Infinite or NaN: plain arithmetic says what the sum is, the error term is meaningless.
    store<f64>(hi, s === s ? s : NaN);
    store<f64>(lo, 0);
  }
}
