import * as fs from 'node:fs';
import * as path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { random, rowsOfCsv, runEverywhere, tempDir } from './harness.ts';

/** Enough rows to pass the smallest memory limit several times. */
const ROWS = 300_000;
const CUSTOMERS = 40_000;

interface Order {
  id: number;
  customer: number | null;
  amount: number;
  region: string;
  note: string;
}

const dir = tempDir();
const ordersFile = path.join(dir, 'orders.csv');
const customersFile = path.join(dir, 'customers.csv');
const orders = makeOrders();
const tiers = makeCustomers();

function makeOrders(): Order[] {
  const r = random(1);
  const regions = ['north', 'south', 'east', 'west', 'überall'];
  const rows = Array.from({ length: ROWS }, (_, id): Order => {
    const skewed = r() % 3 === 0 ? 7 : r() % (CUSTOMERS * 2);
    return {
      id,
      customer: r() % 50 === 0 ? null : skewed,
      amount: (r() % 1_000_000) / 100,
      region: regions[r() % regions.length] as string,
      note: `note ${r() % 1000} of ${id % 977}`,
    };
  });
  fs.writeFileSync(
    ordersFile,
    `id,customer,amount,region,note\n${rows.map((o) => `${o.id},${o.customer ?? ''},${o.amount},${o.region},${o.note}`).join('\n')}\n`,
  );
  return rows;
}

function makeCustomers(): Map<number, string> {
  const r = random(2);
  const ids = Array.from({ length: CUSTOMERS }, (_, i) => i * 2)
    .map((id) => ({ id, u: r() }))
    .sort((a, b) => a.u - b.u)
    .map((x) => x.id);
  const m = new Map(ids.map((id) => [id, `tier${id % 7}`]));
  fs.writeFileSync(customersFile, `id,tier\n${[...m].map(([id, t]) => `${id},${t}`).join('\n')}\n`);
  return m;
}

const from = `from csv("${ordersFile}")`;

test('where, derive, select keep the input order', async () => {
  const { results } = await runEverywhere(
    `${from} | where region == "south" and amount > 9000 | derive half = amount / 2 | select id, half`,
  );
  const expected = orders.filter((o) => o.region === 'south' && o.amount > 9000).map((o) => `${o.id},${o.amount / 2}`);
  const rows = rowsOfCsv(results[0] as string).map((x) => `${x.id},${Number(x.half)}`);
  assert.equal(rows, expected);
});

test('summarize by few groups, with float sums that do not depend on the split', async () => {
  const { results } = await runEverywhere(
    `${from} | summarize n = count(), total = sum(amount), known = count(customer) by region | sort region`,
  );
  const rows = rowsOfCsv(results[0] as string);
  for (const row of rows) {
    const mine = orders.filter((o) => o.region === row.region);
    assert.is(Number(row.n), mine.length);
    assert.is(Number(row.known), mine.filter((o) => o.customer !== null).length);
    assert.ok(Math.abs(Number(row.total) - mine.reduce((s, o) => s + o.amount, 0)) < 1e-3);
  }
  assert.is(rows.length, 5);
});

test('summarize by more groups than the smallest memory holds', async () => {
  const { results, run } = await runEverywhere(
    `${from} | derive k = f"{id // 2} {note}" | summarize n = count(), m = max(amount), s = sum(amount) by k | summarize groups = count(), rows = sum(n), s = sum(s)`,
  );
  const groups = new Set(orders.map((o) => `${Math.floor(o.id / 2)} ${o.note}`)).size;
  const [row] = rowsOfCsv(results[0] as string);
  assert.is(Number(row?.groups), groups);
  assert.is(Number(row?.rows), ROWS);
  assert.ok(run.ms > 0);
});

test('the groups of a summarize come in an order of their own that never changes', async () => {
  const { results } = await runEverywhere(`${from} | summarize n = count() by customer`);
  assert.is(rowsOfCsv(results[0] as string).length, new Set(orders.map((o) => o.customer)).size);
});

test('sort by several keys, mixed directions, nulls last', async () => {
  const { results } = await runEverywhere(
    `${from} | select id, customer, region, amount | sort customer desc, region, amount desc`,
  );
  const compare = (a: Order, b: Order): number => {
    if (a.customer !== b.customer) return a.customer === null ? 1 : b.customer === null ? -1 : b.customer - a.customer;
    if (a.region !== b.region) return Buffer.compare(Buffer.from(a.region), Buffer.from(b.region));
    return b.amount - a.amount;
  };
  const expected = [...orders].sort(compare).map((o) => String(o.id));
  const ids = rowsOfCsv(results[0] as string).map((x) => x.id);
  assert.is(ids.length, expected.length);
  assert.is(
    ids.findIndex((id, i) => id !== expected[i]),
    -1,
  );
});

test('sort and take is a top-N', async () => {
  const { results } = await runEverywhere(`${from} | sort amount desc, id | take 100..105 | select id`);
  const sorted = [...orders].sort((a, b) => b.amount - a.amount || a.id - b.id);
  assert.is(rowsOfCsv(results[0] as string)[0]?.id, String(sorted[99]?.id));
});

test('skip and take count rows of the whole', async () => {
  const { results } = await runEverywhere(`${from} | skip 123456 | take 3 | select id`);
  assert.equal(
    rowsOfCsv(results[0] as string).map((x) => x.id),
    ['123456', '123457', '123458'],
  );
});

test('distinct keeps the first row of each key', async () => {
  const { results } = await runEverywhere(`${from} | distinct customer | select id, customer | sort id`);
  const seen = new Set<number | null>();
  const expected = orders.filter((o) => !seen.has(o.customer) && seen.add(o.customer)).map((o) => String(o.id));
  assert.equal(
    rowsOfCsv(results[0] as string).map((x) => x.id),
    expected,
  );
});

for (const [how, broadcastBytes] of [
  ['broadcast', 1 << 30],
  ['partitioned', 0],
] as const) {
  test(`inner join, ${how}`, async () => {
    const flow = `${from} | join inner (from csv("${customersFile}")) as c on customer == c.id add c.tier | select id, tier | sort id`;
    const { results } = await runEverywhere(flow, { broadcastBytes });
    const expected = orders
      .filter((o) => o.customer !== null && tiers.has(o.customer))
      .map((o) => `${o.id},${tiers.get(o.customer as number)}`);
    assert.equal(
      rowsOfCsv(results[0] as string).map((x) => `${x.id},${x.tier}`),
      expected,
    );
  });

  test(`left join, ${how}`, async () => {
    const flow = `${from} | join left (from csv("${customersFile}")) as c on customer == c.id add c.tier | summarize n = count(), hits = count(tier)`;
    const { results } = await runEverywhere(flow, { broadcastBytes });
    const hits = orders.filter((o) => o.customer !== null && tiers.has(o.customer)).length;
    assert.equal(rowsOfCsv(results[0] as string), [{ n: String(ROWS), hits: String(hits) }]);
  });

  test(`semi and anti join, ${how}`, async () => {
    const side = `(from csv("${customersFile}")) as c on customer == c.id`;
    const { results } = await runEverywhere(
      `${from} | join semi ${side} | summarize n = count()\n${from} | join anti ${side} | summarize n = count()`,
      { broadcastBytes },
    );
    const hits = orders.filter((o) => o.customer !== null && tiers.has(o.customer)).length;
    assert.equal(
      results.map((r) => Number(rowsOfCsv(r)[0]?.n)),
      [hits, ROWS - hits],
    );
  });
}

test('union reads its inputs one after another', async () => {
  const { results } = await runEverywhere(
    `let a = ${from} | where id < 3 | select id\nlet b = ${from} | where id >= ${ROWS - 2} | select id\nfrom b | union a`,
  );
  assert.equal(
    rowsOfCsv(results[0] as string).map((x) => Number(x.id)),
    [ROWS - 2, ROWS - 1, 0, 1, 2],
  );
});

test('split gives the same rows under any configuration, each row once', async () => {
  const { results } = await runEverywhere(
    `let { tr, te } = ${from} | split tr 0.8, te rest by id seed 42\nfrom tr | summarize n = count(), s = sum(id)\nfrom te | summarize n = count(), s = sum(id)`,
  );
  const [tr, te] = results.map((r) => rowsOfCsv(r)[0]);
  assert.is(Number(tr?.n) + Number(te?.n), ROWS);
  assert.is(Number(tr?.s) + Number(te?.s), (ROWS * (ROWS - 1)) / 2);
  assert.ok(Math.abs(Number(tr?.n) / ROWS - 0.8) < 0.01);
});

test.run();
