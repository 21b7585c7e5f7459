import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { quoteName } from '../grammar/words.ts';
import { Draw } from './draw.ts';
import { expression } from './expressions.ts';
import { type TableFormat, writeTable } from './files.ts';
import { type FlowRows, type FlowRunner, type Order, rowsDiffer, SETTINGS } from './flow_rows.ts';
import { LawError, type LawOptions } from './laws.ts';
import type { TestTable } from './tables.ts';

/** Random tables with what else a law of flows chooses by. */
export interface FlowCase {
  readonly tables: Readonly<Record<string, TestTable>>;
  readonly format: TableFormat;
  /** Of `SETTINGS`. */
  readonly setting: number;
  readonly seed: readonly number[];
}

export function flowCases(tables: Readonly<Record<string, fc.Arbitrary<TestTable>>>): fc.Arbitrary<FlowCase> {
  return fc.record({
    tables: fc.record(tables),
    format: fc.constantFrom<TableFormat>('ndjson', 'csv'),
    setting: fc.nat(SETTINGS.length - 1),
    seed: fc.array(fc.nat(0xffff), { maxLength: 24 }),
  });
}

/** Cases of each law of flows, which take longer than those of functions. */
export const FLOW_RUNS: Required<Pick<LawOptions, 'runs'>> = { runs: 20 };

/** A case as it lies in a folder. */
export class FlowPlace {
  readonly case: FlowCase;
  readonly #cwd: string;
  readonly #run: FlowRunner;

  constructor(c: FlowCase, cwd: string, run: FlowRunner) {
    this.case = c;
    this.#cwd = cwd;
    this.#run = run;
  }

  /** A number of the case's below `n`. */
  number(at: number, n: number): number {
    return (this.case.seed[at] ?? 0) % n;
  }

  pick<V>(at: number, list: readonly V[]): V {
    return list[this.number(at, list.length)] as V;
  }

  rowsOf(table: string): TestTable['rows'] {
    return this.#table(table).rows;
  }

  /** How a flow reads a table of the case, which is written now; `rows`: others in place of its own. */
  source(table: string, rows = this.rowsOf(table), name = table): string {
    return writeTable(this.#cwd, name, { schema: this.#table(table).schema, rows }, this.case.format);
  }

  /** The same in several files. */
  inFiles(table: string): string {
    const rows = this.rowsOf(table);
    const ends = [0, 1, 2].map((at) => this.number(at, rows.length + 1));
    const cuts = [...ends, 0, rows.length].sort((a, b) => a - b);
    const names = cuts.slice(1).map((end, i) => {
      this.source(table, rows.slice(cuts[i], end), `${table}${i}`);
      return `"${table}${i}.${this.case.format}"`;
    });
    return this.source(table).replace(`"${table}.${this.case.format}"`, () => `[${names.join(', ')}]`);
  }

  /** A condition over the columns of a table. */
  condition(table: string): string {
    const columns = this.#table(table).schema.map(({ name, type }) => ({ name: quoteName(name), type }));
    return expression(new Draw(this.case.seed, false), 'bool', columns, 3);
  }

  /** The rows of a flow. */
  async rows(flow: string, setting = this.case.setting): Promise<FlowRows> {
    const found = await this.run(flow, setting);
    if (found === null) throw new LawError('rows', `there are none to compare: all pipelines end in sinks\n${flow}`);
    return found;
  }

  /** Runs a flow for what it writes. */
  run(flow: string, setting = this.case.setting): Promise<FlowRows | null> {
    return this.#run(flow, { cwd: this.#cwd, ...(SETTINGS[setting] as (typeof SETTINGS)[number]) });
  }

  /** Throws LawError unless the rows are the same. */
  compare(law: string, says: string, one: Compared, two: Compared, order: Order): void {
    const differ = rowsDiffer(one.rows, two.rows, order);
    if (differ === null) return;
    throw new LawError(
      law,
      `${says}, but not here: ${differ}\n  first:\n${indented(one.what)}\n  second:\n${indented(two.what)}\n  files:\n${indented(this.files())}`,
    );
  }

  /** What flows read, for the report. */
  files(): string {
    return readdirSync(this.#cwd)
      .filter((name) => /\.(csv|ndjson)$/.test(name) && statSync(join(this.#cwd, name)).isFile())
      .map((name) => `--- ${name}\n${readFileSync(join(this.#cwd, name), 'utf8')}`)
      .join('');
  }

  #table(name: string): TestTable {
    const table = this.case.tables[name];
    if (table === undefined) throw new Error(`a case has no table ${name}`);
    return table;
  }
}

/** Rows, and the flow that they are of. */
export interface Compared {
  readonly what: string;
  readonly rows: FlowRows;
}

/** A text that stands in a message. */
export const indented = (text: string): string => text.trimEnd().replace(/^/gm, '    ');

/** A case in a line: its tables are shown as files by the law that does not hold. */
export function caseText({ tables, format, setting }: FlowCase): string {
  const sizes = Object.entries(tables).map(([name, table]) => `${name} of ${table.rows.length} rows`);
  return `${sizes.join(', ')} (${format}, ${SETTINGS[setting]?.workers ?? 1} workers)`;
}
