// Every sample runs through the built command, and prints and writes the same for any number of workers and any memory.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Configuration,
  dataIsThere,
  expectedFolders,
  expectedOf,
  type Outcome,
  productsOf,
  root,
  runCommand,
  runSample,
  samples,
  twins,
} from './support.ts';

/** Both ways of printing are seen under both limits, and by one worker and by two. */
const ALL: readonly Configuration[] = [
  { workers: 1, out: 'table' },
  { workers: 2, memory: '32MB', out: 'ndjson' },
  { workers: 2, out: 'ndjson' },
  { workers: 1, memory: '32MB', out: 'table' },
];

/** Training is most of these samples' time, and runs in one task. */
const SLOW: ReadonlySet<string> = new Set(['delays']);

function checkTidy({ stderr, spilled }: Outcome): void {
  assert.not.match(stderr, /\b(warning|error)\[/);
  assert.equal(spilled, []);
}

for (const name of dataIsThere ? samples : []) {
  test(name, () => {
    const printed = { table: new Set<string>(), ndjson: new Set<string>() };
    let first: Outcome['files'] | null = null;
    for (const configuration of SLOW.has(name) ? ALL.slice(0, 2) : ALL) {
      const outcome = runSample(name, configuration);
      checkTidy(outcome);
      printed[configuration.out].add(outcome.stdout);
      first ??= outcome.files;
      const where = JSON.stringify(configuration);
      assert.equal([...outcome.files.keys()], [...first.keys()], where);
      for (const [file, bytes] of first) {
        assert.ok(outcome.files.get(file)?.equals(bytes), `${where}: other bytes in ${file}`);
      }
    }
    assert.is(printed.table.size, 1, 'the table depends on the configuration');
    assert.is(printed.ndjson.size, 1, 'the rows depend on the configuration');
    const products = productsOf([...printed.table].join(), [...printed.ndjson].join(), first ?? new Map());
    const expected = expectedOf(name);
    assert.equal([...products.keys()].sort(), [...expected.keys()]);
    for (const [file, text] of expected) assert.is(products.get(file), text, file);
  });
}

test('they are formatted, and no twin or expected output is without its sample', () => {
  runCommand(['fmt', '--check', ...samples.map((name) => join(root, `samples/${name}.flow`))]);
  const page = readFileSync(join(root, 'samples/README.md'), 'utf8');
  assert.equal([...page.matchAll(/\]\((\w+)\.flow\)/g)].map((match) => String(match[1])).sort(), samples);
  assert.equal(twins, samples);
  if (dataIsThere) assert.equal(expectedFolders, samples);
});

if (!dataIsThere) console.log('# skip: the development dependency vega-datasets is not installed');

test.run();
