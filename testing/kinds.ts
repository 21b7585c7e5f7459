import type { LiteralValue } from '../engine/expr.ts';
import { type DataType, field, T, type TypeKind } from '../engine/types.ts';

/** The kinds of values that generated pipelines are made of: a type each. */

type Scalar = Extract<TypeKind, 'int' | 'float' | 'decimal' | 'string' | 'bool' | 'date' | 'timestamp'>;
type Nested = 'ints' | 'texts' | 'pair' | 'counts' | 'json';
export type Kind = Scalar | Nested;

/** Kinds that have an order, and are keys. */
export const KINDS: readonly Scalar[] = ['int', 'string', 'float', 'bool', 'date', 'decimal', 'timestamp'];

/** In the order in which arguments of functions are looked for. */
export const TYPES: Readonly<Record<Kind, DataType>> = {
  int: T.int,
  string: T.string,
  float: T.float,
  date: T.date,
  timestamp: T.timestamp,
  ints: T.list(T.int),
  bool: T.bool,
  decimal: T.decimal(12, 2),
  texts: T.list(T.string),
  pair: T.struct([field('a', T.int), field('b', T.string)]),
  counts: { kind: 'map', key: T.string, value: { type: T.int, nullable: true } },
  json: T.json,
};

export const ALL_KINDS = Object.keys(TYPES) as readonly Kind[];
export const NESTED_KINDS = ALL_KINDS.filter((k) => !KINDS.includes(k as Scalar));

/** Null: of no kind that pipelines know. */
export function kindOf(t: DataType): Kind | null {
  switch (t.kind) {
    case 'list':
      return t.item.type.kind === 'int' ? 'ints' : t.item.type.kind === 'string' ? 'texts' : null;
    case 'struct':
      return t.fields.length === 2 && t.fields[0]?.name === 'a' && t.fields[1]?.name === 'b' && isPair(t)
        ? 'pair'
        : null;
    case 'map':
      return t.key.kind === 'string' && t.value.type.kind === 'int' ? 'counts' : null;
    case 'timestamp':
      return t.zone === null ? 'timestamp' : null;
    default:
      return t.kind in TYPES ? (t.kind as Kind) : null;
  }
}

function isPair(t: DataType & { kind: 'struct' }): boolean {
  return t.fields[0]?.type.kind === 'int' && t.fields[1]?.type.kind === 'string';
}

/** As a flow writes them. */
export const LITERALS: Readonly<Record<Kind, readonly string[]>> = {
  int: ['1', '0', '(-2)', '3', '40'],
  float: ['0.5', '(-1.25)', '2.0', '0.0'],
  decimal: ['1::decimal(12, 2)', '(-3)::decimal(12, 2)'],
  string: ['"a"', '""', '"b"', '"héllo"', '"😀"'],
  bool: ['true', 'false'],
  date: ['@2024-02-29', '@2023-12-31', '@1969-12-31'],
  timestamp: ['@2024-02-29T12:30:00Z', '@1969-12-31T23:59:59Z'],
  ints: ['[1, null, 3]', '[0]'],
  texts: ['["a", "é", null]', '["😀"]'],
  pair: ['{ a: 1, b: "x" }', '{ a: -1, b: "" }'],
  counts: ['map(["a", "é"], [1, 2])', 'map(["b"], [0])'],
  json: [String.raw`"{\"a\": [1, null]}"::json`, '"7"::json'],
};

/** Some values of each, as they are in tables, and texts that are no patterns and no formats: functions are tried on them. */
export const SAMPLES: Readonly<Record<Kind, readonly LiteralValue[]>> = {
  int: [0, 1, -3, 40, null, 100_000, -100_000],
  string: ['', 'a', 'héllo', '😀 b', null, 'l1\nl2', "it's", '([', '%q{'],
  float: [0.5, -1.25, null, 0, 1000, -1000],
  bool: [true, false, null],
  date: [0, 19_782, null, -719_162, 2_932_896],
  decimal: [100, -250, null, 99_999_999, 0],
  timestamp: [0, 1_709_164_800_000_000, null, -1],
  ints: [[], [1, null], null, [3, 3, -100_000]],
  texts: [['a', ''], [null], null, [], ['é', '😀']],
  pair: [null, { a: 1, b: 'x' }, { a: null, b: null }],
  counts: [null, [], [{ key: 'a', value: 1 }], [{ key: 'é', value: null }]],
  json: ['1', '{"a":[1]}', null, '[]', '"é"'],
};
