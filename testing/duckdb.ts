import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { LiteralValue } from '../engine/expr.ts';
import type { DataType, Schema } from '../engine/types.ts';
import type { Outcome } from './compare.ts';
import { literalSql, quoted, typeSql } from './duckdb_expr.ts';
import type { Row } from './reference/expr.ts';
import type { TestTable } from './tables.ts';

/** What is used of a connection of @duckdb/node-api. */
export interface DuckConnection {
  run(sql: string): Promise<unknown>;
  runAndReadAll(sql: string): Promise<{ getRows(): unknown[][] }>;
  closeSync(): void;
}

interface Module {
  readonly DuckDBInstance: {
    create(path: string, options: Record<string, string>): Promise<{ connect(): Promise<DuckConnection> }>;
  };
}

/** Where the package may be installed, which is none that this one needs: here, or with the benchmarks (`npm ci --prefix bench`). */
const PLACES = ['../package.json', '../bench/package.json'];

/** A database in memory, in UTC; null where the package is not installed. */
export async function openDuckDB(): Promise<DuckConnection | null> {
  for (const place of PLACES) {
    try {
      const path = createRequire(new URL(place, import.meta.url)).resolve('@duckdb/node-api');
      const { DuckDBInstance } = (await import(pathToFileURL(path).href)) as Module;
      const db = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
      await db.run("set TimeZone = 'UTC'").catch(() => null);
      return db;
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw e;
    }
  }
  return null;
}

/** Makes a table of the rows, in their order, under a name, with the column "#" that planSql wants. */
export async function loadTable(db: DuckConnection, name: string, { schema, rows }: TestTable): Promise<void> {
  const columns = schema.map((f) => `${quoted(f.name)} ${typeSql(f.type)}`);
  await db.run(`CREATE OR REPLACE TABLE ${quoted(name)} (${columns.join(', ')}, "#" BIGINT)`);
  if (rows.length === 0) return;
  const values = rows.map(
    (row, i) => `(${schema.map((f) => literalSql(f.type, row[f.name] ?? null)).join(', ')}, ${i})`,
  );
  await db.run(`INSERT INTO ${quoted(name)} VALUES ${values.join(', ')}`);
}

/** Rows of a query whose columns are those of the schema. An error of DuckDB's is thrown as it is. */
export async function duckOutcome(db: DuckConnection, sql: string, schema: Schema): Promise<Outcome> {
  const read = await db.runAndReadAll(sql);
  const rows = read
    .getRows()
    .map((cells): Row => Object.fromEntries(schema.map((f, i) => [f.name, valueOf(f.type, cells[i])])));
  return { schema, rows };
}

/** A value of DuckDB's in the form of the reference. */
export function valueOf(t: DataType, v: unknown): LiteralValue {
  if (v === null || v === undefined) return null;
  switch (t.kind) {
    case 'int':
      return BigInt(v as bigint);
    case 'decimal':
      return (v as { value: bigint }).value;
    case 'date':
      return (v as { days: number }).days;
    case 'timestamp':
      return (v as { micros: bigint }).micros;
    case 'list':
      return (v as { items: unknown[] }).items.map((x) => valueOf(t.item.type, x));
    case 'struct': {
      const cells = Object.values((v as { entries: object }).entries);
      return Object.fromEntries(t.fields.map((f, k) => [f.name, valueOf(f.type, cells[k])]));
    }
    case 'map':
      return (v as { entries: { key: unknown; value: unknown }[] }).entries.map((e) => ({
        key: valueOf(t.key, e.key),
        value: valueOf(t.value.type, e.value),
      }));
    case 'time':
      return (v as { micros: bigint }).micros;
    case 'bytes':
      return (v as { bytes: Uint8Array }).bytes;
    default:
      return v as LiteralValue;
  }
}
