/** The files of `flowc new`, by path. */
import { resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { version } from './version.ts';

/** `name`: the project's, safe in code, JSON and paths. */
export function starterFiles(name: string, folder: string): Readonly<Record<string, string>> {
  return {
    'package.json': `${JSON.stringify(
      {
        name,
        private: true,
        type: 'module',
        scripts: {
          start: `flowc run ${name}.flow`,
          check: 'flowc check --lint *.flow && flowc fmt --check *.flow',
          twin: `tsx ${name}.ts`,
          test: 'node --test',
        },
        dependencies: { flowc: source(folder) },
        devDependencies: { tsx: '^4.0.0' },
      },
      null,
      2,
    )}\n`,
    '.gitignore': 'node_modules/\nout/\n',
    'data/orders.csv': orders,
    'data/customers.csv': customers,
    [`${name}.flow`]: flow,
    [`${name}.ts`]: twin,
    [`${name}.test.mjs`]: test(name),
    'README.md': readme(name),
  };
}

/** Where npm finds flowc: the registry, or the checkout that runs. */
function source(folder: string): string {
  const here = fileURLToPath(new URL('..', import.meta.url));
  return here.split(sep).includes('node_modules') ? `^${version}` : `file:${resolve(folder, here)}`;
}

const orders = `id,customer,placed_at,status,amount
1,ada,2024-01-03,ok,120.50
2,bob,2024-01-03,ok,80.00
3,ada,2024-01-04,test,1.00
4,cyd,2024-01-05,,15.25
5,bob,2024-01-07,ok,
6,eve,2024-01-07,failed,42.00
7,ada,2024-01-09,ok,61.75
`;

const customers = `id,name,tier
ada,Ada,gold
bob,Bob,silver
cyd,Cyd,silver
`;

const flow = `# What did each customer spend since a day?
param since: date = @2024-01-01

from csv("data/orders.csv")
| where placed_at >= $since
| remove status == "test"
| join left csv("data/customers.csv") as c
    on customer == c.id
    matching at most one
    add c.name, c.tier
| summarize orders = count(), total = sum(amount) by customer = name ?? customer, tier
| sort total desc, customer
| write csv("out/spent.csv")
`;

const twin = `// The same flow, built in TypeScript: npm run twin
import { count, csv, desc, flow, sum } from 'flowc';

const customers = flow(csv('data/customers.csv'));

const spent = flow(csv('data/orders.csv'))
  .where('placed_at >= @2024-01-01')
  .remove('status == "test"')
  .join('left', customers, { as: 'c', on: 'customer == c.id', matching: 'at most one', add: ['c.name', 'c.tier'] })
  .summarize({ orders: count(), total: sum('amount') }, { by: [{ customer: 'name ?? customer' }, 'tier'] })
  .sort(desc('total'), 'customer');

for (const { customer, orders, total } of await spent.collect()) console.log(customer, orders, total);
`;

const test = (name: string) => `import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { runFile } from 'flowc';

test('what each customer spent', async () => {
  const { written } = await runFile('${name}.flow', { params: { since: '2024-01-04' } });
  assert.deepEqual(
    written.map(({ path, rows }) => [path, rows]),
    [['out/spent.csv', 4]],
  );
  const [header, first] = readFileSync('out/spent.csv', 'utf8').split('\\n');
  assert.equal(header, 'customer,tier,orders,total');
  assert.equal(first, 'Ada,gold,1,61.75');
});
`;

const readme = (name: string) => `# ${name}

A dataflow with [flowc](https://www.npmjs.com/package/flowc).

| | |
| --- | --- |
| \`${name}.flow\` | the flow: reads \`data/\`, writes \`out/\` |
| \`${name}.ts\` | the same, built in TypeScript |
| \`${name}.test.mjs\` | a test that runs the flow |

\`\`\`sh
flowc run ${name}.flow                       # or: npm start
flowc run ${name}.flow -p since=2024-01-05   # with another day
flowc run ${name}.flow --dry-run             # what it would read and write
flowc check ${name}.flow --lint              # mistakes, without running it
flowc explain ${name}.flow                   # its plan
npm test
\`\`\`
`;
