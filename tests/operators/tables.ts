import fc from 'fast-check';
import type { LiteralValue } from '../../engine/expr.ts';
import type { DataType, Schema } from '../../engine/types.ts';
import { field, T } from '../../engine/types.ts';
import type { Row } from './harness.ts';

/** Values of a type, with the extremes; no null. */
export function valuesOf(type: DataType): fc.Arbitrary<LiteralValue> {
  switch (type.kind) {
    case 'bool':
      return fc.boolean();
    case 'int':
      return fc.oneof(
        { weight: 6, arbitrary: fc.integer({ min: -20, max: 20 }) },
        fc.integer(),
        fc.maxSafeInteger(),
        fc.constantFrom<LiteralValue>(
          2n ** 62n,
          -(2n ** 62n),
          2n ** 53n,
          -(2n ** 53n),
          2147483647,
          -2147483648,
          2147483648,
        ),
      );
    case 'float':
      return fc.oneof(
        { weight: 6, arbitrary: fc.integer({ min: -40, max: 40 }).map((v) => v / 4) },
        fc.double({ noDefaultInfinity: true, noNaN: true, min: -1e100, max: 1e100 }),
        fc.constantFrom<LiteralValue>(0, -0, 1e100, -1e100, 0.1, 1e-300),
      );
    case 'decimal': {
      const max = 10n ** BigInt(Math.min(type.precision, 36)) - 1n;
      return fc.oneof(
        { weight: 4, arbitrary: fc.integer({ min: -100, max: 100 }) },
        fc.bigInt({ min: -max, max }).map(exact),
      );
    }
    case 'string':
      return fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom('', 'a', 'b', 'ab', 'abcdefgh', 'abcdefghi', 'abcdefgz') },
        fc.string({ maxLength: 12 }),
        fc.string({ unit: 'grapheme', maxLength: 6 }),
      );
    case 'date':
      return fc.integer({ min: -30000, max: 60000 });
    case 'timestamp':
    case 'time':
      return fc.integer({ min: 0, max: 86399999999 });
    case 'list':
      return fc.array(fc.option(valuesOf(type.item.type)), { maxLength: 3 });
    case 'struct':
      return fc.record(
        Object.fromEntries(type.fields.map((f) => [f.name, fc.option(valuesOf(f.type))])),
      ) as fc.Arbitrary<LiteralValue>;
    case 'bytes':
      return fc.uint8Array({ maxLength: 5 });
    default:
      return fc.constant(null);
  }
}

function exact(v: bigint): LiteralValue {
  return v >= -9007199254740991n && v <= 9007199254740991n ? Number(v) : v;
}

/** Every ordered type, nullable. */
export const ALL_TYPES: Schema = [
  field('k', T.int),
  field('s', T.string),
  field('i', T.int),
  field('f', T.float),
  field('d', T.decimal(12, 2)),
  field('h', T.decimal(38, 4)),
  field('b', T.bool),
  field('day', T.date),
  field('at', T.timestamp),
];

/** Tables of a schema: nulls everywhere, small domains (duplicates), sometimes one giant key. `small` columns take few values. */
export function tables(schema: Schema, small: readonly string[], maxLength = 300): fc.Arbitrary<Row[]> {
  const columns = Object.fromEntries(
    schema.map((f) => {
      const values = f.nullable ? fc.option(valuesOf(f.type), { freq: 6 }) : valuesOf(f.type);
      return [f.name, values];
    }),
  );
  const rows = fc.array(fc.record(columns), { maxLength }) as fc.Arbitrary<Row[]>;
  return fc.tuple(rows, fc.boolean()).map(([table, skewed]) => {
    const first = table[0];
    if (!skewed || first === undefined) return table;
    const giant = Object.fromEntries(small.map((c) => [c, first[c] as LiteralValue]));
    return table.map((r, i) => (i % 3 === 0 ? r : { ...r, ...giant }));
  });
}
