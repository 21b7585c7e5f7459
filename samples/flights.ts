// The same as flights.flow, in TypeScript: node --import tsx samples/flights.ts
import { fileURLToPath } from 'node:url';
import { col, count, csv, desc, expr, flow, max, mean, param, parquet, run } from 'flowc';

const minFlights = param('min_flights', 'int', 5000);

const airports = flow(csv('node_modules/vega-datasets/data/airports.csv')).named('airports');

const ranking = flow(parquet('node_modules/vega-datasets/data/flights-3m.parquet'))
  .where(col('delay').isNotNull())
  .derive({ late: col('delay').gt(15) })
  .summarize(
    { flights: count(), mean_delay: mean('delay'), late_share: 'count_if(late) / count()', worst: max('delay') },
    { by: 'origin' },
  )
  .where(expr`flights >= ${minFlights}`)
  .join('inner', airports, { as: 'a', on: 'origin == a.iata', add: [{ airport: 'a.name' }, 'a.city', 'a.state'] })
  .select(
    'origin',
    'airport',
    'city',
    'state',
    'flights',
    { mean_delay: 'round(mean_delay, 2)', late_share: 'round(late_share, 4)' },
    'worst',
  )
  .sort(desc('mean_delay'), 'origin')
  .named('ranking');

export const flows = [ranking.write(csv('out/flights-ranking.csv')), ranking.take(10)];

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { results } = await run(flows);
  for (const { rows } of results) for (const row of rows) console.log(JSON.stringify(row));
}
