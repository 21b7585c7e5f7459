import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RunError } from '../../engine/errors.ts';
import { aggregate } from '../../engine/operators/aggregate.ts';
import type { AggregateParams, AggregateSpec } from '../../engine/operators/params.ts';
import { hashPartition } from '../../engine/shuffle/reader.ts';
import type { Schema } from '../../engine/types.ts';
import { field, T } from '../../engine/types.ts';
import type { Row } from './harness.ts';
import { AMPLE, exchange, finals, release, runExchange, sameRows, step, tasksOf, withStore } from './harness.ts';

function spec(name: string, fn: string, args: readonly string[], schema: Schema, distinct = false): AggregateSpec {
  const argTypes = args.map((a) => (schema.find((f) => f.name === a) as Schema[number]).type);
  return { name, fn, args, argTypes, distinct };
}

const HOLDERS: readonly (readonly [name: string, fn: string, args: readonly string[], distinct?: boolean])[] = [
  ['median', 'median', ['x']],
  ['quantile', 'quantile', ['x', 'q']],
  ['disc', 'quantile_disc', ['t', 'q']],
  ['mad', 'mad', ['x']],
  ['mode', 'mode', ['t']],
  ['entropy', 'entropy', ['t']],
  ['histogram', 'histogram', ['small']],
  ['different', 'count_distinct', ['t']],
  ['sum', 'sum', ['small'], true],
  ['middle', 'median', ['x'], true],
  ['list', 'list', ['small']],
  ['first', 'list', ['small'], true],
  ['text', 'string_agg', ['short']],
  ['least', 'min_by', ['t', 'x']],
];

test('a giant group among others gives the same values in memory and through the store', async () => {
  const schema: Schema = [
    field('k', T.int),
    field('x', T.float),
    field('q', T.float),
    field('t', T.string),
    field('short', T.string),
    field('small', T.int),
  ];
  const params: AggregateParams = {
    keys: ['k'],
    aggregates: HOLDERS.map(([name, fn, args, distinct]) => spec(name, fn, args, schema, distinct)),
  };
  // Pseudo-random, without a pattern that sorting could lean on; the giant one comes first, others follow.
  const mixed = (i: number): number => (Math.imul(i ^ 0x5bd1e995, 0x9e3779b1) >>> 0) % 1_000_003;
  const rows = Array.from(
    { length: 14_000 },
    (_, i): Row => ({
      k: i < 4_000 || i % 3 === 0 ? 7 : mixed(i) % 200,
      x: i % 11 === 0 ? null : (mixed(i) % 9001) / 4,
      q: 0.3,
      t: `${mixed(i + 5) % 7000}`,
      short: i % 50 === 0 ? 'é' : 'a',
      small: mixed(i) % 40,
    }),
  );
  const ample = await runExchange(aggregate, params, ['k'], rows, schema, AMPLE);
  for (const setting of [
    { grant: 64 << 10, batchRows: 4096, tasks: 2, bits: 0 },
    { grant: 200 << 10, batchRows: 1000, tasks: 3, bits: 2 },
  ])
    sameRows(await runExchange(aggregate, params, ['k'], rows, schema, setting), ample);
});

async function overOneGroup(fn: string, rows: number, limit: number): Promise<Row[]> {
  const schema: Schema = [field('x', T.float)];
  const params: AggregateParams = { keys: [], aggregates: [spec('result', fn, ['x'], schema)] };
  const values = Array.from({ length: rows }, (_, i): Row => ({ x: ((i * 7919) % rows) / 3 }));
  const setting = { grant: 256 << 10, batchRows: 4096, tasks: 2, bits: 0 };
  return withStore(async (store) => {
    const middle = aggregate.partialSchema?.(params, [schema]) ?? [];
    const pieces = await exchange(store, tasksOf(values, schema, setting), middle, [], setting, (source, ctx) =>
      aggregate.partial!(params, step('aggregate', 'partial', params, schema, middle), ctx)(source),
    );
    try {
      return await finals(
        aggregate,
        params,
        pieces.map((refs) => [hashPartition(store, refs, middle, 0)]),
        step('aggregate', 'final', params, middle, aggregate.schema(params, [schema])),
        store,
        setting,
      );
    } finally {
      release(store, pieces);
    }
  }, limit);
}

test('values of one group may be more than memory', async () => {
  assert.equal(await overOneGroup('median', 300_001, 4 << 20), [{ result: 50_000 }]);
  assert.equal(await overOneGroup('count_distinct', 300_001, 4 << 20), [{ result: 300_001 }]);
});

test('a result that does not fit in memory is a clear error, and leaves nothing behind', async () => {
  try {
    await overOneGroup('list', 300_000, 4 << 20);
    assert.unreachable('must not fit');
  } catch (e) {
    assert.is((e as RunError).code, 'FLOW7007');
    assert.match((e as RunError).message, 'result (list) must hold the result of a group, made of 300000 values');
  }
});

test.run();
