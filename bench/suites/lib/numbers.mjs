// Figures of several runs.

/** The value below which the share `q` of the numbers lies, interpolated. */
export function quantile(numbers, q) {
  const s = [...numbers].sort((a, b) => a - b);
  const at = (s.length - 1) * q;
  const low = Math.floor(at);
  return s[low] + (s[Math.min(low + 1, s.length - 1)] - s[low]) * (at - low);
}

export const median = (numbers) => quantile(numbers, 0.5);

/** Width of the middle half: the interquartile range. */
export const spread = (numbers) => quantile(numbers, 0.75) - quantile(numbers, 0.25);

export const geometricMean = (numbers) => Math.exp(numbers.reduce((s, x) => s + Math.log(x), 0) / numbers.length);

/** The exponent b of time = a * rows^b, by least squares over logarithms. */
export function exponent(points) {
  const xs = points.map(([x]) => Math.log(x));
  const ys = points.map(([, y]) => Math.log(y));
  const mean = (a) => a.reduce((s, x) => s + x, 0) / a.length;
  const [mx, my] = [mean(xs), mean(ys)];
  const above = xs.reduce((s, x, i) => s + (x - mx) * (ys[i] - my), 0);
  return above / xs.reduce((s, x) => s + (x - mx) ** 2, 0);
}
