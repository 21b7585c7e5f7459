import { RunError } from '../errors.ts';
import type { LiteralValue } from '../expr.ts';
import { type DataType, T, type Typed } from '../types.ts';
import { family, overload, type Resolve } from './build.ts';
import { formatValue } from './format.ts';
import { compareValues } from './ordering.ts';
import { commonType, implicitCost } from './types.ts';

type MapType = DataType & { kind: 'map' };
type Entry = { readonly key: LiteralValue; readonly value: LiteralValue };
type List = readonly LiteralValue[];

/** The type of a map's entries, as `map_entries` gives them and `map_from_entries` takes them. */
function entryType(key: DataType, value: Typed): DataType {
  return T.struct([
    { name: 'key', type: key, nullable: false },
    { name: 'value', ...value },
  ]);
}

function ofMap(result: (t: MapType) => DataType, call: (v: readonly Entry[]) => unknown): Resolve {
  return ([t, ...more]) => (t?.kind === 'map' && more.length === 0 ? overload([t], result(t), { call }) : null);
}

/** Keys are not null, and each of them is there once. */
function checked(key: DataType, entries: readonly Entry[]): readonly Entry[] {
  const seen = new Set<string>();
  for (const e of entries) {
    if (e.key === null) throw new RunError('FLOW7004', 'a key of a map is null');
    const text = formatValue(key, e.key);
    if (seen.has(text)) throw new RunError('FLOW7004', `a map has the key ${text} twice`, { value: text });
    seen.add(text);
  }
  return entries;
}

const map: Resolve = ([keys, values, ...more]) => {
  if (keys?.kind !== 'list' || values?.kind !== 'list' || more.length > 0) return null;
  const key = keys.item.type;
  const call = (k: List, v: List): readonly Entry[] => {
    if (k.length !== v.length)
      throw new RunError('FLOW7004', `a map of ${k.length} keys and ${v.length} values`, {
        value: formatValue(keys, k),
      });
    return checked(
      key,
      k.map((x, i) => ({ key: x, value: v[i] ?? null })),
    );
  };
  return overload([keys, values], { kind: 'map', key, value: values.item }, { call });
};

const fromEntries: Resolve = ([list, ...more]) => {
  if (list?.kind !== 'list' || list.item.type.kind !== 'struct' || more.length > 0) return null;
  const [key, value, ...others] = list.item.type.fields;
  if (key === undefined || value === undefined || others.length > 0)
    return { error: 'the entries of a map are structs of a key and a value' };
  const call = (items: readonly ({ readonly [k: string]: LiteralValue } | null)[]): readonly Entry[] =>
    checked(
      key.type,
      items.flatMap((x) => (x === null ? [] : [{ key: x[key.name] ?? null, value: x[value.name] ?? null }])),
    );
  const of: Typed = { type: value.type, nullable: value.nullable };
  return overload([list], { kind: 'map', key: key.type, value: of }, { call });
};

/** The later map decides about keys that both have; they stay where they were. */
const concat: Resolve = ([a, b, ...more]) => {
  if (a?.kind !== 'map' || b?.kind !== 'map' || more.length > 0) return null;
  const key = commonType(a.key, b.key);
  const value = commonType(a.value.type, b.value.type);
  if (key === null || value === null) return { error: 'the maps have no common type' };
  const t: MapType = { kind: 'map', key, value: { type: value, nullable: a.value.nullable || b.value.nullable } };
  const call = (x: readonly Entry[], y: readonly Entry[]): readonly Entry[] => {
    const out = new Map(x.map((e) => [formatValue(key, e.key), e]));
    for (const e of y) out.set(formatValue(key, e.key), e);
    return [...out.values()];
  };
  return overload([t, t], t, { call });
};

const contains: Resolve = ([t, k, ...more]) => {
  if (t?.kind !== 'map' || k === undefined || more.length > 0 || implicitCost(k, t.key) === null) return null;
  const call = (v: readonly Entry[], x: LiteralValue): boolean => v.some((e) => compareValues(t.key, e.key, x) === 0);
  return overload([t, t.key], T.bool, { call });
};

const extract: Resolve = ([t, k, ...more]) => {
  if (t?.kind !== 'map' || k === undefined || more.length > 0 || implicitCost(k, t.key) === null) return null;
  const call = (v: readonly Entry[], x: LiteralValue): LiteralValue =>
    v.find((e) => compareValues(t.key, e.key, x) === 0)?.value ?? null;
  return overload([t, t.key], t.value.type, { call }, true);
};

export const MAP = family('list', {
  map: {
    doc: 'A map of a list of keys and a list of values, of equal lengths. Keys are not null, and differ from one another.',
    signature: 'map(keys, values)',
    examples: [['map(["a", "b"], [1, 2])', '{"a":1,"b":2}']],
    resolve: map,
  },
  map_from_entries: {
    doc: 'A map of a list of structs, of a key and a value each; nulls in the list are left out.',
    signature: 'map_from_entries(list)',
    examples: [['map_from_entries([{ k: "a", v: 1 }])', '{"a":1}']],
    resolve: fromEntries,
  },
  map_entries: {
    doc: 'Entries of a map, as a list of structs with a `key` and a `value`.',
    signature: 'map_entries(map)',
    examples: [['map_entries(map(["a"], [1]))[0].value', '1']],
    resolve: ofMap(
      (t) => T.list(entryType(t.key, t.value), false),
      (v) => v,
    ),
  },
  map_keys: {
    doc: 'Keys of a map, as a list.',
    signature: 'map_keys(map)',
    examples: [['map_keys(map(["a", "b"], [1, 2]))', '["a", "b"]']],
    resolve: ofMap(
      (t) => T.list(t.key, false),
      (v) => v.map((e) => e.key),
    ),
  },
  map_values: {
    doc: 'Values of a map, as a list.',
    signature: 'map_values(map)',
    examples: [['map_values(map(["a", "b"], [1, 2]))', '[1, 2]']],
    resolve: ofMap(
      (t) => T.list(t.value.type, t.value.nullable),
      (v) => v.map((e) => e.value),
    ),
  },
  map_contains: {
    doc: 'Whether a map has a key.',
    signature: 'map_contains(map, key)',
    aliases: ['map_contains_key'],
    examples: [['map_contains(map(["a"], [1]), "b")', 'false']],
    resolve: contains,
  },
  map_extract: {
    doc: 'The value of a key, as `m["key"]` reads it; null when it is not there.',
    signature: 'map_extract(map, key)',
    aliases: ['element_at'],
    examples: [['map_extract(map(["a"], [1]), "a")', '1']],
    resolve: extract,
  },
  map_concat: {
    doc: 'The entries of both maps; of a key that both have, the value of the second one.',
    signature: 'map_concat(a, b)',
    examples: [['map_concat(map(["a", "b"], [1, 2]), map(["b"], [3]))', '{"a":1,"b":3}']],
    resolve: concat,
  },
});
