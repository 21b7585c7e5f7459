// A process under a limit that it does not know of, and what it holds over time, seen from outside.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const CGROUPS = '/sys/fs/cgroup';
/** Of glibc: what is freed goes back to the system, where each thread would keep a heap of its own for later. Elsewhere it means nothing. */
const GIVE_BACK = { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '131072', MALLOC_MMAP_THRESHOLD_: '131072' };
/** MiB of the main thread's heap: see HEAP in agree.ts. */
const MAIN_HEAP = 512;
/** Between two looks, milliseconds. */
const LOOK = 250;

export interface Held {
  /** `cgroup`: the system ends the process beyond the limit. `watch`: we do, when we see it. */
  readonly by: 'cgroup' | 'watch';
  readonly exit: number | null;
  /** It went beyond the limit. */
  readonly over: boolean;
  /** Bytes. */
  readonly peak: number;
  /** Bytes a minute by which resident memory grows, over the second half of the time: in the first one heaps and caches fill up. */
  readonly slope: number;
}

/** Runs a node process under a limit of resident bytes. Linux: elsewhere nothing is seen from outside, and it throws. */
export async function limited(args: readonly string[], limit: number): Promise<Held> {
  if (!existsSync('/proc/self/status')) throw new Error('--limit reads /proc, which is not there');
  const child = spawn(process.execPath, [`--max-old-space-size=${MAIN_HEAP}`, ...args], {
    stdio: 'inherit',
    env: { ...process.env, ...GIVE_BACK },
  });
  const group = cgroupOf(child, limit);
  const seen: { readonly ms: number; readonly bytes: number }[] = [];
  let over = false;
  const started = performance.now();
  const timer = setInterval(() => {
    const bytes = residentOf(child.pid ?? 0);
    if (bytes > 0) seen.push({ ms: performance.now() - started, bytes });
    if (bytes <= limit) return;
    over = true;
    child.kill('SIGKILL');
  }, LOOK);
  const exit = await new Promise<number | null>((resolve) => child.on('exit', resolve));
  clearInterval(timer);
  if (group !== null) {
    over ||= / [1-9]/.test(/^oom_kill .*$/m.exec(readFileSync(join(group, 'memory.events'), 'utf8'))?.[0] ?? '');
    rmdirSync(group);
  }
  const half = seen.slice(Math.floor(seen.length / 2));
  return {
    by: group === null ? 'watch' : 'cgroup',
    exit,
    over,
    peak: Math.max(0, ...seen.map((one) => one.bytes)),
    slope: slopeOf(half) * 60_000,
  };
}

/** A group of its own with the limit; null where there is no cgroup v2 in which one may be made. */
function cgroupOf(child: ChildProcess, limit: number): string | null {
  const group = join(CGROUPS, `flowc-soak-${process.pid}`);
  try {
    if (!readFileSync(join(CGROUPS, 'cgroup.subtree_control'), 'utf8').includes('memory')) return null;
    mkdirSync(group);
    writeFileSync(join(group, 'memory.max'), String(limit));
    writeFileSync(join(group, 'memory.swap.max'), '0');
    writeFileSync(join(group, 'cgroup.procs'), String(child.pid));
    return group;
  } catch {
    return null;
  }
}

function residentOf(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** Of the line that is nearest to the points. */
function slopeOf(points: readonly { readonly ms: number; readonly bytes: number }[]): number {
  const n = points.length;
  if (n < 2) return 0;
  const x = points.reduce((sum, p) => sum + p.ms, 0) / n;
  const y = points.reduce((sum, p) => sum + p.bytes, 0) / n;
  const xy = points.reduce((sum, p) => sum + (p.ms - x) * (p.bytes - y), 0);
  const xx = points.reduce((sum, p) => sum + (p.ms - x) ** 2, 0);
  return xx === 0 ? 0 : xy / xx;
}
