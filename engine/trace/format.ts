import type { EngineStats, OperatorSpill, OwnerBytes, RunStats, SpillTotals } from './stats.ts';

/** Owners that hold less than this share are put together. */
const SMALL_SHARE = 0.01;
const MiB = 2 ** 20;

/**
 * The figures as text: lines such as `Spilled 9487 MiB, 2487 objects, 1023 MiB/s`. Sizes are MiB; throughput is bytes over the time threads spent at it, threads side by side
 * counted once each.
 */
export function formatStats(stats: EngineStats | RunStats): string {
  const { memory, spill, tasks, disk } = stats;
  const lines = [
    `Memory ${mib(memory.used)} of ${mib(memory.limit)} MiB in use, ${counted(memory.objects, 'object')}, peak ${mib(memory.peak)} MiB`,
    ...owners('  at its peak', memory.peakOwners),
    ...owners('  now', memory.owners),
    ...spillLines(spill),
    ...operatorTable(stats.operators),
  ];
  if (disk.bytes > 0) lines.push(`Disk ${mib(disk.bytes)} MiB in spill files now`);
  if ('exchanges' in stats) {
    for (const x of stats.exchanges) {
      const how = x.strategy === 'push' ? `push, ${counted(x.rounds, 'round')}` : 'simple';
      lines.push(
        `Shuffled ${mib(x.bytes)} MiB, ${counted(x.rows, 'row')}, ${counted(x.maps, 'task')} to ${counted(x.partitions, 'partition')} (${how}): ${x.stage}`,
      );
    }
  }
  const open = [
    [tasks.running, 'running'],
    [tasks.ready, 'ready'],
    [tasks.waiting, 'waiting'],
  ] as const;
  const told = [
    [tasks.failed, 'failed'],
    [tasks.cancelled, 'cancelled'],
  ] as const;
  const parts = [
    `${grouped(tasks.done)} done`,
    ...[...open, ...told].filter(([n]) => n > 0).map(([n, word]) => `${grouped(n)} ${word}`),
    counted(tasks.retries, 'retry', 'retries'),
    counted(tasks.reconstructions, 'reconstruction'),
    `${counted(tasks.workersLost, 'worker')} lost`,
  ];
  lines.push(`Tasks ${parts.join(', ')}`);
  return `${lines.join('\n')}\n`;
}

/** What was spilled and read back, a line each. */
export function spillLines(s: SpillTotals): string[] {
  return [
    `Spilled ${mib(s.spilledBytes)} MiB, ${counted(s.spilledObjects, 'object')}${rate(s.spilledBytes, s.spillMs)}`,
    `Restored ${mib(s.restoredBytes)} MiB, ${counted(s.restoredObjects, 'read')}${rate(s.restoredBytes, s.restoreMs)}`,
  ];
}

function operatorTable(operators: readonly OperatorSpill[]): string[] {
  if (operators.length === 0) return [];
  const rows = operators.map((o) => [
    o.name,
    mib(o.spilledBytes),
    grouped(o.spilledObjects),
    perSecond(o.spilledBytes, o.spillMs),
    mib(o.restoredBytes),
    grouped(o.restoredObjects),
    perSecond(o.restoredBytes, o.restoreMs),
  ]);
  const head = ['step', 'spilled MiB', 'objects', 'MiB/s', 'restored MiB', 'reads', 'MiB/s'];
  const widths = head.map((h, i) => Math.max(h.length, ...rows.map((r) => (r[i] as string).length)));
  const line = (cells: readonly string[]): string =>
    `  ${cells.map((c, i) => (i === 0 ? c.padEnd(widths[i] as number) : c.padStart(widths[i] as number))).join('  ')}`;
  return [head, ...rows].map(line);
}

function owners(label: string, list: readonly OwnerBytes[]): string[] {
  const total = list.reduce((n, o) => n + o.bytes, 0);
  if (total === 0) return [];
  const large = list.filter((o) => o.bytes >= total * SMALL_SHARE);
  const rest = total - large.reduce((n, o) => n + o.bytes, 0);
  const parts = large.map((o) => `${o.name} ${mib(o.bytes)}`);
  if (rest > 0) parts.push(`others ${mib(rest)}`);
  return [`${label}: ${parts.join(', ')} MiB`];
}

function rate(bytes: number, ms: number): string {
  return ms > 0 ? `, ${perSecond(bytes, ms)} MiB/s` : '';
}

function perSecond(bytes: number, ms: number): string {
  return ms > 0 ? String(Math.round(bytes / MiB / (ms / 1000))) : '-';
}

/** Whole MiB from 10 on, so that small figures say something too. */
function mib(bytes: number): string {
  const n = bytes / MiB;
  return n === 0 || n >= 10 ? String(Math.round(n)) : n.toFixed(1);
}

function counted(n: number, word: string, many = `${word}s`): string {
  return `${grouped(n)} ${n === 1 ? word : many}`;
}

function grouped(n: number): string {
  return String(Math.round(n)).replace(/\B(?=(\d{3})+$)/g, ',');
}
