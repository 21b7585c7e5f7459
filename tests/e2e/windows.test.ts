// Windows over more rows than the smallest memory holds, in partitions of all sizes: the same bytes everywhere, checked against a loop.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { random, rowsOfCsv, runEverywhere, tempDir } from './harness.ts';

const ROWS = 120_000;
const dir = tempDir();
const file = path.join(dir, 'events.csv');

interface Event {
  id: number;
  user: number;
  at: number;
  amount: number | null;
  note: string;
}

/** Half of the rows belong to one user, whose partition does not fit the smallest memory together with its order. */
const events = ((): Event[] => {
  const r = random(5);
  const rows = Array.from({ length: ROWS }, (_, id): Event => {
    const user = r() % 2 === 0 ? 7 : r() % 3000;
    return { id, user, at: r() % 50_000, amount: r() % 11 === 0 ? null : r() % 1000, note: `note ${r() % 5000}` };
  });
  const lines = rows.map((e) => `${e.id},${e.user},${e.at},${e.amount ?? ''},${e.note} ${'x'.repeat(60)}`);
  fs.writeFileSync(file, `id,user,at,amount,note\n${lines.join('\n')}\n`);
  return rows;
})();
const from = `from csv("${file}")`;

const byUser = new Map<number, Event[]>();
for (const e of events) {
  const known = byUser.get(e.user);
  if (known === undefined) byUser.set(e.user, [e]);
  else known.push(e);
}

test('a derive with windows keeps the order of rows, also of a partition larger than memory', async () => {
  const { results } = await runEverywhere(
    `${from} | derive n = row_number() over (by user sort at, id), total = sum(amount) over (by user sort at, id rows ..0),
       before = lag(note) over (by user sort at, id), near = count() over (by user sort at range -50..50)
     | select id, n, total, near, first = before is null`,
  );
  const expected = new Map<number, string>();
  for (const rows of byUser.values()) {
    const sorted = rows.toSorted((a, b) => a.at - b.at || a.id - b.id);
    let total: number | null = null;
    let low = 0;
    let high = 0;
    sorted.forEach((e, i) => {
      if (e.amount !== null) total = (total ?? 0) + e.amount;
      while ((sorted[low] as Event).at < e.at - 50) low++;
      while (high < sorted.length && (sorted[high] as Event).at <= e.at + 50) high++;
      expected.set(e.id, `${e.id},${i + 1},${total ?? ''},${high - low},${i === 0}`);
    });
  }
  const lines = (results[0] as string).trimEnd().split('\n').slice(1);
  assert.is(lines.length, ROWS);
  const wrong = lines.findIndex((line, i) => line !== expected.get(i));
  assert.is(wrong, -1, `row ${wrong}: ${lines[wrong]}, not ${expected.get(wrong)}`);
});

test('the first rows of each group, of many small groups and a giant one', async () => {
  const { results } = await runEverywhere(
    `${from} | take 2..3 sort amount desc nulls first, id by user | sort user, id | select user, id`,
  );
  const expected = [...byUser]
    .sort(([a], [b]) => a - b)
    .flatMap(([user, rows]) =>
      rows
        .toSorted((a, b) => (b.amount ?? 1e9) - (a.amount ?? 1e9) || a.id - b.id)
        .slice(1, 3)
        .sort((a, b) => a.id - b.id)
        .map((e) => `${user},${e.id}`),
    );
  assert.equal((results[0] as string).trimEnd().split('\n').slice(1), expected);
});

test('fill forward takes the last value before a row', async () => {
  const { results } = await runEverywhere(`${from} | fill forward amount sort at, id by user | select id, amount`);
  const expected = new Map<number, number | null>();
  for (const rows of byUser.values()) {
    let last: number | null = null;
    for (const e of rows.toSorted((a, b) => a.at - b.at || a.id - b.id)) {
      last = e.amount ?? last;
      expected.set(e.id, last);
    }
  }
  const wrong = rowsOfCsv(results[0] as string).findIndex((row, i) => row.amount !== String(expected.get(i) ?? ''));
  assert.is(wrong, -1);
});

test.run();
