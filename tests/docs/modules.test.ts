// The TypeScript blocks of the documentation: type-checked together, then run one by one.
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { blocksOf, pages, placeOf } from './blocks.ts';
import { checkModules, runModules } from './modules.ts';
import { pageFolder } from './run.ts';

const trimmed = (text: string): string => text.replace(/[ \t]+$/gm, '').trim();

for (const page of pages()) {
  const blocks = blocksOf(page);
  const modules = blocks.filter((block) => block.language === 'ts');
  if (modules.length === 0) continue;
  test(`${page}: ${modules.length} modules`, () => {
    const { folder, remove } = pageFolder(blocks);
    try {
      assert.is(checkModules(modules, folder), '', `${page}: the compiler has objections`);
      const printed = runModules(
        modules.filter((block) => block.words[0] !== 'check'),
        folder,
      );
      for (const [block, { text, failed }] of printed) {
        assert.not(failed, `${placeOf(block)}:\n${text}`);
        if (block.output !== null)
          assert.is(
            trimmed(text),
            trimmed(block.output.text),
            `${placeOf(block)}: what is shown below is not what it prints`,
          );
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
