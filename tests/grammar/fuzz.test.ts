/** Whatever stands in a file: no crash, no hang, and every diagnostic has a span inside of the file. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { renderDiagnostic } from '../../grammar/frame.ts';
import { format, parse } from '../../grammar/index.ts';
import { allFlows, checkText, mutator, random } from './fuzzing.ts';
import { garbage, runs, spoiled } from './mutate.ts';

test('spoiled files', () => {
  fc.assert(fc.property(spoiled, checkText), runs(700));
});

test('spoiled flows of the samples and the documentation', () => {
  const make = mutator(allFlows(), random(Number(process.env.SEED ?? 1) || 1));
  for (let i = 0; i < 2000; i++) {
    const text = make();
    try {
      checkText(text);
    } catch (error) {
      throw new Error(`${JSON.stringify(text)}: ${String(error)}`);
    }
  }
});

test('garbage', () => {
  fc.assert(fc.property(garbage, checkText), runs(700));
});

const nested: Readonly<Record<string, string>> = {
  parentheses: `from a | where ${'('.repeat(20000)}x${')'.repeat(20000)}`,
  'unclosed parentheses': '('.repeat(20000),
  'stray parentheses': `from a | where x${')'.repeat(20000)}`,
  pipelines: `from a | where x in ${'(from a | where x in '.repeat(5000)}[1]${')'.repeat(5000)}`,
  not: `from a | where ${'not '.repeat(5000)}x`,
  signs: `from a | where ${'-'.repeat(5000)}x`,
  or: `from a | where ${'x or '.repeat(5000)}x`,
  case: `from a | where ${'case when '.repeat(5000)}x`,
  types: `schema X { a: ${'list<'.repeat(5000)}int${'>'.repeat(5000)} }`,
  'struct types': `schema X { a: ${'{ a: '.repeat(5000)}int${'}'.repeat(5000)} }`,
  indexes: `from a | where x${'[0]'.repeat(5000)}`,
  'formatted strings': `from a | derive x = ${'f"{'.repeat(500)}`,
  statements: 'let '.repeat(5000),
  pipes: '| '.repeat(5000),
  quotes: '"'.repeat(20001),
};

for (const [name, text] of Object.entries(nested)) {
  test(`deeply nested ${name} end in a diagnostic`, () => {
    const { diagnostics } = parse(text, 'deep.flow');
    assert.ok(diagnostics.length > 0);
  });
}

const huge: Readonly<Record<string, { readonly text: string; readonly code: string | null }>> = {
  'ten thousand parentheses': {
    text: `from a | where ${'('.repeat(10_000)}x${')'.repeat(10_000)}`,
    code: 'FLOW1109',
  },
  'a string of a megabyte': { text: `from a | where x == "${'y'.repeat(1 << 20)}"`, code: null },
  'a string of a megabyte that is not closed': {
    text: `from a | where x == "${'y'.repeat(1 << 20)}`,
    code: 'FLOW1002',
  },
  'a name of a megabyte': { text: `from a | select ${'y'.repeat(1 << 20)}`, code: null },
  'a number of a megabyte': { text: `from a | where x == ${'7'.repeat(1 << 20)}`, code: null },
  'a comment of a megabyte': { text: `from a # ${'y'.repeat(1 << 20)}`, code: null },
  'a list of a hundred thousand items': { text: `from a | where x in [${'1, '.repeat(100_000)}2]`, code: null },
  'a hundred thousand steps': { text: `from a\n${'| where x\n'.repeat(100_000)}`, code: 'FLOW1121' },
  'seventy thousand steps': { text: `from a\n${'| where x\n'.repeat(70_000)}`, code: null },
  'a hundred thousand statements': { text: 'from a\n'.repeat(100_000), code: null },
  'a chain of a hundred thousand operators': {
    text: `from a | derive y = ${'x + '.repeat(100_000)}x`,
    code: 'FLOW1109',
  },
};

for (const [name, { text, code }] of Object.entries(huge)) {
  test(`${name}: bounded, with one clear error or none`, () => {
    const started = performance.now();
    const { diagnostics } = parse(text, 'huge.flow');
    const seconds = (performance.now() - started) / 1000;
    assert.equal(
      diagnostics.map((item) => item.code),
      code === null ? [] : [code],
    );
    assert.ok(seconds < 60, `${seconds} s`);
    for (const item of diagnostics) {
      assert.ok(item.message.length < 200);
      const shown = renderDiagnostic(item, { source: () => text });
      assert.ok(shown.length < 2000, 'what is shown of it is short');
    }
  });
}

test('nesting within the limit parses and formats', () => {
  for (const text of [
    `from a | where ${'('.repeat(95)}x${')'.repeat(95)}`,
    `from a | derive x = ${'f('.repeat(95)}${')'.repeat(95)}`,
    `from a | derive x = ${'case when a then b else '.repeat(95)}x${' end'.repeat(95)}`,
    `from a | where x in ${'(from a | where x in '.repeat(90)}[1]${')'.repeat(90)}`,
    `from a | where ${'x or '.repeat(900)}x`,
  ]) {
    const once = format(text, 'deep.flow');
    assert.equal(once.diagnostics, []);
    assert.is(format(once.text ?? '', 'deep.flow').text, once.text);
  }
});

test.run();
