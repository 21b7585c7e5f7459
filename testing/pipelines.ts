import fc from 'fast-check';
import { type Field, field, formatType, type Schema, T } from '../engine/types.ts';
import { quoteName } from '../grammar/words.ts';
import { Draw } from './draw.ts';
import type { PipelineColumn } from './expressions.ts';
import { step } from './steps.ts';
import { arbitraryTable, type TestTable } from './tables.ts';

/** Tables, and a flow over them: its text, for the places where the tables are. */
export interface TestPipeline {
  readonly tables: Readonly<Record<string, TestTable>>;
  /** The flow; `at` gives the source of a table: `ndjson("t.ndjson")`. */
  readonly flow: (at: (table: string) => string) => string;
}

/** Columns of every scalar type; `id` is never null, and small ints and short texts serve as keys. */
export const MAIN: Schema = [
  field('id', T.int, false),
  field('g', T.int),
  field('s', T.string),
  field('x', T.float),
  field('b', T.bool),
  field('d', T.date),
  field('m', T.decimal(12, 2)),
  field('at', T.timestamp),
];

/** The table that joins and unions bring in. */
export const OTHER: Schema = [field('k', T.int), field('w', T.int), field('s', T.string), field('d', T.date)];

export interface PipelineOptions {
  /** Default 8. */
  readonly maxSteps?: number;
  /** Rows of a table. Default 40. */
  readonly maxRows?: number;
  /** As of tables (TableOptions). */
  readonly anyText?: boolean;
  /** The name that a column gets in place of a plain one such as `g` or `c3`; different names for different ones. Default: the plain one. */
  readonly naming?: (plain: string) => string;
}

/**
 * Well-typed pipelines over random tables, over all steps whose rows do not depend on an order that the language leaves open. They shrink to few steps, short
 * expressions and small tables.
 */
export function arbitraryPipeline(options: PipelineOptions = {}): fc.Arbitrary<TestPipeline> {
  const { maxSteps = 8, maxRows = 40, anyText = true, naming = (plain) => plain } = options;
  const mainSchema = MAIN.map((f) => ({ ...f, name: naming(f.name) }));
  const table = (schema: Schema): fc.Arbitrary<TestTable> =>
    arbitraryTable(schema, { maxRows, extremes: false, anyText });
  const seeds = fc.array(fc.array(fc.nat(0xffff), { maxLength: 24, size: 'large' }), {
    maxLength: maxSteps,
    size: 'large',
  });
  return fc.record({ main: table(mainSchema), other: table(OTHER), seeds }).map(({ main, other, seeds: all }) => ({
    tables: { main, other },
    flow: (at) => flowText(stepsOf(all, naming), at),
  }));
}

function flowText(steps: readonly string[], at: (table: string) => string): string {
  const used = steps.some((text) => /\bother\b/.test(text));
  const declared = used ? `let other = from ${at('other')}\n` : '';
  return `${declared}${[`from ${at('main')}`, ...steps].join('\n| ')}`;
}

function stepsOf(seeds: readonly (readonly number[])[], naming: (plain: string) => string): string[] {
  let columns: readonly PipelineColumn[] = MAIN.map(({ name, type }) => ({ name: quoteName(naming(name)), type }));
  const counts = { fresh: 0, widening: 0 };
  return seeds.flatMap((seed) => {
    const made = step(new Draw(seed), { columns, counts, naming });
    columns = made.columns;
    return made.text;
  });
}

/** A schema as a flow declares it. */
export function declaration(schema: Schema): string {
  return `{ ${schema.map((f: Field) => `${quoteName(f.name)}: ${formatType(f.type, f.nullable)}`).join(', ')} }`;
}
