// The same as penguins.flow, in TypeScript: node --import tsx samples/penguins.ts
import { fileURLToPath } from 'node:url';
import { col, count, flow, gbt, json, model, run } from 'flowc';

const birds = flow(json('node_modules/vega-datasets/data/penguins.json'))
  .select({
    species: col('Species'),
    island: col('Island'),
    beak_length: col('Beak Length (mm)'),
    beak_depth: col('Beak Depth (mm)'),
    flipper: col('Flipper Length (mm)'),
    mass: col('Body Mass (g)'),
  })
  .where('beak_length is not null and mass is not null')
  .named('birds');

const { tr, te } = birds.split({ tr: 0.8, te: 'rest' }, { seed: 7 });

const m = tr
  .train(gbt({ trees: 60, depth: 3, learning_rate: 0.2 }), {
    label: 'species',
    features: ['beak_length', 'beak_depth', 'flipper', { log_mass: 'ln(mass)' }, 'onehot(island)'],
    seed: 7,
  })
  .named('m');

export const flows = [
  m.write(model('out/penguins.model.json')),
  te
    .predict(m, { as: 'guess' })
    .summarize({ birds: count(), right: 'count_if(guess == species)' }, { by: 'species' })
    .sort('species'),
  te.evaluate(m),
];

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { results } = await run(flows);
  for (const { rows } of results) for (const row of rows) console.log(JSON.stringify(row));
}
