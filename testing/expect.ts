import type { Flow } from '../compiler/builder/index.ts';
import { type FlowRunOptions, type Row, runText } from '../compiler/run.ts';

/** The rows of a pipeline are not the expected ones; the message is a table of what differs. */
export class RowsError extends Error {
  override readonly name = 'RowsError';
}

export interface RowsOptions {
  /** Whether the order counts. Default false: each row must be there as often as it is expected. */
  readonly ordered?: boolean;
}

export interface PipelineExpectation {
  /** Runs the pipeline and compares its rows; rejects with RowsError. Expected rows need not name all columns: those they do not name are not compared. */
  toEqualRows(rows: readonly Row[], options?: RowsOptions): Promise<void>;
  /** Runs it and expects an error whose message or code contains `text`. */
  toFail(text: string): Promise<void>;
}

/** Rows of a difference that are shown. */
const SHOWN = 12;

/** A flow of the builder, or the text of one whose first pipeline without a sink is meant. */
export function expectPipeline(pipeline: Flow | string, options: FlowRunOptions = {}): PipelineExpectation {
  const rowsOf = async (): Promise<readonly Row[]> => {
    if (typeof pipeline !== 'string') return pipeline.collect(options);
    const { results } = await runText(pipeline, options);
    const [first] = results;
    if (first === undefined)
      throw new RowsError('the flow has no pipeline without a sink: there are no rows to compare');
    return first.rows;
  };
  return {
    async toEqualRows(expected, { ordered = false } = {}) {
      const columns = [...new Set(expected.flatMap((row) => Object.keys(row)))];
      const actual = await rowsOf();
      const found = columns.length === 0 && expected.length > 0 ? Object.keys(actual[0] ?? {}) : columns;
      const message = difference(
        actual,
        expected,
        found.length > 0 ? found : Object.keys(actual[0] ?? {}),
        ordered,
        EXPECTED,
      );
      if (message !== null) throw new RowsError(message);
    },
    async toFail(text) {
      let rows: readonly Row[];
      try {
        rows = await rowsOf();
      } catch (e) {
        const { message, code } = e as { message: string; code?: string };
        if (message.includes(text) || code === text) return;
        throw new RowsError(`it fails, but not with "${text}": ${message}`);
      }
      throw new RowsError(`it gives ${rows.length} rows, and was expected to fail with "${text}"`);
    },
  };
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== 'object') return Object.is(value, -0) ? '0' : String(value);
  return JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v));
}

const EXPECTED = (actual: number, expected: number): string =>
  `${actual} rows, expected ${expected} (- expected and not there, + there and not expected)`;

/** What differs, as a table below what `head` says of the numbers of rows; null when nothing does. */
export function difference(
  actual: readonly Row[],
  expected: readonly Row[],
  columns: readonly string[],
  ordered: boolean,
  head: (actual: number, expected: number) => string,
): string | null {
  const texts = (rows: readonly Row[]): string[][] => rows.map((row) => columns.map((c) => cell(row[c])));
  const [a, e] = [texts(actual), texts(expected)];
  const lines = ordered ? byPlace(a, e) : byCount(a, e);
  if (lines.length === 0) return null;
  const rest = lines.length > SHOWN ? [`… and ${lines.length - SHOWN} more`] : [];
  return [head(actual.length, expected.length), ...table([['', ...columns], ...lines.slice(0, SHOWN)]), ...rest].join(
    '\n',
  );
}

function byPlace(actual: readonly string[][], expected: readonly string[][]): string[][] {
  const out: string[][] = [];
  for (let i = 0; i < Math.max(actual.length, expected.length); i++) {
    const [a, e] = [actual[i], expected[i]];
    if (a !== undefined && e !== undefined && a.join('|') === e.join('|')) continue;
    if (e !== undefined) out.push([`- row ${i + 1}`, ...e]);
    if (a !== undefined) out.push([`+ row ${i + 1}`, ...a]);
  }
  return out;
}

function byCount(actual: readonly string[][], expected: readonly string[][]): string[][] {
  const counts = new Map<string, { readonly row: string[]; n: number }>();
  const count = (rows: readonly string[][], by: number): void => {
    for (const row of rows) {
      const key = row.join('|');
      const entry = counts.get(key) ?? { row, n: 0 };
      entry.n += by;
      counts.set(key, entry);
    }
  };
  count(actual, 1);
  count(expected, -1);
  const of = (sign: 1 | -1): string[][] =>
    [...counts.values()].flatMap(({ row, n }) =>
      Array.from({ length: Math.max(0, sign * n) }, () => [sign > 0 ? '+' : '-', ...row]),
    );
  return [...of(-1), ...of(1)];
}

function table(rows: readonly string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) => `  ${row.map((text, i) => text.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd());
}
