import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  inFolders,
  isSource,
  localImports,
  mask,
  PRODUCT,
  packageImports,
  projectFiles,
  read,
  specifiers,
} from './sources.ts';

/** Layer -> what it may import: `samples, cli -> index.ts -> compiler -> {grammar, engine}`. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  grammar: ['grammar'],
  engine: ['engine'],
  compiler: ['compiler', 'grammar', 'engine'],
  'index.ts': ['compiler', 'grammar', 'engine'],
  // A thread is started before the library, which takes longer to load, is there. Folders are made in one way by all.
  cli: [
    'cli',
    'index.ts',
    'grammar',
    'package.json',
    'engine/runtime/threads.ts',
    'engine/runtime/code_cache.ts',
    'engine/io/folders.ts',
  ],
  samples: ['samples', 'index.ts'],
  testing: ['testing', 'index.ts', 'compiler', 'grammar', 'engine'],
  // It documents the tables of every layer.
  'scripts/docs': ['scripts', 'cli', 'index.ts', 'compiler', 'grammar', 'engine'],
  scripts: ['scripts'],
};

/** Packages at home in one layer. Others are free. */
const HOME: Readonly<Record<string, readonly string[]>> = {
  chevrotain: ['grammar'],
  commander: ['cli'],
  graphology: ['compiler'],
  'graphology-dag': ['compiler'],
  'apache-arrow': ['engine', 'index.ts'],
  'parquet-wasm': ['engine'],
  'p-queue': ['engine'],
  '@swc/wasm-typescript': ['engine'],
};

const files = projectFiles().filter(isSource);
const layerOf = (file: string) => Object.keys(MAY_IMPORT).find((layer) => inFolders(file, [layer]));

/** Node's recursive one never returns below /proc. */
test('folders are made step by step, by one function', () => {
  const wrong = files.filter(
    (f) => inFolders(f, ['engine', 'compiler', 'cli']) && /mkdir\w*\([^)]*recursive/.test(read(f)),
  );
  assert.equal(wrong, []);
});

test('imports go one way: samples, cli -> index.ts -> compiler -> grammar, engine', () => {
  const wrong: string[] = [];
  for (const file of files) {
    const layer = layerOf(file);
    if (layer === undefined) continue;
    const allowed = MAY_IMPORT[layer] ?? [];
    for (const target of localImports(file)) {
      if (!inFolders(target, allowed))
        wrong.push(`${file} imports ${target}; ${layer} may import ${allowed.join(', ')}`);
    }
  }
  assert.equal(wrong, []);
});

test('a package is imported only by the layer it is at home in', () => {
  const wrong: string[] = [];
  for (const file of files.filter((candidate) => inFolders(candidate, PRODUCT))) {
    for (const name of packageImports(file)) {
      const homes = HOME[name];
      if (homes && !inFolders(file, homes)) wrong.push(`${file} imports ${name}, at home in ${homes.join(', ')}`);
    }
  }
  assert.equal(wrong, []);
});

test('every local import names a file of the project', () => {
  const known = new Set(projectFiles());
  const wrong = files.flatMap((file) =>
    localImports(file)
      .filter((target) => !known.has(target) && !target.startsWith('dist/'))
      .map((target) => `${file} imports ${target}`),
  );
  assert.equal(wrong, []);
});

test('a worker thread loads only engine/', () => {
  const reached = new Set<string>();
  const visit = (file: string) => {
    if (reached.has(file)) return;
    reached.add(file);
    if (files.includes(file)) for (const target of localImports(file)) visit(target);
  };
  for (const entry of ['engine/runtime/worker.ts', 'engine/runtime/worker_main.ts']) {
    assert.ok(files.includes(entry), `${entry} does not exist`);
    visit(entry);
  }
  assert.equal(
    [...reached].filter((file) => !inFolders(file, ['engine'])),
    [],
  );
});

test('the entry of the command imports nothing heavy', () => {
  const statically = (file: string): string[] => {
    const targets = localImports(file).filter((target) => ['cli/help.ts', 'cli/version.ts'].includes(target));
    return [...packageImports(file), ...targets.flatMap((target) => (isSource(target) ? statically(target) : []))];
  };
  assert.equal(statically('cli/main.ts'), []);
});

test('the scanner finds every form of import and none in text', () => {
  const text = [
    "import a from './a.ts';",
    "import type { B } from './b.ts';",
    "import './c.ts';",
    "export * from './d.ts';",
    "export { e } from './e.ts';",
    "const f = await import('./f.ts');",
    "type G = import('./g.ts').G;",
    "import {\n  h,\n} from './h.ts';",
    "// import i from './i.ts';",
    "/* export * from './j.ts' */",
    'const k = "import k from \'./k.ts\'";',
    "const l = `import './l.ts' ${await import('./m.ts')} from './n.ts'`;",
    "const o = /from '.\\/o.ts'/;",
  ].join('\n');
  assert.equal(specifiers(text), [
    './a.ts',
    './b.ts',
    './c.ts',
    './d.ts',
    './e.ts',
    './f.ts',
    './g.ts',
    './h.ts',
    './m.ts',
  ]);
});

test('the mask keeps offsets and code', () => {
  const text = "const a = 'x' + `y${{ b: `z` }}w`; // c\nreturn /[/'\"]/.test(a) / 2;";
  const masked = mask(text);
  assert.is(masked.length, text.length);
  assert.is(masked, "const a = ' ' + ` ${{ b: ` ` }} `;     \nreturn /     /.test(a) / 2;");
});

test.run();
