// Mutation testing of the kernels and of the optimizer's rules: one operator or constant is another one, and a test has to notice.
//
//   node scripts/mutate.mjs [--minutes 5] [--seed 1] [--only SUBSTRING]
//
// Works on a copy of the project in the system's folder for temporary files. Mutants are drawn by the seed until the time is over; each runs the tests that belong to its file.
// Killed: a test fails, or does not end. Survived: none does; shown with its place. Invalid: it does not compile, and does not count.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

/** Tests of a kernel by the beginning of its name; those of `tests/kernels` stand behind all others. */
const KERNEL_TESTS = [
  ['csv', ['formats/csv_kernels']],
  ['json', ['formats/json_kernels']],
  ['group', ['operators/group_kernels']],
  ['double', ['operators/group_kernels']],
  ['join', ['operators/join_kernels']],
  ['key_filter', ['operators/join']],
  ['sort', ['operators/sort']],
  ['parquet', ['kernels/parquet', 'formats/parquet_direct']],
  ['snappy', ['kernels/parquet', 'formats/parquet_direct']],
  ['lz4', ['kernels/', 'store/codec']],
  ['', ['kernels/kernels', 'kernels/direct', 'kernels/text', 'kernels/checksum', 'kernels/ints']],
];

const testsOf = (file) =>
  file.startsWith(RULES)
    ? ['plan/', 'golden/golden', 'oracle/reference']
    : KERNEL_TESTS.find(([start]) => file.slice(KERNELS.length + 1).startsWith(start))[1];

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
    // Types are no code: `Array<u32>` has no blank before its bracket, and rules have no operators on bits.
    if (/^[<>]$/.test(token) && text[start - 1] !== ' ') continue;
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
  spawnSync(process.execPath, args, { cwd, encoding: 'utf8', timeout: 300_000, killSignal: 'SIGKILL' });

const passing = new Set();

/** Tests that fail without a mutant would kill every one. */
function checkTests(copy, part) {
  if (passing.has(part)) return;
  run(copy, 'scripts/build-kernels.mjs');
  if (run(copy, 'scripts/test.mjs', '--no-build', '--timeout', '120', part).status !== 0)
    throw new Error(`${part} fails without a mutant`);
  passing.add(part);
}

/** @returns `killed`, `survived` or `invalid` */
function verdict(copy, file) {
  // Rules run from their source, on the main thread.
  if (file.startsWith(KERNELS) && run(copy, 'scripts/build-kernels.mjs').status !== 0) return 'invalid';
  const fails = testsOf(file).some(
    (part) => run(copy, 'scripts/test.mjs', '--no-build', '--timeout', '120', part).status !== 0,
  );
  return fails ? 'killed' : 'survived';
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
const draw = random(Number(values.seed));
const end = performance.now() + Number(values.minutes) * 60_000;
const counts = new Map();
const copy = copyProject();
try {
  if (run(copy, 'scripts/build.mjs', '--no-types').status !== 0) throw new Error('the copy does not build');
  console.log(`${mutants.length} mutants of ${sources.length} files`);
  while (mutants.length > 0 && performance.now() < end) {
    const [{ file, start, token, put }] = mutants.splice(draw(mutants.length), 1);
    const text = readFileSync(join(root, file), 'utf8');
    for (const part of testsOf(file)) checkTests(copy, part);
    writeFileSync(join(copy, file), text.slice(0, start) + put + text.slice(start + token.length));
    const found = verdict(copy, file);
    writeFileSync(join(copy, file), text);
    const area = file.startsWith(RULES) ? 'rules' : 'kernels';
    const count = counts.get(area) ?? { killed: 0, survived: 0, invalid: 0 };
    count[found]++;
    counts.set(area, count);
    const line = text.slice(0, start).split('\n').length;
    console.log(`${found.padEnd(8)} ${file}:${line}  ${token} -> ${put}   ${text.split('\n')[line - 1].trim()}`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
for (const [area, { killed, survived, invalid }] of counts) {
  const score = killed + survived === 0 ? 'none that counts' : `${Math.round((100 * killed) / (killed + survived))} %`;
  console.log(`${area}: ${killed} killed, ${survived} survived, ${invalid} invalid: ${score}`);
}
