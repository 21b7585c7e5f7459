// Writes what the blocks of the documentation print into the `text output` blocks behind them:
//
//   node --import tsx tests/docs/update.ts [PAGE …]
//
// To be read before it is committed: the tests only hold that pages and program agree.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Engine } from '../../index.ts';
import { type Block, blocksOf, pages, placeOf, root } from './blocks.ts';
import { runModules } from './modules.ts';
import { pageFolder, runCommands, runFlow } from './run.ts';

const wanted = process.argv.slice(2);
const engine = new Engine({ workers: 2, memory: 256 * 2 ** 20 });
const home = process.cwd();
const tidy = (text: string): string => text.replace(/[ \t]+$/gm, '').replace(/^\n+|\n+$/g, '');

/** What a block prints for people; anything unexpected is told. */
async function printedBy(block: Block, modules: ReturnType<typeof runModules>, folder: string): Promise<string | null> {
  if (block.language === 'ts') return modules.get(block)?.text ?? null;
  if (block.language === 'sh') return block.words[0] === 'run' ? runCommands(block, folder).stdout : null;
  if (block.language !== 'flow') return null;
  const outcome = await runFlow(engine, block, block.words[0] === 'check');
  const isError = block.words[0] === 'error';
  if (isError === (outcome.problems === '')) console.log(`${placeOf(block)}:\n${outcome.problems || 'no error'}`);
  return isError ? outcome.problems : outcome.stdout;
}

async function update(page: string): Promise<void> {
  const blocks = blocksOf(page);
  const { folder, remove } = pageFolder(blocks);
  const lines = readFileSync(join(root, page), 'utf8').split('\n');
  const modules = runModules(
    blocks.filter((b) => b.language === 'ts' && b.words[0] !== 'check'),
    folder,
  );
  const outputs = new Map<Block, string>();
  process.chdir(folder);
  for (const block of blocks) {
    try {
      const text = await printedBy(block, modules, folder);
      if (text !== null && block.output !== null) outputs.set(block.output, text);
    } catch (error) {
      console.log(`${placeOf(block)}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  process.chdir(home);
  remove();
  // From the end, so that the places of the others stay.
  for (const [block, text] of [...outputs].reverse()) {
    const [from, to] = block.lines;
    lines.splice(from, to - from, ...tidy(text).split('\n'));
  }
  writeFileSync(join(root, page), lines.join('\n'));
}

for (const page of pages().filter((one) => wanted.length === 0 || wanted.includes(one))) await update(page);
await engine.close();
