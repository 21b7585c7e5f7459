import { type AccessOptions, accessOf } from '../access.ts';
import type { OutFormat, RunRequest, ShuffleChoice } from '../api.ts';
import type { ParamTexts } from '../args.ts';
import type { Context } from '../context.ts';
import { EXIT, UsageError } from '../exit.ts';
import { type Output, readSource } from '../io.ts';
import { progressLine } from '../progress.ts';
import { jsonReporter, textReporter } from '../report.ts';
import { type UdfOptions, udfOf } from '../udf.ts';
import { dryRun } from './dry_run.ts';

export interface RunOptions extends UdfOptions, AccessOptions {
  readonly param?: ParamTexts;
  readonly workers?: number;
  readonly memory?: number;
  readonly spillDir?: readonly string[];
  readonly spillTo?: readonly string[];
  readonly spillThreshold?: number;
  readonly spillCap?: number;
  /** `--no-spill` */
  readonly spill?: boolean;
  readonly shuffle?: ShuffleChoice;
  readonly stats?: true;
  readonly trace?: string;
  readonly out: OutFormat;
  readonly rows?: number;
  readonly json?: true;
  /** undefined: only on a terminal. */
  readonly progress?: boolean;
  readonly quiet?: true;
  readonly dryRun?: true;
}

const DEFAULT_PREVIEW_ROWS = 20;

/** Runs a file. @returns the exit code @throws UsageError for a mistake on the command line */
export async function run(file: string, options: RunOptions, context: Context): Promise<number> {
  const streams = options.out === 'csv' || options.out === 'ndjson';
  if (options.json && streams) {
    throw new UsageError(
      `--json and --out ${options.out} both write to standard output`,
      'leave one of them out, or end the pipeline in a `write` step',
    );
  }
  const source = readSource(file);
  const given = { params: options.param ?? new Map(), udf: udfOf(options), access: accessOf(options) };
  if (options.dryRun) return dryRun({ ...source, ...given }, options, context);
  if (options.memory === undefined) context.startEarly(options.workers);
  const api = await context.loadApi();
  const stop = listenForStop(context.stdout, streams);
  const reporter = options.json ? jsonReporter(context) : textReporter(context, reporterOptions(options, context));
  const request: RunRequest = {
    ...source,
    ...given,
    workers: options.workers,
    memory: options.memory,
    spillDirs: [...(options.spillDir ?? []), ...(options.spillTo ?? [])],
    spill: options.spill !== false,
    spillThreshold: options.spillThreshold,
    spillCap: options.spillCap,
    shuffle: options.shuffle,
    stats: options.stats === true,
    trace: options.trace,
    out: options.out,
    previewRows: options.rows ?? DEFAULT_PREVIEW_ROWS,
    signal: stop.signal,
  };
  try {
    const outcome = await api.run(request, reporter);
    const code = await reporter.end(outcome, source);
    if (outcome.status !== 'cancelled') return code;
    return outcome.outputClosed === true ? EXIT.outputClosed : stop.exitCode();
  } finally {
    stop.dispose();
  }
}

function reporterOptions(options: RunOptions, context: Context) {
  const shown = options.progress ?? (context.stderr.isTTY && !options.quiet);
  const target = {
    write: (text: string) => void context.stderr.write(text),
    isTTY: context.stderr.isTTY,
    columns: context.stderr.columns,
  };
  return { progress: shown ? progressLine(target) : undefined, quiet: options.quiet === true };
}

interface Stop {
  readonly signal: AbortSignal;
  /** The exit code for what stopped the run. */
  exitCode(): number;
  dispose(): void;
}

/**
 * Ctrl-C and termination end a run in order: workers stopped, spill files and half-written outputs removed. A second
 * Ctrl-C does not wait for that. A reader of standard output that leaves ends a run that only writes there (`streams`); any other run goes on, unless
 * a sink of its own writes there too and ends it.
 */
export function listenForStop(output: Output, streams: boolean): Stop {
  const controller = new AbortController();
  let code: number = EXIT.interrupted;
  const stop = (exitCode: number) => {
    if (controller.signal.aborted) return;
    code = exitCode;
    controller.abort();
  };
  const onInterrupt = () => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    stop(EXIT.interrupted);
  };
  const onTerminate = () => stop(EXIT.terminated);
  const onClosed = () => {
    if (streams) stop(EXIT.outputClosed);
    else code = EXIT.outputClosed;
  };
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onTerminate);
  process.on('SIGHUP', onTerminate);
  output.closed.addEventListener('abort', onClosed);
  return {
    signal: controller.signal,
    exitCode: () => code,
    dispose() {
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onTerminate);
      process.off('SIGHUP', onTerminate);
      output.closed.removeEventListener('abort', onClosed);
    },
  };
}
