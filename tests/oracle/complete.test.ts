import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AGGREGATE_LIST } from '../../engine/aggregates/registry.ts';
import { FUNCTIONS } from '../../engine/functions/registry.ts';
import { WINDOW_LIST } from '../../engine/windows/registry.ts';
import { aggregateForms, NOT_GENERATED } from '../../testing/aggregates.ts';
import { AGGREGATE_SQL, NOT_IN_SQL } from '../../testing/duckdb_aggregate.ts';
import { REFERENCE_AGGREGATES } from '../../testing/reference/aggregates.ts';
import { AGGREGATE_CASES } from './aggregate_cases.ts';
import { WITHOUT_COUNTERPART } from './cases.ts';
import { DIFFERENCES } from './differences.ts';
import { REFERENCES } from './references.ts';
import { SCALAR_CASES } from './scalar_cases.ts';
import { WINDOW_CASES } from './window_cases.ts';

/** Every function that is registered stands beside an expression of SQL, or is listed with what tests it instead. */

const REGISTERED: Readonly<Record<string, readonly { readonly name: string }[]>> = {
  scalar: [...new Set(Object.values(FUNCTIONS))],
  aggregate: AGGREGATE_LIST,
  window: WINDOW_LIST,
};
const COVERED: Readonly<Record<string, ReadonlySet<string>>> = {
  scalar: new Set(SCALAR_CASES.map((c) => c.fn)),
  aggregate: new Set(AGGREGATE_CASES.map((c) => c.fn)),
  window: new Set(WINDOW_CASES.map((c) => c.fn)),
};

for (const [kind, defs] of Object.entries(REGISTERED)) {
  test(`every ${kind} function stands beside SQL, or says why not`, () => {
    const missing = defs
      .map((d) => d.name)
      .filter((n) => !COVERED[kind]?.has(n) && WITHOUT_COUNTERPART[n] === undefined);
    assert.equal(missing, []);
  });
}

test('what is listed is registered, and only what has no counterpart is excused', () => {
  const all = new Set(Object.values(REGISTERED).flatMap((defs) => defs.map((d) => d.name)));
  const covered = new Set(Object.values(COVERED).flatMap((names) => [...names]));
  for (const name of [...covered, ...Object.keys(WITHOUT_COUNTERPART)])
    assert.ok(all.has(name), `${name} is a function`);
  for (const name of Object.keys(WITHOUT_COUNTERPART)) assert.not.ok(covered.has(name), `${name} stands beside SQL`);
  for (const d of DIFFERENCES) for (const fn of d.functions) assert.ok(covered.has(fn), fn);
  for (const r of REFERENCES) assert.ok(WITHOUT_COUNTERPART[r.fn] !== undefined, r.fn);
});

test('random pipelines have every aggregate, or it is said why not; the reference knows them, SQL has a twin or it is said why not', () => {
  const all = AGGREGATE_LIST.map((def) => def.name);
  const drawn = aggregateForms().map(([form]) => form?.fn ?? '');
  assert.equal([...drawn, ...Object.keys(NOT_GENERATED)].sort(), [...all].sort());
  const without = (names: readonly string[], excused: object): string[] =>
    drawn.filter((name) => !names.includes(name) && !(name in excused));
  assert.equal(without(REFERENCE_AGGREGATES, {}), []);
  assert.equal(without(Object.keys(AGGREGATE_SQL), NOT_IN_SQL), []);
  // What is listed is there, and only once.
  for (const name of [...REFERENCE_AGGREGATES, ...Object.keys(AGGREGATE_SQL), ...Object.keys(NOT_IN_SQL)])
    assert.ok(drawn.includes(name), `${name} is drawn`);
  for (const name of Object.keys(NOT_IN_SQL)) assert.not.ok(name in AGGREGATE_SQL, name);
});

test.run();
