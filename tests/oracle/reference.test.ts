// Random pipelines over random tables: the engine, under any configuration, gives the rows that the reference interpreter gives. And those kept from earlier.
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RULES } from '../../compiler/optimize/index.ts';
import { MIN_MEMORY } from '../../engine/runtime/engine.ts';
import { Bench, cases, choicesOf, saved, search } from './agree.ts';

const bench = new Bench();
test.after(() => bench.close());

test('random pipelines: the engine against the reference', async () => {
  const runs = Number(process.env['PIPELINES'] ?? 60);
  const { found } = await search(bench, { runs, ms: 100_000 });
  if (found !== null) throw new Error(`${found.message}\nseed ${found.seed}`);
});

test('every setting is varied, and every rule is left out', () => {
  const seen = new Set(fc.sample(cases, { numRuns: 500, seed: 1 }).flatMap((c) => choicesOf(c.setting)));
  const wanted = {
    workers: ['1', '2'],
    memory: [`${MIN_MEMORY >> 20} MiB`, '64 MiB'],
    'broadcast up to': ['0', String(4 << 20)],
    format: ['ndjson', 'csv'],
    without: ['nothing', ...RULES.map((r) => r.name)],
    files: ['1', '2', '3', '4'],
    shuffle: ['auto', 'simple', 'push'],
    partitions: ['by size', '1', '2', '8'],
    'rows of a batch': ['65536', '1', '3', '16', '100'],
  };
  assert.equal(
    [...seen].sort(),
    Object.entries(wanted)
      .flatMap(([setting, choices]) => choices.map((choice) => `${setting} ${choice}`))
      .sort(),
  );
});

for (const one of saved()) test(`kept: ${one.name}`, () => bench.check(one.case));

test.run();
