export const untyped = (a, b) => `${a}${b}`;
