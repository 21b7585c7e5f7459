// Mutation testing of the kernels and of the optimizer's rules: one operator or constant is another one, and a test has to notice.
//
//   node scripts/mutate.mjs [--minutes 5] [--seed 1] [--only SUBSTRING]
//
// Works on a copy of the project in the system's folder for temporary files. Mutants are drawn by the seed until the time is over, of kernels and of rules in turn; each runs
// the tests that belong to its file, the quickest first, up to the first that fails.
// Killed: a test fails, or does not end. Survived: none does; shown with its place. Same: the compiler makes the same code of it; invalid: it does not compile. Those do not count.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { SyntaxKind } from 'typescript/unstable/ast';
import { createScanner } from 'typescript/unstable/ast/scanner';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
  },
});
const root = fileURLToPath(new URL('..', import.meta.url));
const KERNELS = 'engine/kernels/assembly';
const RULES = 'compiler/optimize';
/** Seconds that a test file may take. */
const LONGEST = 180;

/** Tests of a kernel by the beginnings of its name: the first that fits. Those at the end stand behind them, for all kernels. */
const KERNEL_TESTS = [
  [['csv'], ['formats/csv']],
  [['json'], ['formats/json_kernels', 'formats/ndjson']],
  [['group_tops'], ['operators/window_tops', 'operators/window']],
  [
    ['group', 'double'],
    ['operators/group_kernels', 'operators/fold', 'operators/aggregate'],
  ],
  [
    ['join_sort', 'join'],
    ['operators/join', 'kernels/join'],
  ],
  [['key_filter'], ['operators/key_filter', 'operators/join']],
  [['sort'], ['operators/sort']],
  [['parquet'], ['kernels/parquet', 'formats/parquet']],
  [['snappy'], ['kernels/', 'formats/parquet']],
  [['lz4'], ['kernels/', 'store/codec', 'formats/parquet']],
  [['checksum'], ['kernels/checksum', 'store/']],
  [['utf8'], ['kernels/parquet', 'formats/parquet']],
  [['text'], ['kernels/text', 'expr/native', 'formats/csv_kernels']],
  [
    ['rows', 'partition', 'scatter', 'gather', 'hash'],
    ['kernels/', 'shuffle_tasks/', 'operators/'],
  ],
  [[''], ['kernels/', 'operators/']],
];
const AFTER_KERNELS = ['golden/golden'];
const RULE_TESTS = ['plan/', 'golden/golden', 'oracle/reference', 'laws/'];

function partsOf(file) {
  if (file.startsWith(RULES)) return RULE_TESTS;
  const name = file.slice(KERNELS.length + 1);
  const [, own] = KERNEL_TESTS.find(([starts]) => starts.some((start) => name.startsWith(start)));
  return [...own, ...AFTER_KERNELS];
}

/** What stands for what. Comparisons move by one, so that edges count. */
const REPLACED = {
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '==': ['!='],
  '!=': ['=='],
  '===': ['!=='],
  '!==': ['==='],
  '&&': ['||'],
  '||': ['&&'],
  '+': ['-'],
  '-': ['+'],
  '*': ['+'],
  '<<': ['>>'],
  '>>': ['<<'],
  '>>>': ['<<'],
  '&': ['|'],
  '|': ['&'],
  '^': ['|'],
  '+=': ['-='],
  '-=': ['+='],
  '++': ['--'],
  '--': ['++'],
  true: ['false'],
  false: ['true'],
};

/** @returns every mutant of a text: where, what, and what instead */
function mutantsOf(file, text) {
  const scanner = createScanner(true);
  scanner.setText(text);
  const found = [];
  const templates = [];
  let depth = 0;
  for (let kind = scanner.scan(); kind !== SyntaxKind.EndOfFile; kind = scanner.scan()) {
    if (kind === SyntaxKind.TemplateHead) templates.push(depth);
    else if (kind === SyntaxKind.OpenBraceToken) depth++;
    else if (kind === SyntaxKind.CloseBraceToken && templates.at(-1) === depth) {
      if (scanner.reScanTemplateToken(false) === SyntaxKind.TemplateTail) templates.pop();
      continue;
    } else if (kind === SyntaxKind.CloseBraceToken) depth--;
    const token = scanner.getTokenText();
    const start = scanner.getTokenStart();
    const instead = Object.hasOwn(REPLACED, token)
      ? REPLACED[token]
      : /^\d+$/.test(token)
        ? [String(Number(token) + 1)]
        : [];
    // Types are no code: `Array<u32>` has no blank before its bracket, `<u32>x` a name behind it; and rules have no operators on bits.
    if (/^[<>]$/.test(token) && (text[start - 1] !== ' ' || /^<\w+>/.test(text.slice(start, start + 20)))) continue;
    if (/^[|&]$/.test(token) && file.startsWith(RULES)) continue;
    for (const put of instead) found.push({ file, start, token, put });
  }
  return found;
}

/** A copy with node_modules of its own, whose packages are links: what a build keeps there does not come back. */
function copyProject() {
  const copy = mkdtempSync(join(tmpdir(), 'flowc-mutants-'));
  const { stdout } = spawnSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
  for (const path of stdout.split('\0').filter(Boolean)) cpSync(join(root, path), join(copy, path));
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name === '.cache') continue;
    mkdirSync(join(copy, 'node_modules'), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(copy, 'node_modules', name));
  }
  return copy;
}

const run = (cwd, ...args) =>
  spawnSync(process.execPath, args, { cwd, encoding: 'utf8', timeout: 600_000, killSignal: 'SIGKILL' });

/** @returns whether a test file passes within a time, and how many milliseconds it took */
function passes(copy, test, seconds) {
  const started = performance.now();
  const { status } = run(copy, 'scripts/test.mjs', '--no-build', '--timeout', String(seconds), test);
  return { passes: status === 0, ms: performance.now() - started };
}

/** Milliseconds that a test file takes without a mutant, by file. Those that fail would kill every mutant. */
const unspoiled = new Map();

/** @returns the test files of a source, the quickest first: most mutants are killed by one of the first */
function testsOf(copy, file) {
  const parts = partsOf(file);
  const tests = readdirSync(join(copy, 'tests'), { recursive: true })
    .map((path) => `tests/${path.replaceAll(sep, '/')}`)
    .filter((path) => path.endsWith('.test.ts') && parts.some((part) => path.startsWith(`tests/${part}`)));
  for (const test of tests.filter((one) => !unspoiled.has(one))) {
    const result = passes(copy, test, LONGEST);
    if (!result.passes) throw new Error(`${test} fails without a mutant`);
    unspoiled.set(test, result.ms);
  }
  return tests.sort((a, b) => unspoiled.get(a) - unspoiled.get(b));
}

const kernelsOf = (copy) => readFileSync(join(copy, 'dist/kernels.wasm'));

/** @returns `killed` and by which test, `survived`, `same` code (which does not count) or `invalid` */
function verdict(copy, file, tests) {
  // Rules run from their source, on the main thread.
  if (file.startsWith(KERNELS)) {
    if (run(copy, 'scripts/build-kernels.mjs', '--quick').status !== 0) return ['invalid'];
    if (kernelsOf(copy).equals(kernels)) return ['same'];
  }
  // Many a mutant loops for ever: it gets a few times what the test takes, on a machine that may be busy by now.
  const killer = tests.find((test) => !passes(copy, test, Math.ceil(10 + (5 * unspoiled.get(test)) / 1000)).passes);
  return killer === undefined ? ['survived'] : ['killed', killer];
}

/** Numbers of a seed. */
function random(seed) {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

const sources = [KERNELS, RULES]
  .flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`))
  .filter((file) => file.endsWith('.ts') && file.includes(values.only) && !/\/(index|rule|memory)\.ts$/.test(file));
const mutants = sources.flatMap((file) => mutantsOf(file, readFileSync(join(root, file), 'utf8')));
const areaOf = (file) => (file.startsWith(RULES) ? 'rules' : 'kernels');
/** Drawn from in turn, as there are many more of kernels. */
const areas = [...new Set(mutants.map((m) => areaOf(m.file)))].map((area) =>
  mutants.filter((m) => areaOf(m.file) === area),
);
const draw = random(Number(values.seed));
const end = performance.now() + Number(values.minutes) * 60_000;
const counts = new Map();
const copy = copyProject();
let kernels;
try {
  if (run(copy, 'scripts/build.mjs', '--no-types').status !== 0) throw new Error('the copy does not build');
  if (run(copy, 'scripts/build-kernels.mjs', '--quick').status !== 0) throw new Error('the kernels do not compile');
  kernels = kernelsOf(copy);
  console.log(`${mutants.length} mutants of ${sources.length} files`);
  for (let turn = 0; areas.some((left) => left.length > 0) && performance.now() < end; turn++) {
    const left = areas[turn % areas.length];
    if (left.length === 0) continue;
    const [{ file, start, token, put }] = left.splice(draw(left.length), 1);
    const text = readFileSync(join(copy, file), 'utf8');
    const tests = testsOf(copy, file);
    writeFileSync(join(copy, file), text.slice(0, start) + put + text.slice(start + token.length));
    const [found, killer = ''] = verdict(copy, file, tests);
    writeFileSync(join(copy, file), text);
    // The tests of rules run kernels too.
    if (file.startsWith(KERNELS)) writeFileSync(join(copy, 'dist/kernels.wasm'), kernels);
    const count = counts.get(areaOf(file)) ?? { killed: 0, survived: 0, same: 0, invalid: 0 };
    count[found]++;
    counts.set(areaOf(file), count);
    const line = text.slice(0, start).split('\n').length;
    const place = `${file}:${line}:${start - text.lastIndexOf('\n', start - 1)}`;
    console.log(`${found.padEnd(8)} ${place}  ${token} -> ${put}   ${text.split('\n')[line - 1].trim()}   ${killer}`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
for (const [area, { killed, survived, same, invalid }] of counts) {
  const score = killed + survived === 0 ? 'none that counts' : `${Math.round((100 * killed) / (killed + survived))} %`;
  console.log(
    `${area}: ${killed} killed, ${survived} survived, ${same} of the same code, ${invalid} invalid: ${score}`,
  );
}
