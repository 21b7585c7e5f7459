// npm run bench -- [suite …] [options]: flowc and its peers side by side; docs/benchmarks.md explains what is measured.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { print, store } from './report.mjs';
import { growth } from './report_growth.mjs';
import { RACES, SCRIPTS } from './suites/index.mjs';
import { conditions, conditionsAfter } from './suites/lib/machine.mjs';
import { findPeers, PEERS } from './suites/lib/peers.mjs';
import { BENCH } from './suites/lib/places.mjs';
import { runSuite } from './suites/lib/run.mjs';
import { runScript } from './suites/scripts.mjs';

const HELP = `npm run bench -- [suite …] [options]

Suites: ${[...Object.keys(RACES), ...Object.keys(SCRIPTS)].join(', ')} (default: all)

  --rows N        rows of the main table (default: by the suite; TPC-H: of lineitem, 6e6 are scale factor 1)
  --threads N     threads of those that can use several (default: the processors, at most 2)
  --runs N        runs that count, after a cold one and one to warm up (default: 5)
  --input KIND    parquet, csv or memory, where a suite has the choice (default: its first)
  --peers LIST    only these, separated by commas: ${Object.keys(PEERS).join(', ')}; "none" for flowc alone
  --case TEXT     only cases whose name contains it
  --growth        at 1e5, 1e6 and 1e7 rows (or --sizes), and with 1 and 2 threads: exponents and speed-up
  --sizes LIST    rows for --growth, separated by commas
  --timeout S     seconds that one run may take (default: 600)
  --python FILE   interpreter for the peers in Python (default: python3)
  --out-dir DIR   where JSON and Markdown go (default: bench/results)
  --json          print the results as JSON instead of tables
`;

function fail(message) {
  console.error(message);
  process.exit(2);
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        rows: { type: 'string' },
        threads: { type: 'string', default: String(Math.min(2, availableParallelism())) },
        runs: { type: 'string', default: '5' },
        input: { type: 'string' },
        peers: { type: 'string' },
        case: { type: 'string' },
        growth: { type: 'boolean', default: false },
        sizes: { type: 'string', default: '1e5,1e6,1e7' },
        timeout: { type: 'string', default: '600' },
        python: { type: 'string', default: 'python3' },
        'out-dir': { type: 'string', default: `${BENCH}results` },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    return fail(`${error.message}\n\n${HELP}`);
  }
}

const { values, positionals } = parse();
if (values.help) {
  console.log(HELP);
  process.exit(0);
}

/** A whole number of at least 1, also as 1e6. */
function count(name, text) {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 1) fail(`--${name} is a whole number from 1, and this is "${text}"`);
  return n;
}

const names = positionals.length > 0 ? positionals : [...Object.keys(RACES), ...Object.keys(SCRIPTS)];
for (const name of names) if (!RACES[name] && !SCRIPTS[name]) fail(`there is no suite "${name}"\n\n${HELP}`);
const wanted = values.peers === 'none' ? [] : (values.peers?.split(',') ?? Object.keys(PEERS));
for (const name of wanted) if (!PEERS[name]) fail(`there is no peer "${name}"\n\n${HELP}`);
if (values.input && !['parquet', 'csv', 'memory'].includes(values.input)) fail('--input is parquet, csv or memory');
const sizes = values.sizes.split(',').map((s) => count('sizes', s));
const options = {
  rows: values.rows === undefined ? undefined : count('rows', values.rows),
  threads: count('threads', values.threads),
  runs: count('runs', values.runs),
  timeout: count('timeout', values.timeout),
  input: values.input,
  filter: values.case,
  python: values.python,
  log: () => {},
};

function runOne(name) {
  if (SCRIPTS[name]) return runScript(name, options);
  if (values.growth) return growth(RACES[name], options, sizes);
  return runSuite(RACES[name], options);
}

/** A suite that could not be run, for want of its data or of something that it needs: the others go on. */
const failed = (name, error) => ({ suite: name, title: name, about: '', cases: [], problems: [error.message] });

/** Runs the suites one after another; each is printed and stored as soon as it is done. Returns false where an answer differs. */
async function main() {
  const used = new Set(names.flatMap((n) => RACES[n]?.suite.peers ?? SCRIPTS[n]?.peers ?? []));
  const { here, gone } = findPeers(
    wanted.filter((p) => used.has(p)),
    values.python,
  );
  options.peers = here;
  for (const why of Object.values(gone)) console.error(`skipped: ${why}`);
  let well = true;
  for (const name of names) {
    const before = conditions({ runs: options.runs, skipped: gone });
    if (!values.json) console.log(`\n${name} …`);
    const result = await runOne(name).catch((error) => failed(name, error));
    Object.assign(result, { conditions: conditionsAfter(before) });
    if (values.json) console.log(JSON.stringify(result));
    else print(result);
    const files = store(result, values['out-dir']);
    if (!values.json) console.log(`stored in ${files.join(' and ')}`);
    if (values.json) for (const problem of result.problems) console.error(`PROBLEM in ${name}: ${problem}`);
    well = well && result.problems.length === 0;
  }
  return well;
}

process.exitCode = (await main()) ? 0 : 1;
