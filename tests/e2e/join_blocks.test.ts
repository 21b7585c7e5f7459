// Joins of one giant key, and joins without keys, of sides that do not fit into memory: the same bytes for any workers and memory.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { rowsOfCsv, runEverywhere, tempDir } from './harness.ts';

const dir = tempDir();
const pad = 'x'.repeat(150);

interface Side {
  readonly id: number;
  readonly key: number | null;
  readonly at: number;
}

function write(name: string, rows: readonly Side[], tail: string): string {
  const file = path.join(dir, name);
  fs.writeFileSync(
    file,
    `id,key,at,pad\n${rows.map((r) => `${r.id},${r.key ?? ''},${r.at},${r.id}${tail}`).join('\n')}\n`,
  );
  return file;
}

/** One key on both sides: 3,000 rows against 40,000, neither of which fits into a task's share. */
const many = write(
  'many.csv',
  Array.from({ length: 40_000 }, (_, id) => ({ id, key: 7, at: (id * 7919) % 40_000 })),
  pad,
);
const some = write(
  'some.csv',
  Array.from({ length: 3_000 }, (_, id) => ({ id, key: 7, at: (id * 13) % 40_000 })),
  pad.repeat(2),
);

for (const kind of ['inner', 'left', 'full', 'semi', 'anti', 'asof']) {
  test(`one giant key on both sides, join ${kind}`, async () => {
    const filters = kind === 'semi' || kind === 'anti';
    const near = kind === 'asof' ? 'at >= r.at' : 'r.at between at and at + 2';
    const flow = `from csv("${some}") | join ${kind} csv("${many}") as r on key == r.key and ${near}
      ${filters ? '' : 'add rat = r.at, other = r.pad'} | select id, at${filters ? '' : ', rat, n = length(other)'}, m = length(pad)`;
    const { results } = await runEverywhere(flow, { broadcastBytes: 0 });
    const rows = rowsOfCsv(results[0] as string);
    if (filters) {
      assert.is(rows.length, kind === 'semi' ? 3_000 : 0);
      return;
    }
    const pairs = rows.filter((r) => r.id !== '');
    if (kind === 'asof') {
      assert.is(rows.length, 3_000);
      assert.ok(rows.every((r) => r.at === r.rat));
      return;
    }
    const wanted = Array.from({ length: 3_000 }, (_, id) => {
      const at = (id * 13) % 40_000;
      return Math.min(3, 40_000 - at);
    }).reduce((a, b) => a + b, 0);
    assert.is(pairs.length, wanted);
    const hit = new Set(pairs.map((r) => r.rat));
    assert.is(rows.length - pairs.length, kind === 'full' ? 40_000 - hit.size : 0);
  });
}

test('pairs without keys, of a right side that does not fit, in the order of the left rows', async () => {
  const flow = `from csv("${some}") | take 400 | join left csv("${many}") as r on r.at between at and at + 1 and id % 2 == 0
    add rat = r.at, other = r.pad | select id, at, rat, n = length(other)`;
  const { results } = await runEverywhere(flow);
  const rows = rowsOfCsv(results[0] as string);
  assert.equal(
    rows.map((r) => Number(r.id)),
    Array.from({ length: 400 }, (_, id) => (id % 2 === 0 ? [id, id] : [id])).flat(),
  );
  assert.ok(rows.every((r) => (r.rat === '') === (Number(r.id) % 2 === 1)));
});

test.run();
