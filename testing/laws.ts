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
  /** Whether a smaller case is looked for where one fails. Default true. */
  readonly shrink?: boolean;
}

/** Tries a predicate that throws LawError over random cases, and throws that of the smallest case that fails, with the case and how to see it again. */
export async function holds<C>(
  what: string,
  cases: fc.Arbitrary<C>,
  law: (c: C) => void | Promise<void>,
  { runs = 200, seed, shrink = true }: LawOptions,
  /** The case as it is shown. */
  text: (c: C) => string = shown,
): Promise<void> {
  const details = await fc.check(
    fc.asyncProperty(cases, async (c) => law(c)),
    { numRuns: runs, endOnFailure: !shrink, ...(seed === undefined ? {} : { seed }) },
  );
  if (!details.failed) return;
  const [found] = details.counterexample ?? [];
  const cause = details.errorInstance;
  const name = cause instanceof LawError ? cause.law : 'it throws';
  const message = cause instanceof LawError ? cause.message.slice(name.length + 2) : String(cause);
  throw new LawError(
    name,
    `${message}\n  ${what}, case: ${found === undefined ? '' : text(found)}\n  again with { seed: ${details.seed} }`,
  );
}

/** A value as a person would write it; objects without a prototype, which generators make, are as good as others. */
export function shown(value: unknown): string {
  return fc.stringify(plain(value));
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
}

/** Whether values are equal in every member; bigints and NaN included. */
export function same(a: unknown, b: unknown): boolean {
  return shown(a) === shown(b);
}
