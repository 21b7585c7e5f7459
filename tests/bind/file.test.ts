import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bound, complaint, complaints, fixed, node, outputs, schema, shown } from './harness.ts';

const vip = 'from csv("vip.csv")';

test('a let used twice is one node', async () => {
  const [a, b] = await outputs(`let x = ${vip} | where cust > 1 from x | take 1 from x | sort level`);
  assert.ok(a?.input.inputs[0] !== undefined && a.input.inputs[0] === b?.input.inputs[0]);
});

test('lets stand in any order; ids are unique', async () => {
  const [out] = await outputs(`from b let b = from a | take 2 let a = ${vip}`);
  assert.equal([out?.input.op, out?.input.inputs[0]?.op], ['limit', 'scan']);
  assert.is.not(out?.input.id, out?.input.inputs[0]?.id);
});

test('cycles, unknown, unused, declared twice', async () => {
  await complaint(
    'let «a» = from b | take 1 let b = from a from a',
    'FLOW2007',
    'the let `a` needs itself: a -> b -> a',
  );
  await complaint('let «a» = from a from a', 'FLOW2007', 'the let `a` needs itself: a -> a');
  const marked = `let orders = ${vip} from orders from «ordrs»`;
  assert.is(
    fixed(marked, await complaint(marked, 'FLOW2001', 'there is no relation `ordrs`')),
    `let orders = ${vip} from orders from orders`,
  );
  assert.match((await complaint('from «csv»', 'FLOW2001', /`csv`/)).suggestion?.text ?? '', 'csv("…")');
  const d = await complaint(`let «a» = ${vip} ${vip}`, 'FLOW2008', 'nothing uses `a`');
  assert.is(d.severity, 'warning');
  const twice = await complaint(`let a = ${vip} let «a» = ${vip} from a`, 'FLOW2006', 'the let `a` is declared twice');
  assert.is(twice.related?.length, 1);
  assert.equal(await complaints(`let a = ${vip} | where nope > 1 from a | select cust`), [
    'FLOW2002 <nope> there is no column `nope` here',
  ]);
});

test('parameters: text by type, defaults, and what is wrong with them', async () => {
  const value = async (declared: string, given?: string) => {
    const n = await node(`param p: ${declared} ${vip} | derive x = $p`, given === undefined ? {} : { p: given });
    const last = n.op === 'project' ? n.outputs.at(-1)?.expr : undefined;
    return last?.kind === 'literal' ? last.value : 'no literal';
  };
  assert.is(await value('int', '42'), 42);
  assert.is(await value('int', '9007199254740993'), 9007199254740993n);
  assert.is(await value('date', '1970-01-03'), 2);
  assert.is(await value('decimal(6, 2)', '1.5'), 150);
  assert.is(await value('bool', 'true'), true);
  assert.is(await value('string', ''), '');
  assert.is(await value('date = @1970-01-02'), 1);
  assert.is(await value('float = 1'), 1);
  assert.is(await value('string?'), null);
  await complaint(
    `param «p»: date ${vip} | derive x = $p`,
    'FLOW3012',
    '"soon" is no date, as the parameter `p` needs',
    { p: 'soon' },
  );
  await complaint(
    `param «p»: date ${vip} | derive x = $p`,
    'FLOW2014',
    'the parameter `p: date` has no default and was not given',
  );
  await complaint(
    `param p: date = «5» ${vip} | derive x = $p`,
    'FLOW3001',
    'the parameter `p` is date, and this is int',
  );
  await complaint(`param «p»: int = 5 ${vip}`, 'FLOW2016', 'nothing uses `$p`');
  await complaint(`«»param p: int = 5 ${vip} | take $p`, 'FLOW2015', 'the file has no parameter `q`', { q: '1' });
  await complaint(`param p: int = «1 // 0» ${vip} | take $p`, 'FLOW3016', /division by zero/);
});

test('sources: options, paths, declared schemas', async () => {
  const n = await node(
    'param day: string = "people" from csv(f"{$day}.csv", delimiter: ";", nulls: ["", "NA"], header: false, skip: 2)',
  );
  assert.ok(n.op === 'scan');
  assert.equal(n.op === 'scan' && n.source.options, { delimiter: ';', nulls: ['', 'NA'], header: false, skip: 2 });
  assert.is(n.op === 'scan' && n.source.display, 'people.csv');
  assert.is(await schema('schema P { id: int, name: string? } from csv("people.csv") as P'), 'id int, name string?');
  const declared = await node('from csv("nowhere.csv") as { id: int }');
  assert.is(declared.op === 'scan' && declared.source.declared, true);
  assert.is(await schema(`let a = ${vip} from a as { level: string?, cust: int? }`), 'level string?, cust int?');
});

test('sources: mistakes', async () => {
  const d = await complaint('from csv(«"nowhere.csv"») | where x > 1 | select y', 'FLOW5001', 'no file "nowhere.csv"');
  assert.is(d.suggestion?.text, 'did you mean "people.csv"?');
  await complaint('from «cvs»("x.csv")', 'FLOW5002', 'there is no format `cvs`');
  await complaint(`${vip} | write «inbox»("x")`, 'FLOW5003', 'inbox cannot be written');
  const marked = 'from csv("vip.csv", «delimitr»: ";")';
  assert.is(
    fixed(marked, await complaint(marked, 'FLOW5004', 'csv has no option `delimitr` for reading')),
    'from csv("vip.csv", delimiter: ";")',
  );
  await complaint(
    'from csv("vip.csv", «compression»: "gzip")',
    'FLOW5004',
    'csv has no option `compression` for reading',
  );
  await complaint('from csv("vip.csv", skip: «"x"»)', 'FLOW5005', 'csv: `skip` is an int, and this is string');
  await complaint(
    'from csv("vip.csv", on_error: «"no"»)',
    'FLOW5005',
    'csv: `on_error` is one of "fail", "reject", and this is "no"',
  );
  await complaint('from «csv()»', 'FLOW5006', 'csv needs a path as its first argument');
  await complaint('from csv(«5»)', 'FLOW5006', 'csv takes a path as text, and this is int');
  await complaint('from csv(«name»)', 'FLOW2018', /a path is a constant/);
  await complaint('from csv("vip.csv") as «int»', 'FLOW5007', 'int is not a list of columns');
  await complaint('from csv("vip.csv") as { id: «strin» }', 'FLOW2005', 'there is no type `strin`');
});

test('outputs: sinks and results, in order', async () => {
  const all = await outputs(
    `${vip} | write csv("a.csv", compression: "gzip") ${vip} | take 1 ${vip} | write parquet("b.parquet")`,
  );
  assert.equal(
    all.map((o) => (o.kind === 'sink' ? [o.format, o.path, o.options] : o.kind)),
    [['csv', 'a.csv', { compression: 'gzip' }], 'result', ['parquet', 'b.parquet', {}]],
  );
  const { relations } = await bound(`let v = ${vip} from v | write csv("a.csv")`);
  assert.equal(
    relations.map((r) => `${r.name}: ${shown(r.schema)}`),
    ['v: cust int?, level int?', 'a.csv: cust int?, level int?'],
  );
  await complaint(
    `${vip} | write csv("a.csv") ${vip} | «write parquet("a.csv")»`,
    'FLOW4009',
    '"a.csv" is written twice',
  );
  await complaint(`${vip} | «write» csv("a.csv") | take 1`, 'FLOW4002', 'write cannot stand before another step');
  await complaint(`let a = ${vip} | «write» csv("a.csv") from a`, 'FLOW4002', 'write cannot stand in a let');
});

test('split: names, conditions, shares', async () => {
  const [good, bad] = await outputs(
    `let { good, bad } = ${vip} | split good when level > 1, bad otherwise from good from bad`,
  );
  assert.ok(good?.input.op === 'filter' && bad?.input.op === 'filter');
  assert.ok(good?.input.inputs[0] === bad?.input.inputs[0], 'one input');
  assert.is(bad?.input.op === 'filter' && bad.input.predicate.nullable, false);
  assert.equal(await complaints(`let { tr, te } = ${vip} | split te rest, tr 0.8 by cust seed 42 from tr from te`), []);
  await complaint(
    `let { «a», tr } = ${vip} | split tr 0.8, te rest from tr from a`,
    'FLOW4004',
    'the split has no output `a`',
  );
  await complaint(`let a = ${vip} | «split tr 0.8, te rest» from a`, 'FLOW4003', /split ends the pipeline/);
  await complaint(`let { tr, te } = ${vip} | «split tr 0.8, te 0.3» from tr from te`, 'FLOW4005', /add up to 1.1/);
  await complaint(
    `let { tr, te } = ${vip} | split tr «1.8», te rest from tr from te`,
    'FLOW3015',
    'a share is between 0 and 1, not 1.8',
  );
});

test('functions of the file are put in place', async () => {
  const fn = 'fn net(x: decimal(12, 2), rate: float = 0.2) => x::float * (1 - rate)';
  assert.is(
    await schema(`${fn} from csv("orders.csv") | select n = net(amount), m = net(id, rate: 0.5)`),
    'n float?, m float',
  );
  await complaint(
    `${fn} from csv("orders.csv") | select n = net(«status»)`,
    'FLOW3001',
    '`x` of net is decimal(12, 2), and this is string?',
  );
  await complaint(`${fn} from csv("orders.csv") | select n = «net()»`, 'FLOW3011', 'net needs `x`');
  await complaint(
    `${fn} from csv("orders.csv") | select n = net(amount, «rat: 0.5»)`,
    'FLOW3011',
    'net has no parameter `rat`',
  );
  await complaint(
    `fn f(x: int) => x + «y» ${vip} | select n = f(cust), m = f(level)`,
    'FLOW2002',
    'there is no column `y` here',
  );
  await complaint(`fn «f»(x) => f(x) ${vip} | select n = f(cust)`, 'FLOW2007', 'the function `f` needs itself: f -> f');
  assert.is(await schema(`fn avg(x) => sum(x) / count() ${vip} | summarize a = avg(level)`), 'a float?');
  const [d] = (await bound(`fn up(x) => upper(x) ${vip} | select n = up(level)`)).diagnostics;
  assert.is(d?.code, 'FLOW3002');
  assert.is(d?.related?.[0]?.message, 'in this call of up');
});

test('what comes from a file that is not there is said once', async () => {
  const not = '"./f.ts" is not there';
  await complaint(`use { f } from «"./f.ts"» ${vip} | derive x = f(cust) | where x > 1`, 'FLOW8001', not);
  await complaint(`import { r } from «"./l.flow"» from r | select a`, 'FLOW8001', '"./l.flow" is not there');
});

test('an unreadable file gives no plan and no follow-up errors', async () => {
  const { parseFile } = await import('../../grammar/parse.ts');
  const { bind } = await import('../../compiler/bind/index.ts');
  const { catalog } = await import('./harness.ts');
  for (const text of [
    'from csv("vip.csv") | wher cust > 1 | select nope',
    'let = 3\nfrom a',
    'from csv("vip.csv") | derive x = 1 +',
  ]) {
    const { ast } = parseFile(text, 'test.flow');
    const { plan, diagnostics } = await bind(ast, { params: {}, cwd: process.cwd(), sourceSchemas: catalog });
    assert.is(plan, null, text);
    assert.ok(
      diagnostics.every((d) => d.code !== 'FLOW2002'),
      text,
    );
  }
});

test.run();
