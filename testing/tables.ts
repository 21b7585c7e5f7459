import fc from 'fast-check';
import type { LiteralValue } from '../engine/expr.ts';
import type { DataType, Field, Schema } from '../engine/types.ts';
import { canonical } from './reference/values.ts';

/** A table in memory. Values as literals have them: ints and decimals (unscaled) as numbers or bigints, dates as days, timestamps as microseconds. */
export interface TestTable {
  readonly schema: Schema;
  readonly rows: readonly TestRow[];
}

export type TestRow = Readonly<Record<string, LiteralValue>>;

export interface TableOptions {
  /** Default 40. */
  readonly maxRows?: number;
  /** Default true: extremes of 64 bits, NaN and infinities are among the values; false: numbers that can be added up without leaving their type, exactly. */
  readonly extremes?: boolean;
  /** Default true: texts of any characters are among the values; false: a list of texts only, without characters whose upper case is another number of them. */
  readonly anyText?: boolean;
}

const WORDS = [
  '',
  'a',
  'b',
  'ab',
  'A',
  'héllo',
  '日本',
  '😀',
  'e\u0301',
  "it's",
  '"q"',
  'x,y',
  'l1\nl2',
  ' pad ',
  'null',
];
const DAY = 86_400_000_000;

/** Values of a type that are not null: few and repeated, so that keys meet, with what is at the edges among them. */
export function arbitraryValue(
  type: DataType,
  options: Omit<TableOptions, 'maxRows'> = {},
): fc.Arbitrary<LiteralValue> {
  const { extremes = true, anyText = true } = options;
  const small = fc.integer({ min: -4, max: 4 });
  switch (type.kind) {
    case 'null':
      return fc.constant(null);
    case 'bool':
      return fc.boolean();
    case 'int':
      return extremes
        ? fc.oneof(
            { weight: 4, arbitrary: small },
            fc.constantFrom<LiteralValue>(2 ** 53, 2n ** 63n - 1n, -(2n ** 63n), 2 ** 31, -(2 ** 31)),
          )
        : fc.oneof({ weight: 4, arbitrary: small }, fc.integer({ min: -100_000, max: 100_000 }));
    case 'float':
      // Quarters add up exactly.
      return extremes
        ? fc.oneof(
            small.map((x) => x / 4),
            fc.constantFrom(Number.NaN, -0, Number.POSITIVE_INFINITY, 5e-324, 1e300),
            fc.double(),
          )
        : fc.integer({ min: -4000, max: 4000 }).map((x) => x / 4);
    case 'decimal': {
      const most = 10n ** BigInt(extremes ? type.precision : Math.min(type.precision, 6)) - 1n;
      return fc.oneof(small, fc.bigInt(-most, most).map(narrowed));
    }
    case 'string':
      return fc.oneof(
        { weight: 5, arbitrary: fc.constantFrom(...WORDS) },
        anyText ? fc.string({ unit: 'grapheme', maxLength: 6 }) : fc.constant('x'),
      );
    case 'json':
      return fc.constantFrom('1', '{"a":1}', '[]', '"é"');
    case 'bytes':
      return fc.uint8Array({ maxLength: 5 });
    case 'date':
      return fc.oneof(fc.integer({ min: 19_700, max: 19_800 }), fc.constantFrom(0, -1, 19_782, -719_162, 2_932_896));
    case 'time':
      return fc.integer({ min: 0, max: DAY / 1e6 - 1 }).map((s) => s * 1e6);
    case 'timestamp':
      return fc.oneof(
        fc.integer({ min: 0, max: 400 }).map((h) => (19_700 * 24 + h) * 3.6e9),
        fc.constantFrom(0, -1, 1_709_164_800_000_000),
      );
    case 'interval':
      return fc.record({ months: small, days: small, micros: small });
    case 'list':
      return fc.array(nullable(type.item.type, options), { maxLength: 3 });
    case 'map':
      return fc.uniqueArray(
        fc.record({ key: arbitraryValue(type.key, options), value: nullable(type.value.type, options) }),
        {
          maxLength: 3,
          selector: (e) => JSON.stringify(e.key, (_, v: unknown) => (typeof v === 'bigint' ? `${v}` : v)),
        },
      );
    case 'struct':
      return fc.record(Object.fromEntries(type.fields.map((f) => [f.name, ofField(f, options)])));
  }
}

function narrowed(v: bigint): LiteralValue {
  return Number.isSafeInteger(Number(v)) ? Number(v) : v;
}

function nullable(type: DataType, options: TableOptions): fc.Arbitrary<LiteralValue> {
  return fc.oneof({ weight: 1, arbitrary: fc.constant(null) }, { weight: 4, arbitrary: arbitraryValue(type, options) });
}

function ofField(f: Field, options: TableOptions): fc.Arbitrary<LiteralValue> {
  return f.nullable ? nullable(f.type, options) : arbitraryValue(f.type, options);
}

/** Tables of a schema: empty, of one row, with columns that are null throughout, with few distinct values and many. */
export function arbitraryTable(schema: Schema, options: TableOptions = {}): fc.Arbitrary<TestTable> {
  const { maxRows = 40 } = options;
  const row = fc.record(Object.fromEntries(schema.map((f) => [f.name, ofField(f, options)])));
  const missing = fc.subarray(
    schema.filter((f) => f.nullable).map((f) => f.name),
    { minLength: 0 },
  );
  const rows = fc.array(row, { maxLength: maxRows, size: 'large' });
  return fc.tuple(rows, fc.option(missing, { freq: 8, nil: [] })).map(([all, none]) => ({
    schema,
    rows: all.map((r) => ({ ...r, ...Object.fromEntries(none.map((name) => [name, null])) })),
  }));
}

/** The rows with values as the reference has them. */
export function canonicalTable({ schema, rows }: TestTable): readonly TestRow[] {
  return rows.map((row) => Object.fromEntries(schema.map((f) => [f.name, canonical(f.type, row[f.name] ?? null)])));
}
