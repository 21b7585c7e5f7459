// The same as earthquakes.flow, in TypeScript: node --import tsx samples/earthquakes.ts
import { fileURLToPath } from 'node:url';
import { csv, desc, flow, json, run } from 'flowc';

export const flows = [
  flow(json('node_modules/vega-datasets/data/earthquakes.json', { path: 'features' }))
    .select({
      place: 'properties.place',
      magnitude: 'properties.mag',
      depth_km: 'geometry.coordinates[2]',
      latitude: 'geometry.coordinates[1]',
      longitude: 'geometry.coordinates[0]',
      at: 'from_epoch_ms(properties.time)',
    })
    .where('magnitude >= 4.5')
    .sort(desc('magnitude'), 'at')
    .take(15)
    .write(csv('out/earthquakes.csv')),
];

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { results } = await run(flows);
  for (const { rows } of results) for (const row of rows) console.log(JSON.stringify(row));
}
