// The columns and expressions of bench/expr.mjs: each as the engine has it, and in DuckDB's SQL.
import { T } from '../../engine/types.ts';
import { call, castTo, lit } from '../../tests/functions/mini.ts';

const DECIMAL = T.decimal(15, 2);

/** Name, type, physical form, the value of row `k` from a number from 0 to below 1, and the same in SQL over `r`. */
export const COLUMNS = [
  { name: 'qty', type: T.float, phys: 'f64', value: (r) => Math.floor(r * 50), sql: 'floor(r * 50)::double' },
  { name: 'price', type: T.float, phys: 'f64', value: (r) => r * 1e5, sql: 'r * 1e5' },
  { name: 'disc', type: T.float, phys: 'f64', value: (r) => Math.floor(r * 11) / 100, sql: 'floor(r * 11) / 100' },
  {
    name: 'ship',
    type: T.date,
    phys: 'i32',
    value: (r) => 8036 + Math.floor(r * 2500),
    sql: "date '1992-01-02' + floor(r * 2500)::int",
  },
  { name: 'small', type: T.int, phys: 'i32', value: (r) => Math.floor(r * 1e6), sql: 'floor(r * 1e6)::bigint' },
  {
    name: 'large',
    type: T.int,
    phys: 'i64',
    value: (r) => BigInt(Math.floor(r * 1e12)),
    sql: 'floor(r * 1e12)::bigint',
  },
  {
    name: 'cost',
    type: DECIMAL,
    phys: 'i64',
    value: (r) => BigInt(Math.floor(r * 1e10)),
    sql: '(floor(r * 1e10) / 100)::decimal(15, 2)',
  },
  {
    name: 'rate',
    type: DECIMAL,
    phys: 'i32',
    value: (r) => Math.floor(r * 11),
    sql: '(floor(r * 11) / 100)::decimal(15, 2)',
  },
];

const c = Object.fromEntries(COLUMNS.map(({ name, type }) => [name, { kind: 'column', name, type, nullable: true }]));
const float = (v) => lit(T.float, v);
const int = (v) => lit(T.int, v);
const day = (v) => lit(T.date, v);
const all = (...xs) => xs.reduce((a, b) => call('and', [a, b]));
const one = castTo(int(1), DECIMAL);

const Q6 = all(
  call('ge', [c.ship, day(8766)]),
  call('lt', [c.ship, day(9131)]),
  call('ge', [c.disc, float(0.05)]),
  call('le', [c.disc, float(0.07)]),
  call('lt', [c.qty, float(24)]),
);
const BANDS = {
  kind: 'case',
  type: T.float,
  nullable: true,
  branches: [
    { when: call('lt', [c.qty, float(10)]), then: c.price },
    { when: call('lt', [c.qty, float(30)]), then: call('mul', [c.price, float(0.9)]) },
  ],
  otherwise: float(0),
};

export const CASES = [
  {
    name: 'Q6: filter, product, sum',
    filter: Q6,
    output: call('mul', [c.price, c.disc]),
    sql: "price * disc from t where ship >= date '1994-01-01' and ship < date '1995-01-01' and disc >= 0.05 and disc <= 0.07 and qty < 24",
  },
  {
    name: 'half of the rows, int + 1',
    filter: call('lt', [c.small, int(500_000)]),
    output: call('add', [c.small, int(1)]),
    sql: 'small + 1 from t where small < 500000',
  },
  {
    name: 'float price*(1-disc)*(1+qty)',
    filter: null,
    output: call('mul', [call('mul', [c.price, call('sub', [float(1), c.disc])]), call('add', [float(1), c.qty])]),
    sql: 'price * (1 - disc) * (1 + qty) from t',
  },
  {
    name: 'int small*3+7',
    filter: null,
    output: call('add', [call('mul', [c.small, int(3)]), int(7)]),
    sql: 'small * 3 + 7 from t',
  },
  {
    name: 'int large*small - large%1000',
    filter: null,
    output: call('sub', [call('mul', [c.large, c.small]), call('mod', [c.large, int(1000)])]),
    sql: 'large * small - large % 1000 from t',
  },
  {
    name: 'decimal cost*(1-rate)',
    filter: null,
    output: call('mul', [c.cost, call('sub', [one, c.rate])]),
    sql: 'cost * (1::decimal(15, 2) - rate) from t',
  },
  {
    name: 'case by quantity',
    filter: null,
    output: BANDS,
    sql: 'case when qty < 10 then price when qty < 30 then price * 0.9::double else 0 end from t',
  },
  { name: 'year(ship)', filter: null, output: call('year', [c.ship]), sql: 'year(ship) from t' },
];
