// Contestants of one case, each in a process of its own, all alive together, run in turn: what else the machine does then hits all alike.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('../contestant.mjs', import.meta.url));
const PYTHON = fileURLToPath(new URL('../peers/python_peer.py', import.meta.url));

/** Peak resident bytes of a living process with all its threads, seen from outside (Linux); null where the system does not tell. */
function peakOf(pid) {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;
  } catch {
    return null;
  }
}

/** Starts a contestant. `ask(message)` sends a line and waits for its answer; a process that dies or takes too long answers `{ failed }`. */
function start(job, { timeout, python }) {
  const env = { ...process.env, POLARS_MAX_THREADS: String(job.threads) };
  const [file, args] = job.python ? [python, [PYTHON]] : [process.execPath, [CHILD]];
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], env });
  let settle = null;
  let errors = '';
  const answer = (what) => {
    settle?.(what);
    settle = null;
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('{"bench"')) answer(JSON.parse(line));
  });
  child.stderr.on('data', (d) => {
    errors = (errors + d).slice(-4000);
  });
  child.on('error', (e) => answer({ failed: e.message }));
  child.stdin.on('error', () => {});
  const gone = new Promise((done) => {
    child.on('close', (code, signal) => {
      answer({ failed: `ended with ${signal ?? code}: ${errors.trim().slice(-500)}` });
      done();
    });
  });
  const ask = (message) =>
    new Promise((done) => {
      if (child.exitCode !== null || child.signalCode !== null) {
        done({ failed: 'the process has ended' });
        return;
      }
      const timer = setTimeout(() => {
        answer({ failed: `took longer than ${timeout} s` });
        child.kill('SIGKILL');
      }, timeout * 1000);
      settle = (what) => {
        clearTimeout(timer);
        done(what);
      };
      child.stdin.write(`${JSON.stringify(message)}\n`);
    });
  async function end() {
    child.stdin.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
    await gone;
    clearTimeout(timer);
  }
  return { ask, end, peak: () => peakOf(child.pid) };
}

/** From the start of the process to its first answer, without the time in which it read its tables into memory. */
async function begin(job, options) {
  const result = { name: job.name, peer: job.peer, input: job.input, times: [], cpuTimes: [] };
  const started = performance.now();
  const process = start(job, options);
  const ready = await process.ask({ job });
  const spent = performance.now() - started - (ready.loadMs ?? 0);
  Object.assign(result, { version: ready.version ?? null, loadMs: ready.loadMs ?? null });
  const first = ready.failed ? ready : await process.ask({ run: true });
  if (first.failed) result.failed = first.failed;
  else Object.assign(result, { coldMs: spent + first.ms, rows: first.rows });
  return { result, process };
}

/**
 * Runs the jobs: each cold, then, when more than one run is wanted, once to warm up, then `runs` times.
 * A result has `times` and `cpuTimes` (milliseconds; the latter of contestants in Node.js), `coldMs`, `loadMs`, `peak` (bytes), `rows` (the answer of the last run), or `failed`.
 */
export async function race(jobs, options) {
  const all = [];
  try {
    for (const job of jobs) all.push(await begin(job, options));
    const warmUp = options.runs > 1 ? 1 : 0;
    for (let r = -warmUp; r < options.runs; r++) {
      for (const { result, process } of all) {
        if (result.failed) continue;
        const ran = await process.ask({ run: true });
        if (ran.failed) result.failed = ran.failed;
        else {
          Object.assign(result, { rows: ran.rows, ...ran.figures });
          if (r >= 0) result.times.push(ran.ms);
          if (r >= 0 && ran.cpuMs !== undefined) result.cpuTimes.push(ran.cpuMs);
        }
      }
    }
    for (const { result, process } of all) result.peak = process.peak();
  } finally {
    await Promise.all(all.map(({ process }) => process.end()));
  }
  return all.map(({ result }) => result);
}
