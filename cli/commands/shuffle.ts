import type { Context } from '../context.ts';
import { UsageError } from '../exit.ts';
import type { Measured, ShuffleRequest } from '../experiments.ts';
import { formatCount, formatSize } from '../size.ts';
import { type ExperimentOptions, experiment, jsonLine, mib, seconds } from './experiment.ts';

export interface ShuffleOptions extends ExperimentOptions {
  readonly partitions: number;
  readonly partitionSize: number;
  readonly inFlight?: number;
  /** `--no-streaming` */
  readonly streaming: boolean;
  readonly verify?: true;
  readonly matrix?: true;
  readonly matrixMemory?: readonly number[];
  readonly matrixSizes?: readonly number[];
  readonly matrixTotal?: number;
  readonly outDir?: string;
}

type Report = Measured<import('../../index.ts').ShuffleReport>;

/** Bytes of a row. */
const ROW = 16;

/** Runs the shuffle experiment, or the grid of them. @returns the exit code @throws UsageError for a mistake on the command line */
export async function shuffle(options: ShuffleOptions, context: Context): Promise<number> {
  if (options.matrix) return (await import('./shuffle-matrix.ts')).shuffleMatrix(options, context);
  const only = (['matrixMemory', 'matrixSizes', 'matrixTotal', 'outDir'] as const).find(
    (o) => options[o] !== undefined,
  );
  if (only !== undefined) {
    const option = only.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
    throw new UsageError(`--${option} needs --matrix`, 'leave it out, or add --matrix');
  }
  checkSize(options.partitionSize, '--partition-size');
  const { runShuffle } = await import('../experiments.ts');
  const total = options.partitions * Math.floor(options.partitionSize / ROW) * ROW;
  return experiment(
    options,
    total,
    context,
    (engine) => runShuffle({ ...engine, ...experimentOf(options) }),
    (result) => print(result, options, context),
  );
}

/** @throws UsageError for less than a row */
export function checkSize(bytes: number, option: string): void {
  if (bytes < ROW)
    throw new UsageError(`${option}: ${formatSize(bytes)} is less than one row`, `give at least ${ROW}B`);
}

function experimentOf(o: ShuffleOptions): Omit<ShuffleRequest, keyof import('../experiments.ts').EngineRequest> {
  return {
    partitions: o.partitions,
    partitionBytes: o.partitionSize,
    seed: o.seed,
    streaming: o.streaming,
    strategy: o.strategy,
    verify: o.verify === true,
    ...(o.inFlight === undefined ? {} : { inFlight: o.inFlight }),
  };
}

async function print(result: Report, options: ShuffleOptions, { stdout }: Context): Promise<void> {
  const { report, stats, workers, peakRss } = result;
  if (options.json) {
    await stdout.write(jsonLine({ event: 'end', status: 'done', ...report, workers, peakRss, stats }));
    return;
  }
  const ms = report.mapMs + report.reduceMs;
  const how = report.strategy === 'push' ? `push, ${report.rounds} rounds` : 'simple';
  const lines = [
    ...result.spillLines,
    `Shuffled ${mib(report.bytes)} MiB in ${seconds(ms)} seconds`,
    ...(options.quiet
      ? []
      : [
          `  map ${seconds(report.mapMs)} s, reduce ${seconds(report.reduceMs)} s, ${mib(report.bytes / (ms / 1000))} MiB/s (${how}, ${workers} workers)`,
          `  memory: limit ${mib(options.memory)} MiB, peak of the store ${mib(stats.memory.peak)} MiB, peak resident ${mib(peakRss)} MiB`,
        ]),
    ...(report.verifyMs === null
      ? []
      : [
          `Verified ${formatCount(report.rows)} rows in ${seconds(report.verifyMs)} seconds: all there, all in their partitions`,
        ]),
  ];
  await stdout.write(`${lines.join('\n')}\n`);
}
