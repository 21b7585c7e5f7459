// Suites that are programs of their own: what they print is kept as text.
import { join } from 'node:path';
import { execute } from '../lib/measure.mjs';
import { BENCH, ROOT } from './lib/places.mjs';
import { run as startup } from './startup.mjs';

/** `args(options)` of the program; options that were not given leave its own defaults. */
export const SCRIPTS = {
  startup: { run: startup, peers: ['duckdb', 'polars'] },
  shuffle: {
    title: 'Shuffle: through a store smaller than its data against the disk, and in memory against memcpy',
    about: 'bench/shuffle.mjs. With --rows, of 16 bytes each, on disk with a tenth of that as memory.',
    file: 'shuffle.mjs',
    args: ({ rows, runs }) => [
      '--runs',
      runs,
      ...(rows ? ['--gb', (rows * 16) / 1e9, '--limit', `${Math.max(64, Math.ceil((rows * 1.6) / 1e6))}MB`] : []),
    ],
  },
  kernels: {
    title: 'Kernels: partition by hash against memcpy, with kernels and without them',
    about: 'bench/kernels.mjs.',
    file: 'kernels.mjs',
    args: ({ rows, runs }) => ['--runs', runs, ...(rows ? ['--rows', rows] : [])],
  },
  tasks: {
    title: 'Tasks: empty ones a second, and a graph of a million',
    about: 'bench/tasks.mjs. With --rows, that many in the graph and a tenth of them alone.',
    file: 'tasks.mjs',
    args: ({ rows, runs, threads }) => [
      '--runs',
      runs,
      '--workers',
      threads,
      ...(rows ? ['--graph', rows, '--tasks', Math.ceil(rows / 10)] : []),
    ],
  },
};

export async function runScript(name, options) {
  const { run, title, about, file, args } = SCRIPTS[name];
  if (run) return run(options);
  const done = await execute(process.execPath, [join(BENCH, file), ...args(options).map(String)], { cwd: ROOT });
  const printed = done.stdout.trimEnd().split('\n');
  const figures = printed.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  const output = printed.filter((line) => !line.startsWith('{'));
  const problems = done.code === 0 ? [] : [`bench/${file} ended with ${done.code}: ${done.stderr.trim().slice(-500)}`];
  return {
    suite: name,
    title,
    about,
    rows: options.rows,
    threads: options.threads,
    cases: [],
    output,
    figures,
    peak: done.peak,
    problems,
  };
}
