// DuckDB through @duckdb/node-api, over the file itself, or over a table in memory that is made before the clock starts.

const TYPES = { int: 'bigint', float: 'double', string: 'varchar', bool: 'boolean', date: 'date' };
const typeOf = (type) => TYPES[type.replace('?', '')] ?? type.replace('?', '');

function source(files, input) {
  const columns = files.columns.map(([n, t]) => `${n}: '${typeOf(t)}'`).join(', ');
  if (input === 'csv') return `read_csv('${files.csv}', columns = {${columns}})`;
  if (input === 'ndjson') return `read_ndjson('${files.ndjson}', columns = {${columns}})`;
  return `read_parquet('${files.parquet}')`;
}

export async function open(job, { duckdb }) {
  const api = await import('@duckdb/node-api');
  const config = { threads: String(job.threads) };
  if (job.memory) config.memory_limit = `${Math.floor(job.memory / 2 ** 20)}MiB`;
  if (job.spillDir) config.temp_directory = job.spillDir;
  const db = await (await api.DuckDBInstance.create(':memory:', config)).connect();
  const started = performance.now();
  const sources = {};
  for (const [name, files] of Object.entries(job.tables)) {
    sources[name] = source(files, job.input);
    if (job.input !== 'memory') continue;
    await db.run(`create table ${name} as select * from ${source(files, 'parquet')}`);
    sources[name] = name;
  }
  const loadMs = job.input === 'memory' ? performance.now() - started : 0;
  if (duckdb.prepare) await duckdb.prepare(db, api, sources, job);
  const query = duckdb.query ?? duckdb;
  return {
    version: `${(await db.runAndReadAll('select version()')).getRows()[0][0]}`,
    loadMs,
    run: async () => (await db.runAndReadAll(query(sources, job.out))).getRowsJS(),
    figures: () => ({}),
    close: () => db.closeSync(),
  };
}
