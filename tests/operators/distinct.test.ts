import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { distinct } from '../../engine/operators/distinct.ts';
import type { Schema } from '../../engine/types.ts';
import { field, T } from '../../engine/types.ts';
import type { Row, Setting } from './harness.ts';
import { runExchange, SETTINGS, sameRows } from './harness.ts';
import { groupsOf } from './naive.ts';
import { ALL_TYPES, tables } from './tables.ts';

test('keeps the first row of each key, whatever the memory and the cuts', async () => {
  const schema: Schema = [...ALL_TYPES, field('l', T.list(T.string)), field('row', T.int, false)];
  const keys = fc.constantFrom(['k'], ['s'], ['f'], ['l'], ['b', 's'], ['k', 's', 'd', 'h', 'day', 'at']);
  await fc.assert(
    fc.asyncProperty(
      tables(schema.slice(0, -1), ['k', 's', 'f', 'b'], 200),
      keys,
      fc.nat(SETTINGS.length - 1),
      async (rows, names, at) => {
        const input = rows.map((r, i): Row => ({ ...r, row: i }));
        const expected = groupsOf(input, names, schema).map((g) => g[0] as Row);
        sameRows(await runExchange(distinct, { keys: names }, names, input, schema, SETTINGS[at] as Setting), expected);
      },
    ),
    { numRuns: 80 },
  );
});

test('many keys under little memory are split again and again and come out the same', async () => {
  const schema: Schema = [field('k', T.int), field('s', T.string), field('row', T.int, false)];
  const rows = Array.from({ length: 20000 }, (_, i): Row => ({ k: (i * 7919) % 7001, s: `text ${i}`, row: i }));
  const expected = groupsOf(rows, ['k'], schema).map((g) => g[0] as Row);
  assert.is(expected.length, 7001);
  for (const grant of [1 << 10, 200 << 10, 32 << 20]) {
    sameRows(
      await runExchange(distinct, { keys: ['k'] }, ['k'], rows, schema, { grant, batchRows: 900, tasks: 3, bits: 1 }),
      expected,
    );
  }
});

test('a table that is full in the middle of a batch with repeated keys', async () => {
  const schema: Schema = [field('k', T.int), field('row', T.int, false)];
  const rows = Array.from({ length: 30000 }, (_, i): Row => ({ k: i >> 1, row: i }));
  const expected = groupsOf(rows, ['k'], schema).map((g) => g[0] as Row);
  const setting: Setting = { grant: 1 << 10, batchRows: 5000, tasks: 2, bits: 1 };
  sameRows(await runExchange(distinct, { keys: ['k'] }, ['k'], rows, schema, setting), expected);
});

test.run();
