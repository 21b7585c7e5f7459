// The build puts two functions of its own in the place of lodash's: the same for what chevrotain asks of them, objects with names as keys.
import { deepStrictEqual } from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'uvu';

type Has = (object: unknown, key: string) => boolean;
type Plain = Readonly<Record<string, unknown>>;
type PickBy = (object: Plain | undefined, predicate: (value: unknown, key: string) => boolean) => Plain;

async function both<F>(name: string): Promise<{ readonly ours: F; readonly theirs: F }> {
  const load = async (url: string) => ((await import(url)) as { readonly default: F }).default;
  return {
    ours: await load(new URL(`../../scripts/lodash/${name}.mjs`, import.meta.url).href),
    theirs: await load(import.meta.resolve(`lodash-es/${name}.js`)),
  };
}

const keys = fc.constantFrom('name', 'LABEL', '`by`', 'toString', 'length', '0', '');
const values = fc.oneof(fc.constant(undefined), fc.constant(null), fc.integer(), fc.array(fc.integer()));
const objects = fc.dictionary(keys, values, { noNullPrototype: true });

test('has', async () => {
  const { ours, theirs } = await both<Has>('has');
  const anything = fc.oneof(
    objects,
    fc.constant(null),
    fc.constant(undefined),
    fc.string(),
    fc.constant(() => 1),
  );
  fc.assert(fc.property(anything, keys, (object, key) => ours(object, key) === theirs(object, key)));
});

test('pickBy', async () => {
  const { ours, theirs } = await both<PickBy>('pickBy');
  const defined = (value: unknown, key: string) => value !== undefined && key !== '0';
  fc.assert(
    fc.property(fc.oneof(objects, fc.constant(undefined)), (object) =>
      deepStrictEqual(ours(object, defined), theirs(object, defined)),
    ),
  );
});

test.run();
