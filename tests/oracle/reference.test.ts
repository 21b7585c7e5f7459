// Random pipelines over random tables: the engine, under any configuration, gives the rows that the reference interpreter gives. And those kept from earlier.
import { test } from 'uvu';
import { Bench, saved, search } from './agree.ts';

const bench = new Bench();
test.after(() => bench.close());

test('random pipelines: the engine against the reference', async () => {
  const runs = Number(process.env['PIPELINES'] ?? 60);
  const { found } = await search(bench, { runs, ms: 100_000 });
  if (found !== null) throw new Error(`${found.message}\nseed ${found.seed}`);
});

for (const one of saved()) test(`kept: ${one.name}`, () => bench.check(one.case));

test.run();
