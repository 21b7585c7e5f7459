// Who runs against flowc, and which of them are here.
import { spawnSync } from 'node:child_process';
import { BENCH } from './places.mjs';

/** `inputs`: what a peer can begin with; `key`: the member of a case that says what it does; `limited`: it knows a memory limit. */
export const PEERS = {
  duckdb: { module: '@duckdb/node-api', key: 'duckdb', inputs: ['parquet', 'memory', 'csv', 'ndjson'], limited: true },
  polars: { module: 'nodejs-polars', key: 'polars', inputs: ['parquet', 'memory', 'csv', 'ndjson'] },
  arquero: { module: 'arquero', key: 'arquero', inputs: ['parquet', 'memory', 'csv', 'ndjson'], always: 'memory' },
  streams: { module: 'csv-parse', key: 'streams', inputs: ['csv', 'ndjson', 'memory'] },
  'py-polars': { python: 'polars', key: 'python', inputs: ['parquet', 'memory', 'csv'] },
  pandas: { python: 'pandas', key: 'python', inputs: ['parquet', 'memory', 'csv'] },
  dask: { python: 'dask.dataframe', key: 'python', inputs: ['parquet', 'csv'] },
  ray: { python: 'ray.data', key: 'python', inputs: ['parquet', 'csv'] },
};

/** Formats that the files of a run need: arquero and flowc read tables in memory from Arrow, the others from Parquet. */
export function formatsOf(input, peers) {
  const formats = new Set(input === 'memory' ? ['parquet', 'arrow'] : [input]);
  if (peers.includes('arquero')) formats.add('arrow');
  return [...formats];
}

/** Whether a peer can be loaded, by loading it in a process of its own; the reason where it cannot. */
function missing(name, python) {
  const peer = PEERS[name];
  if (peer.python) {
    const tried = spawnSync(python, ['-c', `import ${peer.python}`], { encoding: 'utf8', timeout: 60_000 });
    if (tried.status === 0) return null;
    return `${peer.python.split('.')[0]} is not installed for ${python}`;
  }
  const tried = spawnSync(process.execPath, ['--input-type=module', '-e', `await import('${peer.module}')`], {
    cwd: BENCH,
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (tried.status === 0) return null;
  if (/ERR_MODULE_NOT_FOUND/.test(tried.stderr)) return `${peer.module} is not installed: npm install in bench/`;
  return `${peer.module} does not load: ${/^\w*Error.*$/m.exec(tried.stderr)?.[0] ?? 'it crashes'}`;
}

/** @returns {{here: string[], gone: Record<string, string>}} */
export function findPeers(names, python) {
  const gone = {};
  const here = [];
  for (const name of names) {
    const why = missing(name, python);
    if (why === null) here.push(name);
    else gone[name] = why;
  }
  return { here, gone };
}
