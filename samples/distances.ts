// The same as distances.flow, in TypeScript: node --import tsx samples/distances.ts
import { fileURLToPath } from 'node:url';
import { count, csv, desc, type Flow, flow, run, sum, udf } from 'flowc';

const module = new URL('udf/geo.ts', import.meta.url);
const haversine = udf(module, 'haversine');
const classes = udf(module, 'classes');
const weighted = udf(module, 'weighted');

const airports = flow(csv('node_modules/vega-datasets/data/airports.csv')).named('airports');
const largest = (rows: Flow, by: string): Flow => rows.sort(desc(by), 'iata').take(5);

const legs = flow(csv('node_modules/vega-datasets/data/flights-airport.csv'))
  .join('inner', airports, {
    as: 'a',
    on: 'origin == a.iata',
    add: [{ lat1: 'a.latitude' }, { lon1: 'a.longitude' }],
  })
  .join('inner', airports, {
    as: 'b',
    on: 'destination == b.iata',
    add: [{ lat2: 'b.latitude' }, { lon2: 'b.longitude' }],
  })
  .select({ iata: 'origin', flights: 'count', km: haversine('lat1', 'lon1', 'lat2', 'lon2') })
  .named('legs');

export const flows = [
  largest(legs.summarize({ routes: count(), mean_km: weighted('km', 'flights') }, { by: 'iata' }), 'mean_km'),
  largest(
    legs.map(classes).summarize({ flights: sum('flights') }, { by: ['class', 'iata'] }),
    'if(class == "long", flights, 0)::float',
  ),
];

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { results } = await run(flows);
  for (const { rows } of results) for (const row of rows) console.log(JSON.stringify(row));
}
