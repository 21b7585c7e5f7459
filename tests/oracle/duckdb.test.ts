// Random pipelines over random tables: the engine gives the rows that DuckDB gives for the same logical plan as SQL.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { check } from '../../compiler/compile.ts';
import { Engine } from '../../engine/runtime/engine.ts';
import { difference, engineOutcome, type Outcome } from '../../testing/compare.ts';
import { type DuckConnection, duckOutcome, loadTable, openDuckDB } from '../../testing/duckdb.ts';
import { NotInSql } from '../../testing/duckdb_expr.ts';
import { planSql } from '../../testing/duckdb_sql.ts';
import { writeTable } from '../../testing/files.ts';
import { arbitraryPipeline, type TestPipeline } from '../../testing/pipelines.ts';

const RUNS = Number(process.env['PIPELINES'] ?? 60);
const root = mkdtempSync(join(tmpdir(), 'flowc-test-'));
const engine = new Engine({ workers: 2, memory: 32 << 20, spillDirs: [root] });
test.after(async () => {
  await engine.close();
  rmSync(root, { recursive: true, force: true });
});

/** Of two aggregates with an order, over constants of different types, it takes one for the other. */
const OF_THE_DATABASE = /Unimplemented type for cast/;

let compared = 0;
const skipped = new Map<string, number>();

async function checked(db: DuckConnection, p: TestPipeline): Promise<void> {
  const at = Object.fromEntries(
    Object.entries(p.tables).map(([name, t]) => [name, writeTable(root, name, t, 'ndjson')]),
  );
  const flow = p.flow((name) => at[name] as string);
  const bound = await check(flow, 'pipeline.flow', { cwd: root });
  if (bound.plan === null) throw new Error(`the flow does not compile:\n${flow}`);
  let sql: string;
  try {
    [sql = ''] = planSql(bound.plan);
  } catch (e) {
    if (!(e instanceof NotInSql)) throw e;
    skipped.set(e.message, (skipped.get(e.message) ?? 0) + 1);
    return;
  }
  for (const [name, table] of Object.entries(p.tables)) await loadTable(db, `${name}.ndjson`, table);
  const schema = bound.plan.outputs[0]?.input.schema ?? [];
  let duck: Outcome;
  try {
    duck = await duckOutcome(db, sql, schema);
  } catch (e) {
    const message = e instanceof Error ? e.message : String(e);
    if (!OF_THE_DATABASE.test(message)) throw new Error(`${message}\n\n${flow}\n\n${sql}`);
    skipped.set(message, (skipped.get(message) ?? 0) + 1);
    return;
  }
  const [own] = await engineOutcome(flow, engine, { cwd: root });
  const why = own === undefined ? 'there is no output' : difference(own, duck);
  if (why !== null) throw new Error(`${why}\n\n${flow}\n\n${sql}`);
  compared++;
}

// Of texts of any characters the upper case differs: 'ﬀ' is 'FF' here, as Unicode has it, and stays there.
test('random pipelines: the engine against DuckDB', async () => {
  const db = await openDuckDB();
  if (db === null) {
    console.log('# skip: @duckdb/node-api is not installed');
    return;
  }
  const details = await fc.check(
    fc.asyncProperty(arbitraryPipeline({ maxSteps: 6, anyText: false, nested: false, functions: false }), (p) =>
      checked(db, p),
    ),
    { numRuns: RUNS, interruptAfterTimeLimit: Number(process.env['PIPELINE_MS'] ?? 100_000) },
  );
  if (details.failed) {
    const { seed, counterexamplePath, errorInstance } = details;
    throw new Error(
      `${errorInstance instanceof Error ? errorInstance.message : String(errorInstance)}\nseed ${seed}, path ${counterexamplePath}`,
    );
  }
  if (process.env['PIPELINES'] !== undefined)
    console.log(`${compared} compared, left out:`, Object.fromEntries(skipped));
  assert.ok(compared > RUNS * 0.8, `${compared} of ${RUNS} pipelines could be compared`);
});

test.run();
