import { openDuckDB } from '../../testing/duckdb.ts';

/** What the tests need of a SQL database. */
export interface Database {
  rows(sql: string): Promise<unknown[][]>;
  close(): void;
}

/** A database in memory, in UTC; null where it is not installed. */
export async function openDatabase(): Promise<Database | null> {
  const connection = await openDuckDB();
  if (connection === null) return null;
  return {
    rows: async (sql) => (await connection.runAndReadAll(sql)).getRows(),
    close: () => connection.closeSync(),
  };
}
