/** The function of the suite of functions: branches, a call, arithmetic. */
export const perRow = (a, b, c) => (a > 0.5 ? Math.sqrt(b) * c : b - a * c);
