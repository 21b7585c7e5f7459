// Nothing is without a golden script: each operator of the engine, each rule of the optimizer, each verb, each function, aggregate and algorithm.
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RULES } from '../../compiler/optimize/index.ts';
import { OPERATORS } from '../../engine/operators/registry.ts';
import { loadDuck } from '../../engine/sql/duckdb.ts';
import { joinKinds, verbs } from '../../grammar/words.ts';
import { check, plan, reference } from '../../index.ts';
import { generatedScripts } from './generated.ts';
import { readScript } from './script.ts';

const here = dirname(fileURLToPath(import.meta.url));
const cases = join(here, 'cases');
// Embedded SQL needs a package of its own.
const hasSql = (await loadDuck()) !== null;
const scripts = [
  ...readdirSync(cases)
    .filter((name) => hasSql || !name.startsWith('sql'))
    .map((name) => readScript(join(cases, name))),
  ...generatedScripts().values(),
];

const flows: string[] = [];
const operators = new Set<string>();
const fired = new Set<string>();
test.before(async () => {
  for (const { sections } of scripts) {
    const flow = sections.get('flow') ?? '';
    flows.push(flow);
    const options = Object.fromEntries(
      (sections.get('options') ?? '')
        .split('\n')
        .filter(Boolean)
        .map((line) => line.split('=')),
    ) as Record<string, string>;
    const numbers = Object.fromEntries(Object.entries(options).map(([name, value]) => [name, Number(value)]));
    const bound = await check(flow, join(here, 'golden.flow'), { cwd: here });
    assert.ok(bound.plan, `${flow}\n${bound.diagnostics.map((d) => d.message).join('\n')}`);
    const compiled = await plan(bound.plan, numbers);
    for (const rule of compiled.fired) fired.add(rule);
    for (const { steps, input } of compiled.physical.stages) {
      for (const { op } of steps) operators.add(op);
      if (input.kind === 'merge') operators.add(input.step.op);
    }
  }
});

const without = (names: readonly string[], has: (name: string) => boolean): string[] =>
  names.filter((name) => !has(name));
const inFlows = (pattern: (name: string) => RegExp) => (name: string) => flows.some((flow) => pattern(name).test(flow));

test('every operator of the engine', () =>
  assert.equal(
    without(
      Object.keys(OPERATORS).filter((name) => hasSql || name !== 'sql'),
      (name) => operators.has(name),
    ),
    [],
  ));

test('every rule of the optimizer', () =>
  assert.equal(
    without(
      RULES.map((rule) => rule.name),
      (name) => fired.has(name),
    ),
    [],
  ));

test('every verb, every kind of join', () => {
  assert.equal(
    without(
      verbs,
      inFlows((verb) => new RegExp(`(\\||=|^|\\n)\\s*(from \\S+( as \\{[^}]*\\})?\\s*\\|?\\s*)?${verb}\\b`)),
    ),
    [],
  );
  assert.equal(
    without(
      joinKinds,
      inFlows((kind) => new RegExp(`\\| *join ${kind === 'inner' ? '' : `${kind}\\b`}`)),
    ),
    [],
  );
});

test('every function, operator, aggregate and algorithm', () => {
  const names = reference()
    .filter(({ kind }) => kind === 'function' || kind === 'aggregate' || kind === 'algorithm')
    .map(({ name }) => name);
  assert.equal(
    without(
      names,
      inFlows((name) => new RegExp(`\\b${name}\\(`)),
    ),
    [],
  );
});

test.run();
