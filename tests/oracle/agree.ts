import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { RULES } from '../../compiler/optimize/index.ts';
import { Engine } from '../../engine/runtime/engine.ts';
import type { ShuffleChoice } from '../../engine/shuffle/strategy.ts';
import { difference, engineOutcome, referenceOutcome } from '../../testing/compare.ts';
import { type TableFormat, writeTable } from '../../testing/files.ts';
import { arbitraryPipeline, type TestPipeline } from '../../testing/pipelines.ts';
import { canonicalTable, type TestTable } from '../../testing/tables.ts';

/** How a pipeline is run. */
export interface Setting {
  readonly workers: number;
  /** Bytes. */
  readonly memory: number;
  readonly broadcastBytes: number;
  /** Of each table. */
  readonly formats: readonly TableFormat[];
  /** Name of the rule that is left out; null: none. */
  readonly without: string | null;
  /** Files that each table is cut into: as many tasks, and batches. Default 1. */
  readonly files?: number;
  readonly shuffle?: ShuffleChoice;
  /** Of a shuffle; null, and by default: as the sizes ask for, which is one of so few rows. */
  readonly partitions?: number | null;
  /** Rows of a batch at most. Default: as ever. */
  readonly batchRows?: number;
}

/** A pipeline as it is kept: its text, in which `@main` and `@other` stand for the sources. */
export interface Case {
  readonly flow: string;
  readonly tables: Readonly<Record<string, TestTable>>;
  readonly setting: Setting;
}

/** MiB of a worker's heap. V8 lets one of gigabytes grow to four times what lives in it before it looks for what does not: many of them would look like a leak. */
const HEAP = 256;

/** Engines by configuration, all of them kept: starting threads takes longer than a pipeline. Not each choice of one with each of the others, as every engine has threads of its own. */
const ENGINES = [
  { workers: 2, memory: 64 << 20, batchRows: 65_536 },
  { workers: 1, memory: 16 << 20, batchRows: 65_536 },
  { workers: 2, memory: 16 << 20, batchRows: 3 },
  { workers: 1, memory: 64 << 20, batchRows: 1 },
  { workers: 1, memory: 16 << 20, batchRows: 16 },
  { workers: 2, memory: 16 << 20, batchRows: 100 },
];

const format = fc.constantFrom<TableFormat>('ndjson', 'csv');
const setting: fc.Arbitrary<Setting> = fc
  .record({
    engine: fc.constantFrom(...ENGINES),
    broadcastBytes: fc.constantFrom(4 << 20, 0),
    formats: fc.tuple(format, format),
    without: fc.constantFrom(null, ...RULES.map((r) => r.name)),
    files: fc.integer({ min: 1, max: 4 }),
    shuffle: fc.constantFrom<ShuffleChoice>('auto', 'simple', 'push'),
    partitions: fc.constantFrom(null, 1, 2, 8),
  })
  .map(({ engine, ...others }) => ({ ...engine, ...others }));

export const cases: fc.Arbitrary<Case> = fc
  .tuple(arbitraryPipeline({ extremes: true }), setting)
  .map(([p, s]: [TestPipeline, Setting]) => ({ flow: p.flow((name) => `@${name}`), tables: p.tables, setting: s }));

export class Bench {
  readonly root = mkdtempSync(join(tmpdir(), 'flowc-test-'));
  /** How often each choice of each setting was run: `workers 1`, `without merge sorts`, …. */
  readonly counts = new Map<string, number>();
  readonly #engines = new Map<string, Engine>();
  #places = 0;

  #engine({ workers, memory, batchRows = 65_536 }: Setting): Engine {
    const key = `${workers} ${memory} ${batchRows}`;
    const spillDirs = [join(this.root, 'spill')];
    const known = this.#engines.get(key) ?? new Engine({ workers, memory, batchRows, spillDirs, heap: HEAP });
    this.#engines.set(key, known);
    return known;
  }

  /** Runs a case in the engine and in the reference; throws an error that shows flow and data where they differ. */
  async check(c: Case): Promise<void> {
    const cwd = join(this.root, `p${this.#places++}`);
    mkdirSync(cwd, { recursive: true });
    let { flow } = c;
    const tables = new Map<string, ReturnType<typeof canonicalTable>>();
    const { broadcastBytes, without, files = 1, shuffle = 'auto', partitions = null } = c.setting;
    for (const [i, [name, table]] of Object.entries(c.tables).entries()) {
      const as = isFinite(table) ? (c.setting.formats[i] ?? 'csv') : 'csv';
      const source = writeParts(cwd, name, table, as, files);
      // As a function: in a text `$` would stand for something.
      flow = flow.replaceAll(`@${name}`, () => source);
      tables.set(files === 1 ? `${name}.${as}` : `${name}-*.${as}`, canonicalTable(table));
    }
    const options = { cwd, broadcastBytes, rules: RULES.filter((r) => r.name !== without) };
    const [reference] = await referenceOutcome(flow, tables, { cwd });
    for (const choice of choicesOf(c.setting)) this.counts.set(choice, (this.counts.get(choice) ?? 0) + 1);
    const run = { shuffle, ...(partitions === null ? {} : { partitions }) };
    const [engine] = await engineOutcome(flow, this.#engine(c.setting), options, run);
    const why = engine === undefined || reference === undefined ? 'there is no output' : difference(engine, reference);
    if (why !== null) throw new Error(`${why}\n\n${flow}\n\n${JSON.stringify(c.setting)}\n${data(cwd)}`);
    rmSync(cwd, { recursive: true });
  }

  /** Throws when spill files are left. */
  async close(): Promise<void> {
    for (const engine of this.#engines.values()) await engine.close();
    const spill = join(this.root, 'spill');
    const left = existsSync(spill) ? readdirSync(spill) : [];
    rmSync(this.root, { recursive: true, force: true });
    if (left.length > 0) throw new Error(`spill files are left: ${left.join(', ')}`);
  }
}

/** What was chosen, in words. */
export function choicesOf(setting: Setting): readonly string[] {
  const { workers, memory, broadcastBytes, without, files = 1, shuffle, partitions, batchRows } = setting;
  return [
    `workers ${workers}`,
    `memory ${memory >> 20} MiB`,
    `broadcast up to ${broadcastBytes}`,
    ...setting.formats.map((as) => `format ${as}`),
    `without ${without ?? 'nothing'}`,
    `files ${files}`,
    `shuffle ${shuffle ?? 'auto'}`,
    `partitions ${partitions ?? 'by size'}`,
    `rows of a batch ${batchRows ?? 'by default'}`,
  ];
}

/** Its floats can be written as JSON. */
function isFinite({ schema, rows }: TestTable): boolean {
  const floats = schema.filter((f) => f.type.kind === 'float');
  return rows.every((row) => floats.every((f) => row[f.name] === null || Number.isFinite(row[f.name])));
}

/** A table as one file, or as several that a pattern names. */
function writeParts(dir: string, name: string, table: TestTable, as: TableFormat, files: number): string {
  if (files === 1) return writeTable(dir, name, table, as);
  const rows = Math.ceil(table.rows.length / files);
  const sources = Array.from({ length: files }, (_, i) =>
    writeTable(dir, `${name}-${i}`, { ...table, rows: table.rows.slice(i * rows, (i + 1) * rows) }, as),
  );
  return (sources[0] as string).replace(`${name}-0.${as}`, `${name}-*.${as}`);
}

/** The files as they are, for the report. */
function data(dir: string): string {
  return readdirSync(dir)
    .map((name) => `--- ${name}\n${readFileSync(join(dir, name), 'utf8')}`)
    .join('');
}

export interface Found {
  readonly smallest: Case;
  readonly message: string;
  readonly seed: number;
}

/** Random cases until `runs` are done or `ms` milliseconds are over; the smallest that fails, or null; and how many were run. */
export async function search(
  bench: Bench,
  { runs, ms, seed }: { readonly runs: number; readonly ms: number; readonly seed?: number | undefined },
): Promise<{ readonly found: Found | null; readonly runs: number }> {
  const details = await fc.check(
    fc.asyncProperty(cases, (c) => bench.check(c)),
    { numRuns: runs, interruptAfterTimeLimit: ms, ...(seed === undefined ? {} : { seed }) },
  );
  if (!details.failed) return { found: null, runs: details.numRuns };
  const [smallest] = details.counterexample as [Case];
  const { errorInstance } = details;
  // The shrunk flow and its rows tell more than the numbers it was made of.
  const message = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  return { found: { smallest, message, seed: details.seed }, runs: details.numRuns };
}

const REGRESSIONS = new URL('../regressions/', import.meta.url);

/** Keeps a case as a file that the tests run from now on; returns its path. */
export function save(name: string, c: Case): string {
  mkdirSync(REGRESSIONS, { recursive: true });
  const file = new URL(`${name}.json`, REGRESSIONS);
  writeFileSync(file, `${JSON.stringify({ ...c, flow: c.flow.split('\n') }, tagged, 2)}\n`);
  return file.pathname;
}

export function saved(): readonly { readonly name: string; readonly case: Case }[] {
  if (!existsSync(REGRESSIONS)) return [];
  return readdirSync(REGRESSIONS)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => {
      const read = JSON.parse(readFileSync(new URL(name, REGRESSIONS), 'utf8'), untagged) as Case & { flow: string[] };
      return { name, case: { ...read, flow: (read.flow as unknown as string[]).join('\n') } };
    });
}

/** Values that JSON does not have. */
function tagged(_: string, v: unknown): unknown {
  if (typeof v === 'bigint') return { $int: String(v) };
  if (typeof v === 'number' && (!Number.isFinite(v) || Object.is(v, -0)))
    return { $float: Object.is(v, -0) ? '-0' : String(v) };
  return v;
}

function untagged(_: string, v: unknown): unknown {
  if (typeof v !== 'object' || v === null) return v;
  if ('$int' in v) return BigInt(v.$int as string);
  return '$float' in v ? Number(v.$float) : v;
}
