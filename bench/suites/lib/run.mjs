// Runs a suite: makes its data, lets the contestants of each case race, compares their answers, and puts the figures together.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { difference } from './compare.mjs';
import { geometricMean, median, spread } from './numbers.mjs';
import { formatsOf, PEERS } from './peers.mjs';
import { race } from './race.mjs';

/** The tables that a case reads. */
const tablesOf = (tables, uses) => (uses ? Object.fromEntries(uses.map((n) => [n, tables[n]])) : tables);

function jobsOf(suite, one, context, options, dir) {
  const names = ['flowc', ...suite.peers.filter((p) => options.peers.includes(p))];
  const jobs = [];
  for (const name of names) {
    const peer = PEERS[name] ?? { key: 'flowc' };
    if (one[peer.key] === undefined) continue;
    if (peer.inputs && !peer.inputs.includes(context.input)) continue;
    if (one.memory && name !== 'flowc' && !peer.limited) continue;
    jobs.push({
      name,
      peer: name,
      suite: suite.name,
      case: one.name,
      context,
      input: peer.always ?? context.input,
      tables: tablesOf(context.tables, one.uses),
      threads: context.threads,
      out: join(dir, `${name}.parquet`),
      ...(one.memory ? { memory: one.memory, spillDir: dir } : {}),
      ...(peer.python ? { python: peer.python, work: one.python } : {}),
    });
  }
  return jobs;
}

/** Puts `difference` on every contestant whose answer is not that of the first one that has one (flowc, if it did not fail). */
async function compareAll(contestants, one, jobs) {
  let first = null;
  for (const c of contestants) {
    if (c.failed) continue;
    const job = jobs.find((j) => j.name === c.name);
    c.answer = one.answerOf && existsSync(job.out) ? await one.answerOf(job.out) : c.rows;
    if (first === null) first = c;
    else {
      const differs = difference(c.answer, first.answer);
      if (differs !== null) c.difference = `${c.name} against ${first.name}: ${differs}`;
    }
  }
}

function figures(contestants) {
  const ours = contestants.find((c) => c.name === 'flowc');
  for (const c of contestants) {
    delete c.rows;
    if (c.failed || c.times.length === 0) continue;
    Object.assign(c, { median: median(c.times), spread: spread(c.times) });
    if (c.cpuTimes.length > 0) c.cpu = median(c.cpuTimes);
    if (c === ours || ours?.median === undefined) continue;
    c.ratio = ours.median / c.median;
    if (c.cpu > 0 && ours.cpu > 0) c.cpuRatio = ours.cpu / c.cpu;
  }
}

async function runCase(suite, one, context, options) {
  const dir = mkdtempSync(join(tmpdir(), 'flowc-bench-'));
  try {
    const jobs = jobsOf(suite, one, context, options, dir);
    const contestants = await race(jobs, options);
    await compareAll(contestants, one, jobs);
    figures(contestants);
    for (const c of contestants) if (c.answer?.length > 3) c.answer = c.answer.slice(0, 3);
    return { name: one.name, ...(one.memory ? { memory: one.memory } : {}), contestants };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Geometric means of the ratios to each peer. */
function means(cases) {
  const ratios = {};
  for (const { contestants } of cases)
    for (const { name, ratio } of contestants) if (ratio !== undefined) ratios[name] = [...(ratios[name] ?? []), ratio];
  return Object.fromEntries(Object.entries(ratios).map(([n, r]) => [n, geometricMean(r)]));
}

/**
 * @param module `suite` (name, title, about, rows, inputs, peers, prepare) and `cases(context)`
 * @param options rows, threads, runs, input, peers (names of those that are here), filter, timeout, python, log(line)
 * @returns {Promise<object>} plain data: cases with contestants, means, problems (empty when all is well)
 */
export async function runSuite({ suite, cases }, options) {
  const rows = options.rows ?? suite.rows;
  const input = suite.inputs.includes(options.input) ? options.input : suite.inputs[0];
  const formats = formatsOf(
    input,
    suite.peers.filter((p) => options.peers.includes(p)),
  );
  const context = { rows, input, threads: options.threads };
  context.tables = suite.prepare({ rows, formats, threads: options.threads });
  const result = {
    suite: suite.name,
    title: suite.title,
    about: suite.about,
    rows,
    input,
    threads: options.threads,
    cases: [],
  };
  const chosen = cases(context).filter((c) => c.name.includes(options.filter ?? ''));
  for (const one of chosen) {
    const done = await runCase(suite, one, context, options);
    result.cases.push(done);
    options.log(done);
  }
  const all = result.cases.flatMap((c) => c.contestants.map((contestant) => ({ case: c.name, contestant })));
  result.means = means(result.cases);
  if (suite.absent?.length > 0) result.notes = [`without a flow yet: ${suite.absent.join(', ')}`];
  result.problems = all
    .filter(({ contestant: c }) => c.difference !== undefined || (c.name === 'flowc' && c.failed))
    .map(({ case: name, contestant: c }) => `${name}: ${c.difference ?? `flowc failed: ${c.failed}`}`);
  return result;
}
