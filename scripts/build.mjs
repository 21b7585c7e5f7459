// Builds dist/: the command, the worker and the library as one split ESM bundle, and the type declarations.
//
//   node scripts/build.mjs              bundle and declarations; a type error fails the build
//   node scripts/build.mjs --prepare    the same, called by npm: a type error is only a warning, and without the
//                                       development tools it leaves a command that says so
//   node scripts/build.mjs --no-types   bundle only (what the test runner needs)
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileKernels } from './build-kernels.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');

/** Output name -> source. The threads are entries of their own: they load only `engine/`. */
const entries = {
  index: 'index.ts',
  io: 'engine/io/thread.ts',
  ts_hooks: 'engine/host/ts_hooks.ts',
  testing: 'testing/index.ts',
};

/**
 * Scripts by themselves, whose compiled code can be kept; V8 does not do so for modules before Node.js 22, and less well after. Each has a launcher, which is told
 * what was built.
 */
const scripts = [
  { name: 'command', source: 'cli/command.ts', launcher: { cli: 'cli/main.ts' }, format: 'esm', as: 'COMMAND_BUILD' },
  {
    name: 'worker_main',
    source: 'engine/runtime/worker_main.ts',
    launcher: { worker: 'engine/runtime/worker.ts' },
    format: 'cjs',
    as: 'WORKER_BUILD',
  },
];

/** Large, optional, or with a WASM file beside them: resolved from node_modules at run time, by a lazy `import()`. */
const external = ['@swc/wasm-typescript', 'apache-arrow', 'parquet-wasm', 'fast-check', '@aws-sdk/client-s3'];

/**
 * Two functions of lodash as chevrotain uses them. Those of lodash go through many more, none of which is compiled yet when a parser is made: they take half of the time of
 * parsing a small flow.
 */
const quickLodash = {
  name: 'quick lodash',
  setup(build) {
    build.onLoad({ filter: /[\\/]lodash-es[\\/](has|pickBy)\.js$/ }, ({ path }) => ({
      contents: readFileSync(join(root, 'scripts/lodash', basename(path).replace('.js', '.mjs')), 'utf8'),
    }));
  },
};

/** CommonJS dependencies call `require` for Node's own modules; an ES module has none until it makes one. */
const requireShim =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

/**
 * Bundles every entry into dist/.
 * @returns {Promise<void>} rejects when a source does not compile; esbuild has then printed where
 */
export async function bundle() {
  const { build } = await import('esbuild');
  const present = Object.entries(entries).filter(([, source]) => existsSync(join(root, source)));
  for (const [name, source] of Object.entries(entries)) {
    if (!existsSync(join(root, source))) console.error(`build: ${source} does not exist, dist/${name}.js is skipped`);
  }
  const kernels = await compileKernels();
  const common = {
    absWorkingDir: root,
    outdir: dist,
    bundle: true,
    platform: 'node',
    target: 'node20',
    mainFields: ['module', 'main'],
    external,
    plugins: [quickLodash],
    sourcemap: true,
    sourcesContent: false,
    metafile: true,
    write: false,
    logLevel: 'warning',
  };
  const modules = await build({
    ...common,
    entryPoints: Object.fromEntries(present),
    chunkNames: '[name]-[hash]',
    splitting: true,
    format: 'esm',
    banner: { js: requireShim },
  });
  const files = modules.outputFiles.map(({ path, contents }) => ({ path, contents }));
  const metafiles = [modules.metafile];
  for (const script of scripts) {
    for (const { outputFiles, metafile } of await bundleScript(build, common, script)) {
      files.push(...outputFiles.map(({ path, contents }) => ({ path, contents })));
      metafiles.push(metafile);
    }
  }
  files.push({ path: join(dist, 'kernels.wasm'), contents: kernels.binary });
  files.push({ path: join(dist, 'THIRD-PARTY-LICENSES.txt'), contents: licenses(metafiles) });
  replaceFiles(files);
}

/** A script, which is a function that its launcher calls (code_cache.ts), and the launcher. */
async function bundleScript(build, common, { name, source, launcher, format, as }) {
  const cjs = { format: 'cjs', charset: 'ascii', outExtension: { '.js': '.cjs' } };
  const define = { 'import.meta.url': 'moduleUrl' };
  const script = await build({
    ...common,
    ...cjs,
    entryPoints: { [name]: source },
    define,
    banner: { js: '(function (module, require, moduleUrl, importFor) {' },
    footer: { js: '})' },
  });
  const hash = createHash('sha256');
  for (const { path, contents } of script.outputFiles) if (path.endsWith('.cjs')) hash.update(contents);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const built = { [as]: JSON.stringify(`${version}+${hash.digest('hex').slice(0, 16)}`) };
  const urlShim = "const moduleUrl = require('node:url').pathToFileURL(__filename).href;";
  const started = await build({
    ...common,
    entryPoints: launcher,
    ...(format === 'cjs'
      ? { ...cjs, define: { ...built, ...define }, banner: { js: urlShim } }
      : { format, define: built }),
  });
  return [script, started];
}

/**
 * Writes the new files under temporary names and renames them, so that a command running from dist/ never sees half a
 * file; then removes what an earlier build left (chunk names carry a hash of their content).
 */
function replaceFiles(files) {
  mkdirSync(dist, { recursive: true });
  for (const { path, contents } of files) {
    const temporary = `${path}.${process.pid}.tmp`;
    writeFileSync(temporary, contents, { mode: path.endsWith('cli.js') ? 0o755 : 0o644 });
    renameSync(temporary, path);
  }
  const current = new Set(files.map(({ path }) => relative(dist, path)));
  for (const entry of readdirSync(dist, { withFileTypes: true })) {
    if (entry.isFile() && !current.has(entry.name)) rmSync(join(dist, entry.name), { force: true });
  }
}

/** The licence texts of the packages whose code went into the bundle: their licences ask for it. */
function licenses(metafiles) {
  const folders = new Set();
  for (const input of metafiles.flatMap((metafile) => Object.keys(metafile.inputs))) {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (match) folders.add(match[1]);
  }
  const sections = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const file = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file ? readFileSync(join(root, folder, file), 'utf8').trim() : `Licence: ${license}`;
    return `${name} ${version} (${license})\n\n${text}\n`;
  });
  return `flowc contains code of the following packages.\n\n${sections.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

/** Emits dist/types. @returns {boolean} whether the types are sound */
function declarations() {
  const packageFile = createRequire(import.meta.url).resolve('typescript/package.json');
  const { bin } = JSON.parse(readFileSync(packageFile, 'utf8'));
  const compiler = join(dirname(packageFile), bin.tsc);
  const { status } = spawnSync(process.execPath, [compiler, '-p', join(root, 'scripts/tsconfig.types.json')], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return status === 0;
}

function isInstalled(name) {
  try {
    import.meta.resolve(name);
    return true;
  } catch {
    return false;
  }
}

/**
 * `npx flowc` before `npm ci` gets here too, and npx remembers: had this failed, or left no command to link to, npx would
 * go on failing in this folder after `npm ci`.
 */
function explainMissingBuild() {
  const command = join(dist, 'cli.js');
  if (existsSync(command)) return;
  const text = 'error: flowc is not built yet: run `npm ci` (with the development dependencies) first\\n';
  mkdirSync(dist, { recursive: true });
  writeFileSync(command, `#!/usr/bin/env node\nprocess.stderr.write('${text}');\nprocess.exitCode = 1;\n`, {
    mode: 0o755,
  });
}

/**
 * `npx flowc` in the package's own folder would pack and build the package once more, which takes 10 s; a link where npm puts the commands of
 * dependencies lets it start at once. Without the link (Windows) npx does it the long way.
 */
function linkCommand() {
  const bin = join(root, 'node_modules', '.bin');
  const link = join(bin, 'flowc');
  if (process.platform === 'win32' || !existsSync(bin)) return;
  rmSync(link, { force: true });
  symlinkSync(relative(bin, join(dist, 'cli.js')), link);
}

async function main(flags) {
  const prepare = flags.includes('--prepare');
  if (prepare && !isInstalled('esbuild')) {
    explainMissingBuild();
    return;
  }
  try {
    await bundle();
  } catch (error) {
    // What does not compile has been printed by esbuild, with its place; anything else is news.
    if (!Array.isArray(error.errors)) throw error;
    process.exitCode = 1;
    return;
  }
  if (prepare) linkCommand();
  if (flags.includes('--no-types') || !existsSync(join(root, entries.index))) return;
  if (!declarations()) {
    console.error('build: the declarations in dist/types have errors (see above)');
    if (!prepare) process.exitCode = 1;
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await main(process.argv.slice(2));
}
