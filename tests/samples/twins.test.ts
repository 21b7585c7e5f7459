// The TypeScript twin of every sample is the same file, and gives the same when it is run as a program.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Flow, fileOf, flowText } from 'flowc';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { withoutSpans } from '../../compiler/builder/text.ts';
import type { FlowFile } from '../../grammar/ast.ts';
import { parseFile } from '../../grammar/parse.ts';
import { printFile } from '../../grammar/print.ts';
import { dataIsThere, expectedOf, productsOf, root, runTwin, samples } from './support.ts';

/** The syntax tree of a sample, without places, so without comments. */
function parsed(name: string): FlowFile {
  const file = `samples/${name}.flow`;
  const { ast, diagnostics } = parseFile(readFileSync(join(root, file), 'utf8'), file);
  assert.equal(diagnostics, []);
  return withoutSpans(ast);
}

/** Imports a file, which is a constant in TypeScript, and names modules by paths, which are URLs there. */
const OTHER_FILE: ReadonlySet<string> = new Set(['distances']);

for (const name of samples) {
  if (!OTHER_FILE.has(name))
    test(`${name}: the twin is the same file`, async () => {
      const { flows } = (await import(join(root, `samples/${name}.ts`))) as { flows: readonly Flow[] };
      const expected = parsed(name);
      assert.is(flowText(...flows), printFile(expected));
      assert.equal(fileOf(...flows), expected);
    });

  if (!dataIsThere) continue;
  test(`${name}: the twin, run as a program, gives the same`, () => {
    const { stdout, files } = runTwin(name);
    const expected = new Map(expectedOf(name));
    expected.delete('stdout.txt');
    const products = productsOf('', stdout, files);
    assert.equal([...products.keys()].sort(), [...expected.keys()]);
    for (const [file, text] of expected) assert.is(products.get(file), text, file);
  });
}

if (!dataIsThere)
  console.log('# skip: the runs of the twins: the development dependency vega-datasets is not installed');

test.run();
