// The TypeScript blocks of the documentation: type-checked together, then run one by one.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { blocksOf, pages, placeOf } from './blocks.ts';
import { checkModules, runModules } from './modules.ts';
import { pageFolder } from './run.ts';

const trimmed = (text: string): string => text.replace(/[ \t]+$/gm, '').trim();

const all = pages().flatMap((page) => blocksOf(page));
const modules = all.filter((block) => block.language === 'ts');

test('the modules of all pages are sound', () => {
  const { folder, remove } = pageFolder([]);
  try {
    assert.is(checkModules(modules, folder), '');
  } finally {
    remove();
  }
});

for (const page of new Set(modules.map((block) => block.page))) {
  test(`the modules of ${page} print what is shown below them`, () => {
    const blocks = all.filter((block) => block.page === page);
    const { folder, remove } = pageFolder(blocks);
    try {
      const printed = runModules(
        blocks.filter((block) => block.language === 'ts' && block.words[0] !== 'check'),
        folder,
      );
      for (const [block, { text, failed }] of printed) {
        assert.not(failed, `${placeOf(block)}:\n${text}`);
        if (block.output === null) continue;
        const shown = trimmed(block.output.text);
        assert.is(trimmed(text), shown, `${placeOf(block)}: what is shown below is not what it prints`);
      }
    } finally {
      remove();
    }
  });
}

test('there are examples of the builder', () => {
  assert.ok(blocksOf('docs/api.md').some((block) => block.language === 'ts'));
});

test.run();
