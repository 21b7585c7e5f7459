export declare const plus: (a: number, b: number) => number;
export declare class Tally {
  constructor(start: number);
  add(k: number): number;
}
