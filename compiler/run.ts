import * as fs from 'node:fs';
import { Access } from '../engine/access.ts';
import { valueReader } from '../engine/batch/access.ts';
import { RunError } from '../engine/errors.ts';
import { toHost } from '../engine/host/values.ts';
import { foundBy } from '../engine/runtime/checks.ts';
import { Engine, type EngineOptions, type ResultRelation, type RunResult } from '../engine/runtime/engine.ts';
import type { ShuffleChoice } from '../engine/shuffle/strategy.ts';
import type { RunStats } from '../engine/trace/stats.ts';
import type { Schema } from '../engine/types.ts';
import type { FlowFile } from '../grammar/ast.ts';
import type { Diagnostic } from '../grammar/diagnostics.ts';
import { renderDiagnostic } from '../grammar/frame.ts';
import { sourceReader } from '../grammar/source_reader.ts';
import { type Bound, bindAst, type CompileOptions, check, plan } from './compile.ts';

/** The flow has mistakes; nothing was run. `message` shows them with their place. */
export class DiagnosticsError extends Error {
  override readonly name = 'DiagnosticsError';
  readonly diagnostics: readonly Diagnostic[];

  /** `text`: of the flow, whose diagnostics name it `file`; other files are read. */
  constructor(diagnostics: readonly Diagnostic[], text: string, file = '') {
    const source = sourceReader(file, text);
    super(
      diagnostics
        .filter((d) => d.severity === 'error')
        .map((d) => renderDiagnostic(d, { source }))
        .join('\n\n'),
    );
    this.diagnostics = diagnostics;
  }
}

export interface FlowRunOptions extends CompileOptions, EngineOptions {
  /** An engine that is kept for several runs; without it one is made and closed. */
  readonly engine?: Engine;
  readonly signal?: AbortSignal;
  /** How hash exchanges gather their rows; default 'auto'. */
  readonly shuffle?: ShuffleChoice;
}

/**
 * A row as an object. bool, string and float are JavaScript's; int is a number, or a bigint beyond 2^53; date and timestamp are a Date (UTC, to the
 * millisecond); decimal, time and interval are text; bytes a Uint8Array; list an array; struct an object; null is null.
 */
export type Row = Record<string, unknown>;

/** A condition of an `expect` step, and how the data did. */
export type Expectation = ReturnType<typeof foundBy>;

export interface FlowResult {
  /** The rows of each pipeline without a sink, in the order of the file. */
  readonly results: readonly { readonly schema: Schema; readonly rows: readonly Row[] }[];
  readonly written: readonly {
    readonly path: string;
    readonly format: string;
    readonly rows: number;
    readonly bytes: number;
  }[];
  /** What `expect` steps found, in file order; those that end in `else error` and do not hold are a RunError instead. */
  readonly expectations: readonly Expectation[];
  readonly spilledBytes: number;
  readonly ms: number;
  /** Figures of this run; `formatStats` makes text of them. */
  readonly stats: RunStats;
}

/** Runs a `.flow` file. Throws DiagnosticsError for mistakes in it, RunError for what goes wrong while it runs. */
export async function runFile(path: string, options: FlowRunOptions = {}): Promise<FlowResult> {
  let text: string;
  try {
    text = fs.readFileSync(path, 'utf8');
  } catch (e) {
    throw new RunError('FLOW7001', `cannot read ${path}: ${e instanceof Error ? e.message : String(e)}`, {
      file: path,
    });
  }
  return runText(text, { ...options, name: path });
}

/** Runs the text of a flow; `name` stands in diagnostics. */
export async function runText(
  text: string,
  options: FlowRunOptions & { readonly name?: string } = {},
): Promise<FlowResult> {
  const name = options.name ?? '<text>';
  return runBound(await check(text, name, within(options)), text, name, options);
}

/** Runs a syntax tree, such as the builder makes; `text` is shown in diagnostics. */
export async function runAst(ast: FlowFile, text: string, options: FlowRunOptions = {}): Promise<FlowResult> {
  return runBound(await bindAst(ast, within(options)), text, ast.span.file, options);
}

/** The rules of an engine that is kept hold for all that it runs, beside those of the call. */
function within(options: FlowRunOptions): FlowRunOptions {
  return options.engine === undefined ? options : { ...options, access: options.engine.access };
}

async function runBound(bound: Bound, text: string, file: string, options: FlowRunOptions): Promise<FlowResult> {
  if (bound.plan === null) throw new DiagnosticsError(bound.diagnostics, text, file);
  const { physical } = await plan(bound.plan, options);
  if (options.engine !== undefined) new Access(options).check(physical);
  const engine = options.engine ?? new Engine(options);
  try {
    const { signal, shuffle } = options;
    const run = await engine.run(physical, { ...(signal ? { signal } : {}), ...(shuffle ? { shuffle } : {}) });
    return resultOf(run);
  } finally {
    if (options.engine === undefined) await engine.close();
  }
}

function resultOf(run: RunResult): FlowResult {
  const results = run.results.map((r) => {
    const rows = rowsOf(r);
    r.release();
    return { schema: r.schema, rows };
  });
  const expectations = run.checks.map(foundBy);
  return {
    results,
    written: run.sinks,
    expectations,
    spilledBytes: run.stats.spill.spilledBytes,
    ms: run.ms,
    stats: run.stats,
  };
}

function rowsOf(r: ResultRelation): Row[] {
  const rows: Row[] = [];
  for (const b of r.batches()) {
    const readers = b.columns.map(valueReader);
    for (let i = 0; i < b.rows; i++) {
      // Without a prototype, so that a column may have any name.
      const row: Row = Object.create(null) as Row;
      r.schema.forEach((f, c) => {
        row[f.name] = toHost(f.type, readers[c]?.(i) ?? null);
      });
      rows.push(row);
    }
  }
  return rows;
}
