import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { resolveAggregate } from '../../engine/aggregates/registry.ts';
import { valuesOf } from '../../engine/batch/access.ts';
import type { Column } from '../../engine/batch/column.ts';
import type { LiteralValue } from '../../engine/expr.ts';
import { heapScratch } from '../../engine/memory/heap_scratch.ts';
import { testStore } from '../../engine/store/store.ts';
import { field, T } from '../../engine/types.ts';
import { AGGREGATE_CASES, type AggregateCase } from './aggregate_cases.ts';
import type { Table } from './cross.ts';
import { openDatabase } from './duckdb.ts';
import { batchOf, render } from './ours.ts';
import { createTable } from './tables.ts';

/** Every aggregate against a SQL database: groups with nulls only, one value, equal values, nan, infinities, extremes. */

const GROUPS = 12;
const ROWS = 600;

/** Evenly spread, the same every time. */
const draw = (i: number, salt: number): number =>
  (Math.imul((i + 1) ^ Math.imul(salt, 0x5bd1e995), 0x9e3779b1) >>> 0) / 2 ** 32;

function rowOf(i: number): LiteralValue[] {
  const g = i % GROUPS;
  const nothing = g === 0 || draw(i, 9) < 0.1;
  const only = g === 1 && i >= GROUPS;
  const pick = <V extends LiteralValue>(v: V): LiteralValue => (nothing || only ? null : g === 4 ? pickEqual(v) : v);
  const pickEqual = (v: LiteralValue): LiteralValue => (typeof v === 'number' ? 5 : typeof v === 'string' ? 'same' : v);
  const x =
    g === 2 && i % 5 === 0 ? Number.NaN : g === 3 && i % 7 === 0 ? Number.POSITIVE_INFINITY : (draw(i, 1) - 0.3) * 100;
  const word = ['a', 'b', 'é', '😀', '', 'long word'][Math.floor(draw(i, 4) * 6)] as string;
  return [
    g,
    pick(x),
    pick(Math.floor(draw(i, 2) * 40) / 4),
    pick(g === 5 ? 9007199254740991 - i : Math.floor(draw(i, 3) * 50) - 10),
    pick(Math.floor(draw(i, 5) * 1e6) - 300_000),
    pick(word),
    pick(Math.floor(draw(i, 6) * 20_000) - 2000),
    nothing || only ? null : draw(i, 7) < 0.6,
  ];
}

const TABLE: Table = {
  schema: [
    field('g', T.int, false),
    field('x', T.float),
    field('y', T.float),
    field('i', T.int),
    field('d', T.decimal(18, 4)),
    field('s', T.string),
    field('a', T.date),
    field('p', T.bool),
  ],
  rows: Array.from({ length: ROWS }, (_, i) => rowOf(i)),
};

function ours(c: AggregateCase): LiteralValue[] {
  const store = testStore();
  try {
    const batch = batchOf(TABLE);
    const columnOf = (arg: string): Column => {
      const at = TABLE.schema.findIndex((f) => f.name === arg);
      if (at >= 0) return batch.columns[at] as Column;
      const values = new Float64Array(ROWS).fill(Number(arg));
      return { type: T.float, phys: 'f64', length: ROWS, nullCount: 0, validity: null, values };
    };
    const columns = c.args.map(columnOf);
    const resolved = resolveAggregate(
      c.fn,
      columns.map((col) => col.type),
      c.distinct === true,
    );
    assert.ok(resolved !== null);
    const a = (resolved as NonNullable<typeof resolved>).create(store);
    a.grow(GROUPS);
    a.add(
      Uint32Array.from(TABLE.rows, (r) => Number(r[0])),
      ROWS,
      columns,
    );
    const all = Uint32Array.from({ length: GROUPS }, (_, g) => g);
    const out = a.values(all, GROUPS, heapScratch());
    const type = (resolved as NonNullable<typeof resolved>).type;
    const values = valuesOf(out).map((v) =>
      type.kind === 'map' ? mapKeys(v) : type.kind === 'float' ? v : render(type, v),
    );
    a.free();
    return values;
  } finally {
    store.close();
  }
}

/** Keys of a histogram, sorted. */
function mapKeys(v: LiteralValue): LiteralValue {
  const keys = (v as readonly { key: LiteralValue }[]).map((e) => String(e.key));
  return keys.length === 0 ? null : JSON.stringify(keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
}

function textOf(v: unknown): string | null {
  if (v === null) return null;
  if (typeof v === 'number') return String(v);
  return String(v);
}

const db = await openDatabase();

if (db === null) {
  console.log('# skip: @duckdb/node-api is not installed');
} else {
  test('make the table', async () => {
    await db.rows(createTable('edge', TABLE));
  });

  for (const c of AGGREGATE_CASES) {
    test(`${c.fn}(${c.args.join(', ')})${c.distinct === true ? ' distinct' : ''} is ${c.sql}`, async () => {
      const mine = ours(c);
      const type = mine.find((v) => v !== null);
      const shown =
        c.fn === 'list' || c.fn === 'histogram'
          ? `to_json(${c.sql})::varchar`
          : dated(c)
            ? `date_diff('day', date '1970-01-01', ${c.sql})::varchar`
            : typeof type === 'number'
              ? `(${c.sql})::double`
              : `(${c.sql})::varchar`;
      // Some groups would fail the whole query there.
      const left = c.except === undefined ? '' : `where g not in (${c.except[0].join(', ')})`;
      const rows = await db.rows(`select g, ${shown} from edge ${left} group by g order by g`);
      rows.forEach(([group, theirs]) => {
        const g = Number(group);
        const [a, b] = [mine[g] as LiteralValue, theirs];
        if (typeof a === 'number' && typeof b === 'number') {
          const near = Math.abs(a - b) <= (c.within ?? 0) * Math.max(1, Math.abs(a), Math.abs(b));
          assert.ok(Object.is(a + 0, b + 0) || near, `group ${g}: ${a} here, ${b} there`);
        } else assert.is(textOf(a), textOf(b), `group ${g}`);
      });
    });
  }
  test.after(() => db.close());
}

const dated = (c: AggregateCase): boolean => c.args[0] === 'a' && c.fn !== 'count';

test.run();
