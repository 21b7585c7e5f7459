// The same as zipcodes.flow, in TypeScript: node --import tsx samples/zipcodes.ts
import { fileURLToPath } from 'node:url';
import { col, count, csv, desc, flow, fn, max, min, parquet, run } from 'flowc';

const zips = flow(csv('node_modules/vega-datasets/data/zipcodes.csv'), {
  zip_code: 'string',
  latitude: 'float',
  longitude: 'float',
  city: 'string',
  state: 'string',
  county: 'string',
})
  .derive({ city: 'if(city == "TRUE", "True", city)', place: 'f"{city}, {state}"' })
  .named('zips');

export const flows = [
  zips.sort('state', 'zip_code').write(parquet('out/zipcodes.parquet')),
  zips
    .summarize(
      { zips: count(), cities: fn('count_distinct', 'city'), north: max('latitude'), south: min('latitude') },
      { by: 'state' },
    )
    .derive({ span: fn('round', col('north').sub(col('south')), '3') })
    .sort(desc('span'), 'state')
    .take(5)
    .select('state', 'zips', 'cities', 'span'),
];

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { results } = await run(flows);
  for (const { rows } of results) for (const row of rows) console.log(JSON.stringify(row));
}
