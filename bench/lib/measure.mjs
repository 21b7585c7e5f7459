// Runs whole commands and measures them from outside: wall time, and the peak resident memory of the process and its threads.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

export function median(xs) {
  const s = [...xs].sort((a, b) => a - b);
  return s.length % 2 === 1 ? s[s.length >> 1] : (s[s.length / 2 - 1] + s[s.length / 2]) / 2;
}

export const spread = (xs) => `${Math.min(...xs).toFixed(0)}..${Math.max(...xs).toFixed(0)}`;

/** Peak resident bytes so far (Linux), or 0 where the system does not tell. */
function peakRss(pid) {
  try {
    const m = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return m ? Number(m[1]) * 1024 : 0;
  } catch {
    return 0;
  }
}

/** Runs a command to its end. @returns {Promise<{ms: number, code: number, stdout: string, stderr: string, peak: number}>} */
export function execute(file, args, options = {}) {
  return new Promise((resolve) => {
    const started = performance.now();
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let stdout = '';
    let stderr = '';
    let peak = 0;
    const timer = setInterval(() => {
      peak = Math.max(peak, peakRss(child.pid));
    }, 20);
    child.stdout.on('data', (d) => (stdout += d));
    child.stderr.on('data', (d) => (stderr += d));
    child.on('close', (code) => {
      clearInterval(timer);
      resolve({ ms: performance.now() - started, code: code ?? 1, stdout, stderr, peak });
    });
  });
}

/** Runs the commands in turn, `runs` times round after one warm-up round, so that noise hits all alike. */
export async function sideBySide(commands, runs) {
  const times = new Map(commands.map((c) => [c.name, []]));
  const last = new Map();
  for (let i = -1; i < runs; i++) {
    for (const c of commands) {
      const r = await execute(process.execPath, c.args, { cwd: c.cwd });
      if (r.code !== 0) throw new Error(`${c.name} ended with ${r.code}: ${r.stderr.slice(0, 2000)}`);
      last.set(c.name, r);
      if (i >= 0) times.get(c.name).push(r.ms);
    }
  }
  return commands.map((c) => ({
    name: c.name,
    times: times.get(c.name),
    median: median(times.get(c.name)),
    last: last.get(c.name),
  }));
}
