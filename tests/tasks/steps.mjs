// Functions of a module, for the tests of tasks.
export const plus = (a, b) => a + b;

export class Tally {
  constructor(start) {
    this.n = start;
  }
  add(k) {
    this.n += k;
    return this.n;
  }
}
