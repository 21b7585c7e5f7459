import type { ProgressTarget } from './progress.ts';
import { formatElapsed, formatSize } from './size.ts';
import { cutToWidth } from './width.ts';

/** How far a phase is. */
export interface Bar {
  readonly name: string;
  readonly bytes: number;
  /** Known beforehand. */
  readonly total: number;
}

const BAR_WIDTH = 24;
const REDRAW_MS = 100;
const LINE_MS = 1000;

/** `map  [######..................]  25 %  2.50 GB`: full only when everything is done, and never more. */
export function barText({ name, bytes, total }: Bar): string {
  const share = total > 0 ? Math.min(1, bytes / total) : 1;
  const full = Math.floor(share * BAR_WIDTH);
  const percent = `${Math.floor(share * 100)} %`.padStart(5);
  return `${name} [${'#'.repeat(full)}${'.'.repeat(BAR_WIDTH - full)}] ${percent} ${formatSize(bytes)}`;
}

export interface Bars {
  update(bars: readonly Bar[]): void;
  /** The last state, in full; nothing is drawn after it. */
  end(): void;
}

/** Bars side by side: rewritten in place on a terminal, a line a second elsewhere. `now`: milliseconds of a monotonic clock. */
export function progressBars(target: ProgressTarget, now: () => number = () => performance.now()): Bars {
  const started = now();
  const interval = target.isTTY ? REDRAW_MS : LINE_MS;
  let last = Number.NEGATIVE_INFINITY;
  let pending: readonly Bar[] | null = null;
  const draw = (bars: readonly Bar[]): void => {
    last = now();
    pending = null;
    const text = [...bars.map(barText), formatElapsed(now() - started)].join('  ');
    if (target.isTTY) target.write(`\r${cutToWidth(text, (target.columns ?? 80) - 1)}\u001b[K`);
    else target.write(`${text}\n`);
  };
  return {
    update(bars) {
      pending = bars;
      if (now() - last >= interval) draw(bars);
    },
    end() {
      if (pending !== null) draw(pending);
      if (target.isTTY && last > Number.NEGATIVE_INFINITY) target.write('\n');
    },
  };
}
