import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolders } from '../../engine/io/folders.ts';
import type { Outcome } from '../api.ts';
import type { Context } from '../context.ts';
import { UsageError } from '../exit.ts';
import type { EngineRequest, Measured } from '../experiments.ts';
import { fileError } from '../io.ts';
import { plotSvg } from '../plot.ts';
import { formatSize } from '../size.ts';
import { experiment, jsonLine, mib, seconds } from './experiment.ts';
import { checkSize, type ShuffleOptions } from './shuffle.ts';

const DEFAULT_MEMORY = [256e6, 1e9];
const DEFAULT_SIZES = [1e6, 10e6, 100e6];
const DEFAULT_TOTAL = 2e9;
const STRATEGIES = ['simple', 'push'] as const;
/** Line colours by memory limit; strategies differ by dashes. */
const COLORS = ['#1f77b4', '#d62728', '#2ca02c', '#9467bd', '#8c564b', '#e377c2'];

export interface Cell {
  readonly memory: number;
  readonly partitionBytes: number;
  readonly partitions: number;
  readonly strategy: 'simple' | 'push';
}

/** One measured cell; null: the run failed, `failure` says why. */
export interface CellResult extends Cell {
  readonly bytes: number;
  readonly ms: number | null;
  readonly spilledBytes: number;
  readonly restoredBytes: number;
  readonly peakBytes: number;
  readonly failure?: string;
}

/** Every memory limit with every partition size and both strategies, in this order. */
export function cellsOf(memories: readonly number[], sizes: readonly number[], total: number): Cell[] {
  return memories.flatMap((memory) =>
    sizes.flatMap((partitionBytes) =>
      STRATEGIES.map((strategy) => ({
        memory,
        partitionBytes,
        partitions: Math.max(1, Math.round(total / partitionBytes)),
        strategy,
      })),
    ),
  );
}

/** Runs the grid and writes shuffle-matrix.md and shuffle-matrix.svg. @returns the exit code */
export async function shuffleMatrix(options: ShuffleOptions, context: Context): Promise<number> {
  const total = options.matrixTotal ?? DEFAULT_TOTAL;
  const sizes = ascending(options.matrixSizes ?? DEFAULT_SIZES);
  for (const size of sizes) checkSize(size, '--matrix-sizes');
  if (total < (sizes.at(-1) as number))
    throw new UsageError('--matrix-total is less than the largest partition', 'give more, or smaller --matrix-sizes');
  const cells = cellsOf(ascending(options.matrixMemory ?? DEFAULT_MEMORY), sizes, total);
  const dir = options.outDir ?? '.';
  attempt(dir, () => makeFolders(dir));
  const work = (request: EngineRequest): Promise<Outcome<readonly CellResult[]>> =>
    runCells(cells, options, request, (r) => context.stderr.write(`${rowText(r)}\n`));
  return experiment(options, cells.length * total, context, work, async (results) => {
    const table = matrixMarkdown(results);
    for (const [name, text] of [
      ['shuffle-matrix.md', table],
      ['shuffle-matrix.svg', matrixPlot(results)],
    ] as const) {
      const path = join(dir, name);
      attempt(path, () => writeFileSync(path, text));
    }
    await context.stdout.write(
      options.json
        ? jsonLine({ event: 'end', status: 'done', cells: results })
        : `${table}\nwrote ${join(dir, 'shuffle-matrix.md')} and shuffle-matrix.svg\n`,
    );
  });
}

const ascending = (list: readonly number[]): number[] => [...new Set(list)].sort((a, b) => a - b);

function attempt(path: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw fileError(path, error, 'written');
  }
}

async function runCells(
  cells: readonly Cell[],
  options: ShuffleOptions,
  request: EngineRequest,
  tell: (r: CellResult) => Promise<void>,
): Promise<Outcome<readonly CellResult[]>> {
  const { runShuffle } = await import('../experiments.ts');
  const results: CellResult[] = [];
  let before = 0;
  for (const cell of cells) {
    const outcome = await runShuffle({
      ...request,
      ...cell,
      seed: options.seed,
      streaming: options.streaming,
      verify: options.verify === true,
      onProgress: (p) => request.onProgress({ ...p, bytes: before + p.bytes }),
    });
    if (outcome.status === 'cancelled') return outcome;
    const result = resultOf(cell, outcome);
    before += cell.partitions * cell.partitionBytes;
    results.push(result);
    await tell(result);
  }
  return { status: 'done', value: results, warnings: [] };
}

function resultOf(cell: Cell, outcome: Outcome<Measured<import('../../index.ts').ShuffleReport>>): CellResult {
  const none = { ...cell, bytes: 0, ms: null, spilledBytes: 0, restoredBytes: 0, peakBytes: 0 };
  if (outcome.status === 'failed') return { ...none, failure: `${outcome.failure.code} ${outcome.failure.message}` };
  if (outcome.status !== 'done') return { ...none, failure: outcome.status };
  const { report, stats } = outcome.value;
  const { spilledBytes, restoredBytes } = stats.spill;
  const ms = report.mapMs + report.reduceMs;
  return { ...cell, bytes: report.bytes, ms, spilledBytes, restoredBytes, peakBytes: stats.memory.peak };
}

function perSecond(r: CellResult): number | null {
  return r.ms === null ? null : r.bytes / 2 ** 20 / (r.ms / 1000);
}

function rowText(r: CellResult): string {
  const speed = perSecond(r);
  const end = speed === null ? `failed: ${r.failure}` : `${seconds(r.ms ?? 0)} s, ${speed.toFixed(0)} MiB/s`;
  return `${formatSize(r.memory)} memory, ${r.partitions} x ${formatSize(r.partitionBytes)}, ${r.strategy}: ${end}`;
}

export function matrixMarkdown(results: readonly CellResult[]): string {
  const head = [
    'memory',
    'partitions',
    'strategy',
    'seconds',
    'MiB/s',
    'spilled MiB',
    'restored MiB',
    'peak of the store MiB',
  ];
  const rows = results.map((r) => [
    formatSize(r.memory),
    `${r.partitions} x ${formatSize(r.partitionBytes)}`,
    r.strategy,
    ...(r.ms === null
      ? [`failed: ${(r.failure ?? '').replaceAll('|', '\\|')}`, '', '', '', '']
      : [seconds(r.ms), (perSecond(r) ?? 0).toFixed(0), mib(r.spilledBytes), mib(r.restoredBytes), mib(r.peakBytes)]),
  ]);
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = line(head.map((_, i) => (i < 3 ? '---' : '---:')));
  return `${[line(head), rule, ...rows.map(line)].join('\n')}\n`;
}

export function matrixPlot(results: readonly CellResult[]): string {
  const sizes = ascending(results.map((r) => r.partitionBytes));
  const memories = ascending(results.map((r) => r.memory));
  const find = (memory: number, strategy: string, size: number) =>
    results.find((r) => r.memory === memory && r.strategy === strategy && r.partitionBytes === size);
  const series = memories.flatMap((memory, m) =>
    STRATEGIES.map((strategy) => ({
      name: `${formatSize(memory)}, ${strategy}`,
      color: COLORS[m % COLORS.length] as string,
      dashed: strategy === 'simple',
      ys: sizes.map((size) => {
        const found = find(memory, strategy, size);
        return found === undefined ? null : perSecond(found);
      }),
    })),
  );
  return plotSvg({
    title: 'Shuffle by memory limit, partition size and strategy',
    xLabel: 'partition size (map tasks and reduce tasks: total / size)',
    yLabel: 'MiB/s',
    xs: sizes.map((value) => ({ value, label: formatSize(value) })),
    series,
  });
}
