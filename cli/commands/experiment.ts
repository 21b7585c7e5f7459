import type { Outcome } from '../api.ts';
import { type Bars, progressBars } from '../bars.ts';
import type { Context } from '../context.ts';
import type { EngineRequest } from '../experiments.ts';
import { reportProblems } from '../report.ts';
import { listenForStop } from './run.ts';

/** What the commands that run experiments have in common. */
export interface ExperimentOptions {
  readonly memory: number;
  readonly workers?: number;
  readonly spillDir?: readonly string[];
  readonly spillTo?: readonly string[];
  readonly spillCap?: number;
  /** `--no-spill` */
  readonly spill?: boolean;
  readonly strategy: 'simple' | 'push' | 'auto';
  readonly seed: number;
  readonly json?: true;
  /** undefined: only on a terminal. */
  readonly progress?: boolean;
  readonly quiet?: true;
}

/** There is no file: errors have no place in one. */
const NO_SOURCE = { path: '', text: '' };
const JSON_PROGRESS_MS = 200;

/** Runs an experiment and prints how it ended. `print` tells a result. @returns the exit code */
export async function experiment<R>(
  options: ExperimentOptions,
  totalBytes: number,
  context: Context,
  work: (request: EngineRequest) => Promise<Outcome<R>>,
  print: (result: R) => Promise<void>,
): Promise<number> {
  const stop = listenForStop(context.stdout, false);
  const bars = barsOf(options, context);
  const told = options.json ? jsonProgress(context) : null;
  const moved = { map: 0, reduce: 0 };
  const request: EngineRequest = {
    memory: options.memory,
    workers: options.workers,
    spillDirs: [...(options.spillDir ?? []).flatMap((d) => d.split(',')), ...(options.spillTo ?? [])],
    spill: options.spill !== false,
    spillCap: options.spillCap,
    signal: stop.signal,
    onProgress(p) {
      moved[p.phase] = p.bytes;
      told?.(p);
      bars?.update((['map', 'reduce'] as const).map((name) => ({ name, bytes: moved[name], total: totalBytes })));
    },
  };
  try {
    const outcome = await work(request);
    bars?.end();
    if (outcome.status === 'done') await print(outcome.value);
    else if (options.json) await context.stdout.write(`${JSON.stringify({ event: 'end', ...outcome })}\n`);
    const code = await reportProblems(outcome, NO_SOURCE, context);
    if (outcome.status !== 'cancelled') return code;
    await context.stderr.write('interrupted\n');
    return stop.exitCode();
  } finally {
    stop.dispose();
  }
}

function barsOf({ progress, quiet, json }: ExperimentOptions, { stderr }: Context): Bars | null {
  const shown = progress ?? (stderr.isTTY && !quiet && !json);
  if (!shown) return null;
  return progressBars({ write: (text) => void stderr.write(text), isTTY: stderr.isTTY, columns: stderr.columns });
}

function jsonProgress(context: Context): (p: object) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (p) => {
    if (performance.now() - last < JSON_PROGRESS_MS) return;
    last = performance.now();
    void context.stdout.write(`${JSON.stringify({ event: 'progress', ...p })}\n`);
  };
}

/** JSON in which 64-bit numbers are hexadecimal text. */
export function jsonLine(value: object): string {
  return `${JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? v.toString(16).padStart(16, '0') : v))}\n`;
}

export const mib = (bytes: number): string => String(Math.round(bytes / 2 ** 20));

export function seconds(ms: number): string {
  return (ms / 1000).toFixed(2);
}
