import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AGGREGATE_LIST, AGGREGATES, resolveAggregate } from '../../engine/aggregates/registry.ts';
import type { DataType } from '../../engine/types.ts';
import { field, formatType, T } from '../../engine/types.ts';

const resultOf = (name: string, args: readonly DataType[], distinct = false): string | null => {
  const r = resolveAggregate(name, args, distinct);
  return r === null ? null : formatType(r.type, r.nullable);
};

test('results have the types the reference promises', () => {
  assert.is(resultOf('count', []), 'int');
  assert.is(resultOf('count', [T.list(T.int)]), 'int');
  assert.is(resultOf('count', [T.int], true), 'int');
  assert.is(resultOf('sum', [T.int]), 'int?');
  assert.is(resultOf('sum', [T.decimal(12, 2)]), 'decimal(38, 2)?');
  assert.is(resultOf('sum', [T.float]), 'float?');
  assert.is(resultOf('avg', [T.decimal(12, 2)]), 'float?');
  assert.is(resultOf('min', [T.timestamp]), 'timestamp?');
  assert.is(resultOf('max', [T.string]), 'string?');
  assert.is(resultOf('first', [T.struct([field('a', T.int)])]), '{ a: int? }?');
  assert.is(resultOf('list', [T.date]), 'list<date>');
  assert.is(resultOf('min_by', [T.string, T.float]), 'string?');
  assert.is(resultOf('string_agg', [T.string, T.string]), 'string?');
  assert.is(resultOf('quantile', [T.int, T.float]), 'float?');
  assert.is(resultOf('stddev', [T.int]), 'float?');
  assert.is(resultOf('corr', [T.int, T.float]), 'float?');
  assert.is(resultOf('n_distinct', [T.string]), 'int');
  assert.is(resultOf('approx_count_distinct', [T.string]), 'int');
  assert.is(resultOf('mean', [T.int], true), 'float?');
});

test('wrong types, wrong numbers of arguments and unknown names resolve to nothing', () => {
  assert.is(resultOf('sum', [T.string]), null);
  assert.is(resultOf('sum', []), null);
  assert.is(resultOf('sum', [T.int, T.int]), null);
  assert.is(resultOf('median', [T.date]), null);
  assert.is(resultOf('quantile', [T.int]), null);
  assert.is(resultOf('any', [T.int]), null);
  assert.is(resultOf('min', [T.list(T.int)]), null);
  assert.is(resultOf('max_by', [T.int, T.interval]), null);
  assert.is(resultOf('corr', [T.int]), null);
  assert.is(resultOf('corr', [T.int, T.int], true), null);
  for (const name of ['nothing', 'constructor', '__proto__', 'toString', ''])
    assert.is(resultOf(name, [T.int]), null, name);
});

test('every aggregate is documented, and names and aliases are unique', () => {
  const names = AGGREGATE_LIST.flatMap((d) => [d.name, ...(d.aliases ?? [])]);
  assert.is(new Set(names).size, names.length);
  assert.is(Object.keys(AGGREGATES).length, names.length);
  for (const d of AGGREGATE_LIST) {
    assert.ok(d.doc.endsWith('.'), `${d.name}: doc`);
    assert.ok(d.signature.startsWith(`${d.name}(`), `${d.name}: signature`);
    assert.match(d.example, /summarize \w+ = /, `${d.name}: example`);
  }
});

test.run();
