import fc from 'fast-check';
import { holds, LawError, type LawOptions, same, shown } from './laws.ts';

/** An aggregate of the user's, split as two-phase shuffles need it. */
export interface TestedAggregate<V, S, O> {
  init(): S;
  add(state: S, value: V): S | undefined;
  merge(a: S, b: S): S | undefined;
  value(state: S): O;
}

export interface AggregateLaws<V, O> extends LawOptions {
  readonly values: fc.Arbitrary<V>;
  /** Whether two results count as equal. Default: equal in every member. Give one for floats, whose sums depend on their order. */
  readonly equal?: (a: O, b: O) => boolean;
  /** Whether the order of the values may show in the result (first, list): parts are then merged in their order only. Default false. */
  readonly ordered?: boolean;
}

/**
 * The laws of an aggregate, over random values: aggregating parts and merging them is aggregating all (whatever the parts), an empty part changes nothing
 * (identity), parts may be merged in any grouping (associativity) and any order (commutativity), and a state survives being copied between threads. Rejects with LawError.
 */
export async function checkAggregate<V, S, O>(
  aggregate: TestedAggregate<V, S, O>,
  laws: AggregateLaws<V, O>,
): Promise<void> {
  const equal = laws.equal ?? same;
  const list = fc.array(laws.values, { maxLength: 12 });
  const cases = fc.record({ a: list, b: list, c: list });
  await holds(
    'the aggregate',
    cases,
    ({ a, b, c }) => lawsOf(aggregate, [a, b, c], equal, laws.ordered ?? false),
    laws,
  );
}

function lawsOf<V, S, O>(
  agg: TestedAggregate<V, S, O>,
  [a, b, c]: readonly [readonly V[], readonly V[], readonly V[]],
  equal: (a: O, b: O) => boolean,
  ordered: boolean,
): void {
  // States may be changed in place: each is made anew, and goes through a copy as between threads.
  const of = (values: readonly V[]): S => copied(values.reduce<S>((s, v) => agg.add(s, v) ?? s, agg.init()));
  const merged = (x: S, y: S): S => copied(agg.merge(x, y) ?? x);
  const expect = (law: string, what: string, x: S, y: S): void => {
    const [p, q] = [agg.value(x), agg.value(y)];
    if (!equal(p, q)) throw new LawError(law, `${what}: ${shown(p)} is not ${shown(q)}`);
  };
  const all = [...a, ...b, ...c];
  // The narrowest law first: what breaks it breaks the others too.
  for (const [name, part] of Object.entries({ a, b, c })) {
    expect('identity', `an empty part behind ${name}`, merged(of(part), of([])), of(part));
    expect('identity', `an empty part before ${name}`, merged(of([]), of(part)), of(part));
  }
  expect('parts', 'parts merged, and all at once', merged(merged(of(a), of(b)), of(c)), of(all));
  expect(
    'associativity',
    '(a + b) + c, and a + (b + c)',
    merged(merged(of(a), of(b)), of(c)),
    merged(of(a), merged(of(b), of(c))),
  );
  if (!ordered) expect('commutativity', 'a + b, and b + a', merged(of(a), of(b)), merged(of(b), of(a)));
}

function copied<S>(state: S): S {
  try {
    return structuredClone(state);
  } catch (e) {
    throw new LawError(
      'state',
      `a state cannot be copied to another thread: ${e instanceof Error ? e.message : String(e)}`,
    );
  }
}
