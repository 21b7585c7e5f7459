// The documentation says what the program says: generated parts are current, lists are complete, links lead somewhere.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RULES } from '../../compiler/optimize/index.ts';
import { DEFAULT_PLAN_OPTIONS } from '../../compiler/physical/planner.ts';
import { MORSEL_ROWS } from '../../engine/batch/column.ts';
import { DEFAULT_MEMORY_SHARE, type EngineOptions, MIN_MEMORY } from '../../engine/runtime/engine.ts';
import { maxChain, maxNesting } from '../../grammar/syntax_codes.ts';
import { joinKinds, reserved, verbs } from '../../grammar/words.ts';
import { anchor } from '../../scripts/docs/markdown.ts';
import { pages as generatedPages } from '../../scripts/docs/pages.ts';
import { blocksOf, pages, root } from './blocks.ts';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** A page without its blocks of code. */
const textOf = (path: string): string => read(path).replace(/^( *)(`{3,})[\s\S]*?^ *\2$/gm, '');

test('the generated parts are what `npm run docs` writes', async () => {
  for (const { path, text, current } of await generatedPages()) {
    assert.is(text, current, `${path} is out of date: npm run docs`);
  }
});

test('every verb and every kind of join runs in an example of the language page', () => {
  const flows = [...blocksOf('docs/language.md'), ...blocksOf('docs/ml.md')].filter(
    (b) => b.language === 'flow' && b.words[0] !== 'error',
  );
  const run = flows.map((b) => b.text).join('\n');
  const missing = [
    ...verbs.filter((verb) => !new RegExp(`\\| *${verb}\\b`).test(run)),
    ...joinKinds.filter((kind) => !new RegExp(`\\| *join ${kind}\\b`).test(run)),
  ];
  assert.equal(missing, []);
});

test('the language page names every reserved word', () => {
  assert.ok(read('docs/language.md').includes(`\n${reserved.join(' ')}\n`));
});

test('the page on the engine names every rule of the optimizer', () => {
  const page = read('docs/engine.md');
  assert.equal(
    RULES.map((rule) => rule.name).filter((name) => !page.includes(`\n| ${name} |`)),
    [],
  );
});

test('the settings of the engine are in both tables, with their defaults', () => {
  // A new option without a row here does not compile.
  const stated: Record<keyof EngineOptions, string> = {
    workers: 'os.availableParallelism()',
    memory: 'os.totalmem()',
    spillDirs: 'os.tmpdir()',
    spill: '',
    heap: 'os.totalmem()',
    trace: 'false',
    optimizeLate: 'true',
    allowRead: '',
    allowWrite: '',
    allowNet: '',
  };
  for (const page of ['docs/tuning.md', 'docs/api.md']) {
    const rows = read(page).split('\n');
    for (const [option, fallback] of Object.entries(stated)) {
      const row = rows.find(
        (line) => line.startsWith('|') && new RegExp(`\`${option}\\b`).test(line) && line.includes(fallback),
      );
      assert.ok(row !== undefined, `${page} has no row for ${option}`);
    }
  }
});

test('the figures that the pages state are those of the program', () => {
  assert.is(DEFAULT_MEMORY_SHARE, 0.5, 'half of the machine: tuning.md, cli.md, api.md');
  assert.is(MIN_MEMORY, 16 * 2 ** 20, 'tuning.md, cli.md, api.md');
  assert.is(DEFAULT_PLAN_OPTIONS.broadcastBytes, 4 * 2 ** 20, 'engine.md, tuning.md, api.md');
  assert.is(MORSEL_ROWS, 65_536, 'engine.md, README.md');
  assert.is(maxNesting, 100, 'language.md');
  assert.is(maxChain, 1000, 'language.md');
});

test('links lead to pages, files and headings that exist', () => {
  const wrong: string[] = [];
  for (const page of [...pages(), 'CHANGELOG.md']) {
    for (const [, target = ''] of textOf(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [file = '', fragment] = target.split('#');
      const path = file === '' ? page : posix.join(dirname(page), file);
      if (!existsSync(join(root, path))) wrong.push(`${page}: ${target}`);
      else if (fragment !== undefined && !anchorsOf(path).has(fragment)) wrong.push(`${page}: ${target}`);
    }
  }
  assert.equal(wrong, []);
});

/** Anchors of a page's headings; the second of one text ends in -1. */
function anchorsOf(path: string): Set<string> {
  const found = new Set<string>();
  for (const [, heading = ''] of textOf(path).matchAll(/^#+ (.+)$/gm)) {
    const own = anchor(heading.replaceAll('`', ''));
    let name = own;
    for (let i = 1; found.has(name); i++) name = `${own}-${i}`;
    found.add(name);
  }
  return found;
}

test('every page of docs/ is linked from README.md', () => {
  const readme = read('README.md');
  assert.equal(
    pages().filter((page) => page !== 'README.md' && !readme.includes(`(${page})`)),
    [],
  );
});

test.run();
