import type { LiteralValue } from '../expr.ts';
import { type DataType, T } from '../types.ts';
import { family, overload, type Resolve, signatures } from './build.ts';
import { toJson } from './format.ts';
import { exactNumber, jsonPath, parseJson, walkJson, writeJson } from './json.ts';
import { isJson } from './parse.ts';
import { memo } from './pattern.ts';

const pathOf = memo(jsonPath);
const isText = (t: DataType | undefined): boolean => t?.kind === 'json' || t?.kind === 'string' || t?.kind === 'null';

/** A function of JSON and a path to a member of it. */
function atPath(result: DataType, of: (value: unknown) => LiteralValue): Resolve {
  return ([json, path, ...more], literals) => {
    if (!isText(json) || more.length > 0 || (path !== undefined && path.kind !== 'string')) return null;
    const text = literals[1];
    if (typeof text === 'string') {
      const parsed = jsonPath(text);
      if ('error' in parsed) return parsed;
    }
    const call = (v: string, p = '$'): LiteralValue => {
      const steps = pathOf(p);
      return 'error' in steps ? null : of(walkJson(parseJson(v), steps));
    };
    return overload([T.json, ...(path === undefined ? [] : [T.string])], result, { call }, true);
  };
}

const plain = (v: unknown): LiteralValue => {
  if (v === undefined || v === null) return null;
  return exactNumber(v) ?? (typeof v === 'string' ? v : writeJson(v));
};

function typeName(v: unknown): LiteralValue {
  if (v === undefined) return null;
  if (v === null) return 'null';
  if (exactNumber(v) !== null) return 'number';
  return Array.isArray(v) ? 'array' : typeof v === 'boolean' ? 'bool' : typeof v;
}

function size(v: unknown): LiteralValue {
  if (v === null || typeof v !== 'object') return null;
  return Array.isArray(v) ? v.length : Object.keys(v).length;
}

export const JSON_FUNCTIONS = family('list', {
  json_extract: {
    doc: 'The member at a path (`$.a.b[0]`, or `a.b[0]`) as JSON; null when it is not there.',
    signature: 'json_extract(json, path)',
    examples: [['json_extract("{\\"a\\": [1, 2]}", "$.a[1]")', '2']],
    resolve: atPath(T.json, (v) => (v === undefined ? null : writeJson(v))),
  },
  json_value: {
    doc: 'The member at a path as text: a string without its quotes, anything else as JSON; null when it is null or not there.',
    signature: 'json_value(json, path)',
    aliases: ['json_extract_string'],
    examples: [['json_value("{\\"a\\": \\"x\\"}", "a")', '"x"']],
    resolve: atPath(T.string, plain),
  },
  json_type: {
    doc: 'The kind of the member at a path: object, array, string, number, bool or null; null when it is not there.',
    signature: 'json_type(json, path?)',
    examples: [['json_type("[1]")', '"array"']],
    resolve: atPath(T.string, typeName),
  },
  json_length: {
    doc: 'Items of the array or members of the object at a path; null for anything else.',
    signature: 'json_length(json, path?)',
    aliases: ['json_array_length'],
    examples: [['json_length("[1, 2]")', '2']],
    resolve: atPath(T.int, size),
  },
  json_keys: {
    doc: 'Names of the members of an object, as a list; null for anything else.',
    signature: 'json_keys(json, path?)',
    examples: [['json_keys("{\\"a\\": 1, \\"b\\": 2}")', '["a", "b"]']],
    resolve: atPath(T.list(T.string, false), (v) =>
      v === null || typeof v !== 'object' || Array.isArray(v) ? null : Object.keys(v),
    ),
  },
  json_valid: {
    doc: 'Whether a text is JSON.',
    signature: 'json_valid(text)',
    examples: [['json_valid("{")', 'false']],
    resolve: signatures({ params: [T.string], result: T.bool, impl: { call: isJson } }),
  },
  to_json: {
    doc: 'Any value as JSON: times as text, bytes in base64, nan and infinities as null.',
    signature: 'to_json(x)',
    examples: [['to_json([1, 2])', '[1,2]']],
    resolve: ([t, ...more]) => {
      if (t === undefined || more.length > 0) return null;
      return overload([t], T.json, { call: (v: LiteralValue) => toJson(t, v) });
    },
  },
});
