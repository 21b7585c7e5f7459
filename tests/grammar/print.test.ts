import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { format, parse } from '../../grammar/index.ts';
import { tokenize } from '../../grammar/lexer.ts';
import { printFile, printNode } from '../../grammar/print.ts';
import { children, walk } from '../../grammar/walk.ts';
import { expressions, files } from './arbitrary.ts';
import { examples, runs } from './mutate.ts';
import { withoutSpans } from './tree.ts';

for (const { name: file, text } of examples) {
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
    runs(150),
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
    runs(150),
  );
});

test('the generated trees hold every kind of node', () => {
  const seen = new Set<string>();
  for (const file of fc.sample(files, { numRuns: 400, seed: 1 })) {
    walk(file, (node) => {
      seen.add(node.kind);
    });
  }
  const unreadable = ['errorExpr', 'errorStep', 'errorStatement'];
  assert.equal(
    Object.keys(children).filter((kind) => !seen.has(kind) && !unreadable.includes(kind)),
    [],
    'a new kind of node belongs into tests/grammar/arbitrary.ts',
  );
});

/** Comments between the tokens of a text, on lines of their own or behind something. */
function withComments(text: string, spots: readonly { at: number; own: boolean }[]): string {
  const { tokens } = tokenize(text, 'x.flow');
  const places = new Map(
    spots.map(({ at, own }, i) => [at % (tokens.length + 1), own ? `\n  # own ${i}\n` : ` # c${i}\n`]),
  );
  let out = '';
  let from = 0;
  for (const [i, token] of tokens.entries()) {
    out += text.slice(from, token.startOffset) + (places.get(i) ?? '') + token.image;
    from = token.startOffset + token.image.length;
  }
  return `${out}${places.get(tokens.length) ?? ''}\n`;
}

const plain = examples.map((item) => item.text.replace(/#[^\n]*/g, ''));
const commented = fc
  .record({
    text: fc.oneof(
      fc.constantFrom(...plain),
      files.map((file) => printFile(file)),
    ),
    spots: fc.array(fc.record({ at: fc.nat(400), own: fc.boolean() }), { minLength: 1, maxLength: 4 }),
  })
  .map(({ text, spots }) => withComments(text, spots));

test('comments are kept wherever they stand, and stay where they are put', () => {
  fc.assert(
    fc.property(commented, (text) => {
      const before = parse(text, 'x.flow');
      const once = format(text, 'x.flow').text;
      assert.ok(once !== null, text);
      const after = parse(once, 'x.flow');
      const texts = (list: typeof before.comments): string[] => list.map((comment) => comment.text).sort();
      assert.equal(texts(after.comments), texts(before.comments));
      assert.equal(withoutSpans(after.ast.statements), withoutSpans(before.ast.statements));
      assert.is(format(once, 'x.flow').text, once);
    }),
    runs(120),
  );
});

test('blank lines and comments between statements', () => {
  const text = [
    '# head',
    '',
    'let a = from x',
    'let b = from y # why',
    '',
    '',
    '# about c',
    '',
    '# more',
    'from a | where p | sort q',
    '# | take 3',
    'from b',
    '# end',
    '',
  ].join('\n');
  assert.is(
    format(text, 'x.flow').text,
    [
      '# head',
      '',
      'let a = from x',
      'let b = from y # why',
      '',
      '# about c',
      '',
      '# more',
      'from a',
      '| where p',
      '| sort q',
      '# | take 3',
      'from b',
      '# end',
      '',
    ].join('\n'),
  );
  assert.is(format('', 'x.flow').text, '');
  assert.is(format('# only', 'x.flow').text, '# only\n');
});

test('a comment on every line of a step stays on its line', () => {
  const text = [
    'from a # source',
    '| where',
    '    x > 1 # one',
    '    # two',
    '    and y < 2 # three',
    '# before',
    '| derive',
    '    p = 1, # four',
    '    q = 2',
    '| take 3',
    '',
  ].join('\n');
  assert.is(format(text, 'x.flow').text, text);
});

test('numbers keep their digits as written, and a file with errors is not touched', () => {
  assert.is(format('from a | where x > 1_000_000', 'x.flow').text, 'from a | where x > 1_000_000\n');
  const broken = format('from a | where x >', 'x.flow');
  assert.is(broken.text, null);
  assert.is(broken.diagnostics.length, 1);
});

test.run();
