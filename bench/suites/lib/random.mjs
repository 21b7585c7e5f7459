// Seeded pseudo-random numbers: the same data on every machine.

/** Xoshiro128**, seeded by splitmix. `next()` gives 32 random bits as an unsigned integer. */
export function generator(seed) {
  let x = seed >>> 0;
  const mix = () => {
    x = (x + 0x9e3779b9) >>> 0;
    let z = x;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) | 0;
  };
  let [a, b, c, d] = [mix(), mix(), mix(), mix()];
  const rotate = (v, k) => (v << k) | (v >>> (32 - k));
  function next() {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = rotate(d, 11);
    return result;
  }
  const unit = () => (next() >>> 5) / 2 ** 27 + (next() >>> 6) / 2 ** 53;
  /** An integer from `low` to `high`, both included. */
  const int = (low, high) => low + Math.floor(unit() * (high - low + 1));
  const pick = (list) => list[int(0, list.length - 1)];
  return { next, unit, int, pick };
}

/** The numbers 0..n-1 in random order. */
export function permutation(random, n) {
  const all = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const k = random.int(0, i);
    [all[i], all[k]] = [all[k], all[i]];
  }
  return all;
}
