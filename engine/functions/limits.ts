/** Digits of the greatest 64-bit integer. */
export const LONGEST_INT = 19;
/** Digits of the longest decimal. */
export const LONGEST_DECIMAL = 38;
/** Characters of the longest string a function may make: a guard against repeat("x", 1e12). */
export const LONGEST_STRING = 16 * 1024 * 1024;

export const INT_MIN = -(2n ** 63n);
export const INT_MAX = 2n ** 63n - 1n;

/** The dates that can be computed with: years -9999 to 99999 in days, and the same in microseconds. */
export const DAY_MICROS = 86_400_000_000;
