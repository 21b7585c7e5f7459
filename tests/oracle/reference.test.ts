// Random pipelines over random tables: the engine, under any configuration, gives the rows that the reference interpreter gives.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RULES } from '../../compiler/optimize/index.ts';
import { Engine } from '../../engine/runtime/engine.ts';
import { difference, engineOutcome, referenceOutcome } from '../../testing/compare.ts';
import { type TableFormat, writeTable } from '../../testing/files.ts';
import { arbitraryPipeline, type TestPipeline } from '../../testing/pipelines.ts';
import { canonicalTable } from '../../testing/tables.ts';

const RUNS = Number(process.env['PIPELINES'] ?? 60);
const root = mkdtempSync(join(tmpdir(), 'flowc-test-'));
let places = 0;

/** By configuration: kept, since starting threads takes longer than a pipeline. */
const engines = new Map<string, Engine>();
function engineOf(workers: number, memory: number): Engine {
  const key = `${workers} ${memory}`;
  const known = engines.get(key) ?? new Engine({ workers, memory, spillDirs: [join(root, 'spill')] });
  engines.set(key, known);
  return known;
}

test.after(async () => {
  for (const engine of engines.values()) await engine.close();
  assert.equal(existsSync(join(root, 'spill')) ? readdirSync(join(root, 'spill')) : [], []);
  rmSync(root, { recursive: true, force: true });
});

const setting = fc.record({
  workers: fc.integer({ min: 1, max: 2 }),
  memory: fc.constantFrom(16 << 20, 64 << 20),
  broadcastBytes: fc.constantFrom(4 << 20, 0),
  formats: fc.tuple(fc.constantFrom<TableFormat>('ndjson', 'csv'), fc.constantFrom<TableFormat>('ndjson', 'csv')),
  without: fc.nat(RULES.length),
});
type Setting = typeof setting extends fc.Arbitrary<infer S> ? S : never;

async function checked(p: TestPipeline, s: Setting): Promise<void> {
  const cwd = join(root, `p${places++}`);
  mkdirSync(cwd, { recursive: true });
  const sources = Object.entries(p.tables).map(([name, table], i) => [
    name,
    writeTable(cwd, name, table, s.formats[i] ?? 'csv'),
  ]);
  const at = Object.fromEntries(sources) as Record<string, string>;
  const flow = p.flow((name) => at[name] as string);
  const tables = new Map(
    Object.entries(p.tables).map(([name, table], i) => [`${name}.${s.formats[i] ?? 'csv'}`, canonicalTable(table)]),
  );
  const rules = RULES.filter((_, i) => i !== s.without);
  const options = { cwd, broadcastBytes: s.broadcastBytes, rules };
  const [reference] = await referenceOutcome(flow, tables, { cwd });
  const [engine] = await engineOutcome(flow, engineOf(s.workers, s.memory), options);
  const why = engine === undefined || reference === undefined ? 'there is no output' : difference(engine, reference);
  if (why !== null) throw new Error(`${why}\n\n${flow}\n\n${JSON.stringify(s)}\n${data(cwd)}`);
  rmSync(cwd, { recursive: true });
}

/** The files as they are, for the report. */
function data(dir: string): string {
  return readdirSync(dir)
    .map((name) => `--- ${name}\n${readFileSync(join(dir, name), 'utf8')}`)
    .join('');
}

test('random pipelines: the engine against the reference', async () => {
  const details = await fc.check(fc.asyncProperty(arbitraryPipeline(), setting, checked), {
    numRuns: RUNS,
    interruptAfterTimeLimit: Number(process.env['PIPELINE_MS'] ?? 100_000),
  });
  if (!details.failed) return;
  const { seed, counterexamplePath, errorInstance } = details;
  // The shrunk flow and its rows tell more than the numbers it was made of.
  throw new Error(
    `${errorInstance instanceof Error ? errorInstance.message : String(errorInstance)}\nseed ${seed}, path ${counterexamplePath}`,
  );
});

test.run();
