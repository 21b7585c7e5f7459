import { RunError } from '../errors.ts';
import type { LiteralValue } from '../expr.ts';
import { type DataType, T, typeEquals } from '../types.ts';
import { family, overload, type Resolve, signatures } from './build.ts';
import { A_LAMBDA } from './def.ts';
import { formatValue } from './format.ts';
import { identity, type Key } from './identity.ts';
import { addInt, type Int, narrow } from './ints.ts';
import { compareValues } from './ordering.ts';
import { lengthOf } from './text.ts';
import { commonType, implicitCost } from './types.ts';

type List = readonly LiteralValue[];
type ListType = DataType & { kind: 'list' };

const asList = (t: DataType | undefined): ListType | null => {
  if (t?.kind === 'list') return t;
  return t?.kind === 'null' ? { kind: 'list', item: { type: T.null, nullable: true } } : null;
};

/** A function of one list. */
function ofList(
  result: (t: ListType) => DataType,
  make: (t: ListType) => (v: List) => unknown,
  nullable = false,
): Resolve {
  return ([arg, ...more]) => {
    const t = asList(arg);
    return t === null || more.length > 0 ? null : overload([t], result(t), { call: make(t) }, nullable);
  };
}

/** A function of a list and one of its items. */
function withItem(result: DataType, make: (item: DataType) => (v: List, x: LiteralValue) => unknown): Resolve {
  return ([arg, x, ...more]) => {
    const t = asList(arg);
    if (t === null || x === undefined || more.length > 0) return null;
    const item = commonType(t.item.type, x);
    if (item === null) return { error: 'the item has another type than the list' };
    const list = typeEquals(item, t.item.type) ? t : T.list(item, t.item.nullable);
    return overload([list, item], result, { call: make(item) });
  };
}

const equal = (t: DataType, a: LiteralValue, b: LiteralValue): boolean =>
  a !== null && b !== null && compareValues(t, a, b) === 0;

function sorted(t: DataType, list: List, sign: 1 | -1): LiteralValue[] {
  return [...list].sort((a, b) =>
    a === null || b === null ? (a === null ? 1 : 0) - (b === null ? 1 : 0) : sign * compareValues(t, a, b),
  );
}

/** With the key of a lambda it is computed by expr/lambda_calls.ts. */
const sort: Resolve = ([arg, ...rest], literals) => {
  const t = asList(arg);
  if (t === null || rest.length > 2) return null;
  const keyed = literals[1] === A_LAMBDA;
  const direction = rest.length > (keyed ? 1 : 0) ? literals[rest.length] : 'asc';
  if (rest.length === 2 && !keyed) return null;
  if (direction !== 'asc' && direction !== 'desc') return { error: 'the direction is "asc" or "desc"' };
  const sign = direction === 'desc' ? -1 : 1;
  return overload([t, ...rest], t, { call: (v: List) => sorted(t.item.type, v, sign) });
};

/** Without repeats, first occurrences in order; nulls are left out. */
function distinct(t: DataType, list: List): LiteralValue[] {
  const key = identity(t);
  const kept = new Map<Key, LiteralValue>();
  for (const x of list) if (x !== null && !kept.has(key(x))) kept.set(key(x), x);
  return [...kept.values()];
}

function extreme(sign: 1 | -1): Resolve {
  return ofList(
    (t) => t.item.type,
    (t) => (list) => {
      let best: LiteralValue = null;
      for (const x of list)
        if (x !== null && (best === null || sign * compareValues(t.item.type, x, best) > 0)) best = x;
      return best;
    },
    true,
  );
}

const sum: Resolve = ([arg, ...more]) => {
  const t = asList(arg);
  if (t === null || more.length > 0) return null;
  const item = t.item.type;
  if (item.kind === 'float') {
    const call = (list: List): number | null =>
      list.some((x) => x !== null) ? list.reduce<number>((s, x) => s + Number(x ?? 0), 0) : null;
    return overload([t], T.float, { call }, true);
  }
  if (item.kind !== 'int' && item.kind !== 'decimal' && item.kind !== 'null') return null;
  const call = (list: List): Int | null =>
    list.some((x) => x !== null) ? list.reduce<Int>((s, x) => addInt(s, (x ?? 0) as Int), 0) : null;
  const result = item.kind === 'decimal' ? T.decimal(38, item.scale) : T.int;
  return overload([t], result, { call, mayOverflow: true }, true);
};

/** Ints and decimals are added up exactly: near 2^63 floats would lose what is left of them. */
const mean: Resolve = ([arg, ...more]) => {
  const t = asList(arg);
  if (t === null || more.length > 0 || implicitCost(t.item.type, T.float) === null) return null;
  const item = t.item.type;
  const exact = item.kind === 'int' || item.kind === 'decimal';
  const scale = item.kind === 'decimal' ? 10 ** item.scale : 1;
  const call = (list: List): number | null => {
    const present = list.filter((x) => x !== null);
    if (present.length === 0) return null;
    const total = exact
      ? present.reduce<Int>((s, x) => addInt(s, x as Int), 0)
      : present.reduce<number>((s, x) => s + Number(x), 0);
    return Number(total) / present.length / scale;
  };
  return overload([exact ? t : T.list(T.float, t.item.nullable)], T.float, { call }, true);
};

const concat: Resolve = ([a, b, ...more]) => {
  if (a === undefined || b === undefined || more.length > 0) return null;
  const t = commonType(asList(a) ?? a, asList(b) ?? b);
  return t?.kind === 'list' ? overload([t, t], t, { call: (x: List, y: List) => [...x, ...y] }) : null;
};

const slice: Resolve = ([arg, from, to, ...more]) => {
  const t = asList(arg);
  if (t === null || from === undefined || more.length > 0) return null;
  if ([from, to].some((x) => x !== undefined && implicitCost(x, T.int) === null)) return null;
  const call = (v: List, a: Int, b?: Int): List => v.slice(Number(a), b === undefined ? undefined : Number(b));
  return overload([t, T.int, ...(to === undefined ? [] : [T.int])], t, { call });
};

const join: Resolve = ([arg, by, ...more]) => {
  const t = asList(arg);
  if (t === null || more.length > 0 || by === undefined || implicitCost(by, T.string) === null) return null;
  const call = (v: List, sep: string): string =>
    v
      .filter((x) => x !== null)
      .map((x) => formatValue(t.item.type, x))
      .join(sep);
  return overload([t, T.string], T.string, { call });
};

/** Items of the longest list that range() makes. */
const LONGEST_RANGE = 1_000_000;

function range(from: Int, to?: Int, step: Int = 1): Int[] {
  const [a, b] = to === undefined ? [0n, BigInt(from)] : [BigInt(from), BigInt(to)];
  const by = BigInt(step);
  if (by === 0n) throw new RunError('FLOW7004', 'the step of range is 0');
  const count = by > 0n ? (b - a + by - 1n) / by : (a - b - by - 1n) / -by;
  if (count > LONGEST_RANGE)
    throw new RunError('FLOW7004', `a range of ${count} items is too long`, { value: String(count) });
  return Array.from({ length: Math.max(0, Number(count)) }, (_, k) => narrow(a + BigInt(k) * by));
}

const length: Resolve = ([t, ...more]) => {
  if (t === undefined || more.length > 0) return null;
  if (t.kind === 'list' || t.kind === 'map') return overload([t], T.int, { call: (v: List) => v.length });
  if (t.kind === 'bytes') return overload([t], T.int, { call: (v: Uint8Array) => v.length });
  return t.kind === 'string' || t.kind === 'null' ? overload([T.string], T.int, { call: lengthOf }) : null;
};

export const LIST = family('list', {
  length: {
    doc: 'Characters of a text, items of a list or map, bytes of a byte string.',
    signature: 'length(x)',
    aliases: ['len', 'char_length'],
    examples: [
      ['length("naïve")', '5'],
      ['length([1, 2, 3])', '3'],
    ],
    resolve: length,
  },
  list_contains: {
    doc: 'Whether the list holds the item.',
    signature: 'list_contains(list, item)',
    aliases: ['list_has', 'array_contains'],
    examples: [['list_contains([1, 2], 2)', 'true']],
    resolve: withItem(T.bool, (t) => (v, x) => v.some((y) => equal(t, x, y))),
  },
  list_position: {
    doc: 'Where the item first stands in the list, from 0 as `list[i]` counts; null when it does not.',
    signature: 'list_position(list, item)',
    examples: [['list_position(["a", "b"], "b")', '1']],
    resolve: (args, literals) => {
      const r = withItem(T.int, (t) => (v: List, x: LiteralValue) => {
        const at = v.findIndex((y) => equal(t, x, y));
        return at < 0 ? null : at;
      })(args, literals);
      return r === null || 'error' in r ? r : { ...r, nullable: true };
    },
  },
  list_sort: {
    doc: 'The items in ascending order, or in that of the lambda of each; `"desc"` turns it round. Nulls come last either way; equal items keep their order.',
    signature: 'list_sort(list, x => key?, "desc"?)',
    aliases: ['array_sort'],
    examples: [
      ['list_sort([3, 1, 2])', '[1, 2, 3]'],
      ['list_sort([3, 1, 2], "desc")', '[3, 2, 1]'],
      ['list_sort(["b", "A", "c"], x => lower(x), "desc")', '["c", "b", "A"]'],
    ],
    lambda: {
      at: 1,
      params: ([list]) => (list?.kind === 'list' ? [list.item, { type: T.int, nullable: false }] : null),
    },
    resolve: sort,
  },
  list_reverse: {
    doc: 'The items from last to first.',
    signature: 'list_reverse(list)',
    examples: [['list_reverse([1, 2])', '[2, 1]']],
    resolve: ofList(
      (t) => t,
      () => (v) => [...v].reverse(),
    ),
  },
  list_distinct: {
    doc: 'The items without repeats and nulls, first occurrences in order.',
    signature: 'list_distinct(list)',
    examples: [['list_distinct([2, 1, 2])', '[2, 1]']],
    resolve: ofList(
      (t) => t,
      (t) => (v) => distinct(t.item.type, v),
    ),
  },
  list_sum: {
    doc: 'Sum of the items that are not null; null when none is.',
    signature: 'list_sum(list)',
    examples: [['list_sum([1, 2, 3])', '6']],
    resolve: sum,
  },
  list_mean: {
    doc: 'Mean of the items that are not null; null when none is.',
    signature: 'list_mean(list)',
    aliases: ['list_avg'],
    examples: [['list_mean([1, 2])', '1.5']],
    resolve: mean,
  },
  list_min: {
    doc: 'The least item; null when there is none.',
    signature: 'list_min(list)',
    examples: [['list_min([2, 1])', '1']],
    resolve: extreme(-1),
  },
  list_max: {
    doc: 'The greatest item; null when there is none.',
    signature: 'list_max(list)',
    examples: [['list_max([2, 1])', '2']],
    resolve: extreme(1),
  },
  list_concat: {
    doc: 'One list after the other.',
    signature: 'list_concat(a, b)',
    examples: [['list_concat([1], [2, 3])', '[1, 2, 3]']],
    resolve: concat,
  },
  list_slice: {
    doc: 'The items from a position to before another, from 0; negative positions count from the end.',
    signature: 'list_slice(list, from, to?)',
    examples: [
      ['list_slice([1, 2, 3], 1)', '[2, 3]'],
      ['list_slice([1, 2, 3], 0, -1)', '[1, 2]'],
    ],
    resolve: slice,
  },
  list_join: {
    doc: 'The items as text, with a separator between; nulls are left out.',
    signature: 'list_join(list, separator)',
    aliases: ['array_to_string'],
    examples: [['list_join([1, 2], "-")', '"1-2"']],
    resolve: join,
  },
  range: {
    doc: 'Whole numbers from the first (0 when left out) to before the second, by a step.',
    signature: 'range(from?, to, step?)',
    examples: [
      ['range(3)', '[0, 1, 2]'],
      ['range(5, 0, -2)', '[5, 3, 1]'],
    ],
    resolve: signatures({
      params: [T.int, T.int, T.int],
      optional: 2,
      result: T.list(T.int, false),
      impl: { call: range },
    }),
  },
});
