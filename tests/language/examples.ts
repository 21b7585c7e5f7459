// The examples of the language's design, as tests/grammar/examples has them, with the relations they speak of and data to run on.
import { readFileSync } from 'node:fs';

export interface Example {
  readonly name: string;
  /** Stands before the text of the example: the relations it takes for granted. */
  readonly before: string;
  /** Stands behind it: uses of what it only names. */
  readonly after: string;
  readonly params: Readonly<Record<string, string>>;
  /** Files that it writes and that are read back with a flow: path => format. */
  readonly written: Readonly<Record<string, string>>;
}

const example = (name: string, parts: Partial<Omit<Example, 'name'>> = {}): Example => ({
  name,
  before: '',
  after: '',
  params: {},
  written: {},
  ...parts,
});

const shop =
  'let orders = from csv("shop.csv") as { id: int, customer_id: int, placed_at: timestamp, ccy: string, amount: decimal(12, 2)?, status: string? }';
const sales = 'let sales = from csv("sales.csv")';
const features =
  'let features = from csv("features.csv") as { customer_id: int, age: int, spend: float, country: string, churned: bool }';

export const examples: readonly Example[] = [
  example('01', { written: { 'out/top.csv': 'csv' } }),
  example('02', {
    params: { since: '2024-05-01', region: 'EU' },
    after: 'from orders\nfrom customers | sort id\nfrom clicks\nfrom clicks | take 1 | derive region = $region',
  }),
  example('03', {
    before: [
      shop,
      ...['customers', 'blocked', 'fx', 'calendar'].map((name) => `let ${name} = from csv("${name}.csv")`),
    ].join('\n'),
    after: '| sort id, day',
  }),
  example('04', { before: sales, after: '| sort region, rk, product' }),
  example('05', { before: 'let orders = from ndjson("nested.ndjson")' }),
  example('06', {
    before: features,
    written: { 'metrics.json': 'json', 'scores.parquet': 'parquet', 'models/churn.onnx': 'model' },
  }),
  example('07', {
    before: `${features}\nlet { tr, te } = from features | split tr 0.8, te rest seed 1`,
    after: 'from te | evaluate best',
  }),
  example('08', {
    before: [
      'use { clean_row } from "./my_udfs.ts"',
      'use { score_batch } from "./my_batches.ts"',
      'let events = from csv("events.csv") as { id: int, user_id: string, device: string, ts: timestamp, lat: float, lon: float }',
    ].join('\n'),
    after: '| sort id',
  }),
  example('09', {
    before: 'let orders = from csv("shop.csv") | derive day = placed_at::date',
    written: { good: 'folder', 'bad.ndjson': 'ndjson' },
  }),
  example('10', { before: shop, written: { 'rej.parquet': 'parquet' } }),
  example('11', { before: 'let events = from csv("events.csv")', after: '| summarize n = count(), ids = sum(id)' }),
  example('12', { before: `${sales}\nlet archive = from csv("archive.csv")` }),
  example('13', {
    before: `${shop.replace('let orders', 'let raw')}\nlet customers = from csv("customers.csv")\nlet orders = from raw | join customers as c on customer_id == c.id add c.tier | select tier, amount`,
  }),
  example('14', { before: 'let t = from csv("verbs.csv")' }),
];

export function textOf({ name, before, after }: Example): string {
  const own = readFileSync(new URL(`../grammar/examples/${name}.flow`, import.meta.url), 'utf8').trimEnd();
  return `${before}\n${own}\n${after}\n`;
}
