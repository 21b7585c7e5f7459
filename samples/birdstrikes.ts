// The same as birdstrikes.flow, in TypeScript: node --import tsx samples/birdstrikes.ts
import { fileURLToPath } from 'node:url';
import { col, count, csv, desc, flow, fn, max, run, sum } from 'flowc';

export const flows = [
  flow(csv('node_modules/vega-datasets/data/birdstrikes.csv'))
    .rename({
      phase: 'Phase of flight',
      size: 'Wildlife Size',
      cost: 'Cost Total $',
      species: 'Wildlife Species',
    })
    .where(col('phase').isNotNull())
    .summarize(
      {
        strikes: count(),
        with_cost: fn('count_if', col('cost').gt(0)),
        total_cost: sum('cost'),
        dearest: max('cost'),
        species: fn('count_distinct', 'species'),
      },
      { by: ['phase', 'size'] },
    )
    .sort(desc('total_cost'), 'phase', 'size')
    .write(csv('out/birdstrikes.csv')),
];

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { results } = await run(flows);
  for (const { rows } of results) for (const row of rows) console.log(JSON.stringify(row));
}
