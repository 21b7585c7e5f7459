// The test runner: every tests/**/*.test.ts in a process of its own, two at a time, totals added up.
//
//   node scripts/test.mjs [--no-build] [--root DIR] [--jobs N] [--timeout SECONDS] [SUBSTRING …]
//
// A substring selects the files whose path contains it. uvu alone cannot be trusted with the verdict: a file that forgets
// `test.run()` exits 0 with `Total: 0`, so a file passes only with a summary of at least one test.
//
// A test that cannot run here is replaced by a line `# skip: reason` on standard output; reasons are printed and counted.
// The closing line is always `N passed, N failed`, with `, N skipped` when there are any; the exit code is 1 on a failure.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs, stripVTControlCharacters } from 'node:util';

const { values: options, positionals: selection } = parseArgs({
  allowPositionals: true,
  options: {
    'no-build': { type: 'boolean', default: false },
    root: { type: 'string', default: fileURLToPath(new URL('..', import.meta.url)) },
    jobs: { type: 'string', default: '2' },
    timeout: { type: 'string', default: '180' },
  },
});
const root = resolve(options.root);
const running = new Set();
/** What chooses the cases of properties, if the root has it. */
const seed = join(root, 'tests/seed.mjs');
const preload = existsSync(seed) ? ['--import', pathToFileURL(seed).href] : [];

/** Test files below the root's tests/, as sorted paths relative to the root. */
function findTests() {
  return readdirSync(join(root, 'tests'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) =>
      relative(root, join(entry.parentPath ?? entry.path, entry.name))
        .split(sep)
        .join('/'),
    )
    .filter((file) => selection.length === 0 || selection.some((part) => file.includes(part)))
    .sort();
}

/** Ends a test's process with everything it started: it leads a process group of its own. */
function killTree(child) {
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}

/** Runs one file. Resolves, never rejects, with what it printed and how it ended. */
function execute(file) {
  return new Promise((done) => {
    const started = performance.now();
    const child = spawn(process.execPath, ['--import', 'tsx', ...preload, file], {
      cwd: root,
      detached: process.platform !== 'win32',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined },
    });
    running.add(child);
    const output = [];
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      killTree(child);
    }, Number(options.timeout) * 1000);
    child.stdout.on('data', (chunk) => output.push(chunk));
    child.stderr.on('data', (chunk) => output.push(chunk));
    child.on('error', (error) => output.push(Buffer.from(String(error))));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      running.delete(child);
      const text = stripVTControlCharacters(Buffer.concat(output).toString('utf8'));
      done({ file, code, signal, timedOut, output: text, seconds: (performance.now() - started) / 1000 });
    });
  });
}

/** The verdict on one file: counts, the reasons of its skips, and what is wrong with the file as a whole, if anything. */
function judge({ code, signal, timedOut, output }) {
  const summary = [...output.matchAll(/^ {2}Total: +(\d+)\n {2}Passed: +(\d+)\n {2}Skipped: +(\d+)$/gm)].at(-1);
  const reasons = [...output.matchAll(/^(?:[•✘] )*# skip: *(.*)$/gm)].map((match) => match[1] || 'no reason given');
  const [total, passed, silent] = summary ? summary.slice(1).map(Number) : [0, 0, 0];
  for (let i = 0; i < silent; i++) reasons.push('test.skip');

  let problem;
  if (timedOut) problem = `did not end within ${options.timeout} s and was killed`;
  else if (signal) problem = `was ended by ${signal}`;
  else if (!summary) problem = `exited with code ${code} and without a summary (is test.run() missing?)`;
  else if (total === 0 && reasons.length === 0) problem = 'ran no test (is test.run() missing?)';
  else if (code !== 0 && total === passed) problem = `exited with code ${code} although its tests passed`;
  return { passed, failed: Math.max(total - passed, problem ? 1 : 0), reasons, problem };
}

function report(result, verdict) {
  const duration = `${result.seconds.toFixed(1)} s`;
  if (verdict.failed === 0) {
    const skipped = verdict.reasons.length > 0 ? `, ${verdict.reasons.length} skipped` : '';
    console.log(`ok    ${result.file}  ${verdict.passed} passed${skipped}  ${duration}`);
  } else {
    console.log(`FAIL  ${result.file}  ${verdict.passed} passed, ${verdict.failed} failed  ${duration}`);
    console.log(result.output.trimEnd().replace(/^/gm, '      '));
    if (verdict.problem) console.log(`      ${result.file} ${verdict.problem}`);
  }
  for (const reason of verdict.reasons) console.log(`skip  ${result.file}: ${reason}`);
}

/** Builds dist/, which the tests of the command run. @returns {Promise<boolean>} whether it did */
async function build() {
  try {
    const { bundle } = await import('./build.mjs');
    await bundle();
    return true;
  } catch (error) {
    console.log(`the build failed: ${error.message}`);
    return false;
  }
}

async function main() {
  const total = { passed: 0, failed: 0, skipped: 0 };
  const files = findTests();
  if (!options['no-build'] && !(await build())) {
    total.failed++;
  } else if (files.length === 0) {
    console.log(`no test file matches ${selection.join(' ') || 'tests/**/*.test.ts'}`);
    total.failed++;
  } else {
    const queue = files.values();
    const worker = async () => {
      for (const file of queue) {
        const result = await execute(file);
        const verdict = judge(result);
        report(result, verdict);
        total.passed += verdict.passed;
        total.failed += verdict.failed;
        total.skipped += verdict.reasons.length;
      }
    };
    await Promise.all(Array.from({ length: Number(options.jobs) }, worker));
  }
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
  console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
  process.exitCode = total.failed > 0 ? 1 : 0;
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    for (const child of running) killTree(child);
    process.exit(signal === 'SIGINT' ? 130 : 143);
  });
}
await main();
