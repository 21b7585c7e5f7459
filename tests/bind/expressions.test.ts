import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { exprText } from '../../compiler/explain/expr_text.ts';
import { walkExpr } from '../../engine/expr.ts';
import { typeEquals } from '../../engine/types.ts';
import { complaint, complaints, fixed, node, schema } from './harness.ts';

const people = 'from csv("people.csv")';
const orders = 'from csv("orders.csv")';

/** The type of an expression over people. */
const type = async (text: string, from = people) => (await schema(`${from} | select x = ${text}`)).replace(/^x /, '');

const types: readonly (readonly [string, string])[] = [
  ['1', 'int'],
  ['-9223372036854775808', 'int'],
  ['1.5', 'float'],
  ['1e3', 'float'],
  ['"a"', 'string'],
  ['true', 'bool'],
  ['null', 'null?'],
  ['@2024-05-01', 'date'],
  ['@12:30:00', 'time'],
  ['@2024-05-01T12:00:00Z', 'timestamp'],
  ['90d', 'interval'],
  ['[1, 2.5]', 'list<float>'],
  ['[1, null]', 'list<int?>'],
  ['{ a: 1, b: "x" }', '{ a: int, b: string }'],
  ['id + 1', 'int'],
  ['age + 1', 'int?'],
  ['id + 1.5', 'float'],
  ['id / 2', 'float'],
  ['id // 2', 'int'],
  ['id % 2', 'int'],
  ['-id', 'int'],
  ['born + 1', 'date?'],
  ['born + 1d', 'date?'],
  ['born - @2024-01-01', 'int?'],
  ['"a" + country', 'string'],
  ['id == 1', 'bool'],
  ['age == 1', 'bool?'],
  ['age is 1', 'bool'],
  ['age is not null', 'bool'],
  ['born > @2024-01-01', 'bool?'],
  ['born > @2024-01-01T00:00:00Z', 'bool?'],
  ['id between 1 and 5', 'bool'],
  ['age not between 1 and 5', 'bool?'],
  ['id in [1, 2]', 'bool'],
  ['id in [1, null]', 'bool?'],
  ['id in 3..8', 'bool'],
  ['id in []', 'bool'],
  ['id in [age, 3]', 'bool?'],
  ['name like "a%"', 'bool?'],
  ['country matches r"^U"', 'bool'],
  ['not active', 'bool?'],
  ['active and id > 3', 'bool?'],
  ['age ?? 0', 'int'],
  ['age ?? salary', 'float?'],
  ['case when id > 1 then 1 else 2.5 end', 'float'],
  ['case country when "US" then 1 end', 'int?'],
  ['age::string', 'string?'],
  ['country::int?', 'int?'],
  ['country::decimal(12, 2)', 'decimal(12, 2)'],
  ['f"{country}: {id}"', 'string'],
  ['f"{name}"', 'string?'],
  ['if(id > 1, "a", null)', 'string?'],
  ['upper(name)', 'string?'],
];

test('types and nullability', async () => {
  for (const [text, expected] of types) assert.is(await type(text), expected, text);
});

test('nested data, decimals', async () => {
  for (const [text, expected] of [
    ['item.sku', 'string?'],
    ['tags[0]', 'string?'],
    ['extra["a"]', 'json?'],
    ['amount + 1', 'decimal(13, 2)?'],
    ['amount * 0.5', 'float?'],
    ['at + 1h', 'timestamp?'],
    ['at - 1d > @2024-01-01', 'bool?'],
    ['tags is null', 'bool'],
    ['amount in [1, 2]', 'bool?'],
  ] as const)
    assert.is(await type(text, orders), expected, text);
});

test('arguments are cast, literals at once', async () => {
  const n = await node(`${people} | where salary > 3 and id + 1.5 > age`);
  assert.ok(n.op === 'filter');
  walkExpr(n.predicate, (e) => {
    if (e.kind === 'cast') assert.is(e.arg.kind, 'column');
    if (e.kind === 'call' && ['gt', 'add'].includes(e.fn)) {
      const [a, b] = e.args;
      assert.ok(a !== undefined && b !== undefined && typeEquals(a.type, b.type), exprText(e));
    }
  });
});

test('spans of expressions are where they stand', async () => {
  const text = `${people} | where age > 3`;
  const n = await node(text);
  assert.ok(n.op === 'filter');
  assert.is(text.slice(n.predicate.span?.start, n.predicate.span?.end), 'age > 3');
});

test('in: constants are collected, nulls apart', async () => {
  const n = await node(`${people} | where id in [1, 1 + 1, null]`);
  assert.ok(n.op === 'filter' && n.predicate.kind === 'in');
  assert.equal(n.op === 'filter' && n.predicate.kind === 'in' && [n.predicate.values, n.predicate.hasNull], [
    [1, 2],
    true,
  ]);
});

const wrong: readonly (readonly [string, string, string | RegExp])[] = [
  ['«age == null»', 'FLOW3004', '`== null` is never true'],
  ['«null != age»', 'FLOW3004', '`!= null` is never true'],
  ['«born > "2021-01-01"»', 'FLOW3003', 'date? and string do not compare'],
  ['«name == 5»', 'FLOW3003', 'string? and int do not compare'],
  ['age in [1, «"x"»]', 'FLOW3003', 'int? and string do not compare'],
  ['«name + 1»', 'FLOW3002', '`+` does not take string?, int'],
  ['«name * 2»', 'FLOW3002', /`\*` does not take/],
  ['«-name»', 'FLOW3002', /`-` does not take string/],
  ['«upper(age)»', 'FLOW3002', 'upper does not take int?'],
  ['not «age»', 'FLOW3001', 'what `not` negates is a bool, and this is int?'],
  ['«case when active then "x" else 3 end»', 'FLOW3005', 'the results of this case have no common type: string, int'],
  ['case when «age» then 1 end', 'FLOW3001', /behind `when` is a bool/],
  ['case country when «5» then 1 end', 'FLOW3003', /do not compare/],
  ['«age ?? "x"»', 'FLOW3005', 'the two sides of `??` have no common type: int, string'],
  ['[1, "x"][0]', 'FLOW3005', 'the items of this list have no common type: int, string'],
  ['name matches «r"("»', 'FLOW3010', /this regular expression cannot be read/],
  ['«99999999999999999999»', 'FLOW3009', '99999999999999999999 does not fit an int, which has 64 bits'],
  ['«1e999»', 'FLOW3009', '1e999 does not fit a float'],
  ['«active::date»', 'FLOW3006', 'bool? does not convert to date'],
  ['age::«integer»', 'FLOW2005', 'there is no type `integer`'],
  ['age::«decimal(50, 2)»', 'FLOW3017', 'decimal has 1 to 38 digits, not 50'],
  ['«lenght»(name)', 'FLOW2003', 'there is no function `lenght`'],
  ['age[0]', 'FLOW3019', 'int? has no items to index'],
  ['born.«year»', 'FLOW2011', 'date? has no field `year`'],
  ['«$since»', 'FLOW2004', 'there is no parameter `$since`'],
  ['«1..2»', 'FLOW3018', /a range cannot stand/],
  ['«scalar(from csv("vip.csv"))»', 'FLOW4062', /has 2 columns/],
  ['id in («from csv("vip.csv")»)', 'FLOW4062', /has 2 columns/],
  ['«name in (from csv("vip.csv") | select cust)»', 'FLOW3003', /do not compare/],
];

test('mistakes, each at its place', async () => {
  for (const [text, code, message] of wrong) {
    const whole = text.includes('«') ? text : text.replace(/^(\[.*?\]|age)/, '«$1»');
    await complaint(`${people} | derive x = ${whole}`, code, message);
  }
});

const fixes: readonly (readonly [string, string])[] = [
  ['«age == null»', 'age is null'],
  ['«age != null»', 'age is not null'],
  ['«born > "2021-01-01"»', 'born > @2021-01-01'],
  ['«age == "5"»', 'age == 5'],
  ['«name == 5»', 'name == "5"'],
  ['«lenght»(name)', 'length(name)'],
  ['«nmae» == "x"', 'name == "x"'],
  ['age::«integer»', 'age::int'],
];

test('fixes', async () => {
  for (const [marked, right] of fixes) {
    const text = `${people} | derive x = ${marked}`;
    const [start, end] = [text.indexOf('«'), text.indexOf('»') - 1];
    const plain = text.replace('«', '').replace('»', '');
    const { bound } = await import('./harness.ts');
    const [d] = (await bound(plain)).diagnostics;
    assert.ok(d !== undefined && d.span.start === start && d.span.end === end, marked);
    if (d !== undefined) assert.is(fixed(plain, d), `${people} | derive x = ${right}`);
  }
});

test('all mistakes of a file in one run, in its order', async () => {
  assert.equal(
    await complaints(`${people} | where agee > 1 | derive x = foo(age), y = name + 1 | sort zzz | take -1`),
    [
      'FLOW2002 <agee> there is no column `agee` here',
      'FLOW2003 <foo> there is no function `foo`',
      'FLOW3002 <name + 1> `+` does not take string?, int',
      'FLOW2002 <zzz> there is no column `zzz` here',
      'FLOW3015 <-1> what `take` keeps is at least 0, not -1',
    ],
  );
});

test.run();
