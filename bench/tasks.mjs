// Tasks: how many a second, and what a million of them take. node bench/tasks.mjs [--runs N] [--tasks N] [--graph N] [--workers N] [--only tasks|graph]
//
// tasks: empty functions, submitted in one go, all awaited by one get; after warm-up, in one process, medians.
// graph: chains of ten with a fan of ten at each end, every edge a ref; the driver's memory above what it had before, sampled while it runs.
import { parseArgs } from 'node:util';

const { Engine } = await import(new URL('../dist/index.js', import.meta.url).href);

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    tasks: { type: 'string', default: '100000' },
    graph: { type: 'string', default: '1000000' },
    workers: { type: 'string', default: '2' },
    only: { type: 'string', default: '' },
  },
});
const runs = Number(values.runs);
const median = (all) => [...all].sort((a, b) => a - b)[all.length >> 1];

async function tasksPerSecond(engine, n) {
  const empty = () => undefined;
  const started = performance.now();
  const refs = [];
  for (let i = 0; i < n; i++) refs.push(engine.task(empty));
  await engine.get(refs);
  return (n / (performance.now() - started)) * 1000;
}

/** Groups of 31 tasks: one source, a fan of ten, ten chains of two more, which one task takes together. */
async function graph(engine, n) {
  const one = (x) => x + 1;
  const sum = (...all) => all.reduce((a, b) => a + b, 0);
  const last = [];
  let tasks = 0;
  let before = 0;
  while (tasks + 32 <= n) {
    const source = engine.task(one, before++);
    const ends = [];
    for (let i = 0; i < 10; i++) {
      let x = source;
      for (let k = 0; k < 3; k++) x = engine.task(one, x);
      ends.push(x);
    }
    last.push(engine.task(sum, ...ends));
    tasks += 32;
  }
  const results = await engine.get(last);
  results.forEach((r, i) => {
    if (r !== 10 * (i + 4)) throw new Error(`group ${i} gave ${r}`);
  });
  return tasks;
}

/** Reads resident memory all the time, on a thread of its own: the driver has no time for timers while it submits. */
async function peakOf(f) {
  const { Worker } = await import('node:worker_threads');
  const sampler = new Worker(
    `const { parentPort } = require('node:worker_threads');
     const { readFileSync } = require('node:fs');
     const rss = () => Number(/VmRSS:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? 0) * 1024;
     const first = rss(); let peak = first;
     const timer = setInterval(() => { peak = Math.max(peak, rss()); }, 10);
     parentPort.once('message', () => { clearInterval(timer); parentPort.postMessage({ first, peak: Math.max(peak, rss()) }); });
     parentPort.postMessage('ready');`,
    { eval: true },
  );
  await new Promise((r) => sampler.once('message', r));
  const started = performance.now();
  const tasks = await f();
  const ms = performance.now() - started;
  const said = new Promise((r) => sampler.once('message', r));
  sampler.postMessage('stop');
  const { first, peak } = await said;
  return { tasks, ms, growth: peak - first };
}

const engine = new Engine({ workers: Number(values.workers), memory: 256 * 2 ** 20 });
const result = { workers: Number(values.workers) };
try {
  if (values.only !== 'graph') {
    const n = Number(values.tasks);
    for (let i = 0; i < 2; i++) await tasksPerSecond(engine, n);
    const rates = [];
    for (let i = 0; i < runs; i++) rates.push(await tasksPerSecond(engine, n));
    result.tasks = { tasks: n, perSecond: Math.round(median(rates)), all: rates.map(Math.round) };
  }
  if (values.only !== 'tasks') {
    await graph(engine, 20_000);
    const { tasks, ms, growth } = await peakOf(() => graph(engine, Number(values.graph)));
    result.graph = {
      tasks,
      ms: Math.round(ms),
      perSecond: Math.round((tasks / ms) * 1000),
      rssGrowthMiB: Math.round(growth / 2 ** 20),
    };
  }
} finally {
  await engine.close();
}
console.log(JSON.stringify(result));
if (result.tasks)
  console.log(
    `${result.tasks.tasks} empty tasks: ${result.tasks.perSecond} a second (median of ${runs}: ${result.tasks.all.join(' ')})`,
  );
if (result.graph)
  console.log(
    `a graph of ${result.graph.tasks} tasks: ${result.graph.ms} ms, ${result.graph.perSecond} a second, memory grew by ${result.graph.rssGrowthMiB} MiB`,
  );
