/** Whatever stands in a file: no crash, no hang, and every diagnostic has a span inside of the file. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Node } from '../../grammar/ast.ts';
import { renderDiagnostic } from '../../grammar/frame.ts';
import { format, parse } from '../../grammar/index.ts';
import { childrenOf } from '../../grammar/walk.ts';
import { garbage, runs, spoiled } from './mutate.ts';

function check(text: string): void {
  const { ast, comments, diagnostics } = parse(text, 'fuzz.flow');
  for (const item of diagnostics) {
    assert.is(item.span.file, 'fuzz.flow');
    assert.ok(item.span.start >= 0 && item.span.start <= item.span.end && item.span.end <= text.length, item.message);
    assert.match(item.code, /^FLOW1[01]\d\d$/);
    assert.ok(item.message.length > 0 && !/undefined|\[object|NaN|-->/.test(item.message), item.message);
    const fix = item.suggestion?.span ?? item.span;
    assert.ok(fix.start >= 0 && fix.start <= fix.end && fix.end <= text.length);
    assert.ok(renderDiagnostic(item, { source: () => text }).includes('fuzz.flow:'));
  }
  for (const item of comments) assert.is(text.slice(item.span.start, item.span.end), item.text);
  checkSpans(ast, text);
  if (diagnostics.length === 0) {
    const once = format(text, 'fuzz.flow').text;
    assert.is.not(once, null);
    assert.is(format(once ?? '', 'fuzz.flow').text, once);
  }
}

/** Every node's span is in the file, and holds those of its children. */
function checkSpans(node: Node, text: string): void {
  const { start, end } = node.span;
  assert.ok(start >= 0 && start <= end && end <= text.length, `span of ${node.kind}`);
  for (const child of childrenOf(node)) {
    const broken = child.kind === 'errorStatement' || child.kind === 'errorStep' || child.kind === 'errorExpr';
    assert.ok(broken || (start <= child.span.start && child.span.end <= end), `${child.kind} lies in ${node.kind}`);
    checkSpans(child, text);
  }
}

test('spoiled files', () => {
  fc.assert(fc.property(spoiled, check), runs(700));
});

test('garbage', () => {
  fc.assert(fc.property(garbage, check), runs(700));
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
