// Random small pipelines over small files, with all rules, with each rule alone switched off, and with none: the same rows.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { logicalText } from '../../compiler/explain/logical_text.ts';
import { RULES } from '../../compiler/optimize/index.ts';
import { type CompileOptions, check, Engine, plan } from '../../index.ts';
import { tempDir } from '../e2e/harness.ts';
import { rows } from '../golden/script.ts';

const dir = tempDir();
const names = ['ann', 'bob', '', 'ümit', 'cat'];
const cell = (x: number, values: number): string => (x % 11 === 0 ? '' : String((x * 7) % values));
writeFileSync(
  join(dir, 'a.csv'),
  `id,g,v,s\n${Array.from({ length: 60 }, (_, i) => `${i},${cell(i, 5)},${cell(i * 3, 23)},${names[i % names.length]}`).join('\n')}\n`,
);
writeFileSync(join(dir, 'b.csv'), `k,w\n${Array.from({ length: 9 }, (_, i) => `${i % 6},${i * 10}`).join('\n')}\n`);
// Keys are unique, for joins that bound their matches.
writeFileSync(join(dir, 'c.csv'), `k,t\n${Array.from({ length: 4 }, (_, i) => `${i},t${i}`).join('\n')}\n`);

const condition = fc.constantFrom(
  'g > 1',
  'v < 12 or v is null',
  's == "ann"',
  'g is not null and v + 1 > 3',
  'not (g == 2)',
  'v / 2 > g',
  'id != 7 and 100 // (id - 7) > 0',
  '1 == 1',
  'id > 20 and 1 == 1',
  's like "%b%" or id in [1, 2, 3, 40]',
);
const where = condition.map((c) => `where ${c}`);
const cut = fc.constantFrom(
  'take 15',
  'skip 3',
  'take 25 | skip 10',
  'skip 2 | take 9',
  'sort id desc | take 20',
  'sort v, id | skip 5',
);
const joined = fc.constantFrom(
  'w > 30',
  'w is null',
  'w > 10 and g > 1',
  'w > v',
  'w == 20 or v > 3',
  'not (w < 40)',
  'g == 2',
);
const followed = (a: fc.Arbitrary<string>, b: fc.Arbitrary<string>) => fc.tuple(a, b).map(([x, y]) => `${x} | ${y}`);

/** Steps that leave the columns id, g, v, s, and no others. */
const step = fc.oneof(
  where,
  fc.constantFrom(
    'derive v = v + 1',
    'derive v = v + v, g = g',
    'derive g = if(v > 10, g, 0)',
    'derive x = v * 2 | drop x',
    'rename q = v | rename v = q',
    'select s, v, g, id',
    'remove s == "bob"',
    'derive v = v - lag(v, 1, 0) over (by g sort v, id)',
    'derive x = row_number() over (by g sort v desc, id) | where x <= 2 and g > 0 | drop x',
    'derive x = sum(v) over (by s), y = rank() over (sort v) | where x > 20 | drop x, y',
    'where count() over (by g, s) > 1 or row_number() over (sort id) < 9',
    'sort id desc | derive x = row_number() over (sort id desc) | where x < 30 | drop x',
    'sort max(v) over (by g) desc, id',
    'fill forward v sort id by g',
  ),
  followed(cut, fc.oneof(where, cut)),
  followed(
    fc.constantFrom(
      'sort v desc, id',
      'sort g + 1, id desc',
      'take 2 sort v, id by g',
      'take 2.. by s',
      'distinct',
      'distinct g',
      'distinct g, s',
    ),
    fc.oneof(where, cut),
  ),
  fc
    .tuple(fc.constantFrom('', 'left ', 'right ', 'full '), fc.constantFrom('', ' and b.w > v'), joined)
    .map(
      ([kind, rest, c]) =>
        `join ${kind}csv("b.csv") as b on g == b.k${rest} add w = b.w | where ${c} | derive v = w ?? v | drop w`,
    ),
  followed(
    fc.constantFrom(
      'join semi csv("b.csv") as b on g == b.k',
      'join anti (from csv("b.csv") | where w > 30) as b on g == b.k',
      'join semi csv("b.csv") as b on v > b.w and id < 40',
      'where v > scalar(from csv("b.csv") | summarize mean(w)) - 25 and id < 50',
      'where g in (from csv("b.csv") | where w > 20 | select k) and v > 3',
      'where g not in (from csv("c.csv") | where k > 0 | select k) and v < 20',
      'derive v = if(g in (from csv("a.csv") | select g), v + 1, scalar(from csv("c.csv") | where k == 2 | select k))',
      'except (from csv("a.csv") | where id > 30 | select id, g, v, s)',
      'intersect all (from csv("a.csv") | where v > 4 | select s, v, g, id)',
      'summarize id = grouping(s), v = sum(v) by rollup(g, s)',
      'join csv("c.csv") as c on v < c.k add c.t | where t == "t2" and g > 0 | drop t',
      'join asof csv("b.csv") as b on v >= b.w add b.k | where k > 1 or g == 2 | drop k',
      'join asof csv("b.csv") as b on g == b.k and v < b.w add b.w | where g > 1 and w is not null | drop w',
      'join cross (from csv("c.csv") | take 2) as c add c.t, c.k | where k == 1 and g != 3 | drop t, k',
      'join full (from csv("b.csv") | rename g = k) as b on g == b.g add b.w | where g > 1 | drop w',
      'join full csv("b.csv") as b on v < b.w and g > b.k add b.w | where w > 20 and id is null | drop w',
      'join left csv("c.csv") as c on g == c.k matching at most one add c.t | where g > 0 | drop t',
      'join csv("c.csv") as c on g == c.k add t2 = c.t | where t2 != "t1" | drop t2',
      'union (from csv("a.csv") | where id < 5)',
      'union (from csv("a.csv") | sort id desc | take 3 | select id, g, v, s)',
      'summarize id = min(id), v = sum(v) by g, s',
      'summarize id = count(), v = max(v), s = min(s) by g = g + 0',
    ),
    fc.oneof(where, cut),
  ),
);
const ending = fc.constantFrom(
  '',
  ' | select s',
  ' | summarize n = count(), m = sum(v)',
  ' | select id | take 4',
  ' | where g == 1 | select v',
);
const order = ' | select id, g, v, s';

const flow = fc
  .tuple(
    fc.array(step, { maxLength: 3 }),
    fc.array(step, { maxLength: 4 }),
    fc.array(step, { maxLength: 2 }),
    ending,
    ending,
  )
  .map(([shared, one, two, x, y]) => {
    const pipe = (from: string, steps: readonly string[], end: string): string =>
      `${[from, ...steps].join(' | ')}${order}${end}`;
    return `let r = ${pipe('from csv("a.csv")', shared, '')}\n${pipe('from r', one, x)}\n${pipe('from r', two, y)}`;
  });

const engine = new Engine({ workers: 2, memory: 64 << 20 });
test.after(() => engine.close());

async function outcome(text: string, options: CompileOptions): Promise<string> {
  const bound = await check(text, 'random.flow', { cwd: dir });
  assert.ok(bound.plan !== null, `${text}\n${bound.diagnostics.map((d) => d.message).join('\n')}`);
  if (bound.plan === null) return '';
  const { physical, optimized } = await plan(bound.plan, options);
  try {
    return await rows(physical, engine);
  } catch (e) {
    throw new Error(`${text}\n${logicalText(optimized)}`, { cause: e });
  }
}

for (const broadcastBytes of [4 << 20, 0]) {
  test(`rules do not change the rows, ${broadcastBytes > 0 ? 'joins broadcast' : 'joins partitioned'}`, async () => {
    await fc.assert(
      fc.asyncProperty(flow, fc.nat(RULES.length - 1), async (text, without) => {
        const options = { broadcastBytes };
        const expected = await outcome(text, { ...options, rules: [] });
        assert.is(await outcome(text, options), expected, `all rules\n${text}`);
        const left = RULES.filter((_, i) => i !== without);
        assert.is(
          await outcome(text, { ...options, rules: left }),
          expected,
          `without ${RULES[without]?.name}\n${text}`,
        );
        const rule = RULES[without];
        if (rule !== undefined)
          assert.is(await outcome(text, { ...options, rules: [rule] }), expected, `only ${rule.name}\n${text}`);
      }),
      { numRuns: 30, seed: 1 },
    );
  });
}

test.run();
