import { type DataType, T, type Typed } from '../types.ts';
import { family, overload, type Resolve } from './build.ts';
import { A_LAMBDA, type FunctionDef, type LambdaParams } from './def.ts';
import { commonType } from './types.ts';

type ListType = DataType & { kind: 'list' };
type MapType = DataType & { kind: 'map' };

const index: Typed = { type: T.int, nullable: false };

const asList = (t: DataType | undefined): ListType | null => {
  if (t?.kind === 'list') return t;
  return t?.kind === 'null' ? { kind: 'list', item: { type: T.null, nullable: true } } : null;
};

/** A lambda over the items of a list, and their positions. */
const ofItems: LambdaParams = {
  at: 1,
  params: ([list]) => {
    const t = asList(list);
    return t === null ? null : [t.item, index];
  },
};

const ofEntries: LambdaParams = {
  at: 1,
  params: ([map]) => (map?.kind === 'map' ? [{ type: map.key, nullable: false }, map.value] : null),
};

/** Computed over whole columns: see expr/lambda_calls.ts. */
const IMPL = {};

/** A function of a list and the body of its lambda, which is converted to `wanted`. */
function overList(result: (t: ListType, body: DataType) => DataType, wanted?: DataType, nullable = false): Resolve {
  return ([list, body, ...more], literals) => {
    const t = asList(list);
    if (t === null || body === undefined || more.length > 0 || literals[1] !== A_LAMBDA) return null;
    if (wanted !== undefined && body.kind !== wanted.kind && body.kind !== 'null')
      return { error: `the lambda has to give a ${wanted.kind}` };
    return overload([t, wanted ?? body], result(t, body), IMPL, nullable);
  };
}

function overMap(result: (t: MapType, body: DataType) => DataType, wanted?: DataType): Resolve {
  return ([map, body, ...more], literals) => {
    if (map?.kind !== 'map' || body === undefined || more.length > 0 || literals[1] !== A_LAMBDA) return null;
    if (wanted !== undefined && body.kind !== wanted.kind && body.kind !== 'null')
      return { error: `the lambda has to give a ${wanted.kind}` };
    return overload([map, wanted ?? body], result(map, body), IMPL);
  };
}

/** The accumulator holds what it starts with, and what the body gives; without a start, the items as well. */
function accumulator(list: ListType, start: DataType | undefined, body: DataType | null): DataType | null {
  const first = start ?? list.item.type;
  return body === null ? first : commonType(first, body);
}

const reduce: Pick<FunctionDef, 'lambda' | 'resolve'> = {
  lambda: {
    at: 1,
    params: ([list, , start], body) => {
      const t = asList(list);
      if (t === null) return null;
      const acc = accumulator(t, start, body);
      if (acc === null) return { error: 'the lambda gives another type than it starts with' };
      const item = start === undefined ? { type: acc, nullable: t.item.nullable } : t.item;
      return [{ type: acc, nullable: true }, item, index];
    },
  },
  resolve: ([list, body, start, ...more], literals) => {
    const t = asList(list);
    if (t === null || body === undefined || more.length > 0 || literals[1] !== A_LAMBDA) return null;
    const acc = accumulator(t, start, body);
    if (acc === null) return { error: 'the lambda gives another type than it starts with' };
    const items = start === undefined ? T.list(acc, t.item.nullable) : t;
    return overload([items, acc, ...(start === undefined ? [] : [acc])], acc, IMPL, true);
  },
};

export const LAMBDA = family('list', {
  list_transform: {
    doc: 'The lambda of each item. A second parameter is the position of the item, from 0.',
    signature: 'list_transform(list, x => y)',
    aliases: ['list_apply', 'list_map', 'array_transform'],
    examples: [
      ['list_transform(["a", "b"], x => upper(x))', '["A", "B"]'],
      ['list_transform([5, 7], (x, i) => x * i)', '[0, 7]'],
    ],
    lambda: ofItems,
    resolve: overList((_, body) => T.list(body)),
  },
  list_filter: {
    doc: 'The items for which the lambda is true, in order.',
    signature: 'list_filter(list, x => condition)',
    aliases: ['array_filter'],
    examples: [
      ['list_filter([3, 1, 2], x => x > 1)', '[3, 2]'],
      ['list_filter(["a", "b", "c"], (x, i) => i != 1)', '["a", "c"]'],
    ],
    lambda: ofItems,
    resolve: overList((t) => t, T.bool),
  },
  list_any: {
    doc: 'Whether the lambda is true for some item: false for an empty list, null where it is true for none and null for some.',
    signature: 'list_any(list, x => condition)',
    examples: [['list_any([1, 2], x => x > 1)', 'true']],
    lambda: ofItems,
    resolve: overList(() => T.bool, T.bool, true),
  },
  list_all: {
    doc: 'Whether the lambda is true for all items: true for an empty list, null where it is false for none and null for some.',
    signature: 'list_all(list, x => condition)',
    examples: [['list_all([1, 2], x => x > 1)', 'false']],
    lambda: ofItems,
    resolve: overList(() => T.bool, T.bool, true),
  },
  list_reduce: {
    doc: 'The lambda of what came of the items so far and of the next item, from the first item on, or from a start. Null for an empty list without a start. A third parameter is the position of the item.',
    signature: 'list_reduce(list, (acc, x) => y, start?)',
    aliases: ['list_fold', 'array_reduce'],
    examples: [
      ['list_reduce([1, 2, 3], (a, x) => a * 10 + x)', '123'],
      ['list_reduce(["a", "b"], (n, x) => n + length(x), 0)', '2'],
    ],
    ...reduce,
  },
  map_filter: {
    doc: 'The entries of a map for whose key and value the lambda is true.',
    signature: 'map_filter(map, (k, v) => condition)',
    examples: [['map_filter(map(["a", "b"], [1, 2]), (k, v) => v > 1)', '{"b":2}']],
    lambda: ofEntries,
    resolve: overMap((t) => t, T.bool),
  },
  map_transform_values: {
    doc: 'The map with the lambda of each key and value in place of the value.',
    signature: 'map_transform_values(map, (k, v) => y)',
    aliases: ['transform_values'],
    examples: [['map_transform_values(map(["a"], [1]), (k, v) => f"{k}{v}")', '{"a":"a1"}']],
    lambda: ofEntries,
    resolve: overMap((t, body) => ({ ...t, value: { type: body, nullable: true } })),
  },
});
