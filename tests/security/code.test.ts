// Code runs only where a flow says `use`, and not where that is forbidden.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hostFunctionsOf } from '../../engine/host/def.ts';
import { check, csv, DiagnosticsError, flow, plan, udf } from '../../index.ts';
import { readScript } from '../golden/script.ts';
import { inFolders, isSource, mask, projectFiles, read } from '../style/sources.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const dir = mkdtempSync(join(tmpdir(), 'flowc-code-'));
test.after(() => rmSync(dir, { recursive: true }));

const trap = join(dir, 'trap');
const file = (name: string, text: string): string => {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
};
const code = `import { writeFileSync } from 'node:fs';\nwriteFileSync(${JSON.stringify(trap)}, '');\nexport const f = (x) => x;\n`;
file('f.mjs', code);
file('one.csv', 'a\n1\n');
file('lib.flow', 'use { f: (int) -> int } from "./f.mjs"\nfn g(x) => f(x)\n');

const FORBIDDEN = [
  'use { f: (int) -> int } from "./f.mjs"\nfrom csv("one.csv") | derive b = f(a)',
  `use { f: (int) -> int } from "${pathToFileURL(join(dir, 'f.mjs')).href}"\nfrom csv("one.csv") | derive b = f(a)`,
  `use { f: (int) -> int } from "data:text/javascript,${encodeURIComponent(code)}"\nfrom csv("one.csv") | derive b = f(a)`,
  'import { g } from "./lib.flow"\nfrom csv("one.csv") | derive b = g(a)',
  'use { f: (int) -> int } from "./f.mjs"\nfrom csv("one.csv")',
];

test('--no-udf refuses `use`, wherever it stands, and nothing of the module runs', async () => {
  for (const text of FORBIDDEN) {
    const path = file('main.flow', text);
    const { plan: bound, diagnostics } = await check(text, path, { udf: false, cwd: dir });
    assert.is(bound, null, text);
    assert.ok(
      diagnostics.some((d) => d.code === 'FLOW8003'),
      text,
    );
    for (const args of [
      ['run', path, '--no-udf'],
      ['run', path, '--no-udf', '--dry-run'],
      ['check', path, '--no-udf'],
      ['explain', path, '--no-udf'],
    ]) {
      const { status, stderr } = spawnSync(process.execPath, [join(root, 'dist', 'cli.js'), ...args], {
        cwd: dir,
        encoding: 'utf8',
      });
      assert.is(status, 2, stderr);
      assert.match(stderr, /FLOW8003/);
    }
    assert.not.ok(existsSync(trap), text);
  }
});

test('udf: false refuses functions of a flow that is built in TypeScript, too', async () => {
  const built = flow(csv(join(dir, 'one.csv'))).select({ b: udf((x: number) => x, '(float) -> float')('a') });
  const error: unknown = await built.collect({ udf: false }).catch((e: unknown) => e);
  assert.ok(error instanceof DiagnosticsError, String(error));
  assert.is(error.diagnostics[0]?.code, 'FLOW8003');
});

test('a check reads modules and runs nothing of them', async () => {
  const { diagnostics } = await check(FORBIDDEN[0] as string, join(dir, 'main.flow'), { cwd: dir });
  assert.equal(diagnostics, []);
  assert.not.ok(existsSync(trap));
});

test('the plan of a flow without `use` calls nothing of the host language, whatever steps it has', async () => {
  const cases = join(root, 'tests', 'golden', 'cases');
  const cwd = dirname(cases);
  let seen = 0;
  for (const name of readdirSync(cases).filter((one) => one.endsWith('.golden'))) {
    const text = readScript(join(cases, name)).sections.get('flow') ?? '';
    const uses = /^use\b/m.test(text);
    const { plan: bound } = await check(text, join(cwd, 'golden.flow'), { cwd, udf: uses ? {} : false });
    assert.ok(bound, name);
    const { physical } = await plan(bound);
    assert.is(hostFunctionsOf(physical).length > 0, uses, name);
    seen++;
  }
  assert.ok(seen > 70);
});

/** Where text becomes code: generated loops and calls, whose names are of our own making, and functions that a program gives to the task API or to `use`. */
const GENERATORS = [
  'engine/expr/kernel_code.ts',
  'engine/host/call.ts',
  'engine/host/load.ts',
  'engine/tasks/functions.ts',
];
/** Where a module is loaded whose name is not written there: packages, and the scripts of dist/ with what imports modules for them. */
const LOADERS = [
  'cli/main.ts',
  'engine/host/import_module.ts',
  'engine/runtime/code_cache.ts',
  'engine/runtime/worker.ts',
  'engine/sql/duckdb.ts',
];

test('text becomes code in few places, all of them known', () => {
  const product = projectFiles().filter(
    (one) => isSource(one) && inFolders(one, ['index.ts', 'grammar', 'compiler', 'engine', 'cli']),
  );
  const found = product.filter((one) =>
    /\bnew (Function|Script)\b|\beval\(|\bnew vm\.|\bvm\.\w+\(|\bimport(Module)?\((?!['"])/.test(mask(read(one))),
  );
  assert.equal(found, [...GENERATORS, ...LOADERS].sort());
  assert.match(readFileSync(join(root, 'engine/sql/duckdb.ts'), 'utf8'), /importModule\(PACKAGE\)/);
});

test.run();
