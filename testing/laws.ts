import fc from 'fast-check';

/** A law that does not hold, with the smallest case that was found. */
export class LawError extends Error {
  override readonly name = 'LawError';
  /** Which law. */
  readonly law: string;

  constructor(law: string, message: string) {
    super(`${law}: ${message}`);
    this.law = law;
  }
}

export interface LawOptions {
  /** Cases tried. Default 200. */
  readonly runs?: number;
  /** Chooses the cases; the same seed, the same cases. Default: new ones each time. */
  readonly seed?: number;
}

/** Tries a predicate that throws LawError over random cases, and throws that of the smallest case that fails, with the case and how to see it again. */
export async function holds<C>(
  what: string,
  cases: fc.Arbitrary<C>,
  law: (c: C) => void | Promise<void>,
  { runs = 200, seed }: LawOptions,
): Promise<void> {
  const details = await fc.check(
    fc.asyncProperty(cases, async (c) => law(c)),
    { numRuns: runs, ...(seed === undefined ? {} : { seed }) },
  );
  if (!details.failed) return;
  const [found] = details.counterexample ?? [];
  const cause = details.errorInstance;
  const name = cause instanceof LawError ? cause.law : 'it throws';
  const message = cause instanceof LawError ? cause.message.slice(name.length + 2) : String(cause);
  throw new LawError(name, `${message}\n  ${what}, case: ${shown(found)}\n  again with { seed: ${details.seed} }`);
}

/** A value as a person would write it. */
export function shown(value: unknown): string {
  return fc.stringify(value);
}

/** A text that is the same for values that are equal in every member; bigints and NaN included. */
export function same(a: unknown, b: unknown): boolean {
  return fc.stringify(a) === fc.stringify(b);
}
