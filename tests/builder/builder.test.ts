import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  asc,
  col,
  count,
  countDistinct,
  csv,
  cube,
  desc,
  except,
  expr,
  type Flow,
  FlowSyntaxError,
  fileOf,
  flow,
  flowText,
  fn,
  gbt,
  lag,
  lastValue,
  lit,
  logistic,
  logUniform,
  max,
  mean,
  ndjson,
  param,
  parquet,
  quantile,
  range,
  rank,
  rollup,
  rowNumber,
  scalar,
  sets,
  sql,
  sum,
  uniform,
  when,
} from '../../compiler/builder/index.ts';

import { withoutSpans } from '../../compiler/builder/text.ts';
import type { FlowFile } from '../../grammar/ast.ts';
import { parseFile } from '../../grammar/parse.ts';
import { printFile } from '../../grammar/print.ts';

/** The AST of a file, without the places. */
function parsed(text: string): FlowFile {
  const { ast, diagnostics } = parseFile(text, 'test.flow');
  assert.equal(
    diagnostics.map((d) => d.message),
    [],
  );
  return withoutSpans(ast);
}

/** The builder's file has the AST of the text, and prints like it. */
function same(text: string, ...flows: readonly Flow[]): void {
  assert.equal(fileOf(...flows), parsed(text));
  assert.is(flowText(...flows), printFile(parsed(text)));
}

test('sample, shuffle, repartition', () => {
  same(
    'from csv("x.csv") | sample 0.01 seed 1 | sample 10 | sample 1.0 | shuffle seed 7 | shuffle | repartition 64 by k | repartition by range ts desc | repartition 4',
    flow(csv('x.csv'))
      .sample(0.01, { seed: 1 })
      .sample(10)
      .sample({ share: 1 })
      .shuffle({ seed: 7 })
      .shuffle()
      .repartition({ count: 64, by: 'k' })
      .repartition({ range: desc('ts') })
      .repartition({ count: 4 }),
  );
});

test('sql', () => {
  const shared = flow(csv('x.csv')).where('a > 1');
  const top = sql(
    ' select k, count(*) as n from orders join c using (k) group by 1 ',
    { k: 'int?', n: 'int' },
    { orders: shared, c: csv('c.csv') },
  );
  same(
    `let shared = from csv("x.csv") | where a > 1
     let orders = from shared
     let c = from csv("c.csv")
     sql """ select k, count(*) as n from orders join c using (k) group by 1 """ as { k: int?, n: int } | sort n
     from shared`,
    top.sort('n'),
    shared,
  );
  assert.throws(
    () => flowText(top, sql('select 1 as x from orders', { x: 'int' }, { orders: csv('other.csv') })),
    /another flow has that name/,
  );
});

test('tune', () => {
  const { model, trials } = flow(csv('x.csv')).tune(
    gbt({ trees: [100, 200], depth: range(3, 8), learning_rate: logUniform(0.01, 0.3), l2: uniform(0, 2) }),
    { label: 'y', features: except(), metric: 'rmse', trials: 20, folds: 5, halving: 3, seed: 7 },
  );
  same(
    `let { model, trials } = from csv("x.csv")
       | tune gbt(trees: [100, 200], depth: 3..8, learning_rate: log_uniform(0.01, 0.3), l2: uniform(0, 2))
         label y features * metric rmse trials 20 folds 5 halving 3 seed 7
     from trials
     from csv("z.csv") | predict model as p`,
    trials,
    flow(csv('z.csv')).predict(model, { as: 'p' }),
  );
});

test('expect', () => {
  same(
    'from csv("x.csv") | expect a >= 0 : "negative", b > 1 else quarantine("r.csv") | expect unique(id) | expect count() > 1 else warn',
    flow(csv('x.csv'))
      .expect([{ condition: 'a >= 0', message: 'negative' }, col('b').gt(1)], { else: { quarantine: 'r.csv' } })
      .expect('unique(id)')
      .expect(count().gt(1), { else: 'warn' }),
  );
});

test('windows, the first rows of groups, fill', () => {
  same(
    'from csv("x.csv") | derive r = rank() over (by region sort revenue desc), m = mean(x) over (by a, b sort day rows -6..0), s = sum(x) over (sort day range -30d..), p = lag(x, offset: 2, default: 0) over (sort day), n = row_number() over (), l = last_value(x, ignore_nulls: true) over (sort day rows ..)',
    flow(csv('x.csv')).derive({
      r: rank().over({ by: 'region', sort: desc('revenue') }),
      m: mean('x').over({ by: ['a', 'b'], sort: 'day', rows: [-6, 0] }),
      s: sum('x').over({ sort: ['day'], range: ['-30d', null] }),
      p: lag('x', { offset: 2, default: '0' }).over({ sort: 'day' }),
      n: rowNumber().over(),
      l: lastValue('x', { ignoreNulls: true }).over({ sort: 'day', rows: [null, null] }),
    }),
  );
  same(
    'from csv("x.csv") | take 3 sort revenue desc, id by region | take 2.. by y = year(d) | fill a = 0, b = mean(b) | fill forward a sort d by k | fill backward a, b',
    flow(csv('x.csv'))
      .take(3, { sort: [desc('revenue'), 'id'], by: 'region' })
      .take({ from: 2 }, { by: { y: fn('year', 'd') } })
      .fill({ a: '0', b: mean('b') })
      .fill('forward', 'a', { sort: 'd', by: 'k' })
      .fill('backward', ['a', 'b']),
  );
  assert.throws(() => col('x').over(), /over needs a call of a function/);
});

test('rows: where, remove, sort, take, skip, distinct', () => {
  same(
    'from csv("x.csv") | where delay > 15 | remove status == "test" | sort n desc, name | take 10',
    flow(csv('x.csv')).where(col('delay').gt(15)).remove(col('status').eq('test')).sort(desc('n'), 'name').take(10),
  );
  same(
    'from csv("x.csv") | sort a desc nulls first, b | take 11..20 | skip 3 | distinct | distinct a, k = lower(b) | take 5..',
    flow(csv('x.csv'))
      .sort([col('a').desc().nullsFirst(), asc('b')])
      .take({ from: 11, to: 20 })
      .skip(3)
      .distinct()
      .distinct('a', { k: fn('lower', 'b') })
      .take({ from: 5 }),
  );
});

test('columns: derive, select, drop, rename', () => {
  same(
    'from parquet("x.parquet") | derive gain = a - b, up = upper(name) | select *, "x_*", id, n = gain * 2 | drop a, "b_*" | rename c = d',
    flow(parquet('x.parquet'))
      .derive({ gain: col('a').sub(col('b')), up: fn('upper', col('name')) })
      .select('*', 'x_*', 'id', { n: 'gain * 2' })
      .drop('a', 'b_*')
      .rename({ c: 'd' }),
  );
  same('from csv("x.csv") | select * except a, b', flow(csv('x.csv')).select(except('a', 'b')));
});

test('summarize: aggregates and keys', () => {
  same(
    'from csv("x.csv") | summarize n = count(), avg = mean(delay), d = count(distinct id), q = quantile(x, 0.9), r = sum(a) / max(b) by origin, y = year(at)',
    flow(csv('x.csv')).summarize(
      { n: count(), avg: mean('delay'), d: countDistinct('id'), q: quantile('x', 0.9), r: sum('a').div(max('b')) },
      { by: ['origin', { y: fn('year', 'at') }] },
    ),
  );
});

test('sources and sinks: options, a stated schema', () => {
  same(
    'from csv("o-*.csv", nulls: ["", "NA"], header: true, skip: 2) as { id: int, amount: decimal(12, 2)?, tags: list<string> } | write parquet("out.parquet", compression: "zstd")',
    flow(csv('o-*.csv', { nulls: ['', 'NA'], header: true, skip: 2 }), {
      id: 'int',
      amount: 'decimal(12, 2)?',
      tags: 'list<string>',
    }).write(parquet('out.parquet', { compression: 'zstd' })),
  );
});

test('join: a source, a pipeline, a named flow', () => {
  same(
    'from csv("o.csv") | join left csv("c.csv") as c on customer_id == c.id and c.active matching one add customer = c.name, c.tier',
    flow(csv('o.csv')).join('left', csv('c.csv'), {
      as: 'c',
      on: expr('customer_id == c.id and c.active'),
      matching: 'one',
      add: [{ customer: col('c').field('name') }, 'c.tier'],
    }),
  );
  same(
    'from csv("o.csv") | join cross csv("d.csv") as d add d.day',
    flow(csv('o.csv')).join('cross', csv('d.csv'), { as: 'd', add: 'd.day' }),
  );
  same(
    'from csv("o.csv") | join asof csv("fx.csv") as f on ccy == f.ccy and at >= f.at add f.rate',
    flow(csv('o.csv')).join('asof', csv('fx.csv'), { as: 'f', on: 'ccy == f.ccy and at >= f.at', add: 'f.rate' }),
  );
  same(
    'from csv("o.csv") | join semi (from csv("v.csv") | where active) as v on id == v.cust',
    flow(csv('o.csv')).join('semi', flow(csv('v.csv')).where('active'), { as: 'v', on: 'id == v.cust' }),
  );
  const fx = flow(csv('fx.csv')).where('rate > 0').named('fx');
  same(
    'let fx = from csv("fx.csv") | where rate > 0\nfrom csv("o.csv") | join inner fx on ccy == fx.ccy',
    flow(csv('o.csv')).join('inner', fx, { on: 'ccy == fx.ccy' }),
  );
});

test('union', () => {
  const more = flow(csv('b.csv')).where('x > 1');
  same(
    'from csv("a.csv") | union csv("c.csv"), (from csv("b.csv") | where x > 1)',
    flow(csv('a.csv')).union([csv('c.csv'), more]),
  );
  same(
    'from csv("a.csv") | union distinct by name csv("c.csv")',
    flow(csv('a.csv')).union(flow(csv('c.csv')), { distinct: true, byName: true }),
  );
});

test('explode, pivot, unpivot, lambdas', () => {
  same('from csv("x.csv") | explode tags', flow(csv('x.csv')).explode('tags'));
  same(
    'from csv("x.csv") | explode outer items as item, tags, range(3) as n',
    flow(csv('x.csv')).explode([{ item: 'items' }, 'tags', { n: 'range(3)' }], { outer: true }),
  );
  same(
    'from csv("x.csv") | pivot month values ["jan", "feb"] into sum(rev) by product',
    flow(csv('x.csv')).pivot('month', ['jan', 'feb'], sum('rev'), { by: 'product' }),
  );
  same(
    'from csv("x.csv") | pivot year(d) values range(3) into n = count(), total = sum(rev)',
    flow(csv('x.csv')).pivot('year(d)', expr('range(3)'), { n: count(), total: sum('rev') }),
  );
  same(
    'from csv("x.csv") | derive both = [a, { b: b }], up = list_transform(tags, (t, i) => upper(t))',
    flow(csv('x.csv')).derive({ both: '[a, { b: b }]', up: 'list_transform(tags, (t, i) => upper(t))' }),
  );
  same(
    'from csv("x.csv") | unpivot jan, "m_*", y = x * 2 into month, rev',
    flow(csv('x.csv')).unpivot(['jan', 'm_*', { y: 'x * 2' }], { name: 'month', value: 'rev' }),
  );
});

test('what several flows go on from is a let, read once', () => {
  const clean = flow(csv('x.csv')).where('a > 0');
  same(
    'let shared = from csv("x.csv") | where a > 0\nfrom shared | write ndjson("clean.ndjson")\nfrom shared | summarize n = count()',
    clean.write(ndjson('clean.ndjson')),
    clean.summarize({ n: count() }),
  );
  const named = clean.named('clean');
  same('let clean = from csv("x.csv") | where a > 0\nfrom clean | sort a\nfrom clean', named.sort('a'), named);
});

test('split, train, predict, evaluate', () => {
  const features = flow(csv('f.csv'));
  const { tr, te } = features.split({ tr: 0.8, te: 'rest' }, { by: 'id', seed: 42 });
  const m = tr.train(gbt({ trees: 200, learning_rate: 0.05 }), {
    label: 'churned',
    features: ['age', { log_spend: fn('log1p', 'spend') }, fn('onehot', 'country')],
    seed: 42,
  });
  same(
    `let { tr, te } = from csv("f.csv") | split tr 0.8, te rest by id seed 42
let m = from tr | train gbt(trees: 200, learning_rate: 0.05) label churned features age, log_spend = log1p(spend), onehot(country) seed 42
from te | evaluate m by country | write csv("metrics.csv")
from te | predict m as p | write parquet("scores.parquet")`,
    te.evaluate(m.named('m'), { by: 'country' }).write(csv('metrics.csv')),
    te.predict(m, { as: 'p' }).write(parquet('scores.parquet')),
  );
  same(
    'let model = from csv("f.csv") | train logistic() label y features *\nfrom csv("g.csv") | predict model',
    flow(csv('g.csv')).predict(features.train(logistic(), { label: 'y', features: '*' })),
  );
});

test('split by conditions', () => {
  const { good, bad } = flow(csv('o.csv')).split({ good: 'status == "ok"', bad: 'rest' });
  same(
    'let { good, bad } = from csv("o.csv") | split good when status == "ok", bad rest\nfrom good | write csv("g.csv")\nfrom bad | write csv("b.csv")',
    good.write(csv('g.csv')),
    bad.write(csv('b.csv')),
  );
});

test('expressions: every method has its operator', () => {
  const a = col('a');
  const shown: [string, { toString(): string }][] = [
    ['a + 1', a.add(1)],
    ['a - 1.5', a.sub(1.5)],
    ['a * -2', a.mul(-2)],
    ['a / b', a.div(col('b'))],
    ['a // 2', a.intDiv(2)],
    ['a % 2', a.mod(2)],
    ['-a', a.neg()],
    ['a == "x"', a.eq('x')],
    ['a != true', a.ne(true)],
    ['a < 1', a.lt(1)],
    ['a <= 1', a.le(1)],
    ['a > 1', a.gt(1)],
    ['a >= 1', a.ge(1)],
    ['a is null', a.isNull()],
    ['a is not null', a.isNotNull()],
    ['a is b', a.is(col('b'))],
    ['not a', a.not()],
    ['a and (b or c)', a.and(col('b').or(col('c')))],
    ['a like "x%"', a.like('x%')],
    ['a not matches "x"', a.notMatches('x')],
    ['a between 1 and 2', a.between(1, 2)],
    ['a not in [1, 2]', a.notIn([1, 2])],
    ['a ?? 0', a.coalesce(0)],
    ['a::decimal(12, 2)', a.cast('decimal(12, 2)')],
    ['a::int?', a.castOrNull('int')],
    ['a.b[0]', a.field('b').at(0)],
    ['(a + 1) * 2', a.add(1).mul(2)],
    ['9007199254740993', lit(9007199254740993n)],
    ['@2024-05-01T12:00:00.000Z', lit(new Date('2024-05-01T12:00:00Z'))],
    ['`unit price`', col('unit price')],
    ['case when a > 1 then "x" when b then "y" else null end', when('a > 1', 'x').when('b', 'y').otherwise(null)],
    ['a > 15 and b == "q\\"" or c', expr`a > ${15} and b == ${'q"'} or ${col('c')}`],
  ];
  for (const [text, built] of shown) assert.is(String(built), text);
});

test('parameters are declared where they are used', () => {
  const least = param('least', 'int', 10);
  const share = param('share', 'float');
  const clean = flow(csv('x.csv')).where(col('n').ge(least).and(expr`m / n > ${share}`));
  same(
    'param least: int = 10\nparam share: float\nlet clean = from csv("x.csv") | where n >= $least and m / n > $share\nfrom clean | sort n\nfrom clean | where n > $least * 2',
    clean.named('clean').sort('n'),
    clean.where(expr`n > ${least} * 2`),
  );
  assert.throws(
    () => fileOf(clean.where(col('a').is(param('least', 'string')))),
    (error: unknown) => error instanceof Error && error.message === 'two different parameters are called least',
  );
});

test('text that is no expression is refused with its place', () => {
  assert.throws(
    () => flow(csv('x.csv')).where('a >'),
    (error: unknown) => error instanceof FlowSyntaxError && /cannot read "a >"/.test(error.message),
  );
  const refused = (run: () => unknown) => assert.throws(run, (error: unknown) => error instanceof FlowSyntaxError);
  refused(() => expr('a | take 1'));
  refused(() => expr('a) | where (b'));
  refused(() => col('a').cast('int, b: int'));
  assert.throws(
    () => lit(Number.NaN),
    (error: unknown) => error instanceof TypeError,
  );
});

test('flows as values, sets and subtotals', () => {
  const orders = flow(csv('o.csv'));
  const top = flow(csv('t.csv')).summarize({ m: 'max(x)' });
  same(
    'from csv("o.csv") | where x > scalar(from csv("t.csv") | summarize m = max(x))',
    orders.where(col('x').gt(scalar(top))),
  );
  same(
    'from csv("o.csv") | where k not in (from csv("v.csv") | select id) | derive hit = k in (from csv("t.csv") | summarize m = max(x))',
    orders.where(col('k').notIn(flow(csv('v.csv')).select('id'))).derive({ hit: col('k').in(top) }),
  );
  same(
    'let top = from csv("t.csv") | summarize m = max(x)\nfrom csv("o.csv") | where x > scalar(from top) | derive d = x - scalar(from top)',
    orders.where(col('x').gt(scalar(top.named('top')))).derive({ d: col('x').sub(scalar(top)) }),
  );
  same(
    'from csv("o.csv") | join csv("c.csv") as c on k == c.k and x < scalar(from csv("t.csv") | summarize m = max(x)) add c.w',
    orders.join('inner', csv('c.csv'), { as: 'c', on: expr('k == c.k').and(col('x').lt(scalar(top))), add: 'c.w' }),
  );
  same('from csv("o.csv") | except csv("v.csv")', orders.except(csv('v.csv')));
  same(
    'from csv("o.csv") | intersect all by name csv("v.csv"), csv("w.csv")',
    orders.intersect([csv('v.csv'), csv('w.csv')], { all: true, byName: true }),
  );
  same(
    'from csv("o.csv") | summarize n = count() by c, rollup(a, y = year(d)), cube(b), sets((a, b), (a), ())',
    orders.summarize(
      { n: count() },
      { by: ['c', rollup('a', { y: 'year(d)' }), cube('b'), sets(['a', 'b'], 'a', [])] },
    ),
  );
  assert.throws(() => expr`x > ${scalar(top)}`, /cannot stand in the text/);
});

test.run();
