/** Choices from a list of numbers: the same numbers, the same choices; numbers that shrink towards 0 choose what is simplest. */
export class Draw {
  readonly #numbers: readonly number[];
  #at = 0;
  /** Expressions have functions of the whole registry. */
  readonly functions: boolean;

  constructor(numbers: readonly number[], functions: boolean) {
    this.#numbers = numbers;
    this.functions = functions;
  }

  /** From 0 to below `n`; 0 when the numbers are used up. */
  below(n: number): number {
    const next = this.#numbers[this.#at++] ?? 0;
    return next % n;
  }

  pick<V>(list: readonly V[]): V {
    if (list.length === 0) throw new Error('nothing to choose from');
    return list[this.below(list.length)] as V;
  }

  /** Some of the list, in its order, at least one. */
  some<V>(list: readonly V[]): readonly V[] {
    const bits = this.below(2 ** Math.min(list.length, 10));
    const chosen = list.filter((_, i) => (bits >> i) & 1);
    return chosen.length > 0 ? chosen : list.slice(0, 1);
  }
}
