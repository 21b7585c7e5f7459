import fc from 'fast-check';
import { holds, LawError, type LawOptions, same, shown } from './laws.ts';

export interface UdfLaws<A extends unknown[], R> extends LawOptions {
  /** Arguments, as the engine would give them. */
  readonly args: fc.Arbitrary<A>;
  /** Whether a result is of the declared type. Default: anything but undefined. */
  readonly returns?: (result: R) => boolean;
}

/**
 * The laws of a function for rows, over random arguments: it does not throw, returns what it declares, gives the same for the same arguments whatever was called in between
 * (rows are shared out among threads, and computed again after a failure), and leaves its arguments as they are. Rejects with LawError.
 */
export async function checkUdf<A extends unknown[], R>(
  fn: (...args: A) => R | Promise<R>,
  laws: UdfLaws<A, R>,
): Promise<void> {
  const returns = laws.returns ?? ((r: R) => r !== undefined);
  const cases = fc.tuple(laws.args, laws.args);
  await holds(
    fn.name === '' ? 'the function' : fn.name,
    cases,
    async ([one, other]) => {
      const before = shown(one);
      // Copies: what it may change is not what smaller cases are made of.
      const given = structuredClone(one);
      const first = await fn(...given);
      if (shown(given) !== before)
        throw new LawError('arguments', `it changes its arguments: ${before} became ${shown(given)}`);
      if (!returns(first)) throw new LawError('result', `it returns ${shown(first)}`);
      await fn(...structuredClone(other));
      const second = await fn(...structuredClone(one));
      if (!same(first, second))
        throw new LawError(
          'determinism',
          `it returns ${shown(first)} first and ${shown(second)} later for the same arguments`,
        );
    },
    laws,
  );
}
