// The same as hours.flow, in TypeScript: node --import tsx samples/hours.ts
import { fileURLToPath } from 'node:url';
import { arrow, col, count, flow, fn, lit, mean, median, quantile, run, when } from 'flowc';

const flights = flow(arrow('node_modules/vega-datasets/data/flights-200k.arrow'))
  .derive({ hour: fn('floor', 'time').cast('int') })
  .named('flights');

const lateShare = 'round(count_if(delay > 15) / count(), 4)';
const hour = col('hour');

export const flows = [
  flights
    .summarize(
      { flights: count(), median: median('delay'), worst_tenth: quantile('delay', 0.9), late_share: lateShare },
      { by: 'hour' },
    )
    .sort('hour')
    .write(arrow('out/hours.arrow')),
  flights
    .derive({
      part: when(hour.between(5, 8), 'early')
        .when(hour.between(9, 15), 'day')
        .when(hour.between(16, 20), 'evening')
        .otherwise('night'),
    })
    .summarize(
      { flights: count(), mean_delay: fn('round', mean('delay'), lit(2)), late_share: lateShare },
      { by: 'part' },
    )
    .sort('late_share'),
];

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { results } = await run(flows);
  for (const { rows } of results) for (const row of rows) console.log(JSON.stringify(row));
}
