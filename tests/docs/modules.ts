// Type-checks and runs the TypeScript blocks of the documentation as modules of a project that has flowc installed.
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import { type Block, root } from './blocks.ts';

function project(folder: string): void {
  if (existsSync(join(folder, 'tsconfig.json'))) return;
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  // The types are those of the source: the declarations in dist/types are not built for the tests.
  const compilerOptions = {
    target: 'es2023',
    lib: ['es2023', 'esnext.disposable'],
    module: 'nodenext',
    strict: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    rewriteRelativeImportExtensions: true,
    resolveJsonModule: true,
    paths: { flowc: [join(root, 'index.ts')], 'flowc/testing': [join(root, 'testing/index.ts')] },
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
  };
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, include: ['*.mts', join(root, 'engine/**/*.d.ts')] }),
  );
}

/** `docs_api_md_32.mts` */
const fileOf = (block: Block): string => `${block.page.replace(/\W/g, '_')}_${block.line}.mts`;

/** What the compiler has to say about the blocks of any pages, as text; empty when they are sound. */
export function checkModules(blocks: readonly Block[], folder: string): string {
  project(folder);
  for (const block of blocks) writeFileSync(join(folder, fileOf(block)), `${block.text}\nexport {};\n`);
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const done = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], { cwd: folder, encoding: 'utf8' });
  // The source has type checks of its own.
  return done.stdout
    .split('\n')
    .filter((line) => /^(\w+_\d+\.mts\b|error )/.test(line))
    .join('\n');
}

/** What one module printed, errors included, and whether it went well. */
export interface Printed {
  readonly text: string;
  readonly failed: boolean;
}

const MARK = '\u0001';
const FAILED = '\u0002';

/** Runs the blocks one after another in `folder`, in one process. */
export function runModules(blocks: readonly Block[], folder: string): Map<Block, Printed> {
  project(folder);
  const steps = blocks.map((block) => {
    const file = fileOf(block).replace('.mts', '.mjs');
    writeFileSync(
      join(folder, file),
      transformSync(block.text, { loader: 'ts', format: 'esm', target: 'node20' }).code,
    );
    return `try { await import('./${file}'); } catch (e) { console.log(e, '${FAILED}'); }\nconsole.log('${MARK}');\n`;
  });
  writeFileSync(join(folder, 'all.mjs'), steps.join(''));
  const done = spawnSync(process.execPath, ['all.mjs'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined },
  });
  const texts = (done.stdout + done.stderr).split(`${MARK}\n`);
  return new Map(
    blocks.map((block, i) => {
      const text = texts[i] ?? 'did not run';
      return [block, { text: text.replaceAll(FAILED, ''), failed: text.includes(FAILED) || i >= texts.length - 1 }];
    }),
  );
}
