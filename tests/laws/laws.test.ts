// What holds of the verbs, told without a second implementation: each law is a property over random tables, conditions, formats, workers and memory.
import { test } from 'uvu';
import { checkEngine, ENGINE_LAWS } from '../../testing/index.ts';

/** Cases of each law; LAWS=500 for a longer search. */
const runs = Number(process.env['LAWS'] ?? 12);

for (const { name, says } of ENGINE_LAWS) test(`${name}: ${says}`, () => checkEngine({ laws: [name], runs }));

test.run();
