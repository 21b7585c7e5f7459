import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { LiteralValue } from '../../engine/expr.ts';
import { parseDate, parseTimestamp } from '../../engine/functions/parse.ts';
import { Engine } from '../../engine/runtime/engine.ts';
import { type DataType, field, type Schema, T } from '../../engine/types.ts';
import { engineOutcome } from '../../testing/compare.ts';
import { duckOutcome, loadTable, openDuckDB } from '../../testing/duckdb.ts';
import { writeTable } from '../../testing/files.ts';
import { keyText } from '../../testing/reference/values.ts';
import type { TestTable } from '../../testing/tables.ts';
import { WINDOW_CASES, type WindowCase } from './window_cases.ts';

/** Windows against a SQL database: ties, nulls in the order, keys that are nan, partitions of one row and of null, empty frames. */

const SCHEMA: Schema = [
  field('n', T.int, false),
  field('k', T.string),
  field('t', T.int),
  field('x', T.float),
  field('s', T.string),
  field('d', T.date),
  field('at', T.timestamp),
  field('m', T.decimal(18, 4)),
  field('p', T.bool),
  field('v', T.int),
  field('y', T.float),
];

const ROWS = 70;

/** Evenly spread, the same every time. */
const draw = (i: number, salt: number): number =>
  (Math.imul((i + 1) ^ Math.imul(salt, 0x5bd1e995), 0x9e3779b1) >>> 0) / 2 ** 32;

function rowOf(i: number): Record<string, LiteralValue> {
  const one = <V extends LiteralValue>(salt: number, values: readonly V[]): V =>
    values[Math.floor(draw(i, salt) * values.length)] as V;
  const whole = Math.floor(draw(i, 11) * 40) - 20;
  return {
    n: i,
    // One row alone, and some of no key.
    k: i === 33 ? 'only' : one(1, ['a', 'a', 'b', 'é', null]),
    t: one(2, [null, 1, 2, 2, 3, 5, 8, -4]),
    x: one(3, [null, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0, 0.5, -1.25]),
    s: one(4, [null, '', 'a', 'B', 'é', '😀', '\uff5e']),
    d: one(5, [null, ...['2024-02-28', '2024-02-29', '2024-03-01', '2024-03-02', '2023-12-31'].map(parseDate)]),
    at: one(
      6,
      [null, '2024-02-29T00:00:00Z', '2024-02-28T23:15:00.5Z', '2024-02-29T01:30:00Z', '1969-12-31T23:59:59Z'].map(
        (text) => (text === null ? null : parseTimestamp(text)),
      ),
    ),
    m: one(7, [null, 0, 2500, -2500, 5000, 7501, 10000]),
    p: one(8, [null, true, false]),
    v: draw(i, 9) < 0.2 ? null : whole,
    y: draw(i, 10) < 0.2 ? null : Math.floor(draw(i, 12) * 80) / 4 - 5,
  };
}

const TABLE: TestTable = { schema: SCHEMA, rows: Array.from({ length: ROWS }, (_, i) => rowOf(i)) };

function same(t: DataType, a: LiteralValue, b: LiteralValue, within: number): boolean {
  if (typeof a === 'number' && typeof b === 'number' && Number.isFinite(a) && Number.isFinite(b))
    return Math.abs(a - b) <= within * Math.max(1, Math.abs(a), Math.abs(b));
  return keyText(t, a) === keyText(t, b);
}

const db = await openDuckDB();

if (db === null) {
  console.log('# skip: @duckdb/node-api is not installed');
} else {
  const root = mkdtempSync(join(tmpdir(), 'flowc-test-'));
  const engine = new Engine({ workers: 1, memory: 32 << 20, spillDirs: [root] });
  const source = writeTable(root, 'edge', TABLE, 'csv');
  test.before(() => loadTable(db, 'edge', TABLE));
  test.after(async () => {
    db.closeSync();
    await engine.close();
    rmSync(root, { recursive: true, force: true });
  });

  /** Cases in one flow: starting a run takes longer than a window of a few rows. */
  const TOGETHER = 25;

  const check = async (cases: readonly WindowCase[]): Promise<void> => {
    const made = cases.map((c, i) => `c${i} = ${c.ours}`).join(', ');
    const flow = `from ${source} | derive ${made} | select n, ${cases.map((_, i) => `c${i}`).join(', ')} | sort n`;
    const [ours] = await engineOutcome(flow, engine, { cwd: root });
    assert.ok(ours !== undefined && ours !== 'fails', flow);
    const typeOf = (i: number): DataType => (ours.schema[i + 1] as Schema[number]).type;
    for (const [i, c] of cases.entries()) {
      const type = typeOf(i);
      const value = type.kind === 'int' ? `cast(${c.sql} as bigint)` : c.sql;
      const theirs = await duckOutcome(db, `select ${value} from edge order by n`, [field('c', type)]);
      assert.ok(theirs !== 'fails');
      ours.rows.forEach((row, k) => {
        const [a, b] = [row[`c${i}`] ?? null, theirs.rows[k]?.['c'] ?? null];
        assert.ok(same(type, a, b, c.within), `${c.ours}\n${c.sql}\nrow ${k}: ${String(a)} here, ${String(b)} there`);
      });
    }
  };

  const names = [...new Set(WINDOW_CASES.map((c) => c.fn))];
  for (const name of names) {
    const cases = WINDOW_CASES.filter((c) => c.fn === name);
    test(`${name} in ${cases.length} windows`, async () => {
      for (let at = 0; at < cases.length; at += TOGETHER) await check(cases.slice(at, at + TOGETHER));
    });
  }
}

test.run();
