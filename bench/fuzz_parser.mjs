// Spoils the flows of the samples, the documentation and the tests, and parses them: never a crash, never a hang, a place in every
// diagnostic. Prints the first inputs that break one of these, ready to paste into a test.
//   node bench/fuzz_parser.mjs [--inputs 1e6] [--seed 1]
import { parseArgs } from 'node:util';
import { register } from 'tsx/esm/api';

register();
const { allFlows, checkText, mutator, random } = await import('../tests/grammar/fuzzing.ts');

const { values } = parseArgs({
  options: { inputs: { type: 'string', default: '1e6' }, seed: { type: 'string', default: '1' } },
});
const inputs = Number(values.inputs);
const seed = Number(values.seed);
if (!(inputs > 0) || !Number.isInteger(seed)) {
  console.error('usage: node bench/fuzz_parser.mjs [--inputs 1e6] [--seed 1]');
  process.exit(2);
}

const flows = allFlows();
const make = mutator(flows, random(seed));
const started = performance.now();
let slowest = 0;
let clean = 0;
const failures = [];
for (let i = 0; i < inputs && failures.length < 20; i++) {
  const text = make();
  const from = performance.now();
  try {
    checkText(text);
    clean++;
  } catch (error) {
    failures.push({ text, message: String(error.message).split('\n')[0] });
    console.log(`input ${i}: ${String(error.stack).split('\n').slice(0, 4).join('\n')}\n${JSON.stringify(text)}\n`);
  }
  slowest = Math.max(slowest, performance.now() - from);
  if ((i + 1) % 50_000 === 0) console.log(`${i + 1} inputs, ${((performance.now() - started) / 1000).toFixed(0)} s`);
}
const seconds = (performance.now() - started) / 1000;
console.log(
  `${clean} inputs from ${flows.length} flows (seed ${seed}) in ${seconds.toFixed(0)} s, slowest ${slowest.toFixed(0)} ms, ${failures.length} failed`,
);
process.exitCode = failures.length > 0 ? 1 : 0;
