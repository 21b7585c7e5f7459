// The eight tables of TPC-H at any scale, with the distributions of the standard (its texts are prose of the same lengths from the same kind of words).
import { table } from './files.mjs';
import { generator } from './random.mjs';
import * as text from './tpch_text.mjs';

const DAY = 86_400_000;
const START = Date.UTC(1992, 0, 1);
/** The last order is 151 days before the end of 1998. */
const ORDER_DAYS = (Date.UTC(1998, 11, 31) - START) / DAY - 151;
const CURRENT = (Date.UTC(1995, 5, 17) - START) / DAY;
const date = (day) => new Date(START + day * DAY).toISOString().slice(0, 10);
const money = (cents) =>
  `${cents < 0 ? '-' : ''}${Math.floor(Math.abs(cents) / 100)}.${String(Math.abs(cents) % 100).padStart(2, '0')}`;
const numbered = (name, key) => `${name}#${String(key).padStart(9, '0')}`;
const phone = (r, nation) => `${nation + 10}-${r.int(100, 999)}-${r.int(100, 999)}-${r.int(1000, 9999)}`;

function address(r) {
  const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ';
  let s = '';
  for (let n = r.int(10, 40); n > 0; n--) s += letters[r.next() % letters.length];
  return `a${s.trim()}z`;
}

/** Numbers of rows at a scale factor. */
const sizes = (scale) => ({
  supplier: Math.max(10, Math.round(10_000 * scale)),
  part: Math.max(200, Math.round(200_000 * scale)),
  customer: Math.max(150, Math.round(150_000 * scale)),
  orders: Math.max(1500, Math.round(1_500_000 * scale)),
  clerks: Math.max(1, Math.round(1000 * scale)),
});

const retailCents = (part) => 90_000 + (Math.floor(part / 10) % 20_001) + 100 * (part % 1000);
/** The i-th of the four suppliers of a part. */
const supplierOf = (part, i, n) => ((part + i * (Math.floor(n / 4) + Math.floor((part - 1) / n))) % n) + 1;

function* region() {
  const r = generator(1);
  for (const [i, name] of text.REGIONS.entries()) yield `${i},${name},${text.prose(r, 31, 115)}`;
}

function* nation() {
  const r = generator(2);
  for (const [i, [name, region]] of text.NATIONS.entries()) yield `${i},${name},${region},${text.prose(r, 31, 114)}`;
}

function* supplier(n) {
  const r = generator(3);
  for (let key = 1; key <= n.supplier; key++) {
    const home = r.int(0, 24);
    // Of 10,000 suppliers, five have complaints and five recommendations of customers in their comment.
    const lot = r.int(1, 2000);
    const said = lot === 1 ? 'Customer about Complaints' : lot === 2 ? 'Customer fluffy Recommends' : '';
    yield `${key},${numbered('Supplier', key)},${address(r)},${home},${phone(r, home)},${money(r.int(-99_999, 999_999))},${said}${text.prose(r, 25, 100 - said.length)}`;
  }
}

function* part(n) {
  const r = generator(4);
  for (let key = 1; key <= n.part; key++) {
    const names = new Set();
    while (names.size < 5) names.add(r.pick(text.COLORS));
    const maker = r.int(1, 5);
    const type = text.TYPES.map((list) => r.pick(list)).join(' ');
    const container = text.CONTAINERS.map((list) => r.pick(list)).join(' ');
    const brand = `Manufacturer#${maker},Brand#${maker}${r.int(1, 5)}`;
    yield `${key},${[...names].join(' ')},${brand},${type},${r.int(1, 50)},${container},${money(retailCents(key))},${text.prose(r, 5, 22)}`;
  }
}

function* partsupp(n) {
  const r = generator(5);
  for (let key = 1; key <= n.part; key++) {
    for (let i = 0; i < 4; i++)
      yield `${key},${supplierOf(key, i, n.supplier)},${r.int(1, 9999)},${money(r.int(100, 100_000))},${text.prose(r, 49, 198)}`;
  }
}

function* customer(n) {
  const r = generator(6);
  for (let key = 1; key <= n.customer; key++) {
    const home = r.int(0, 24);
    yield `${key},${numbered('Customer', key)},${address(r)},${home},${phone(r, home)},${money(r.int(-99_999, 999_999))},${r.pick(text.SEGMENTS)},${text.prose(r, 29, 116)}`;
  }
}

/** One order with its lines, from a generator of its own, so that both tables can be made without the other. */
function order(i, n) {
  const r = generator(0x51ed270b + i);
  // Eight keys of every 32 are in use; a third of the customers never order.
  const key = (i >> 3) * 32 + (i & 7) + 1;
  let buyer = r.int(1, n.customer);
  if (buyer % 3 === 0) buyer += buyer < n.customer ? 1 : -1;
  const day = r.int(0, ORDER_DAYS);
  const lines = [];
  for (let k = r.int(1, 7); k > 0; k--) {
    const item = r.int(1, n.part);
    const quantity = r.int(1, 50);
    const [ship, commit] = [day + r.int(1, 121), day + r.int(30, 90)];
    const receipt = ship + r.int(1, 30);
    lines.push({
      item,
      quantity,
      ship,
      commit,
      receipt,
      price: quantity * retailCents(item),
      discount: r.int(0, 10),
      tax: r.int(0, 8),
      supplier: supplierOf(item, r.int(0, 3), n.supplier),
      flag: receipt <= CURRENT ? r.pick(['R', 'A']) : 'N',
      status: ship > CURRENT ? 'O' : 'F',
    });
  }
  return { key, buyer, day, lines, r };
}

function* orders(n) {
  for (let i = 0; i < n.orders; i++) {
    const { key, buyer, day, lines, r } = order(i, n);
    const states = new Set(lines.map((l) => l.status));
    const status = states.size > 1 ? 'P' : lines[0].status;
    const total = lines.reduce((s, l) => s + Math.floor((l.price * (100 - l.discount) * (100 + l.tax)) / 10_000), 0);
    yield `${key},${buyer},${status},${money(total)},${date(day)},${r.pick(text.PRIORITIES)},${numbered('Clerk', r.int(1, n.clerks))},0,${text.prose(r, 19, 78)}`;
  }
}

function* lineitem(n) {
  for (let i = 0; i < n.orders; i++) {
    const { key, lines, r } = order(i, n);
    for (const [k, l] of lines.entries()) {
      const amounts = `${l.quantity},${money(l.price)},${money(l.discount)},${money(l.tax)},${l.flag},${l.status}`;
      const dates = `${date(l.ship)},${date(l.commit)},${date(l.receipt)}`;
      yield `${key},${l.item},${l.supplier},${k + 1},${amounts},${dates},${r.pick(text.INSTRUCTIONS)},${r.pick(text.MODES)},${text.prose(r, 10, 43)}`;
    }
  }
}

const MONEY = 'decimal(15, 2)';
const columns = (prefix, list) =>
  list.split(' ').map((c) => {
    const [name, type = 'string'] = c.split(':');
    return [`${prefix}_${name}`, type === 'money' ? MONEY : type];
  });
const TABLES = {
  region: [region, columns('r', 'regionkey:int name comment')],
  nation: [nation, columns('n', 'nationkey:int name regionkey:int comment')],
  supplier: [supplier, columns('s', 'suppkey:int name address nationkey:int phone acctbal:money comment')],
  part: [part, columns('p', 'partkey:int name mfgr brand type size:int container retailprice:money comment')],
  partsupp: [partsupp, columns('ps', 'partkey:int suppkey:int availqty:int supplycost:money comment')],
  customer: [customer, columns('c', 'custkey:int name address nationkey:int phone acctbal:money mktsegment comment')],
  orders: [
    orders,
    columns(
      'o',
      'orderkey:int custkey:int orderstatus totalprice:money orderdate:date orderpriority clerk shippriority:int comment',
    ),
  ],
  lineitem: [
    lineitem,
    columns(
      'l',
      'orderkey:int partkey:int suppkey:int linenumber:int quantity:money extendedprice:money discount:money tax:money returnflag linestatus shipdate:date commitdate:date receiptdate:date shipinstruct shipmode comment',
    ),
  ],
};

/** All tables at a scale factor; 1 has about 6,000,000 lines of orders. */
export const tpchTables = (scale, formats) =>
  Object.fromEntries(
    Object.entries(TABLES).map(([name, [lines, cols]]) => [
      name,
      table({ folder: `tpch-${scale}`, name, columns: cols, lines: () => lines(sizes(scale)) }, formats),
    ]),
  );
