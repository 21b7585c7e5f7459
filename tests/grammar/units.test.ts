import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Node, noSpan, type Step } from '../../grammar/ast.ts';
import { defineDiagnostics, diagnostic, entry, findDiagnostic, sortDiagnostics } from '../../grammar/diagnostics.ts';
import { location, position, renderDiagnostic } from '../../grammar/frame.ts';
import { parse } from '../../grammar/index.ts';
import { FlowParser } from '../../grammar/parser.ts';
import { printNode } from '../../grammar/print.ts';
import { ProblemCollector } from '../../grammar/problems.ts';
import { editDistance, suggest, suggestAll } from '../../grammar/suggest.ts';
import { syntax } from '../../grammar/syntax_codes.ts';
import { children, childrenOf, rewrite, walk } from '../../grammar/walk.ts';
import { quoteName, verbs } from '../../grammar/words.ts';
import { examples } from './mutate.ts';

test('the grammar passes the validations of the parser library', () => {
  assert.ok(new FlowParser(new ProblemCollector(), { validate: true }));
});

test('every verb has its step, and the AST of each walks', () => {
  const kinds = new Set(verbs.map((verb) => (verb === 'map_batches' ? 'map' : verb)));
  for (const set of ['union', 'except', 'intersect'] as const) {
    kinds.delete(set);
    assert.ok('setStep' in children);
  }
  for (const kind of kinds) assert.ok(kind in children, kind);
});

test('the table of children misses no node of the examples', () => {
  const seen = new Set<object>();
  const below = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(below);
    else if (typeof value === 'object' && value !== null) {
      if ('kind' in value) seen.add(value);
      Object.values(value).forEach(below);
    }
  };
  for (const { name, text } of examples) {
    const { ast } = parse(text, name);
    below(ast);
    walk(ast, (node) => {
      assert.ok(seen.delete(node), node.kind);
    });
    assert.is(seen.size, 0);
  }
});

test('walk visits in source order, gives the parent, and leaves out what it is told to', () => {
  const { ast } = parse('from t | where a + f(b) > c', 'x.flow');
  const names: string[] = [];
  walk(ast, (node, parent) => {
    if (node.kind === 'column') names.push(`${node.name} in ${parent?.kind}`);
    return node.kind !== 'call';
  });
  assert.equal(names, ['a in binary', 'c in binary']);
});

test('rewrite goes from the leaves up, and keeps what does not change', () => {
  const { ast } = parse('from t | where a > 1 | derive b = a', 'x.flow');
  assert.is(
    rewrite(ast, (node) => node),
    ast,
  );
  const renamed = rewrite(ast, (node) => (node.kind === 'column' && node.name === 'a' ? { ...node, name: 'z' } : node));
  assert.is.not(renamed, ast);
  const [statement] = renamed.statements;
  assert.ok(statement?.kind === 'pipeline');
  assert.equal(
    statement.steps.map((step) => printNode(step)),
    ['where z > 1', 'derive b = z'],
  );
  const [before] = ast.statements;
  assert.ok(before?.kind === 'pipeline');
  assert.is(statement.source, before.source);
});

test('a node made by hand prints', () => {
  const step: Step = {
    kind: 'sort',
    span: noSpan,
    verbSpan: noSpan,
    keys: [
      {
        kind: 'sortKey',
        span: noSpan,
        value: { kind: 'column', span: noSpan, name: 'unit price' },
        descending: true,
        nulls: 'first',
      },
    ],
  };
  assert.is(printNode(step), 'sort `unit price` desc nulls first');
  assert.is(childrenOf(step).length, 1);
});

test('spans: verbs, steps, names, operators', () => {
  const text = 'let a = from t | derive x = y == 1, z = 2';
  const { ast } = parse(text, 'x.flow');
  const slices = new Map<string, string>();
  walk(ast, (node: Node) => {
    slices.set(node.kind, text.slice(node.span.start, node.span.end));
    if (node.kind === 'derive') assert.is(text.slice(node.verbSpan.start, node.verbSpan.end), 'derive');
    if (node.kind === 'binary') assert.is(text.slice(node.opSpan.start, node.opSpan.end), '==');
  });
  assert.is(slices.get('let'), text);
  assert.is(slices.get('derive'), 'derive x = y == 1, z = 2');
  assert.is(slices.get('binary'), 'y == 1');
  assert.is(slices.get('from'), 'from t');
});

test('a broken statement still tells what it would have declared', () => {
  const { ast } = parse('let { a, b } = frm x\nparam p int\nfn f(\nlet c = from t', 'x.flow');
  const names = ast.statements.flatMap((item) =>
    item.kind === 'errorStatement' ? item.names.map((name) => name.text) : [],
  );
  assert.equal(names, ['a', 'b', 'p', 'f']);
});

test('suggestions', () => {
  assert.is(editDistance('sort', 'srot'), 1);
  assert.is(editDistance('abc', 'abc'), 0);
  assert.is(editDistance('kitten', 'sitting'), 3);
  assert.is(editDistance('aaaaaaaa', 'b', 2), 3);
  assert.is(suggest('wher', verbs), 'where');
  assert.is(suggest('customerid', ['customer_id', 'cust']), 'customer_id');
  assert.is(suggest('dsc', ['asc', 'desc']), 'desc');
  assert.is(suggest('revenue', ['a', 'b']), null);
  assert.equal(suggestAll('amount', ['amout', 'amounts', 'x']), ['amout', 'amounts']);
});

test('names are quoted where they must be', () => {
  assert.equal(['a', 'take', 'größe', 'unit price', 'end', '1st', 'a`b', ''].map(quoteName), [
    'a',
    'take',
    'größe',
    '`unit price`',
    '`end`',
    '`1st`',
    '`a\\`b`',
    '``',
  ]);
});

test('a frame shows the place, the notes and the help', () => {
  const source = 'from t\n\t| wher a\n';
  const [item] = parse(source, 'p.flow').diagnostics;
  assert.ok(item !== undefined);
  const text = renderDiagnostic(item, { source: () => source });
  assert.is(
    text,
    [
      'error[FLOW1104]: there is no verb `wher`',
      '  --> p.flow:2:4',
      '2 | \t| wher a',
      '  | \t  ^^^^',
      '  help: did you mean `where`?',
    ].join('\n'),
  );
  assert.ok(renderDiagnostic(item, { source: () => source, color: true }).includes('\u001b[31m'));
  assert.ok(renderDiagnostic(item, { source: () => null }).includes('--> p.flow'));
  assert.equal(position('a\r\nbc', 4), { line: 2, column: 2 });
  assert.equal(position('', 10), { line: 1, column: 1 });
  assert.is(
    location(item.span, () => source),
    'p.flow:2:4',
  );
});

test('a frame of a long or hostile line stays short and harmless', () => {
  const source = `from t | where ${'x + '.repeat(200)}\u001b[2J ; ${'y + '.repeat(200)}1`;
  const item = parse(source, 'p.flow').diagnostics.find((found) => found.code === 'FLOW1008');
  assert.ok(item !== undefined);
  const text = renderDiagnostic(item, { source: () => source });
  assert.not.match(text, '\u001b');
  const [, , line = '', marks = ''] = text.split('\n');
  assert.ok(line.length < 200);
  assert.is(line[marks.indexOf('^')], ';');
});

test('a registry rejects malformed and repeated codes', () => {
  const one = entry<{ n: number }>({ code: 'FLOW9001', title: 't', explanation: 'e', message: (p) => `n is ${p.n}` });
  assert.throws(() => defineDiagnostics({ one, two: { ...one } }), /share the code/);
  assert.throws(() => defineDiagnostics({ one: { ...one, code: 'X1' } }), /malformed/);
  const made = diagnostic(one, { n: 3 }, noSpan, { notes: [] });
  assert.equal(made, { code: 'FLOW9001', severity: 'error', message: 'n is 3', span: noSpan });
  assert.is(findDiagnostic('flow1104', [syntax]), syntax.unknownVerb);
  assert.is(findDiagnostic('1104', [syntax]), syntax.unknownVerb);
  assert.is(findDiagnostic('FLOW0000', [syntax]), null);
  const at = (start: number) => ({ ...made, span: { file: 'a', start, end: start } });
  assert.equal(
    sortDiagnostics([at(5), at(2)]).map((item) => item.span.start),
    [2, 5],
  );
});

test('every code is explained, and explained without a parser', () => {
  for (const def of Object.values(syntax)) {
    assert.ok(def.title.length > 5 && def.explanation.length > 40, def.code);
  }
});

test('what needs no parser does not load one', () => {
  const folder = new URL('../../grammar/', import.meta.url);
  const loads = (file: string, seen = new Set<string>()): Set<string> => {
    if (seen.has(file)) return seen;
    seen.add(file);
    if (!file.endsWith('.ts')) return seen;
    const text = readFileSync(new URL(file, folder), 'utf8');
    for (const [, clause = '', from = ''] of text.matchAll(
      /^(?:import|export)\s+((?!type\b)[^;]*?)\s+from '([^']+)'/gms,
    )) {
      if (/^\{(?:\s*type\s+\w+,?)+\s*\}$/.test(clause)) continue;
      loads(from.replace('./', ''), seen);
    }
    return seen;
  };
  for (const file of [
    'ast.ts',
    'ast_steps.ts',
    'walk.ts',
    'diagnostics.ts',
    'syntax_codes.ts',
    'suggest.ts',
    'frame.ts',
    'print.ts',
    'words.ts',
  ]) {
    assert.not.ok(loads(file).has('chevrotain'), file);
  }
  assert.ok(loads('index.ts').has('chevrotain'));
  const outside = readdirSync(folder)
    .flatMap((file) => [...loads(file)])
    .filter((file) => file.startsWith('..'));
  assert.equal(outside, []);
});

test.run();
