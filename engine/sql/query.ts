import type { Schema } from '../types.ts';
import {
  type DuckConnection,
  type DuckModule,
  type DuckStatement,
  type DuckType,
  openDuck,
  quoted,
  splitMessage,
} from './duckdb.ts';
import { duckType, misfitOf } from './types.ts';

/** A relation under the name that the SQL has for it. */
export interface SqlTable {
  readonly name: string;
  readonly schema: Schema;
}

/** What is wrong with a query. */
export interface SqlProblem {
  readonly message: string;
  readonly notes: readonly string[];
  /** From 1; null where the SQL engine does not say. */
  readonly line: number | null;
  /** From 0. */
  readonly column: number | null;
  /** It is a matter of the declared columns, not of the SQL. */
  readonly columns: boolean;
}

/** Bytes for an engine that only looks at a query. */
const CHECK_MEMORY = 64 << 20;

export async function createTable(db: DuckConnection, { name, schema }: SqlTable): Promise<void> {
  const columns = schema.map((f) => `${quoted(f.name)} ${duckType(f.type)}${f.nullable ? '' : ' NOT NULL'}`);
  await db.run(`create table ${quoted(name)} (${columns.join(', ')})`);
}

/** Type-checks a query over empty tables, and its columns against those that are declared; null when all is well. */
export async function checkQuery(
  duck: DuckModule,
  tables: readonly SqlTable[],
  sql: string,
  declared: Schema,
): Promise<SqlProblem | null> {
  const instance = await openDuck(duck, { memory: CHECK_MEMORY, folder: null });
  try {
    const db = await instance.connect();
    for (const table of tables) await createTable(db, table);
    const { count } = await db.extractStatements(sql);
    if (count !== 1)
      return problem(count === 0 ? 'there is no query' : `there are ${count} statements, and one query is meant`);
    const statement = await db.prepare(sql);
    try {
      return problemOf(statement, declared);
    } finally {
      statement.destroySync();
    }
  } catch (e) {
    if (!(e instanceof Error)) throw e;
    return { ...splitMessage(e.message), columns: false };
  } finally {
    instance.closeSync();
  }
}

/** SELECT, as the SQL engine counts kinds of statements. */
const SELECT = 1;

function problemOf(statement: DuckStatement, declared: Schema): SqlProblem | null {
  if (statement.statementType !== SELECT) return problem('only a query can stand here: `select …`');
  if (statement.parameterCount > 0)
    return problem('a query takes no parameters of its own', ['write an f-string, or a column']);
  const columns = columnsOf(statement);
  for (const f of declared) {
    const own = columns.filter((c) => c.name === f.name);
    const names = `columns of the SQL: ${columns.map((c) => c.name).join(', ')}`;
    if (own.length === 0) return columnProblem(`the SQL has no column \`${f.name}\``, [names]);
    if (own.length > 1) return columnProblem(`the SQL has two columns \`${f.name}\``, [names]);
    const why = misfitOf((own[0] as { type: DuckType }).type, f.type);
    if (why !== null)
      return columnProblem(`\`${f.name}\` ${why}`, [`cast it in the SQL: ${f.name}::${duckType(f.type)}`]);
  }
  const extra = columns.find((c) => !declared.some((f) => f.name === c.name));
  return extra === undefined
    ? null
    : columnProblem(`the column \`${extra.name}\` of the SQL is not declared`, [`it is ${String(extra.type)}`]);
}

export function columnsOf(statement: DuckStatement): { readonly name: string; readonly type: DuckType }[] {
  return Array.from({ length: statement.columnCount }, (_, i) => ({
    name: statement.columnName(i),
    type: statement.columnType(i),
  }));
}

function problem(message: string, notes: readonly string[] = []): SqlProblem {
  return { message, notes, line: null, column: null, columns: false };
}

function columnProblem(message: string, notes: readonly string[]): SqlProblem {
  return { ...problem(message, notes), columns: true };
}
