// The same as airports.flow, in TypeScript: node --import tsx samples/airports.ts
import { fileURLToPath } from 'node:url';
import { col, count, csv, desc, flow, run, sum } from 'flowc';

const routes = flow(csv('node_modules/vega-datasets/data/flights-airport.csv')).named('routes');

const airports = flow(csv('node_modules/vega-datasets/data/airports.csv'))
  .where(col('country').eq('USA'))
  .named('airports');

const ends = routes
  .select({ iata: 'origin', other: 'destination', flights: 'count' })
  .union(routes.select({ iata: 'destination', other: 'origin', flights: 'count' }))
  .named('ends');

export const flows = [
  ends
    .summarize({ routes: 'count_distinct(other)', flights: sum('flights') }, { by: 'iata' })
    .join('left', airports, { as: 'a', on: 'iata == a.iata', matching: 'at most one', add: ['a.name', 'a.state'] })
    .sort(desc('routes'), 'iata')
    .write(csv('out/airports.csv')),
  airports
    .join('semi', ends, { as: 'e', on: 'iata == e.iata' })
    .summarize({ served: count() }, { by: 'state' })
    .sort(desc('served'), 'state')
    .take(5),
  airports
    .join('anti', ends, { as: 'e', on: 'iata == e.iata' })
    .summarize({ unserved: count() }, { by: 'state' })
    .sort(desc('unserved'), 'state')
    .take(5),
];

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { results } = await run(flows);
  for (const { rows } of results) for (const row of rows) console.log(JSON.stringify(row));
}
