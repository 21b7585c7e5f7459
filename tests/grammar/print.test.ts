import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { format, parse } from '../../grammar/index.ts';
import { printFile, printNode } from '../../grammar/print.ts';
import { expressions, files } from './arbitrary.ts';
import { withoutSpans } from './tree.ts';

const folder = new URL('./examples/', import.meta.url);

for (const file of readdirSync(folder).sort()) {
  const text = readFileSync(new URL(file, folder), 'utf8');
  test(`example ${file} parses, and its format is a fixed point of the same tree`, () => {
    const parsed = parse(text, file);
    assert.equal(parsed.diagnostics, []);
    const once = format(text, file);
    assert.equal(once.diagnostics, []);
    assert.equal(format(once.text ?? '', file).text, once.text);
    assert.equal(withoutSpans(withoutFile(parse(once.text ?? '', file).ast)), withoutSpans(withoutFile(parsed.ast)));
    assert.is(parse(once.text ?? '', file).comments.length, parsed.comments.length);
  });
}

function withoutFile<T extends { statements: unknown }>(ast: T): unknown {
  return ast.statements;
}

test('a printed expression reads back as the same tree', () => {
  fc.assert(
    fc.property(expressions, (expr) => {
      const text = `fn f() => ${printNode(expr)}`;
      const { ast, diagnostics } = parse(text, 'x.flow');
      const chained = diagnostics.filter((item) => item.code !== 'FLOW1110');
      assert.equal(chained, [], text);
      const [statement] = ast.statements;
      assert.ok(statement?.kind === 'fn', text);
      assert.equal(withoutSpans(statement.body), withoutSpans(expr), text);
    }),
    { numRuns: 600 },
  );
});

test('a printed file reads back as the same tree, and is its own format', () => {
  fc.assert(
    fc.property(files, (file) => {
      const text = printFile(file);
      const { ast, diagnostics } = parse(text, 'x.flow');
      assert.equal(diagnostics, [], text);
      assert.equal(withoutSpans(ast.statements), withoutSpans(file.statements), text);
      const once = format(text, 'x.flow').text;
      assert.is(format(once ?? '', 'x.flow').text, once);
    }),
    { numRuns: 300 },
  );
});

test.run();
