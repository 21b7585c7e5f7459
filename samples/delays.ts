// The same as delays.flow, in TypeScript: node --import tsx samples/delays.ts
import { fileURLToPath } from 'node:url';
import { col, flow, gbt, linear, logistic, parquet, run } from 'flowc';

const flights = flow(parquet('node_modules/vega-datasets/data/flights-3m.parquet'))
  .where('date < @2001-02-01 and delay between -60 and 300')
  .where(col('origin').in(['ATL', 'ORD', 'DFW', 'LAX', 'DEN']))
  .select('delay', 'distance', { hour: 'hour(date)', weekday: 'dayofweek(date)' }, 'origin')
  .named('flights');

const { tr, te } = flights.split({ tr: 0.75, te: 'rest' }, { seed: 11 });
const late = { late: col('delay').gt(15) };

const features = ['distance', 'hour', 'weekday', 'onehot(origin)'];
const boosted = tr.train(gbt({ trees: 40, depth: 5 }), { label: 'delay', features, seed: 11 }).named('boosted');
const straight = tr.train(linear(), { label: 'delay', features, seed: 11 }).named('straight');
const lateModel = tr.derive(late).train(logistic(), { label: 'late', features, seed: 11 }).named('late');

export const flows = [te.evaluate(boosted), te.evaluate(straight), te.derive(late).evaluate(lateModel)];

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { results } = await run(flows);
  for (const { rows } of results) for (const row of rows) console.log(JSON.stringify(row));
}
