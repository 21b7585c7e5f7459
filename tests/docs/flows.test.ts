// Every flow and every command of the documentation is run, and what it prints is what the page shows.
import { cpus } from 'node:os';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Engine } from '../../index.ts';
import { type Block, blocksOf, pages, placeOf, wordOf } from './blocks.ts';
import { pageFolder, runCommands, runFlow } from './run.ts';

const engine = new Engine({ workers: Math.min(2, cpus().length), memory: 256 * 2 ** 20 });
const home = process.cwd();

const trimmed = (text: string): string => text.replace(/[ \t]+$/gm, '').trim();

async function checkFlow(block: Block): Promise<void> {
  const [mode] = block.words;
  const outcome = await runFlow(engine, block, mode === 'check');
  const place = placeOf(block);
  const expected = mode === 'error' || mode === 'warning' ? (block.words[1] ?? '') : null;
  if (mode === 'error')
    assert.ok(
      outcome.codes.includes(expected ?? ''),
      `${place}: expected ${expected}, got\n${outcome.problems || 'no error'}`,
    );
  else assert.equal(outcome.codes, [], `${place}:\n${outcome.problems}`);
  if (mode === 'warning') assert.ok(outcome.warnings.includes(expected ?? ''), `${place}: expected ${expected}`);
  else if (mode !== 'error') assert.equal(outcome.warnings, [], `${place}:\n${outcome.problems}`);
  if (block.output === null) return;
  const printed = mode === 'error' ? outcome.problems : outcome.stdout;
  assert.is(trimmed(printed), trimmed(block.output.text), `${place}: what is shown below is not what it prints`);
}

function checkCommands(block: Block, folder: string): void {
  const { stdout, status } = runCommands(block, folder);
  assert.is(status, Number(wordOf(block, 'exit') ?? 0), `${placeOf(block)}:\n${stdout}`);
  if (block.output !== null)
    assert.is(
      trimmed(stdout),
      trimmed(block.output.text),
      `${placeOf(block)}: what is shown below is not what it prints`,
    );
}

for (const page of pages()) {
  const blocks = blocksOf(page);
  const active = blocks.filter((b) => b.language === 'flow' || (b.language === 'sh' && b.words[0] === 'run'));
  if (active.length === 0) continue;
  let place: ReturnType<typeof pageFolder> | null = null;
  for (const block of active) {
    test(`${placeOf(block)} ${block.language} ${block.words.join(' ')}`.trim(), async () => {
      place ??= pageFolder(blocks);
      process.chdir(place.folder);
      try {
        if (block.language === 'flow') await checkFlow(block);
        else checkCommands(block, place.folder);
      } finally {
        process.chdir(home);
      }
    });
  }
  test(`${page}: clean up`, () => place?.remove());
}

test('the engine ends', () => engine.close());

test.run();
