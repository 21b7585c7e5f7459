// node duck.mjs THREADS [--memory SIZE --temp DIR] SQLFILE: runs the statements of a file in a fresh DuckDB, prints the last result as CSV-like lines.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { memory: { type: 'string' }, temp: { type: 'string' } },
});
const [threads, file] = positionals;
const config = { threads };
if (values.memory) config.memory_limit = values.memory;
if (values.temp) config.temp_directory = values.temp;
const db = await (await DuckDBInstance.create(':memory:', config)).connect();
let result;
for (const statement of readFileSync(file, 'utf8').split(/;\s*$/m)) {
  if (statement.trim() !== '') result = await db.runAndReadAll(statement);
}
for (const row of result?.getRowsJson() ?? []) console.log(row.join(','));
