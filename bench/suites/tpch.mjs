// TPC-H: the queries that stand in tests/tpch and those here, as flows, against the standard's SQL.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from './lib/places.mjs';
import { tpchTables } from './lib/tpch_data.mjs';

const HERE = fileURLToPath(new URL('./tpch/', import.meta.url));
const FLOWS = [join(ROOT, 'tests/tpch/queries'), HERE];
const ALL = Array.from({ length: 22 }, (_, i) => `q${String(i + 1).padStart(2, '0')}`);
/** Lines of orders at scale factor 1. */
const LINES = 6e6;

const flowFile = (name) => FLOWS.map((dir) => join(dir, `${name}.flow`)).find(existsSync);
const written = readdirSync(HERE)
  .filter((f) => f.endsWith('.sql'))
  .map((f) => f.slice(0, -4))
  .filter((name) => flowFile(name) !== undefined)
  .sort();

const uses = (names, query) => names.filter((name) => new RegExp(`\\b${name}\\b`).test(query));

function caseOf(name, tables) {
  const flow = readFileSync(flowFile(name), 'utf8');
  const sql = readFileSync(join(HERE, `${name}.sql`), 'utf8');
  return {
    name,
    uses: uses(Object.keys(tables), sql),
    flowc: (t) =>
      `${uses(Object.keys(t), flow)
        .map((n) => `let ${n} = from ${t[n]}`)
        .join('\n')}\n${flow}`,
    duckdb: {
      async prepare(db, _, sources) {
        for (const [n, source] of Object.entries(sources))
          if (source !== n) await db.run(`create view ${n} as select * from ${source}`);
      },
      query: () => sql,
    },
    polars: (pl, t) => pl.SQLContext(t).execute(sql, { eager: false }),
  };
}

export const suite = {
  name: 'tpch',
  title: 'TPC-H',
  about: 'Tables of our generator with the distributions of the standard; the standard’s parameters.',
  rows: LINES,
  inputs: ['parquet', 'memory'],
  peers: ['duckdb', 'polars'],
  prepare: ({ rows, formats }) => tpchTables(rows / LINES, formats),
  /** Queries that no flow was written for: they need what the language cannot run yet, or were not translated. */
  absent: ALL.filter((name) => !written.includes(name)),
};

export const cases = ({ tables }) => written.map((name) => caseOf(name, tables));
