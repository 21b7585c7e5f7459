import fc from 'fast-check';
import { type Field, field, formatType, type Schema, T } from '../engine/types.ts';
import { quoteName } from '../grammar/words.ts';
import { Draw } from './draw.ts';
import type { PipelineColumn } from './expressions.ts';
import { TYPES } from './kinds.ts';
import { step } from './steps.ts';
import { arbitraryTable, type TestTable } from './tables.ts';

/** Tables, and a flow over them: its text, for the places where the tables are. */
export interface TestPipeline {
  readonly tables: Readonly<Record<string, TestTable>>;
  /** The flow; `at` gives the source of a table: `ndjson("t.ndjson")`. */
  readonly flow: (at: (table: string) => string) => string;
}

/** Columns of the scalar types; `id` is never null, and small ints and short texts serve as keys. */
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

/** Columns of lists, a struct, a map and JSON, which stand behind those of the main table. */
export const NESTED: Schema = [
  field('l', TYPES.ints),
  field('w', TYPES.texts),
  field('p', TYPES.pair),
  field('c', TYPES.counts),
  field('j', TYPES.json),
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
  /** Default false: values with which no expression fails; true: of some tables those at the ends of their types. */
  readonly extremes?: boolean;
  /** Default true: the main table has lists, a struct, a map and JSON. */
  readonly nested?: boolean;
  /** Default true: functions of the whole registry; false: a few that SQL has too. */
  readonly functions?: boolean;
  /** The name that a column gets in place of a plain one such as `g` or `c3`; different names for different ones. Default: the plain one. */
  readonly naming?: (plain: string) => string;
}

/** Choices of one step. */
const MOST_CHOICES = 40;

/**
 * Well-typed pipelines over random tables, over all steps whose rows do not depend on an order that the language leaves open. They shrink to few steps, short
 * expressions and small tables.
 */
export function arbitraryPipeline(options: PipelineOptions = {}): fc.Arbitrary<TestPipeline> {
  const {
    maxSteps = 8,
    maxRows = 40,
    anyText = true,
    functions = true,
    nested = true,
    naming = (plain) => plain,
  } = options;
  const main = nested ? [...MAIN, ...NESTED] : MAIN;
  const mainSchema = main.map((f) => ({ ...f, name: naming(f.name) }));
  const plain = (schema: Schema): fc.Arbitrary<TestTable> =>
    arbitraryTable(schema, { maxRows, extremes: false, anyText });
  const table = (schema: Schema): fc.Arbitrary<TestTable> =>
    options.extremes === true
      ? fc.oneof(
          { weight: 3, arbitrary: plain(schema) },
          { weight: 1, arbitrary: arbitraryTable(schema, { maxRows, anyText }) },
        )
      : plain(schema);
  const seeds = fc.array(fc.array(fc.nat(0xffff), { maxLength: MOST_CHOICES, size: 'large' }), {
    maxLength: maxSteps,
    size: 'large',
  });
  return fc.record({ rows: table(mainSchema), other: table(OTHER), seeds }).map(({ rows, other, seeds: all }) => ({
    tables: { main: rows, other },
    flow: (at) => flowText(stepsOf(main, all, naming, functions), at),
  }));
}

function flowText(steps: readonly string[], at: (table: string) => string): string {
  const used = steps.some((text) => /\bother\b/.test(text));
  const declared = used ? `let other = from ${at('other')}\n` : '';
  return `${declared}${[`from ${at('main')}`, ...steps].join('\n| ')}`;
}

function stepsOf(
  main: Schema,
  seeds: readonly (readonly number[])[],
  naming: (plain: string) => string,
  functions: boolean,
): string[] {
  let columns: readonly PipelineColumn[] = main.map(({ name, type }) => ({ name: quoteName(naming(name)), type }));
  const counts = { fresh: 0, widening: 0 };
  return seeds.flatMap((seed) => {
    const made = step(new Draw(seed, functions), { columns, counts, naming });
    columns = made.columns;
    return made.text;
  });
}

/** A schema as a flow declares it. */
export function declaration(schema: Schema): string {
  return `{ ${schema.map((f: Field) => `${quoteName(f.name)}: ${formatType(f.type, f.nullable)}`).join(', ')} }`;
}
