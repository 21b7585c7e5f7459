// One contestant in a process of its own: node contestant.mjs. Reads a job, then one line for each run, from standard input, and answers with lines of
// JSON that begin with {"bench". bench/suites/lib/race.mjs is at the other end.
import { createInterface } from 'node:readline';

const say = (what) => process.stdout.write(`${JSON.stringify({ bench: true, ...what }, plain)}\n`);

/** Cells as JSON has them: whole numbers of any width as numbers or, beyond 2^53, as text; dates as ISO text. */
function plain(_, v) {
  if (typeof v === 'bigint') return Number.isSafeInteger(Number(v)) ? Number(v) : String(v);
  if (typeof v === 'number' && !Number.isFinite(v)) return String(v);
  return v;
}

let contestant;

async function handle(message) {
  if (message.job) {
    const { job } = message;
    const suite = await import(`./${job.suite}.mjs`);
    const found = suite.cases(job.context).find((c) => c.name === job.case);
    const peer = await import(`./peers/${job.peer}.mjs`);
    contestant = await peer.open(job, found);
    say({ ready: true, version: contestant.version, loadMs: contestant.loadMs ?? 0 });
  } else if (message.run) {
    const before = process.cpuUsage();
    const started = performance.now();
    const answer = await contestant.run();
    const ms = performance.now() - started;
    const { user, system } = process.cpuUsage(before);
    // What only the comparison needs is computed when the clock has stopped.
    const rows = typeof answer === 'function' ? answer() : answer;
    say({ ran: true, ms, cpuMs: (user + system) / 1000, rows, figures: contestant.figures() });
  } else await contestant.close();
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    await handle(JSON.parse(line));
  } catch (error) {
    const code = error?.code ? `${error.code}: ` : '';
    say({ failed: `${code}${error?.message ?? error}`.slice(0, 2000) });
  }
}
process.exit(0);
