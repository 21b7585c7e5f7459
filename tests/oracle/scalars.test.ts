import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { DataType } from '../../engine/types.ts';
import { valueOf } from '../../testing/duckdb.ts';
import type { Case } from './cases.ts';
import type { Table } from './cross.ts';
import type { Named } from './difference.ts';
import { DIFFERENCES, differencesPage } from './differences.ts';
import { type Database, openDatabase } from './duckdb.ts';
import { bindOver, evaluateOver, type Outcome, render } from './ours.ts';
import { REFERENCES } from './references.ts';
import { SCALAR_CASES } from './scalar_cases.ts';
import { createTable, TABLES } from './tables.ts';

/** Every scalar function against a SQL database, or a plain form of its own, on values at the edges of types. */

test('docs/differences.md says what the tables say', () => {
  const page = readFileSync(new URL('../../docs/differences.md', import.meta.url), 'utf8');
  assert.is(page, differencesPage(), 'node --import tsx tests/oracle/page.ts');
});

const shown = (v: unknown): string => JSON.stringify(v, (_, x) => (typeof x === 'bigint' ? `${x}n` : x));

const rowOf = (table: Table, k: number): Named =>
  Object.fromEntries(table.schema.map((f, at) => [f.name, table.rows[k]?.[at] ?? null]));

for (const { ours, over, naive } of REFERENCES) {
  test(`${ours} is what its plain form gives over ${over}`, async () => {
    const table = TABLES[over];
    const made = evaluateOver(table, await bindOver(table.schema, ours));
    made.forEach((mine, k) => {
      const row = rowOf(table, k);
      assert.is(mine, row.s === null ? null : naive(String(row.s), row), shown(row));
    });
  });
}

/** Values that stay as they are until `valueOf` reads them. */
const AS_IT_IS = new Set(['list', 'map', 'struct', 'time']);

/** A value as text, in the form of `render`; some as they are. */
function sqlOf(t: DataType, e: string): string {
  if (AS_IT_IS.has(t.kind)) return e;
  switch (t.kind) {
    case 'date':
      return `date_diff('day', date '1970-01-01', (${e})::date)::varchar`;
    case 'timestamp':
      return `epoch_us((${e})::timestamp)::varchar`;
    case 'float':
      return `(${e})::double::varchar`;
    case 'bytes':
      return `hex(${e})`;
    case 'interval': {
      const part = (name: string): string => `extract(${name} from ${e})`;
      const micros = `${part('hour')} * 3600000000 + ${part('minute')} * 60000000 + ${part('microsecond')}`;
      return `(${part('year')} * 12 + ${part('month')})::varchar || ' ' || ${part('day')}::varchar || ' ' || (${micros})::varchar`;
    }
    default:
      return `(${e})::varchar`;
  }
}

const FLOATS: Readonly<Record<string, number>> = {
  inf: Number.POSITIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
  nan: Number.NaN,
  '-nan': Number.NaN,
};

function same(t: DataType, ours: Outcome, theirs: Outcome, within: number): boolean {
  if (theirs === null || ours === null) return theirs === ours;
  if (typeof ours === 'object' || typeof theirs === 'object') return typeof ours === typeof theirs;
  if (t.kind !== 'float') return ours === theirs;
  const [a, b] = [Number(ours), FLOATS[theirs] ?? Number(theirs)];
  return Object.is(a, b) || Math.abs(a - b) <= within * Math.max(Math.abs(a), Math.abs(b));
}

/** The outcomes of rows [from, to): of all in one query where none fails, else of halves. */
async function outcomes(db: Database, t: DataType, c: Case, from: number, to: number): Promise<Outcome[]> {
  try {
    const rows = await db.rows(
      `select ${sqlOf(t, c.sql)} from "${c.over}" where row_number >= ${from} and row_number < ${to} order by row_number`,
    );
    return rows.map(([v]) => (AS_IT_IS.has(t.kind) ? render(t, valueOf(t, v)) : (v as string | null)));
  } catch (error) {
    if (to - from === 1) return [{ error: String(error) }];
    const middle = (from + to) >> 1;
    return [...(await outcomes(db, t, c, from, middle)), ...(await outcomes(db, t, c, middle, to))];
  }
}

const db = await openDatabase();

if (db === null) {
  console.log('# skip: @duckdb/node-api is not installed');
} else {
  const used = new Set<(typeof DIFFERENCES)[number]>();
  const made = new Set<string>();

  for (const c of SCALAR_CASES) {
    test(`${c.ours} is ${c.sql} over ${c.over}`, async () => {
      const table = TABLES[c.over];
      if (!made.has(c.over)) await db.rows(createTable(c.over, table));
      made.add(c.over);
      const e = await bindOver(table.schema, c.ours);
      const type = e.expr.type;
      const ours = evaluateOver(table, e);
      const theirs = await outcomes(db, type, c, 0, table.rows.length);
      assert.is(theirs.length, table.rows.length);
      const unlisted = theirs.flatMap((other, k) => {
        const mine = ours[k] as Outcome;
        if (same(type, mine, other, c.within)) return [];
        const row = rowOf(table, k);
        const known = DIFFERENCES.find((d) => d.functions.includes(c.fn) && (d.where?.(row) ?? true));
        if (known === undefined) return [`${shown(row)}: ${shown(mine)} here, ${shown(other)} there`];
        used.add(known);
        return [];
      });
      if (unlisted.length > 0) assert.unreachable(`${unlisted.length} rows: ${unlisted.slice(0, 5).join('\n')}`);
    });
  }

  test('every difference shows somewhere', () => {
    assert.equal(
      DIFFERENCES.filter((d) => !used.has(d)).map((d) => `${d.functions}: ${d.here}`),
      [],
    );
  });
  test.after(() => db.close());
}

test.run();
