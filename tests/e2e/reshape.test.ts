import * as fs from 'node:fs';
import * as path from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Engine, RunError, runText } from '../../index.ts';
import { random, runEverywhere, runFlow, tempDir } from './harness.ts';

const dir = tempDir();

interface Basket {
  readonly id: number;
  readonly note: string;
  readonly tags: readonly (string | null)[] | null;
  readonly qty: readonly number[] | null;
}

const AS = 'as { id: int, note: string, tags: list<string?>?, qty: list<int>? }';

function save(name: string, rows: readonly object[]): string {
  const file = path.join(dir, name);
  fs.writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return file;
}

/** Row by row, as the words of the language say it. */
function exploded(rows: readonly Basket[], lists: readonly ('tags' | 'qty')[], outer: boolean): string[] {
  return rows.flatMap((row) => {
    const longest = Math.max(...lists.map((name) => row[name]?.length ?? 0), outer ? 1 : 0);
    return Array.from({ length: longest }, (_, k) => {
      const cell = (name: 'tags' | 'qty'): string => (lists.includes(name) ? String(row[name]?.[k] ?? '') : '');
      return [row.id, row.note, cell('tags'), cell('qty')].join(',');
    });
  });
}

const baskets = fc.array(
  fc.record({
    note: fc.constantFrom('', 'x', 'größe', 'a longer note'),
    tags: fc.option(fc.array(fc.option(fc.constantFrom('a', 'b', '名'), { freq: 4 }), { maxLength: 5 }), { freq: 4 }),
    qty: fc.option(fc.array(fc.integer(), { maxLength: 5 }), { freq: 4 }),
  }),
  { maxLength: 40 },
);

test('explode gives what a loop over rows and items gives', async () => {
  const engine = new Engine({ workers: 2, memory: 64 << 20 });
  const cases = [
    [['tags'], false],
    [['tags'], true],
    [['qty'], false],
    [['tags', 'qty'], false],
    [['tags', 'qty'], true],
  ] as const;
  await fc.assert(
    fc.asyncProperty(baskets, fc.constantFrom(...cases), async (made, [lists, outer]) => {
      const rows = made.map((row, id): Basket => ({ id, ...row }));
      const file = save('property.ndjson', rows);
      const other = lists.length === 2 ? [] : lists[0] === 'tags' ? ['qty'] : ['tags'];
      const select = `select id, note, ${['tags', 'qty'].map((name) => (other.includes(name) ? `${name} = null::string` : name)).join(', ')}`;
      const text = `from ndjson("${file}") ${AS} | explode ${outer ? 'outer ' : ''}${lists.join(', ')} | ${select}`;
      const { results } = await runText(text, { engine });
      const found = results[0]?.rows.map((r) => [r.id, r.note, r.tags ?? '', r.qty ?? ''].join(','));
      assert.equal(found, exploded(rows, lists, outer));
    }),
    { numRuns: 30 },
  );
  await engine.close();
});

/** Lists of every length, one of them far longer than a batch. */
const skewed: Basket[] = (() => {
  const r = random(3);
  const text = (n: number): string => 'lorem ipsum '.repeat(n);
  return Array.from({ length: 4000 }, (_, id) => {
    const n = id === 1234 ? 200_000 : id % 7 === 0 ? 0 : r() % 40;
    return {
      id,
      note: text(1 + (id % 30)),
      tags: id % 11 === 0 ? null : Array.from({ length: n }, () => `t${r() % 500}`),
      qty: Array.from({ length: n >> 1 }, () => r() % 1000),
    };
  });
})();

test('explode of skewed lists, then grouped and sorted, with ample and with tiny memory', async () => {
  const from = `from ndjson("${save('skewed.ndjson', skewed)}") ${AS}`;
  const { results } = await runEverywhere(`
    ${from} | explode tags as tag, qty as q | summarize n = count(), total = sum(q), ids = count(distinct id) by tag | sort tag
    ${from} | explode outer tags as tag | sort tag desc, id | select id, tag, note | take 5000..5100
    ${from} | explode tags as tag, range(length(tags)) as at | derive text = f"{tag}/{at}" | summarize n = count(), least = min(text), top = max(text)
  `);
  const groups = new Map<string, { n: number; total: number; ids: Set<number> }>();
  let items = 0;
  for (const { id, tags, qty } of skewed) {
    items += tags?.length ?? 0;
    for (let k = 0; k < Math.max(tags?.length ?? 0, qty?.length ?? 0); k++) {
      const tag = tags?.[k] ?? '';
      const group = groups.get(tag) ?? { n: 0, total: 0, ids: new Set<number>() };
      groups.set(tag, group);
      group.n++;
      group.total += qty?.[k] ?? 0;
      group.ids.add(id);
    }
  }
  const found = (results[0] as string).trimEnd().split('\n').slice(1);
  const sorted = [...groups].sort(([a], [b]) => (a === '' ? 1 : b === '' ? -1 : a < b ? -1 : 1));
  assert.equal(
    found,
    sorted.map(([tag, g]) => `${tag},${g.n},${g.total},${g.ids.size}`),
  );
  assert.is(Number((results[2] as string).split('\n')[1]?.split(',')[0]), items);
});

test('a long text beside a long list is not repeated all at once', async () => {
  const file = save('wide.ndjson', [
    { id: 1, note: 'n'.repeat(400_000), tags: Array.from({ length: 3000 }, (_, k) => `t${k}`), qty: [] },
  ]);
  // 1.2 GB of text in all, of which a fraction is there at a time.
  const text = `from ndjson("${file}") ${AS} | explode tags | summarize n = count(), long = sum(length(note)), last = max(tags)`;
  const { results } = await runFlow(text, { workers: 1, memory: 128 << 20 });
  assert.is(results[0], 'n,long,last\n3000,1200000000,t999\n');
});

test('maps are exploded into their entries', async () => {
  const file = save('maps.ndjson', [
    { id: 1, m: { b: 2, a: null } },
    { id: 2, m: {} },
    { id: 3, m: null },
  ]);
  const { results } = await runEverywhere(`
    from ndjson("${file}") as { id: int, m: map<string, int?>? } | explode outer m as e | select id, e.key, e.value, m
    from ndjson("${file}") as { id: int, m: map<string, int?>? } | explode m | select id, m
  `);
  assert.equal(results, [
    'id,key,value,m\n1,b,2,"{""b"":2,""a"":null}"\n1,a,,"{""b"":2,""a"":null}"\n2,,,{}\n3,,,\n',
    'id,m\n1,"{""key"":""b"",""value"":2}"\n1,"{""key"":""a"",""value"":null}"\n',
  ]);
});

test('an error behind explode and unpivot names the row of the file', async () => {
  const file = save('bad.ndjson', [
    { id: 1, note: '', tags: ['1', '2'], qty: [] },
    { id: 2, note: '', tags: [], qty: [] },
    { id: 3, note: '', tags: ['3', 'oops'], qty: [] },
  ]);
  const wide = path.join(dir, 'wide.csv');
  fs.writeFileSync(wide, 'a,b,c\n1,2,3\n4,5,x\n');
  const flows = [
    [
      `from ndjson("${file}") ${AS} | where id > 1 | explode tags as t | where t != "3" | derive a = t, b = f"{t}{t}" | derive n = a::int + length(b)`,
      3,
    ],
    [`from ndjson("${file}") ${AS} | explode tags | derive n = tags::int`, 3],
    [`from csv("${wide}") as { a: string, b: string, c: string } | unpivot a, b, c into k, v | derive n = v::int`, 2],
  ] as const;
  for (const [flow, row] of flows) {
    try {
      await runText(flow, { workers: 1 });
      assert.unreachable();
    } catch (e) {
      assert.instance(e, RunError);
      assert.is((e as RunError).where.row, row);
    }
  }
});

test('unpivot and pivot undo each other, in and out of core', async () => {
  const r = random(5);
  const months = ['jan', 'feb', 'mar'];
  const rows = Array.from({ length: 60_000 }, (_, id) => [id, ...months.map(() => (r() % 5 === 0 ? '' : r() % 1000))]);
  const file = path.join(dir, 'months.csv');
  fs.writeFileSync(file, `id,${months.join(',')}\n${rows.map((row) => row.join(',')).join('\n')}\n`);
  const { results } = await runEverywhere(`
    from csv("${file}") | unpivot jan, feb, mar into month, rev
    | pivot month values ["jan", "feb", "mar"] into sum(rev) by id | sort id
    from csv("${file}") | unpivot * except id into month, rev | summarize n = count(), total = sum(rev) by month | sort month
  `);
  assert.is(results[0], `id,${months.join(',')}\n${rows.map((row) => row.join(',')).join('\n')}\n`);
  const totals = months.map((m, k) => [m, rows.length, rows.reduce((s, row) => s + Number(row[k + 1]), 0)].join(','));
  assert.is(results[1], `month,n,total\n${totals.sort().join('\n')}\n`);
});

test('pivot sees nulls, absent values, and aggregates of several arguments', async () => {
  const file = path.join(dir, 'sales.csv');
  fs.writeFileSync(file, 'product,month,rev,at\na,1,5,3\na,1,7,1\na,2,1,9\nb,,4,4\nb,3,8,8\n');
  const { results } = await runEverywhere(`
    from csv("${file}") | pivot month values [1, null, 9] into count() by product | sort product
    from csv("${file}") | pivot month values [1, 3] into first_rev = min_by(rev, at), q = quantile(rev, 0.5) by product | sort product
    from csv("${file}") | pivot month > 1 values [true, false] into sum(rev)
  `);
  assert.equal(results, [
    'product,1,null,9\na,2,0,0\nb,0,1,0\n',
    'product,1_first_rev,1_q,3_first_rev,3_q\na,7,6.0,,\nb,,,8,8.0\n',
    'true,false\n9,12\n',
  ]);
});

test.run();
