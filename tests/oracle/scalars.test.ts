import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FUNCTIONS } from '../../engine/functions/registry.ts';
import type { DataType } from '../../engine/types.ts';
import { type Case, WITHOUT_COUNTERPART } from './cases.ts';
import { DIFFERENCES, differencesPage, type Named } from './differences.ts';
import { type Database, openDatabase } from './duckdb.ts';
import { INSTANTS } from './instants.ts';
import { NUMBERS } from './numbers.ts';
import { bindOver, evaluateOver, type Outcome } from './ours.ts';
import { STRINGS } from './strings.ts';
import { createTable, TABLES } from './tables.ts';

/** Every scalar function against a SQL database, on values at the edges of types. */

const CASES: readonly Case[] = [...NUMBERS, ...STRINGS, ...INSTANTS];

/** Families that have tests of their own elsewhere. */
const ELSEWHERE = new Set(['list', 'window']);

test('every scalar function stands beside an expression of SQL, or says why not', () => {
  const covered = new Set(CASES.map((c) => c.fn));
  const missing = Object.values(FUNCTIONS).filter(
    (d) => !ELSEWHERE.has(d.family) && !covered.has(d.name) && WITHOUT_COUNTERPART[d.name] === undefined,
  );
  assert.equal(
    missing.map((d) => d.name),
    [],
  );
  for (const name of [...covered, ...Object.keys(WITHOUT_COUNTERPART)])
    assert.ok(FUNCTIONS[name], `${name} is a function`);
  for (const d of DIFFERENCES)
    for (const fn of d.functions) assert.ok(covered.has(fn) || FUNCTIONS[fn] === undefined, fn);
});

test('docs/differences.md says what the tables say', () => {
  const page = readFileSync(new URL('../../docs/differences.md', import.meta.url), 'utf8');
  assert.is(page, differencesPage(), 'node --import tsx tests/oracle/page.ts');
});

/** A value as text, in the form of `render`. */
function sqlOf(t: DataType, e: string): string {
  switch (t.kind) {
    case 'date':
      return `date_diff('day', date '1970-01-01', (${e})::date)::varchar`;
    case 'timestamp':
      return `epoch_us((${e})::timestamp)::varchar`;
    case 'float':
      return `(${e})::double::varchar`;
    case 'list':
      return `to_json(${e})::varchar`;
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
async function outcomes(db: Database, e: string, table: string, from: number, to: number): Promise<Outcome[]> {
  try {
    const rows = await db.rows(
      `select ${e} from "${table}" where row_number >= ${from} and row_number < ${to} order by row_number`,
    );
    return rows.map(([v]) => v as string | null);
  } catch (error) {
    if (to - from === 1) return [{ error: String(error) }];
    const middle = (from + to) >> 1;
    return [...(await outcomes(db, e, table, from, middle)), ...(await outcomes(db, e, table, middle, to))];
  }
}

const db = await openDatabase();

if (db === null) {
  console.log('# skip: @duckdb/node-api is not installed');
} else {
  const used = new Set<(typeof DIFFERENCES)[number]>();
  const made = new Set<string>();

  for (const c of CASES) {
    test(`${c.ours} is ${c.sql} over ${c.over}`, async () => {
      const table = TABLES[c.over];
      if (!made.has(c.over)) await db.rows(createTable(c.over, table));
      made.add(c.over);
      const e = await bindOver(table.schema, c.ours);
      const type = e.expr.type;
      const ours = evaluateOver(table, e);
      const theirs = await outcomes(db, sqlOf(type, c.sql), c.over, 0, table.rows.length);
      assert.is(theirs.length, table.rows.length);
      theirs.forEach((other, k) => {
        const mine = ours[k] as Outcome;
        if (same(type, mine, other, c.within)) return;
        const row: Named = Object.fromEntries(table.schema.map((f, at) => [f.name, table.rows[k]?.[at] ?? null]));
        const known = DIFFERENCES.find((d) => d.functions.includes(c.fn) && (d.where?.(row) ?? true));
        if (known !== undefined) used.add(known);
        else
          assert.unreachable(
            `${JSON.stringify(row, (_, v) => (typeof v === 'bigint' ? `${v}n` : v))}: ${JSON.stringify(mine)} here, ${JSON.stringify(other)} there`,
          );
      });
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
