import { RunError } from '../errors.ts';
import type { LiteralValue } from '../expr.ts';
import { type DataType, type Field, T } from '../types.ts';
import { family, overload, type Resolve } from './build.ts';
import { identity, type Key } from './identity.ts';
import { addInt, type Int, mulInt } from './ints.ts';
import { compareFloats } from './ordering.ts';
import { commonType, implicitCost } from './types.ts';

type List = readonly LiteralValue[];
type ListType = DataType & { kind: 'list' };

/** Items of the longest list that a function makes of numbers. */
const LONGEST = 1_000_000;

const asList = (t: DataType | undefined): ListType | null => {
  if (t?.kind === 'list') return t;
  return t?.kind === 'null' ? { kind: 'list', item: { type: T.null, nullable: true } } : null;
};

function ofList(
  result: (t: ListType) => DataType | null,
  make: (t: ListType) => (v: List) => unknown,
  nullable = false,
): Resolve {
  return ([arg, ...more]) => {
    const t = asList(arg);
    const type = t === null ? null : result(t);
    return t === null || type === null || more.length > 0 ? null : overload([t], type, { call: make(t) }, nullable);
  };
}

/** A function of two lists, of items of one type. */
function ofTwo(
  result: (t: ListType) => DataType,
  make: (key: (v: LiteralValue) => Key) => (a: List, b: List) => unknown,
): Resolve {
  return ([a, b, ...more]) => {
    const [x, y] = [asList(a), asList(b)];
    if (x === null || y === null || more.length > 0) return null;
    const t = commonType(x, y);
    if (t?.kind !== 'list') return { error: 'the lists have items of different types' };
    return overload([t, t], result(t), { call: make(identity(t.item.type)) });
  };
}

/** A list and an item, either first; the item may be null. */
function withItem(
  listAt: 0 | 1,
  result: (t: ListType) => DataType,
  call: (v: List, x: LiteralValue) => unknown,
): Resolve {
  return (args) => {
    const t = asList(args[listAt]);
    const x = args[1 - listAt];
    if (t === null || x === undefined || args.length > 2) return null;
    const item = commonType(t.item.type, x);
    if (item === null) return { error: 'the item has another type than the list' };
    const list: ListType = { kind: 'list', item: { type: item, nullable: true } };
    const given = (a: LiteralValue, b: LiteralValue): unknown => {
      const [v, one] = listAt === 0 ? [a, b] : [b, a];
      return v === null ? null : call(v as List, one);
    };
    return overload(
      listAt === 0 ? [list, item] : [item, list],
      result(list),
      { call: given },
      (nulls) => nulls[listAt] === true,
    );
  };
}

/** Items that are not null, each once, in order. */
function distinctOf(list: List, key: (v: LiteralValue) => Key, wanted: (k: Key) => boolean): LiteralValue[] {
  const seen = new Set<Key>();
  return list.filter((x) => {
    const k = x === null ? null : key(x);
    if (k === null || seen.has(k) || !wanted(k)) return false;
    seen.add(k);
    return true;
  });
}

function keys(list: List, key: (v: LiteralValue) => Key): Set<Key> {
  return new Set(list.filter((x) => x !== null).map(key));
}

const product: Resolve = ([arg, ...more]) => {
  const t = asList(arg);
  if (t === null || more.length > 0) return null;
  const present = (list: List): LiteralValue[] => list.filter((x) => x !== null);
  if (t.item.type.kind === 'int' || t.item.type.kind === 'null') {
    const call = (list: List): Int | null => {
      const items = present(list);
      return items.length === 0 ? null : items.reduce<Int>((p, x) => mulInt(p, x as Int), 1);
    };
    return overload([t], T.int, { call, mayOverflow: true }, true);
  }
  if (implicitCost(t.item.type, T.float) === null) return null;
  const call = (list: List): number | null => {
    const items = present(list);
    return items.length === 0 ? null : items.reduce<number>((p, x) => p * (x as number), 1);
  };
  return overload([T.list(T.float, t.item.nullable)], T.float, { call }, true);
};

const median: Resolve = ([arg, ...more]) => {
  const t = asList(arg);
  if (t === null || more.length > 0 || implicitCost(t.item.type, T.float) === null) return null;
  const call = (list: List): number | null => {
    const items = (list.filter((x) => x !== null) as number[]).sort(compareFloats);
    const n = items.length;
    if (n === 0) return null;
    const [a, b] = [items[(n - 1) >> 1] as number, items[n >> 1] as number];
    return a === b ? a : a + (b - a) / 2;
  };
  return overload([T.list(T.float, t.item.nullable)], T.float, { call }, true);
};

/** Lists side by side; the shorter ones are null behind their ends. */
const zip: Resolve = (args) => {
  const lists = args.map(asList);
  if (lists.length < 2 || lists.some((t) => t === null)) return null;
  const fields = lists.map((t, k): Field => ({ name: `_${k + 1}`, type: (t as ListType).item.type, nullable: true }));
  const call = (...given: List[]): LiteralValue =>
    Array.from({ length: Math.max(...given.map((v) => v.length)) }, (_, i) =>
      Object.fromEntries(given.map((v, k) => [`_${k + 1}`, v[i] ?? null])),
    );
  return overload(lists as ListType[], T.list(T.struct(fields), false), { call });
};

const flatten: Resolve = ofList(
  (t) => {
    const inner = t.item.type;
    return inner.kind === 'list' ? inner : inner.kind === 'null' ? t : null;
  },
  () => (v) => (v as readonly (List | null)[]).flatMap((x) => x ?? []),
);

const repeat: Resolve = ([item, n, ...more]) => {
  if (item === undefined || n === undefined || more.length > 0 || implicitCost(n, T.int) === null) return null;
  const call = (x: LiteralValue, times: Int | null): LiteralValue => {
    if (times === null) return null;
    if (times > LONGEST)
      throw new RunError('FLOW7004', `a list of ${times} items is too long`, { value: String(times) });
    return new Array<LiteralValue>(Math.max(0, Number(times))).fill(x);
  };
  return overload([item, T.int], T.list(item), { call }, ([, count]) => count === true);
};

const cumulated: Resolve = ([arg, ...more]) => {
  const t = asList(arg);
  if (t === null || more.length > 0) return null;
  const exact = t.item.type.kind === 'int';
  if (!exact && implicitCost(t.item.type, T.float) === null) return null;
  const call = (list: List): LiteralValue => {
    let sum: Int = 0;
    return list.map((x) => {
      if (x === null) return null;
      sum = exact ? addInt(sum, x as Int) : (sum as number) + (x as number);
      return sum;
    });
  };
  const type = exact ? T.list(T.int, t.item.nullable) : T.list(T.float, t.item.nullable);
  return overload([type], type, { call });
};

export const LIST_SETS = family('list', {
  list_append: {
    doc: 'The list with one more item behind it.',
    signature: 'list_append(list, item)',
    aliases: ['array_append'],
    examples: [['list_append([1, 2], 3)', '[1, 2, 3]']],
    nulls: 'custom',
    resolve: withItem(
      0,
      (t) => t,
      (v, x) => [...v, x],
    ),
  },
  list_prepend: {
    doc: 'The list with one more item before it.',
    signature: 'list_prepend(item, list)',
    aliases: ['array_prepend'],
    examples: [['list_prepend(0, [1, 2])', '[0, 1, 2]']],
    nulls: 'custom',
    resolve: withItem(
      1,
      (t) => t,
      (v, x) => [x, ...v],
    ),
  },
  list_first: {
    doc: 'The first item; null when there is none.',
    signature: 'list_first(list)',
    examples: [['list_first([1, 2])', '1']],
    resolve: ofList(
      (t) => t.item.type,
      () => (v) => v[0] ?? null,
      true,
    ),
  },
  list_last: {
    doc: 'The last item; null when there is none.',
    signature: 'list_last(list)',
    examples: [['list_last([1, 2])', '2']],
    resolve: ofList(
      (t) => t.item.type,
      () => (v) => v.at(-1) ?? null,
      true,
    ),
  },
  list_count: {
    doc: 'How many items are not null.',
    signature: 'list_count(list)',
    examples: [['list_count([1, null, 3])', '2']],
    resolve: ofList(
      () => T.int,
      () => (v) => v.reduce<number>((n, x) => n + (x === null ? 0 : 1), 0),
    ),
  },
  list_unique: {
    doc: 'How many different items there are that are not null.',
    signature: 'list_unique(list)',
    aliases: ['list_n_unique', 'array_unique'],
    examples: [['list_unique([2, 1, 2, null])', '2']],
    resolve: ofList(
      () => T.int,
      (t) => {
        const key = identity(t.item.type);
        return (v) => keys(v, key).size;
      },
    ),
  },
  list_product: {
    doc: 'Product of the items that are not null; null when none is.',
    signature: 'list_product(list)',
    examples: [['list_product([2, 3, 4])', '24']],
    resolve: product,
  },
  list_median: {
    doc: 'Median of the items that are not null, the mean of the middle two of an even number; null when none is.',
    signature: 'list_median(list)',
    examples: [['list_median([3, 1, 2, 10])', '2.5']],
    resolve: median,
  },
  list_cum_sum: {
    doc: 'Sums of the items up to each of them; nulls stay, and add nothing.',
    signature: 'list_cum_sum(list)',
    examples: [['list_cum_sum([1, 2, null, 4])', '[1, 3, null, 7]']],
    resolve: cumulated,
  },
  list_has_any: {
    doc: 'Whether some item of the second list is in the first; nulls do not count.',
    signature: 'list_has_any(a, b)',
    aliases: ['array_has_any'],
    examples: [['list_has_any([1, 2], [2, 3])', 'true']],
    resolve: ofTwo(
      () => T.bool,
      (key) => (a, b) => {
        const has = keys(a, key);
        return b.some((x) => x !== null && has.has(key(x)));
      },
    ),
  },
  list_has_all: {
    doc: 'Whether all items of the second list are in the first; nulls do not count.',
    signature: 'list_has_all(a, b)',
    aliases: ['array_has_all'],
    examples: [['list_has_all([1, 2], [2, 3])', 'false']],
    resolve: ofTwo(
      () => T.bool,
      (key) => (a, b) => {
        const has = keys(a, key);
        return b.every((x) => x === null || has.has(key(x)));
      },
    ),
  },
  list_intersect: {
    doc: 'The items that both lists have, each once, in the order of the first; nulls are left out.',
    signature: 'list_intersect(a, b)',
    aliases: ['array_intersect'],
    examples: [['list_intersect([3, 1, 2, 1], [1, 3])', '[3, 1]']],
    resolve: ofTwo(
      (t) => t,
      (key) => (a, b) => {
        const has = keys(b, key);
        return distinctOf(a, key, (k) => has.has(k));
      },
    ),
  },
  list_difference: {
    doc: 'The items of the first list that the second does not have, each once, in order; nulls are left out.',
    signature: 'list_difference(a, b)',
    aliases: ['list_except', 'array_except'],
    examples: [['list_difference([3, 1, 2, 1], [1])', '[3, 2]']],
    resolve: ofTwo(
      (t) => t,
      (key) => (a, b) => {
        const has = keys(b, key);
        return distinctOf(a, key, (k) => !has.has(k));
      },
    ),
  },
  list_union: {
    doc: 'The items of both lists, each once, in order; nulls are left out.',
    signature: 'list_union(a, b)',
    aliases: ['array_union'],
    examples: [['list_union([2, 1], [1, 3])', '[2, 1, 3]']],
    resolve: ofTwo(
      (t) => t,
      (key) => (a, b) => distinctOf([...a, ...b], key, () => true),
    ),
  },
  list_remove: {
    doc: 'The list without the items that equal this one.',
    signature: 'list_remove(list, item)',
    aliases: ['array_remove'],
    examples: [['list_remove([1, 2, 1], 1)', '[2]']],
    resolve: ([list, x, ...more]) => {
      const t = asList(list);
      if (t === null || x === undefined || more.length > 0) return null;
      const item = commonType(t.item.type, x);
      if (item === null) return { error: 'the item has another type than the list' };
      const key = identity(item);
      const type = T.list(item, t.item.nullable);
      // A set, because nan equals itself there.
      const call = (v: List, one: LiteralValue): List => {
        const gone = new Set([key(one)]);
        return v.filter((y) => y === null || !gone.has(key(y)));
      };
      return overload([type, item], type, { call });
    },
  },
  list_zip: {
    doc: 'Lists side by side, as a list of structs with the fields `_1`, `_2`, …; the shorter ones are null behind their ends.',
    signature: 'list_zip(a, b, …)',
    aliases: ['arrays_zip'],
    examples: [['list_zip([1, 2], ["a"])[1]', '{"_1":2,"_2":null}']],
    resolve: zip,
  },
  flatten: {
    doc: 'The items of the lists of a list, one after another; null lists have none.',
    signature: 'flatten(list)',
    aliases: ['list_flatten'],
    examples: [['flatten([[1, 2], [], [3]])', '[1, 2, 3]']],
    resolve: flatten,
  },
  list_repeat: {
    doc: 'A list of one item, so many times.',
    signature: 'list_repeat(item, n)',
    aliases: ['array_repeat'],
    examples: [['list_repeat("a", 2)', '["a", "a"]']],
    nulls: 'custom',
    resolve: repeat,
  },
});
