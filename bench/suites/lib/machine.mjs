// The circumstances of a run: machine, versions, load, commit.
import { execFileSync } from 'node:child_process';
import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { ROOT } from './places.mjs';

function git(...args) {
  try {
    return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return null;
  }
}

export function conditions(more) {
  const changed = git('status', '--porcelain', '--untracked-files=no');
  return {
    started: new Date().toISOString(),
    commit: git('rev-parse', '--short=12', 'HEAD'),
    changed: changed === null ? null : changed !== '',
    machine: {
      processor: cpus()[0]?.model ?? 'unknown',
      processors: availableParallelism(),
      memoryBytes: totalmem(),
      system: `${platform()} ${release()} ${arch()}`,
    },
    node: process.version,
    loadBefore: loadavg().map((x) => Math.round(x * 100) / 100),
    ...more,
  };
}

export const conditionsAfter = (before) => ({
  ...before,
  ended: new Date().toISOString(),
  loadAfter: loadavg().map((x) => Math.round(x * 100) / 100),
});
