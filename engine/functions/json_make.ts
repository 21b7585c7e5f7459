import type { LiteralValue } from '../expr.ts';
import { type DataType, T } from '../types.ts';
import { family, overload, type Resolve } from './build.ts';
import { toJson } from './format.ts';
import { jsonPath, parseJson, walkJson, writeJson } from './json.ts';
import { memo } from './pattern.ts';

const pathOf = memo(jsonPath);
const isText = (t: DataType | undefined): boolean => t?.kind === 'json' || t?.kind === 'string' || t?.kind === 'null';

const jsonArray: Resolve = (args) => {
  const call = (...items: LiteralValue[]): string =>
    `[${items.map((x, k) => toJson(args[k] as DataType, x)).join(',')}]`;
  return overload(args, T.json, { call }, false);
};

const jsonObject: Resolve = (args) => {
  if (args.length % 2 === 1 || args.some((t, k) => k % 2 === 0 && t.kind !== 'string')) return null;
  const call = (...parts: LiteralValue[]): string | null => {
    const members: string[] = [];
    for (let k = 0; k < parts.length; k += 2) {
      if (parts[k] === null) return null;
      members.push(`${JSON.stringify(parts[k])}:${toJson(args[k + 1] as DataType, parts[k + 1] ?? null)}`);
    }
    return `{${members.join(',')}}`;
  };
  return overload(args, T.json, { call }, (nulls) => nulls.some((n, k) => n && k % 2 === 0));
};

const exists: Resolve = ([json, path, ...more], literals) => {
  if (!isText(json) || path?.kind !== 'string' || more.length > 0) return null;
  const text = literals[1];
  const parsed = typeof text === 'string' ? jsonPath(text) : [];
  if ('error' in parsed) return parsed;
  const call = (v: string, p: string): boolean => {
    const steps = pathOf(p);
    return !('error' in steps) && walkJson(parseJson(v), steps) !== undefined;
  };
  return overload([T.json, T.string], T.bool, { call });
};

type Members = { readonly [name: string]: unknown };

function isObject(v: unknown): v is Members {
  return v !== null && typeof v === 'object' && !Array.isArray(v);
}

/** As jsonb's containment: members of objects by name, items of arrays in any order, other values by equality. */
function holds(a: unknown, b: unknown): boolean {
  if (Array.isArray(a)) return Array.isArray(b) ? b.every((y) => a.some((x) => holds(x, y))) : a.includes(b);
  if (!isObject(a)) return a === b;
  return isObject(b) && Object.entries(b).every(([k, y]) => Object.hasOwn(a, k) && holds(a[k], y));
}

/** RFC 7396: members of the patch replace those of the target, and remove them where they are null. */
function merged(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const out = new Map(Object.entries(isObject(target) ? target : {}));
  for (const [k, v] of Object.entries(patch)) {
    if (v === null) out.delete(k);
    else out.set(k, merged(out.get(k), v));
  }
  return Object.fromEntries(out);
}

function ofTwo(result: DataType, f: (a: unknown, b: unknown) => LiteralValue): Resolve {
  return ([a, b, ...more]) =>
    isText(a) && isText(b) && more.length === 0
      ? overload([T.json, T.json], result, { call: (x: string, y: string) => f(parseJson(x), parseJson(y)) })
      : null;
}

const entryType = T.struct([
  { name: 'key', type: T.string, nullable: false },
  { name: 'value', type: T.json, nullable: false },
]);

const ofJson =
  (result: DataType, call: (v: string) => LiteralValue, nullable = false): Resolve =>
  ([json, ...more]) =>
    isText(json) && more.length === 0 ? overload([T.json], result, { call }, nullable) : null;

export const JSON_MAKE = family('list', {
  json_array: {
    doc: 'A JSON array of these values, as `to_json` writes each.',
    signature: 'json_array(x, …)',
    examples: [['json_array(1, "a", null)', '[1,"a",null]']],
    nulls: 'custom',
    resolve: jsonArray,
  },
  json_object: {
    doc: 'A JSON object of these names and values; null where a name is null.',
    signature: 'json_object(name, value, …)',
    examples: [['json_object("a", 1, "b", [true])', '{"a":1,"b":[true]}']],
    nulls: 'custom',
    resolve: jsonObject,
  },
  json_exists: {
    doc: 'Whether there is a member at a path, null included.',
    signature: 'json_exists(json, path)',
    examples: [['json_exists("{\\"a\\": null}", "a")', 'true']],
    resolve: exists,
  },
  json_contains: {
    doc: 'Whether the first value holds the second: an object all of its members, an array all of its items in any order.',
    signature: 'json_contains(json, part)',
    examples: [['json_contains("{\\"a\\": [1, 2], \\"b\\": 3}", "{\\"a\\": [2]}")', 'true']],
    resolve: ofTwo(T.bool, holds),
  },
  json_merge_patch: {
    doc: 'The first value with the members of the second put in; a member that is null there is removed.',
    signature: 'json_merge_patch(json, patch)',
    examples: [['json_merge_patch("{\\"a\\": 1, \\"b\\": 2}", "{\\"b\\": null, \\"c\\": 3}")', '{"a":1,"c":3}']],
    resolve: ofTwo(T.json, (a, b) => writeJson(merged(a, b))),
  },
  json_entries: {
    doc: 'Members of an object as a list of structs with a `key` and a `value`, for `explode`; null for anything else.',
    signature: 'json_entries(json)',
    examples: [['json_entries("{\\"a\\": 1, \\"b\\": [2]}")[1].value', '[2]']],
    resolve: ofJson(
      T.list(entryType, false),
      (v) => {
        const value = parseJson(v);
        return isObject(value) ? Object.entries(value).map(([key, x]) => ({ key, value: writeJson(x) })) : null;
      },
      true,
    ),
  },
  json_pretty: {
    doc: 'JSON over several lines, indented by two blanks.',
    signature: 'json_pretty(json)',
    examples: [['json_pretty("[1]")', '"[\\n  1\\n]"']],
    resolve: ofJson(T.string, (v) => writeJson(parseJson(v), 2)),
  },
  from_json: {
    doc: 'Text as JSON, as `text::json`; convert its members on with `::`, a whole value with `text::list<int>` and the like. Fails on text that is none.',
    signature: 'from_json(text)',
    aliases: ['parse_json'],
    examples: [['from_json("[1, 2]")[1]::int', '2']],
    resolve: ofJson(T.json, (v) => v),
  },
});
