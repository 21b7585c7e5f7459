import type { Context } from '../context.ts';
import { UsageError } from '../exit.ts';
import { formatCount } from '../size.ts';
import { type ExperimentOptions, experiment, jsonLine, mib, seconds } from './experiment.ts';

export interface SortBenchOptions extends ExperimentOptions {
  /** Bytes; not with rows. */
  readonly size?: number;
  readonly rows?: number;
}

const ROW = 16;
const DEFAULT_SIZE = 10e9;

/** Runs the sort experiment. @returns the exit code @throws UsageError for a mistake on the command line */
export async function sortBench(options: SortBenchOptions, context: Context): Promise<number> {
  if (options.size !== undefined && options.rows !== undefined)
    throw new UsageError('--size and --rows say the same', 'leave one of them out');
  const rows = options.rows ?? Math.max(1, Math.floor((options.size ?? DEFAULT_SIZE) / ROW));
  const { runSort } = await import('../experiments.ts');
  const { seed, strategy } = options;
  return experiment(
    options,
    rows * ROW,
    context,
    (engine) => runSort({ ...engine, rows, seed, strategy }),
    async ({ report, stats, spillLines, workers, peakRss }) => {
      if (options.json) {
        await context.stdout.write(jsonLine({ event: 'end', status: 'done', ...report, workers, peakRss, stats }));
        return;
      }
      const ms = report.sampleMs + report.mapMs + report.reduceMs;
      const lines = [
        ...spillLines,
        `Sorted ${mib(report.bytes)} MiB, ${formatCount(report.rows)} rows, in ${seconds(ms)} seconds`,
        ...(options.quiet
          ? []
          : [
              `  sample ${seconds(report.sampleMs)} s, map ${seconds(report.mapMs)} s, sort ${seconds(report.reduceMs)} s (${report.blocks} blocks to ${report.ranges} ranges, the largest ${report.skew.toFixed(2)} of the average, ${workers} workers)`,
              `  memory: limit ${mib(options.memory)} MiB, peak of the store ${mib(stats.memory.peak)} MiB, peak resident ${mib(peakRss)} MiB`,
            ]),
        `Verified in ${seconds(report.verifyMs)} seconds: in order, every row there`,
      ];
      await context.stdout.write(`${lines.join('\n')}\n`);
    },
  );
}
