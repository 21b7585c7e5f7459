// Laws of pipelines: two ways to write the same thing, of which neither is known to be right.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { Engine } from '../../engine/runtime/engine.ts';
import { engineOutcome, multiset } from '../../testing/compare.ts';
import { Draw } from '../../testing/draw.ts';
import { expression } from '../../testing/expressions.ts';
import { type TableFormat, writeTable } from '../../testing/files.ts';
import { MAIN, OTHER } from '../../testing/pipelines.ts';
import { arbitraryTable, type TestTable } from '../../testing/tables.ts';

/** Cases of each law; LAWS=500 for a longer search. */
const RUNS = Number(process.env['LAWS'] ?? 20);

export interface LawCase {
  readonly main: TestTable;
  /** Of the same columns as `main`. */
  readonly more: TestTable;
  readonly other: TestTable;
  readonly format: TableFormat;
  readonly engine: number;
  readonly seed: readonly number[];
}

const table = (schema: TestTable['schema']): fc.Arbitrary<TestTable> =>
  arbitraryTable(schema, { maxRows: 40, extremes: false });

const cases: fc.Arbitrary<LawCase> = fc.record({
  main: table(MAIN),
  more: table(MAIN),
  other: table(OTHER),
  format: fc.constantFrom<TableFormat>('ndjson', 'csv'),
  engine: fc.nat(1),
  seed: fc.array(fc.nat(0xffff), { maxLength: 24 }),
});

/** Rows of a flow, as texts: in their order, and in one of their own. */
export interface Seen {
  readonly ordered: readonly string[];
  readonly sorted: readonly string[];
}

export class Laws {
  readonly root = mkdtempSync(join(tmpdir(), 'flowc-laws-'));
  readonly #engines = [new Engine({ workers: 1, memory: 64 << 20 }), new Engine({ workers: 2, memory: 16 << 20 })];
  #places = 0;

  async close(): Promise<void> {
    for (const engine of this.#engines) await engine.close();
    rmSync(this.root, { recursive: true });
  }

  /** Tries a law over random tables; what does not hold is shown with its smallest case. */
  async hold(law: (c: LawCase, at: Place) => Promise<void>): Promise<void> {
    const property = fc.asyncProperty(cases, async (c) => {
      const cwd = join(this.root, `p${this.#places++}`);
      mkdirSync(cwd);
      await law(c, new Place(cwd, this.#engines[c.engine] as Engine));
      rmSync(cwd, { recursive: true });
    });
    const details = await fc.check(property, { numRuns: RUNS });
    if (details.failed) throw new Error(`${String(details.errorInstance)}\nseed ${details.seed}`);
  }
}

/** A folder with the tables of a case. */
export class Place {
  readonly cwd: string;
  readonly #engine: Engine;

  constructor(cwd: string, engine: Engine) {
    this.cwd = cwd;
    this.#engine = engine;
  }

  /** Writes a table, and tells how it is read. */
  table(name: string, rows: TestTable, format: TableFormat): string {
    return writeTable(this.cwd, name, rows, format);
  }

  /** The rows of the only output. */
  async rows(flow: string): Promise<Seen> {
    const [outcome] = await engineOutcome(flow, this.#engine, { cwd: this.cwd });
    if (outcome === undefined || outcome === 'fails') throw new Error(`it fails:\n${flow}`);
    const { schema, rows } = outcome;
    return { ordered: rows.flatMap((row) => multiset(schema, [row])), sorted: multiset(schema, rows) };
  }

  /** Runs a flow for what it writes. */
  async run(flow: string): Promise<void> {
    if ((await engineOutcome(flow, this.#engine, { cwd: this.cwd })).includes('fails'))
      throw new Error(`it fails:\n${flow}`);
  }

  /** Throws unless both flows give the same rows: as multisets, or in the same order. */
  async same(one: string, two: string, order: 'any order' | 'in order'): Promise<void> {
    const [a, b] = [await this.rows(one), await this.rows(two)];
    const [x, y] = order === 'in order' ? [a.ordered, b.ordered] : [a.sorted, b.sorted];
    if (x.length === y.length && x.every((row, i) => row === y[i])) return;
    const shown = (flow: string, rows: readonly string[]): string => `${flow}\n${rows.slice(0, 20).join('\n')}`;
    throw new Error(`${x.length} and ${y.length} rows:\n${shown(one, x)}\n\n${shown(two, y)}`);
  }

  /** A count, of a flow that ends in one. */
  async count(flow: string): Promise<number> {
    const { ordered } = await this.rows(`${flow} | summarize n = count()`);
    return Number(/\d+/.exec(ordered[0] ?? '')?.[0] ?? Number.NaN);
  }
}

/** A condition over the columns of `main`, of the numbers of the case. */
export function condition({ seed }: LawCase): string {
  return expression(new Draw(seed, false), 'bool', MAIN, 3);
}
