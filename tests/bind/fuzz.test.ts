// Whatever is written, binding ends in a plan or in diagnostics: it never throws, and never gives a plan with unknown types.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bind } from '../../compiler/bind/index.ts';
import type { LogicalNode } from '../../compiler/logical.ts';
import { optimize } from '../../compiler/optimize/index.ts';
import { planPhysical } from '../../compiler/physical/planner.ts';
import { hasErrors } from '../../grammar/diagnostics.ts';
import { parseFile } from '../../grammar/parse.ts';
import { catalog } from './harness.ts';

const name = fc.constantFrom(
  'id',
  'name',
  'age',
  'salary',
  'active',
  'born',
  'country',
  'cust',
  'level',
  'item',
  'tags',
  'amount',
  'at',
  'nope',
  'v',
);
const leaf = fc.oneof(
  name,
  fc.constantFrom(
    '1',
    '-2',
    '1.5',
    '"x"',
    'null',
    'true',
    '@2024-05-01',
    '@2024-05-01T10:00:00Z',
    '3d',
    '[1, 2]',
    '{ a: 1 }',
    '$p',
    '$q',
    'v.cust',
    'item.qty',
    'tags[0]',
    'm.x',
  ),
);
const { expr } = fc.letrec<{ expr: string }>((tie) => ({
  expr: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc
      .tuple(
        tie('expr'),
        fc.constantFrom(
          '+',
          '-',
          '*',
          '/',
          '//',
          '%',
          '==',
          '!=',
          '<',
          '>=',
          'is',
          'is not',
          'and',
          'or',
          '??',
          'like',
          'matches',
        ),
        tie('expr'),
      )
      .map(([a, op, b]) => `(${a} ${op} ${b})`),
    fc.tuple(fc.constantFrom('not ', '-'), tie('expr')).map(([op, a]) => `(${op}${a})`),
    fc
      .tuple(
        fc.constantFrom(
          'upper',
          'sum',
          'count',
          'mean',
          'if',
          'coalesce',
          'round',
          'year',
          'f',
          'nofn',
          'max',
          'concat',
          'first',
        ),
        fc.array(tie('expr'), { maxLength: 3 }),
      )
      .map(([fn, args]) => `${fn}(${args.join(', ')})`),
    fc
      .tuple(tie('expr'), fc.constantFrom('int', 'string?', 'date', 'decimal(5, 2)', 'list<int>', 'S', 'json'))
      .map(([a, t]) => `(${a})::${t}`),
    fc.tuple(tie('expr'), tie('expr'), tie('expr')).map(([a, b, c]) => `case when ${a} then ${b} else ${c} end`),
    fc.tuple(tie('expr'), tie('expr'), tie('expr')).map(([a, b, c]) => `(${a} between ${b} and ${c})`),
    fc.tuple(tie('expr'), fc.array(tie('expr'), { maxLength: 3 })).map(([a, b]) => `(${a} in [${b.join(', ')}])`),
    tie('expr').map((a) => `f"x{${a.replaceAll('"', "'").replaceAll("'", '')}}"`),
  ),
}));
const named = fc.oneof(
  name,
  fc.tuple(name, expr).map(([n, e]) => `${n} = ${e}`),
);
const list = fc.array(named, { minLength: 1, maxLength: 3 }).map((items) => items.join(', '));
const relation = fc.constantFrom(
  'a',
  'b',
  'm',
  'csv("vip.csv")',
  'csv("more.csv")',
  '(from csv("orders.csv") | take 3)',
  'missing',
);
const step = fc.oneof(
  expr.map((e) => `where ${e}`),
  expr.map((e) => `remove ${e}`),
  list.map((l) => `derive ${l}`),
  list.map((l) => `select ${l}`),
  fc.constantFrom(
    'select *',
    'select "*a*", *',
    'drop id',
    'drop "*e"',
    'rename x = id, id = age',
    'distinct',
    'take 5',
    'take 2..3',
    'skip 1',
    'sample 0.1',
  ),
  fc.tuple(list, list).map(([l, k]) => `summarize ${l} by ${k}`),
  list.map((l) => `summarize ${l}`),
  fc.tuple(expr, fc.constantFrom('', ' desc', ' nulls first')).map(([e, d]) => `sort ${e}${d}`),
  list.map((l) => `distinct ${l}`),
  fc
    .tuple(
      fc.constantFrom('', 'left ', 'semi ', 'anti ', 'full '),
      relation,
      expr,
      fc.constantFrom('', ' add v.level', ' add n = v.cust + 1'),
    )
    .map(([k, r, e, a]) => `join ${k}${r} as v on id == v.cust and ${e}${a}`),
  fc.tuple(fc.constantFrom('', 'distinct ', 'by name '), relation).map(([q, r]) => `union ${q}${r}`),
  fc
    .tuple(fc.constantFrom('linear', 'logistic', 'gbt', 'no'), expr, list)
    .map(([a, l, f]) => `train ${a}() label ${l} features ${f}`),
  fc.constantFrom(
    'predict m as p',
    'predict m',
    'evaluate m by country',
    'evaluate m',
    'predict a',
    'write csv("x.csv")',
    'write parquet("y")',
  ),
);
const pipeline = fc.array(step, { maxLength: 5 }).map((steps) => ['from csv("people.csv")', ...steps].join(' | '));
const file = fc
  .tuple(pipeline, pipeline, pipeline, expr)
  .map(
    ([a, b, c, e]) =>
      `param p: int = 3 schema S { x: int } fn f(x, y: int = 2) => x + y fn g(x: int) => ${e}\nlet a = ${a}\nlet b = ${b.replace('csv("people.csv")', 'a')}\n` +
      `let m = from csv("people.csv") | train linear() label salary features age\n${c}`,
  );

function nodesOf(nodes: readonly LogicalNode[], into: Set<LogicalNode> = new Set()): Set<LogicalNode> {
  for (const one of nodes) {
    if (into.has(one)) continue;
    into.add(one);
    nodesOf(one.inputs, into);
  }
  return into;
}

function checkWhole(outputs: readonly { readonly input: LogicalNode }[]): void {
  for (const one of nodesOf(outputs.map((output) => output.input))) {
    assert.is(new Set(one.schema.map((f) => f.name)).size, one.schema.length, `names of ${one.label}`);
    assert.not.match(
      JSON.stringify({ ...one, inputs: [] }, (_, v) => (typeof v === 'bigint' ? String(v) : v)),
      /\\u0000/,
    );
  }
}

test('binding never throws', async () => {
  await fc.assert(
    fc.asyncProperty(file, async (text) => {
      const { ast } = parseFile(text, 'fuzz.flow');
      const { plan, diagnostics } = await bind(ast, { params: {}, cwd: process.cwd(), sourceSchemas: catalog });
      assert.is(plan !== null && hasErrors(diagnostics), false);
      for (const d of diagnostics) assert.ok(d.span.start <= d.span.end && d.span.end <= text.length);
      if (plan === null) return;
      checkWhole(plan.outputs);
    }),
    { numRuns: 250, seed: 11 },
  );
});

/** Steps that fit rows with id, age, country and name, and leave such rows. */
const fitting = fc.constantFrom(
  'where age > 3 and country in ["US", "CA"]',
  'where name is not null or id between 1 and 5',
  'remove country like "U%"',
  'derive age = age ?? 0, next = age + 1, half = next / 2',
  'derive label = f"{name}: {id}", old = case when age > 60 then "old" else null end',
  'derive y = year(@2024-01-01 + 1d), name = upper(name)',
  'select id, name, age, country',
  'select *, again = id * 2 | drop again',
  'rename x = age | rename age = x',
  'sort age desc nulls first, lower(name)',
  'take 2..30',
  'skip 1',
  'take 5 sort id',
  'distinct',
  'distinct country, name',
  'distinct id % 3',
  'join left csv("vip.csv") as v on id == v.cust and v.level > age add level_of = v.level | drop level_of',
  'join csv("more.csv") as m on m.level == id matching at most one add z = m.cust + age, w = m.cust | drop z, w',
  'join semi (from csv("vip.csv") | where level > 3) as v on v.cust == id',
  'join anti csv("orders.csv") as o on o.person == id and o.amount > age',
  'union by name csv("people.csv") | where id is not null | derive id = id ?? 0',
  'summarize age = max(age), n = count(), r = sum(id) / count() by id, name = name, country | select id, name, age, country',
);
const ending = fc.constantFrom(
  '',
  ' | summarize n = count()',
  ' | summarize s = sum(age) / count(distinct country), c = country by country | sort s desc | take 3',
  ' | write csv("out.csv")',
);
const good = fc
  .tuple(fc.array(fitting, { maxLength: 6 }), fc.array(fitting, { maxLength: 3 }), ending, ending)
  .map(
    ([a, b, x, y]) =>
      `let a = ${['from csv("people.csv")', ...a].join(' | ')}\nlet { tr, te } = from a | select id, name, age, country | split tr 0.7, te rest by id\n` +
      `let m = from tr | train linear() label id features age, onehot(country)\n${['from a', ...b].join(' | ')}${x}\n${['from te', ...b].join(' | ')}${y.replace('out', 'te')}\n` +
      'from te | predict m as guess | take 3\nfrom te | evaluate m by country',
  );

test('what fits gives a plan, which the rules and the planner take', async () => {
  await fc.assert(
    fc.asyncProperty(good, async (text) => {
      const { ast } = parseFile(text, 'fuzz.flow');
      const result = await bind(ast, { params: {}, cwd: process.cwd(), sourceSchemas: catalog });
      assert.equal(
        result.diagnostics.filter((d) => d.severity === 'error').map((d) => d.message),
        [],
        text,
      );
      assert.ok(result.plan !== null);
      if (result.plan === null) return;
      checkWhole(result.plan.outputs);
      const { plan: better } = optimize(result.plan);
      planPhysical(better, new Map());
    }),
    { numRuns: 150, seed: 5 },
  );
});

test('spoiled files: any cut of a good one', async () => {
  const good =
    'param p: int = 3\nlet a = from csv("people.csv") | where age > $p and name like "x%" | derive x = age + 1\n' +
    'from a | join left csv("vip.csv") as v on id == v.cust add v.level | summarize n = count(), s = sum(x) / 2 by country | sort n desc | take 3 | write csv("o.csv")\n';
  for (let cut = 0; cut < good.length; cut += 2) {
    for (const text of [good.slice(0, cut), good.slice(cut), good.slice(0, cut) + good.slice(cut + 3)]) {
      const { ast } = parseFile(text, 'cut.flow');
      await bind(ast, { params: {}, cwd: process.cwd(), sourceSchemas: catalog });
    }
  }
});

test.run();
