// Joins of sides that do not fit into memory, whole flows: the same bytes for any workers and memory, and the rows of a join by hand.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { random, rowsOfCsv, runEverywhere, runFlow, tempDir } from './harness.ts';

const dir = tempDir();
const next = random(11);
const pad = 'x'.repeat(150);

interface Side {
  readonly id: number;
  readonly key: number | null;
  readonly at: number;
}

/** About 20 MB: more than the smaller limits. */
function side(rows: number, keys: number): Side[] {
  return Array.from({ length: rows }, (_, id) => ({
    id,
    key: next() % 50 === 0 ? null : next() % keys,
    at: next() % 1000,
  }));
}

function write(name: string, rows: readonly Side[], tail: string): string {
  const file = path.join(dir, name);
  fs.writeFileSync(
    file,
    `id,key,at,pad\n${rows.map((r) => `${r.id},${r.key ?? ''},${r.at},${r.id}${tail}`).join('\n')}\n`,
  );
  return file;
}

const lefts = side(120_000, 90_000);
const rights = side(110_000, 100_000);
const [left, right] = [write('left.csv', lefts, pad), write('right.csv', rights, pad)];
const byKey = new Map<number, Side[]>();
for (const r of rights) if (r.key !== null) byKey.set(r.key, [...(byKey.get(r.key) ?? []), r]);

/** Pairs as "left/right", with nothing where there is none. */
function expected(kind: string): string[] {
  const out: string[] = [];
  const used = new Set<number>();
  for (const l of lefts) {
    const equal = l.key === null ? [] : (byKey.get(l.key) ?? []);
    let matches = equal;
    if (kind === 'asof') {
      const before = equal.filter((r) => r.at <= l.at);
      const latest = Math.max(...before.map((r) => r.at));
      matches = before.filter((r) => r.at === latest).slice(-1);
    }
    for (const r of matches) used.add(r.id);
    if (kind === 'semi' || kind === 'anti') {
      if (matches.length > 0 === (kind === 'semi')) out.push(`${l.id}/`);
      continue;
    }
    for (const r of matches) out.push(`${l.id}/${r.id}`);
    if (matches.length === 0 && kind !== 'inner' && kind !== 'right') out.push(`${l.id}/`);
  }
  if (kind === 'right' || kind === 'full') for (const r of rights) if (!used.has(r.id)) out.push(`/${r.id}`);
  return out.sort();
}

for (const kind of ['inner', 'left', 'right', 'full', 'semi', 'anti', 'asof']) {
  test(`join ${kind} of two sides larger than memory`, async () => {
    const filters = kind === 'semi' || kind === 'anti';
    const near = kind === 'asof' ? ' and at >= r.at' : '';
    const add = filters ? '' : ' add rid = r.id, other = r.pad';
    const flow = `from csv("${left}") | join ${kind} csv("${right}") as r on key == r.key${near}${add}
      | select id, rid = ${filters ? 'null::int' : 'rid'}, n = length(pad)${filters ? '' : ' + length(other)'}`;
    const { results, run } = await runEverywhere(flow, { broadcastBytes: 0 });
    const rows = rowsOfCsv(results[0] as string);
    assert.equal(rows.map((r) => `${r.id}/${r.rid}`).sort(), expected(kind));
    assert.is(run.results.length, 1);
  });
}

test('a side larger than memory is spilled, and joined in the same order', async () => {
  const flow = `from csv("${left}") | join full csv("${right}") as r on key == r.key add rid = r.id, other = r.pad`;
  const ample = await runFlow(`${flow} | select id, rid`, { workers: 2, memory: 512 << 20 });
  const tiny = await runFlow(`${flow} | select id, rid`, { workers: 2, memory: 16 << 20 });
  assert.ok(tiny.results[0] === ample.results[0]);
});

test.run();
