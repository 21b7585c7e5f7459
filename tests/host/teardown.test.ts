// `teardown` of a module: once in each worker that loaded it, when the engine is closed; what it throws, and one that never ends, are warnings.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Engine, RunError, runFile } from '../../index.ts';
import { folder, rowsOf } from './harness.ts';

const rows = Array.from({ length: 40 }, (_, i) => i);

/** A module that writes a line for all that happens to it; `body` is the rest of its `teardown`. */
const moduleOf = (name: string, body: string, more = ''): string => `
import { appendFileSync } from 'node:fs';
import { threadId } from 'node:worker_threads';
const note = (what: string): void => appendFileSync(new URL('./log.txt', import.meta.url), \`\${what} ${name} \${threadId}\\n\`);
export const f = (k: number): number => k;
export const bad = (k: number): number => { if (k === 7) throw new Error('seven'); return k; };
export const loops = (k: number): number => { while (k === 7); return k; };
export const quits = (k: number): number => { if (k === 7) process.exit(3); return k; };
export function setup(): void { note('setup'); ${more} }
export async function teardown(): Promise<void> { note('teardown'); ${body} }
`;

const dir = folder({
  ...Object.fromEntries(rows.map((i) => [`in/${i}.csv`, `k\n${i}\n`])),
  'one.csv': 'k\n7\n',
  'm.ts': moduleOf('m', "await new Promise((r) => setTimeout(r, 20)); note('end');"),
  'second.ts': moduleOf('second', ''),
  'throws.ts': moduleOf('throws', "throw new RangeError('no lock');"),
  'waits.ts': moduleOf('waits', 'await new Promise(() => { setInterval(() => {}, 1000); });'),
  'spins.ts': moduleOf('spins', 'for (;;);'),
  'quits.ts': moduleOf('quits', 'process.exit(0);'),
  'setup.ts': moduleOf('setup', '', "throw new Error('no table');"),
});
const log = path.join(dir, 'log.txt');

const flowOf = (module: string, call = 'f', from = 'in/*.csv'): string =>
  `use { ${call} } from "./${module}.ts"\nfrom csv("${from}") | derive v = ${call}(k)`;

/** What the log holds, without the threads; and these. */
function logged(): { lines: string[]; threads: Map<string, string[]> } {
  const threads = new Map<string, string[]>();
  const lines: string[] = [];
  for (const line of fs.existsSync(log) ? fs.readFileSync(log, 'utf8').trimEnd().split('\n') : []) {
    const [what = '', name = '', thread = ''] = line.split(' ');
    lines.push(`${what} ${name}`);
    threads.set(thread, [...(threads.get(thread) ?? []), `${what} ${name}`]);
  }
  return { lines, threads };
}

/** Runs with an engine of its own, closes it, and gives what was written to stderr meanwhile. */
async function closed(workers: number, use: (engine: Engine) => Promise<unknown>): Promise<string> {
  fs.rmSync(log, { force: true });
  const engine = new Engine({ workers, memory: 64 << 20 });
  try {
    await use(engine);
  } finally {
    assert.not.ok(logged().lines.includes('teardown m'), 'not before the engine is closed');
  }
  return said(() => engine.close());
}

async function said(work: () => Promise<unknown>): Promise<string> {
  const { write } = process.stderr;
  let text = '';
  process.stderr.write = ((chunk: string) => {
    text += chunk;
    return true;
  }) as typeof process.stderr.write;
  try {
    await work();
  } finally {
    process.stderr.write = write;
  }
  return text;
}

for (const workers of [1, 2]) {
  test(`once in each worker that loaded the module, and waited for: ${workers} workers`, async () => {
    const warned = await closed(workers, async (engine) => {
      const first = await rowsOf(dir, flowOf('m'), engine);
      assert.is(await rowsOf(dir, flowOf('m'), engine), first, 'a second run on the same engine');
    });
    assert.is(warned, '');
    const { threads } = logged();
    assert.ok(threads.size >= 1 && threads.size <= workers);
    for (const told of threads.values()) assert.equal(told, ['setup m', 'teardown m', 'end m']);
  });
}

test('several modules: the last one loaded ends first, and one that throws leaves the others theirs', async () => {
  const warned = await closed(1, async (engine) => {
    await rowsOf(dir, flowOf('m', 'f', 'one.csv'), engine);
    await rowsOf(dir, flowOf('throws', 'f', 'one.csv'), engine);
    await rowsOf(dir, flowOf('second', 'f', 'one.csv'), engine);
  });
  assert.equal(logged().lines.slice(3), ['teardown second', 'teardown throws', 'teardown m', 'end m']);
  assert.is(warned, 'flowc: warning: teardown failed at ./throws.ts:10: RangeError: no lock\n');
});

test('a failure of several workers is told once, and a run that a command makes ends with it, too', async () => {
  assert.match(
    await closed(2, (engine) => rowsOf(dir, flowOf('throws'), engine)),
    /^flowc: warning: teardown failed at .\/throws.ts:10: RangeError: no lock\n$/,
  );
  fs.rmSync(log, { force: true });
  fs.writeFileSync(path.join(dir, 'run.flow'), `${flowOf('m', 'f', 'one.csv')} | write csv("out.csv")`);
  await runFile(path.join(dir, 'run.flow'), { cwd: dir });
  assert.equal(logged().lines, ['setup m', 'teardown m', 'end m']);
});

test('a run that fails in a function has its teardown; one whose setup failed has none', async () => {
  const fails = (module: string, call: string, options = {}) =>
    closed(1, async (engine) => {
      try {
        await rowsOf(dir, flowOf(module, call, 'one.csv'), engine, options);
        assert.unreachable();
      } catch (e) {
        assert.instance(e, RunError);
      }
    });
  assert.is(await fails('m', 'bad'), '');
  assert.equal(logged().lines, ['setup m', 'teardown m', 'end m']);
  assert.is(await fails('setup', 'f'), '');
  assert.not.ok(logged().lines.includes('teardown setup'));
  assert.is(await fails('m', 'loops', { udf: { timeout: 200 } }), '');
  assert.not.ok(logged().lines.includes('teardown m'), 'its worker was ended for the timeout');
  assert.is(await fails('m', 'quits'), '');
  assert.not.ok(logged().lines.includes('teardown m'), 'its workers ended themselves');
});

test('a teardown that never ends is given up after 5 seconds, one that ends its thread at once', async () => {
  const engines = ['waits', 'spins', 'quits'].map((module) => ({ module, engine: new Engine({ workers: 1 }) }));
  for (const { module, engine } of engines) await rowsOf(dir, flowOf(module, 'f', 'one.csv'), engine);
  const start = performance.now();
  const warned = await said(() => Promise.all(engines.map(({ engine }) => engine.close())));
  const ms = performance.now() - start;
  assert.ok(ms > 4900 && ms < 15_000, `${ms} ms`);
  assert.equal(warned.trimEnd().split('\n').sort(), [
    'flowc: warning: teardown of ./quits.ts ended its thread',
    'flowc: warning: teardown of ./spins.ts has not ended within 5 seconds',
    'flowc: warning: teardown of ./waits.ts has not ended within 5 seconds',
  ]);
});

test.run();
