import type { Progress } from './api.ts';
import { formatCount, formatElapsed, formatSize } from './size.ts';
import { cutToWidth } from './width.ts';

export interface ProgressTarget {
  write(text: string): void;
  readonly isTTY: boolean;
  readonly columns: number | undefined;
}

/** Shows a run's progress on one stream. */
export interface ProgressLine {
  update(progress: Progress): void;
  /** Takes the line off the terminal, so that something else can be written; the next update draws it again. */
  clear(): void;
}

/** Milliseconds between redraws of a terminal's line, and between lines where there is no terminal. */
const REDRAW_MS = 100;
const LINE_MS = 1000;

/** The rate is taken over this much of the past, so that it follows the run without flickering. */
const RATE_WINDOW_MS = 2000;

/** One line: share of the work that is done where it is known, stage, rows and bytes read, rate, what was spilled, elapsed time. */
export function progressText(progress: Progress, bytesPerSecond: number): string {
  const { stage, stageIndex, stageCount, rows, bytes, totalBytes, share, spilledBytes, elapsedMs } = progress;
  const of = totalBytes !== undefined && totalBytes >= bytes ? ` of ${formatSize(totalBytes)}` : '';
  return [
    ...(share === undefined ? [] : [`${Math.floor(100 * share)} %`]),
    `[${stageIndex}/${stageCount}] ${stage}`,
    `${formatCount(rows)} rows`,
    `${formatSize(bytes)}${of}`,
    ...(bytesPerSecond > 0 ? [`${formatSize(bytesPerSecond)}/s`] : []),
    ...(spilledBytes > 0 ? [`spilled ${formatSize(spilledBytes)}`] : []),
    formatElapsed(elapsedMs),
  ].join('  ');
}

/** Bytes per second over the last moments of a run. */
function rateMeter(): (progress: Progress) => number {
  const samples: { elapsedMs: number; bytes: number }[] = [];
  return ({ elapsedMs, bytes }) => {
    samples.push({ elapsedMs, bytes });
    while (samples.length > 2 && elapsedMs - (samples[1]?.elapsedMs ?? 0) > RATE_WINDOW_MS) samples.shift();
    const first = samples[0];
    if (first === undefined || elapsedMs <= first.elapsedMs) return 0;
    return Math.max(0, (bytes - first.bytes) / ((elapsedMs - first.elapsedMs) / 1000));
  };
}

/**
 * A progress line: rewritten in place on a terminal, a line a second elsewhere.
 * @param now milliseconds of a monotonic clock
 */
export function progressLine(target: ProgressTarget, now: () => number = () => performance.now()): ProgressLine {
  const rate = rateMeter();
  const interval = target.isTTY ? REDRAW_MS : LINE_MS;
  let last = Number.NEGATIVE_INFINITY;
  let drawn = false;
  return {
    update(progress) {
      if (now() - last < interval) return;
      last = now();
      const text = progressText(progress, rate(progress));
      if (target.isTTY) target.write(`\r${cutToWidth(text, (target.columns ?? 80) - 1)}\u001b[K`);
      else target.write(`${text}\n`);
      drawn = true;
    },
    clear() {
      if (drawn && target.isTTY) target.write('\r\u001b[K');
      drawn = false;
      last = Number.NEGATIVE_INFINITY;
    },
  };
}
