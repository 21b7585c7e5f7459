// Type-checks and runs the TypeScript blocks of the documentation as modules of a project that has flowc installed.
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Block, root } from './blocks.ts';

function project(folder: string): void {
  if (existsSync(join(folder, 'tsconfig.json'))) return;
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  // The types are those of the source: the declarations in dist/types are not built for the tests.
  const compilerOptions = {
    target: 'es2023', lib: ['es2023', 'esnext.disposable'], module: 'nodenext', strict: true, noUncheckedIndexedAccess: true, noEmit: true, skipLibCheck: true,
    allowImportingTsExtensions: true, rewriteRelativeImportExtensions: true, resolveJsonModule: true,
    paths: { flowc: [join(root, 'index.ts')] }, types: ['node'], typeRoots: [join(root, 'node_modules/@types')],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.mts'] }));
}

const fileOf = (block: Block): string => `line${block.line}.mts`;

/** What the compiler has to say about the blocks, as text; empty when they are sound. */
export function checkModules(blocks: readonly Block[], folder: string): string {
  project(folder);
  for (const block of blocks) writeFileSync(join(folder, fileOf(block)), `${block.text}\nexport {};\n`);
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const done = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], { cwd: folder, encoding: 'utf8' });
  return done.stdout + done.stderr;
}

/** Runs the blocks one after another in `folder`; what each printed, errors included. */
export function runModules(blocks: readonly Block[], folder: string): Map<Block, string> {
  project(folder);
  const out = new Map<Block, string>();
  for (const block of blocks) {
    const file = join(folder, fileOf(block));
    writeFileSync(file, `${block.text}\nexport {};\n`);
    const loader = pathToFileURL(join(root, 'node_modules/tsx/dist/loader.mjs')).href;
    const done = spawnSync(process.execPath, ['--import', loader, file], {
      cwd: folder, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined },
    });
    out.set(block, done.stdout + done.stderr);
  }
  return out;
}
