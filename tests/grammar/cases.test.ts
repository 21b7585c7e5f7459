/** The text fixtures: input => tree, bad input => diagnostics. `UPDATE=1` writes what is seen, for reading in a diff. */
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from '../../grammar/index.ts';
import { show } from './tree.ts';

interface Case {
  readonly input: string;
  readonly expected: string;
}

function readCases(url: URL): { intro: string; cases: Case[] } {
  const [intro = '', ...rest] = readFileSync(url, 'utf8').split(/^===\n/m);
  return {
    intro,
    cases: rest.map((item) => {
      const [input = '', expected = ''] = item.split(/^---\n/m);
      return { input: input.trimEnd(), expected: expected.trimEnd() };
    }),
  };
}

function trees(input: string): string {
  const { ast, diagnostics } = parse(input, 'case.flow');
  assert.equal(diagnostics, []);
  return ast.statements.map((statement) => show(statement)).join('\n');
}

function errors(input: string): string {
  return parse(input, 'case.flow')
    .diagnostics.map((item) => {
      const covered = input.slice(item.span.start, item.span.end);
      const at =
        covered === ''
          ? `⟨⟩ behind ${JSON.stringify(input.slice(Math.max(0, item.span.start - 6), item.span.start))}`
          : covered;
      const fix = item.suggestion === undefined ? '' : ` [${item.suggestion.text}]`;
      return `${item.code} ${at}: ${item.message}${fix}`;
    })
    .join('\n');
}

for (const [name, seen] of [
  ['trees', trees],
  ['errors', errors],
] as const) {
  const url = new URL(`./cases/${name}.txt`, import.meta.url);
  const { intro, cases } = readCases(url);
  if (process.env.UPDATE === '1') {
    writeFileSync(url, intro + cases.map((item) => `===\n${item.input}\n---\n${seen(item.input)}\n`).join(''));
  }
  for (const [i, item] of cases.entries()) {
    test(`${name} ${i + 1}: ${item.input.split('\n')[0]}`, () => {
      assert.fixture(seen(item.input), process.env.UPDATE === '1' ? seen(item.input) : item.expected);
    });
  }
}

test.run();
