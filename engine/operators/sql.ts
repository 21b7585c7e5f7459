import * as fs from 'node:fs';
import { join } from 'node:path';
import { valueReader } from '../batch/access.ts';
import { columnFromValues } from '../batch/build.ts';
import type { Batch } from '../batch/column.ts';
import { EngineBug, RunError } from '../errors.ts';
import type { LiteralValue } from '../expr.ts';
import type { SideInput, StepRef } from '../plan.ts';
import {
  type DuckChunk,
  type DuckConnection,
  type DuckModule,
  INSTALL_HINT,
  loadDuck,
  openDuck,
  quoted,
  sqlError,
} from '../sql/duckdb.ts';
import { columnsOf, createTable } from '../sql/query.ts';
import { converterOf, intoDuck } from '../sql/types.ts';
import type { Schema } from '../types.ts';
import type { OperatorDef, TaskContext } from './def.ts';
import type { SqlParams } from './params.ts';

/** Rows that the SQL engine takes and gives at a time. */
const CHUNK = 2048;
/** Below this it does not get along, whatever the limit is. */
const LEAST_MEMORY = 48 << 20;
const WATCH_MS = 100;

/**
 * `sql`: one task hands the relations that a query names over to an embedded SQL engine, chunk by chunk, and reads its result the same way. What the engine may hold
 * is taken from this task's share of the memory; beyond it, it spills to a folder among the run's own.
 */
export const sql: OperatorDef<SqlParams> = {
  name: 'sql',
  traits: { shape: 'map', ordered: true },
  schema: (_, inputs) => inputs[0] ?? [],
  map(params, step, ctx) {
    return async function* (input: AsyncIterable<Batch>) {
      for await (const one of input) if (one.rows > 0) yield* query(params, step, ctx);
    };
  },
};

async function* query(params: SqlParams, step: StepRef, ctx: TaskContext): AsyncIterable<Batch> {
  const duck = await loadDuck();
  if (duck === null) throw new RunError('FLOW7020', 'the SQL engine is not installed', {}, INSTALL_HINT);
  const folder = ctx.store.folder?.(`sql-${ctx.index}`) ?? null;
  const held = ctx.store.allocate(Math.max(1, Math.min(ctx.grant, LEAST_MEMORY)), 'sql');
  const memory = Math.max(ctx.grant, LEAST_MEMORY);
  const instance = await openDuck(duck, { memory, folder: folder === null ? null : join(folder, 'temp') });
  let db: DuckConnection | null = null;
  try {
    db = await instance.connect();
    const watch = watchFor(db, ctx);
    try {
      for (const [i, name] of params.tables.entries()) await hand(duck, db, name, step.sides[i], ctx);
      yield* result(db, params.text, step.output, ctx);
    } finally {
      clearInterval(watch);
    }
  } catch (e) {
    ctx.check();
    throw sqlError(e);
  } finally {
    db?.closeSync();
    instance.closeSync();
    ctx.store.free(held);
    if (folder !== null) fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Stops the query when the run is cancelled. */
function watchFor(db: DuckConnection, ctx: TaskContext): NodeJS.Timeout {
  return setInterval(() => {
    try {
      ctx.check();
    } catch {
      db.interrupt();
    }
  }, WATCH_MS);
}

/** Fills a table from a relation. */
async function hand(
  duck: DuckModule,
  db: DuckConnection,
  name: string,
  side: SideInput | undefined,
  ctx: TaskContext,
): Promise<void> {
  if (side === undefined) throw new EngineBug(`sql without its relation ${name}`);
  const { schema } = side;
  await createTable(db, { name, schema });
  const into = schema.map((f) => intoDuck(duck, f.type));
  const appender = await db.createAppender(name);
  const types = schema.map((_, i) => appender.columnType(i));
  for (const b of ctx.side(side).batches()) {
    const readers = b.columns.map(valueReader);
    for (let at = 0; at < b.rows; at += CHUNK) {
      ctx.check();
      const rows = Math.min(CHUNK, b.rows - at);
      const chunk = duck.DuckDBDataChunk.create(types, rows);
      readers.forEach((read, c) => {
        const convert = into[c] as (v: LiteralValue) => unknown;
        chunk.setColumnValues(
          c,
          Array.from({ length: rows }, (_, i) => convert(read(at + i))),
        );
      });
      appender.appendDataChunk(chunk);
    }
  }
  appender.closeSync();
}

async function* result(db: DuckConnection, text: string, schema: Schema, ctx: TaskContext): AsyncIterable<Batch> {
  const statement = await db.prepare(text);
  const columns = columnsOf(statement);
  statement.destroySync();
  const picked = schema.map((f) => {
    const at = columns.findIndex((c) => c.name === f.name);
    const type = columns[at]?.type;
    if (type === undefined) throw new RunError('FLOW7020', `the SQL gives no column ${quoted(f.name)}`);
    return { at, convert: converterOf(type, f.type) };
  });
  const found = await db.stream(text);
  for (;;) {
    ctx.check();
    const chunk = await found.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    yield {
      schema,
      rows: chunk.rowCount,
      columns: schema.map((f, k) => {
        const { at, convert } = picked[k] as (typeof picked)[number];
        return columnFromValues(f.type, valuesOf(chunk, at, convert, f), ctx.scratch);
      }),
    };
    ctx.scratch.reset();
  }
}

function valuesOf(
  chunk: DuckChunk,
  at: number,
  convert: (v: unknown) => LiteralValue,
  f: Schema[number],
): LiteralValue[] {
  const values = chunk.getColumnValues(at).map(convert);
  if (!f.nullable && values.includes(null)) {
    throw new RunError(
      'FLOW7004',
      `the SQL gives null for ${quoted(f.name)}, which is declared without`,
      { column: f.name },
      `declare it as nullable: ${f.name}: …?`,
    );
  }
  return values;
}
