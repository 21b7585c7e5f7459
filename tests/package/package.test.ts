// What is published: the files of the package, and that it works where nothing but itself and its dependencies is installed.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { version, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
  dependencies: Record<string, string>;
};

/** A project of somebody else's; real, because the command compares paths. */
const project = realpathSync(mkdtempSync(join(tmpdir(), 'flowc-package-')));
const installed = join(project, 'node_modules/flowc');
process.on('exit', () => rmSync(project, { recursive: true, force: true }));

function execute(command: string, args: readonly string[], cwd = project): string {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined },
  });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} exited with ${status}\n${stdout}${stderr}`);
  return stdout;
}

function runModule(text: string): string {
  writeFileSync(join(project, 'main.mjs'), text);
  return execute(process.execPath, ['main.mjs']);
}

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

// Without scripts: the test runner has built dist/, and building it again would change it under other tests.
function pack(): Packed {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', project];
  const [packed] = JSON.parse(execute('npm', args, root)) as Packed[];
  if (packed === undefined) throw new Error('npm pack made nothing');
  return packed;
}

/** The dependencies that it declares, and no others, are found beside it. */
function install(tarball: string): void {
  mkdirSync(installed, { recursive: true });
  execute('tar', ['-xzf', join(project, tarball), '-C', installed, '--strip-components', '1']);
  for (const name of Object.keys(dependencies)) {
    const link = join(project, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), link, 'dir');
  }
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(project, 'sales.csv'), 'shop,amount\na,1\nb,2\na,3\n');
}

const packed = pack();
install(packed.filename);

test('the package has the build, its licences and its pages, and nothing else', () => {
  const allowed = [
    /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/THIRD-PARTY-LICENSES\.txt)$/,
    /^dist\/[\w-]+\.js(\.map)?$/,
    /^dist\/(command|worker|worker_main)\.cjs(\.map)?$/,
    /^dist\/kernels\.wasm$/,
    /^dist\/types\/(index|(compiler|engine|grammar|testing)\/[\w/-]+)\.d\.ts$/,
  ];
  const paths = packed.files.map((file) => file.path);
  assert.equal(
    paths.filter((path) => !allowed.some((pattern) => pattern.test(path))),
    [],
  );
  const needed = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'dist/THIRD-PARTY-LICENSES.txt'];
  for (const path of [
    ...needed,
    'dist/cli.js',
    'dist/command.cjs',
    'dist/index.js',
    'dist/testing.js',
    'dist/worker.cjs',
    'dist/worker_main.cjs',
    'dist/io.js',
    'dist/kernels.wasm',
  ])
    assert.ok(paths.includes(path), path);
});

test('the command is executable and says its version', () => {
  const command = packed.files.find((file) => file.path === 'dist/cli.js');
  assert.is((command?.mode ?? 0) & 0o111, 0o111);
  assert.is(execute(process.execPath, [join(installed, 'dist/cli.js'), '--version']).trim(), version);
});

test('the command runs a flow, through every format that needs a dependency', () => {
  const flow = `let sums = from csv("sales.csv") | summarize amount = sum(amount) by shop | sort shop
from sums | write parquet("sums.parquet")
from sums | write arrow("sums.arrow")`;
  writeFileSync(join(project, 'write.flow'), flow);
  writeFileSync(
    join(project, 'read.flow'),
    'from parquet("sums.parquet") | union arrow("sums.arrow") | sort shop, amount',
  );
  const command = join(installed, 'dist/cli.js');
  execute(process.execPath, [command, 'run', 'write.flow']);
  const printed = execute(process.execPath, [command, 'run', 'read.flow', '--out', 'csv']);
  assert.is(printed, 'shop,amount\na,4\na,4\nb,2\nb,2\n');
});

test("compiled code of one place serves another: frames of errors are the user's own there, too", () => {
  writeFileSync(
    join(project, 'fails.ts'),
    'export function fails(x: number): number {\n  throw new Error("no " + x);\n}\n',
  );
  writeFileSync(
    join(project, 'fails.flow'),
    'use { fails } from "./fails.ts"\nfrom csv("sales.csv") | derive f = fails(amount)\n',
  );
  const other = join(project, 'other/node_modules/flowc');
  cpSync(installed, other, { recursive: true });
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, XDG_CACHE_HOME: join(project, 'cache') };
  const fail = (place: string) => {
    const { status, stderr } = spawnSync(process.execPath, [join(place, 'dist/cli.js'), 'run', 'fails.flow'], {
      cwd: project,
      encoding: 'utf8',
      env,
    });
    assert.is(status, 1, stderr);
    return stderr;
  };
  const first = fail(installed);
  assert.match(first, /no 1/);
  assert.not.match(first, /dist|_main|command/);
  assert.is(fail(other), first);
  assert.is(fail(installed), first);
});

test('the library is imported by its name, and runs', () => {
  const printed = runModule(`
    import { csv, flow, sum } from 'flowc';
    const rows = await flow(csv('sales.csv')).summarize({ amount: sum('amount') }, { by: 'shop' }).sort('shop').collect();
    console.log(JSON.stringify(rows));
  `);
  assert.is(printed.trim(), '[{"shop":"a","amount":4},{"shop":"b","amount":2}]');
});

test('package.json can be imported, and files that are not exported cannot', () => {
  const printed = runModule(`
    import flowc from 'flowc/package.json' with { type: 'json' };
    console.log(flowc.version);
    await import('flowc/dist/cli.js').catch((error) => console.log(error.code));
  `);
  assert.equal(printed.trim().split('\n'), [version, 'ERR_PACKAGE_PATH_NOT_EXPORTED']);
});

test('the declarations are sound for who imports it', () => {
  const require = createRequire(import.meta.url);
  const compiler = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');
  // Those of now: the ones in dist/ are from the last npm ci.
  const types = ['-p', join(root, 'scripts/tsconfig.types.json'), '--outDir', join(installed, 'dist/types')];
  execute(process.execPath, [compiler, ...types], root);
  writeFileSync(
    join(project, 'consumer.ts'),
    `import { csv, Engine, flow, type Flow, type Row, run, sum } from 'flowc';
const sums: Flow = flow(csv('sales.csv')).summarize({ amount: sum('amount') }, { by: 'shop' });
const rows: readonly Row[] = await sums.collect({ memory: 2 ** 26 });
const { results } = await run([sums], { engine: new Engine({ workers: 1 }) });
// @ts-expect-error a flow has no such step
sums.wehre('amount > 1');
console.log(rows.length, results.length);
`,
  );
  mkdirSync(join(project, 'node_modules/@types'), { recursive: true });
  symlinkSync(join(root, 'node_modules/@types/node'), join(project, 'node_modules/@types/node'), 'dir');
  const options = { strict: true, noEmit: true, target: 'es2022', module: 'nodenext', types: ['node'] };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['consumer.ts'] }));
  execute(process.execPath, [compiler, '-p', 'tsconfig.json']);
});

test.run();
