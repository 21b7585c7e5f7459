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
function valueOf(t: DataType, v: unknown): LiteralValue {
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
    default:
      return v as LiteralValue;
  }
}
