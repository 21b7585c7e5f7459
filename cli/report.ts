import { noSpan } from '../grammar/ast.ts';
import type { Diagnostic } from '../grammar/diagnostics.ts';
import { visible } from '../grammar/frame.ts';
import type { Cell, Outcome, Progress, ResultTable, RunFailure, RunReporter, RunSummary } from './api.ts';
import type { Context } from './context.ts';
import { diagnosticsText, startOf } from './diagnostics.ts';
import { EXIT } from './exit.ts';
import type { SourceText } from './io.ts';
import type { ProgressLine } from './progress.ts';
import { formatCount, formatElapsed, formatSize } from './size.ts';
import { renderTable } from './table.ts';

/** What a run tells while it runs, and how it ended. */
export interface Reporter extends RunReporter {
  /** @returns the exit code, as reportProblems does */
  end(outcome: Outcome<RunSummary>, source: SourceText): Promise<number>;
}

export interface TextOptions {
  /** undefined: no progress is shown. */
  readonly progress: ProgressLine | undefined;
  readonly quiet: boolean;
}

/** For people: results on standard output; progress, summary and errors on standard error. */
export function textReporter(context: Context, { progress, quiet }: TextOptions): Reporter {
  const { stdout, stderr } = context;
  return {
    progress: (state) => progress?.update(state),
    async result(table) {
      progress?.clear();
      await stdout.write(renderTable(table, { style: context.stdoutStyle, width: stdout.columns }));
    },
    async output(bytes) {
      if (stdout.isTTY) progress?.clear();
      await stdout.write(bytes);
    },
    async end(outcome, source) {
      progress?.clear();
      const told = quiet && 'warnings' in outcome ? { ...outcome, warnings: [] } : outcome;
      const code = await reportProblems(told, source, context);
      if (outcome.status === 'done' && !quiet) await stderr.write(summaryText(outcome.value));
      if (outcome.status === 'done' && outcome.value.stats !== undefined) await stderr.write(outcome.value.stats.text);
      const left = stdout.closed.aborted || (outcome.status === 'cancelled' && outcome.outputClosed === true);
      if (outcome.status === 'cancelled' && !left) await stderr.write('interrupted\n');
      return code;
    },
  };
}

const plural = (count: number, word: string) => `${formatCount(count)} ${word}${count === 1 ? '' : 's'}`;

function summaryText(summary: RunSummary): string {
  const lines = summary.written.map(
    ({ path, rows, bytes }) => `wrote ${path}  ${plural(rows, 'row')}, ${formatSize(bytes)}`,
  );
  for (const { report } of summary.expectations) if (report !== null) lines.push(`expect: ${report}`);
  if (summary.rejected > 0)
    lines.push(`left out ${plural(summary.rejected, 'row')} that could not be read (on_error: "reject")`);
  if (summary.spilledBytes > 0) {
    const spilled = `${formatSize(summary.spilledBytes)}, ${plural(summary.spilledObjects, 'object')}`;
    lines.push(`spilled ${spilled}, read back ${formatSize(summary.restoredBytes)}`);
  }
  const read = `read ${plural(summary.rows, 'row')}, ${formatSize(summary.bytes)}`;
  lines.push(`${read} in ${formatElapsed(summary.elapsedMs)}, peak memory ${formatSize(summary.peakBytes)}`);
  return `${lines.map(visible).join('\n')}\n`;
}

/** A run error, drawn as a diagnostic of the step it happened in: what happened, where in the data, what to do. */
function failureDiagnostic({ code, message, where, hint }: RunFailure): Diagnostic {
  const { step, span, file, row, column, value, frames } = where;
  const exact = row !== undefined || column !== undefined;
  const place = [
    ...(file === undefined || (!exact && message.includes(file)) ? [] : [file]),
    ...(row === undefined ? [] : [`row ${formatCount(row)}`]),
    ...(column === undefined ? [] : [`column ${column}`]),
  ];
  const notes = [
    ...(place.length > 0 ? [`at ${place.join(', ')}`] : []),
    ...(step === undefined || span !== undefined ? [] : [`in ${step}`]),
    ...(value === undefined ? [] : [`the value is ${value}`]),
    ...(frames === undefined || frames.length < 2 ? [] : frames),
  ];
  const suggestion = hint === undefined ? {} : { suggestion: { text: hint } };
  return { code, severity: 'error', message, span: span ?? noSpan, notes, ...suggestion };
}

/**
 * Prints what every outcome that is not `done` has to say, and the warnings of all.
 * @returns the exit code, but for a cancelled run: that depends on what stopped it
 */
export async function reportProblems(outcome: Outcome<unknown>, source: SourceText, context: Context): Promise<number> {
  const { stderr, stderrStyle } = context;
  const print = (list: readonly Diagnostic[]) =>
    list.length === 0 ? Promise.resolve() : stderr.write(diagnosticsText(list, source, stderrStyle));
  if ('warnings' in outcome) await print(outcome.warnings);
  if (outcome.status === 'rejected') await print(outcome.diagnostics);
  if (outcome.status === 'failed') await print([failureDiagnostic(outcome.failure)]);
  return EXIT_OF[outcome.status];
}

/** Exit codes by status. A cancelled run's is the one of a Ctrl-C; run.ts knows when it was something else. */
const EXIT_OF = {
  done: EXIT.done,
  rejected: EXIT.rejected,
  failed: EXIT.failed,
  cancelled: EXIT.interrupted,
} as const;

/** Between two progress events of `--json`, in milliseconds. */
const JSON_PROGRESS_MS = 200;

/**
 * For programs: an object a line on standard output, told apart by `event`: `progress`, `result`, `warning`,
 * `diagnostic`, `error`, and last `end`, whose `status` is that of the run.
 */
export function jsonReporter(context: Context): Reporter {
  let last = Number.NEGATIVE_INFINITY;
  const emit = (event: string, body: object) => context.stdout.write(`${encode({ event, ...body })}\n`);
  return {
    progress(state: Progress) {
      if (performance.now() - last < JSON_PROGRESS_MS) return;
      last = performance.now();
      void emit('progress', state);
    },
    result: (table: ResultTable) => emit('result', table),
    output: () => Promise.resolve(),
    async end(outcome, source) {
      const located = (diagnostic: Diagnostic) => ({ ...diagnostic, ...startOf(diagnostic, source) });
      if ('warnings' in outcome) for (const warning of outcome.warnings) await emit('warning', located(warning));
      if (outcome.status === 'rejected') {
        for (const diagnostic of outcome.diagnostics) await emit('diagnostic', located(diagnostic));
      }
      if (outcome.status === 'failed') await emit('error', outcome.failure);
      await emit('end', { status: outcome.status, ...(outcome.status === 'done' ? summaryJson(outcome.value) : {}) });
      return EXIT_OF[outcome.status];
    },
  };
}

/** The outcome of a command that runs nothing, in the events of `--json`: its value as one event. @returns the exit code */
export async function jsonEvents(
  outcome: Outcome<object>,
  source: SourceText,
  context: Context,
  event: string,
): Promise<number> {
  const reporter = jsonReporter(context);
  if (outcome.status !== 'done') return reporter.end(outcome, source);
  for (const warning of outcome.warnings) {
    await context.stdout.write(`${encode({ event: 'warning', ...warning, ...startOf(warning, source) })}\n`);
  }
  await context.stdout.write(`${encode({ event, ...outcome.value })}\n${encode({ event: 'end', status: 'done' })}\n`);
  return EXIT.done;
}

function summaryJson({ stats, ...summary }: RunSummary): object {
  return { summary: stats === undefined ? summary : { ...summary, stats: stats.figures } };
}

/** JSON with the values JSON has no form for: integers beyond 2^53 and the non-finite floats go as strings. */
function encode(value: object): string {
  return JSON.stringify(value, (_, item: Cell | object) => {
    if (typeof item === 'bigint') return Number.isSafeInteger(Number(item)) ? Number(item) : String(item);
    return typeof item === 'number' && !Number.isFinite(item) ? String(item) : item;
  });
}
