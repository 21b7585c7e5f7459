// Names of other languages: what each is told to be exists here, and reads as it is told.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { elsewhere, knownElsewhere } from '../../compiler/bind/function_hints.ts';
import { VERBS } from '../../compiler/reference/verbs.ts';
import { selectAsFlow } from '../../grammar/foreign.ts';
import { parse } from '../../grammar/index.ts';
import { verbs } from '../../grammar/words.ts';
import { reference } from '../../index.ts';

test('a function of another language has a name here, or a form that parses', () => {
  for (const name of knownElsewhere) {
    const known = elsewhere(name);
    assert.ok(known !== null, `the function that ${name} is said to be exists`);
    if (known === null || 'name' in known) continue;
    for (const [, form = ''] of known.form.matchAll(/`([^`]+)`/g)) {
      const readable =
        /^(\w+|param .*|join semi|-p)$/.test(form) || !parse(`from t | derive x = ${form}`, 'x').diagnostics.length;
      assert.ok(readable, `${name}: ${form}`);
    }
  }
});

test('a select statement as a flow', () => {
  for (const [sql, flow] of [
    ['select a, b from t', 'from t | select a, b'],
    ["SELECT * FROM t WHERE a <> 'it''s' AND b = 1", 'from t | where a != "it\'s" and b == 1'],
    ['select a as x, b + 1 from t limit 3', 'from t | take 3 | select x = a, b = b + 1'],
    [
      'select k, count(*) as n, sum(x) from t group by k having count(*) > 1 order by n desc',
      'from t | summarize n = count(), sum = sum(x) by k | where n > 1 | sort n desc',
    ],
    ['select count(*) from t', 'from t | summarize count = count()'],
  ] as const) {
    assert.is(selectAsFlow(sql), flow);
    assert.equal(parse(flow, 'x').diagnostics, [], flow);
  }
  for (const other of [
    'select a from t join u on t.a = u.a',
    'select a from (select b from t)',
    'select 1',
    `select ${'a, '.repeat(2000)} b from t`,
  ]) {
    assert.is(selectAsFlow(other), null);
  }
});

test('every verb of the reference has an example that parses', () => {
  for (const verb of verbs) {
    const { example, form } = VERBS[verb];
    assert.ok(form.startsWith(verb), form);
    const text = verb === 'split' ? `let { tr, te } = from t ${example}` : `from t ${example}`;
    assert.equal(parse(text, 'x').diagnostics, [], example);
  }
});

test('the names of the reference are unique within their kind', () => {
  const seen = new Set<string>();
  for (const { kind, name } of reference()) {
    assert.not(seen.has(`${kind} ${name}`), `${kind} ${name}`);
    seen.add(`${kind} ${name}`);
  }
});

test.run();
