import { createRequire } from 'node:module';

/** What the tests need of a SQL database that is not installed with this package: it stands among the peers of the benchmarks. */
export interface Database {
  rows(sql: string): Promise<unknown[][]>;
  close(): void;
}

interface Reader {
  getRows(): unknown[][];
}

interface Module {
  readonly DuckDBInstance: {
    create(
      path: string,
      options: Record<string, string>,
    ): Promise<{
      connect(): Promise<{ runAndReadAll(sql: string): Promise<Reader>; closeSync(): void }>;
    }>;
  };
}

/** Where the module may be installed: with this package, or with the benchmarks (`npm ci --prefix bench`). */
const PLACES = ['../../package.json', '../../bench/package.json'];

async function load(): Promise<Module | null> {
  for (const place of PLACES) {
    try {
      const path = createRequire(new URL(place, import.meta.url)).resolve('@duckdb/node-api');
      return (await import(path)) as Module;
    } catch {
      // Looked for at the next place.
    }
  }
  return null;
}

/** A database in memory, in UTC; null where it is not installed. */
export async function openDatabase(): Promise<Database | null> {
  const module = await load();
  if (module === null) return null;
  const instance = await module.DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  await connection.runAndReadAll("set TimeZone = 'UTC'").catch(() => null);
  return {
    rows: async (sql) => (await connection.runAndReadAll(sql)).getRows(),
    close: () => connection.closeSync(),
  };
}
