// Group-by, sort and join with a quarter and a tenth of their data's size as memory limit.
import { statSync } from 'node:fs';
import * as groupby from './groupby.mjs';
import * as join from './join.mjs';
import { suite as sort, sortCase } from './sort.mjs';

/** No limit is lower than what flowc accepts. */
const LEAST = 16 * 2 ** 20;
const SHARES = [
  ['a quarter', 4],
  ['a tenth', 10],
];

const named = (cases, name) => cases.find((c) => c.name.startsWith(name));
/** Cases of the other suites and the table whose size counts. */
const WORK = [
  ['group', { ...named(groupby.cases({}), 'q10'), uses: ['x'] }, ['x']],
  ['sort', { ...sortCase({ name: 'by an int', keys: [['k', false]] }), uses: ['t'] }, ['t']],
  ['join', { ...named(join.cases({}), 'q5 big, every'), uses: ['left', 'big'] }, ['left', 'big']],
];

export const suite = {
  name: 'outofcore',
  title: 'Out of core',
  about:
    'Six keys grouped, five columns sorted, two tables of the same size joined, with a limit of a quarter and a tenth of the size of the data as CSV, and not below 16 MiB. The limit is the engine’s; peak memory is that of the whole process, Node.js included.',
  rows: 1e6,
  inputs: ['parquet'],
  peers: ['duckdb'],
  prepare(options) {
    const { x: left, big } = join.suite.prepare(options);
    return { ...groupby.suite.prepare(options), ...sort.prepare(options), left, big };
  },
};

/** The join's tables are called x and big in its queries. */
const renamed = (make) => (t, out) => make({ x: t.left, ...t }, out);

export const cases = ({ tables }) =>
  WORK.flatMap(([kind, work, sized]) => {
    const bytes = sized.reduce((sum, name) => sum + statSync(tables[name].csv).size, 0);
    const { flowc, duckdb } = work;
    const queries = kind === 'join' ? { flowc: renamed(flowc), duckdb: renamed(duckdb) } : { flowc, duckdb };
    return SHARES.map(([share, part]) => ({
      ...work,
      ...queries,
      name: `${kind}, ${share}`,
      memory: Math.max(LEAST, Math.ceil(bytes / part)),
    }));
  });
