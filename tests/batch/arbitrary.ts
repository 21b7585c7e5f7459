import fc from 'fast-check';
import { columnFromValues } from '../../engine/batch/build.ts';
import type { Column, DictColumn, Utf8Column } from '../../engine/batch/column.ts';
import type { LiteralValue } from '../../engine/expr.ts';
import type { DataType } from '../../engine/types.ts';
import { field, T } from '../../engine/types.ts';

/** Types and values for property tests; lengths gather around the boundaries of bitmap bytes and words. */

const bigInts = fc
  .oneof(fc.integer({ min: -3, max: 3 }), fc.integer(), fc.maxSafeInteger(), fc.bigInt(-(1n << 63n), (1n << 63n) - 1n))
  .map(exact);

const decimals = fc
  .oneof(
    fc.integer({ min: -3, max: 3 }),
    fc.bigInt(-(1n << 63n), (1n << 63n) - 1n),
    fc.bigInt(-(10n ** 38n) + 1n, 10n ** 38n - 1n),
  )
  .map(exact);

function exact(v: number | bigint): number | bigint {
  const n = Number(v);
  return Number.isSafeInteger(n) ? n : BigInt(v);
}

const texts = fc.oneof(
  fc.constantFrom('', 'a', 'b', 'abc', 'abcd', 'héllo', '日本', '😀', 'x'.repeat(40)),
  fc.string({ maxLength: 12 }),
);

export const map: DataType = { kind: 'map', key: T.string, value: { type: T.int, nullable: true } };
export const record = T.struct([field('a', T.int), field('b', T.list(T.string))]);

export const TYPES: readonly DataType[] = [
  T.null,
  T.bool,
  T.int,
  T.float,
  T.decimal(38, 2),
  T.string,
  T.bytes,
  T.date,
  T.time,
  T.timestamp,
  T.interval,
  T.json,
  T.list(T.int),
  record,
  map,
];

export function valueOf(type: DataType): fc.Arbitrary<LiteralValue> {
  switch (type.kind) {
    case 'null':
      return fc.constant(null);
    case 'bool':
      return fc.boolean();
    case 'int':
      return fc.oneof(fc.integer({ min: -5, max: 5 }), bigInts);
    case 'decimal':
      return decimals;
    case 'float':
      return fc.oneof(fc.constantFrom(0, -0, 1.5, NaN, Infinity, -Infinity), fc.double());
    case 'string':
      return texts;
    case 'json':
      return fc.constantFrom('1', '{"a":1}', '[]', '"é"');
    case 'bytes':
      return fc.uint8Array({ maxLength: 9 });
    case 'date':
      return fc.integer({ min: -100000, max: 100000 });
    case 'time':
      return fc.integer({ min: 0, max: 86399999999 });
    case 'timestamp':
      return fc.oneof(fc.integer(), fc.maxSafeInteger());
    case 'interval':
      return fc.record({
        months: fc.integer({ min: -30, max: 30 }),
        days: fc.integer({ min: -3, max: 3 }),
        micros: fc.integer(),
      });
    case 'list':
      return fc.array(nullable(type.item.type), { maxLength: 4 });
    case 'map':
      return fc.array(fc.record({ key: valueOf(type.key), value: nullable(type.value.type) }), { maxLength: 3 });
    case 'struct':
      return fc.record(Object.fromEntries(type.fields.map((f) => [f.name, nullable(f.type)])));
  }
}

export function nullable(type: DataType): fc.Arbitrary<LiteralValue> {
  return fc.oneof({ weight: 1, arbitrary: fc.constant(null) }, { weight: 4, arbitrary: valueOf(type) });
}

const lengths = fc.oneof(
  fc.integer({ min: 0, max: 20 }),
  fc.constantFrom(0, 1, 7, 8, 9, 15, 16, 17, 63, 64, 65, 127, 128, 129),
);

export function values(type: DataType): fc.Arbitrary<LiteralValue[]> {
  const exactly = (n: number, item: fc.Arbitrary<LiteralValue>): fc.Arbitrary<LiteralValue[]> =>
    fc.array(item, { minLength: n, maxLength: n });
  return lengths.chain((n) =>
    fc.oneof(
      exactly(n, nullable(type)),
      exactly(n, type.kind === 'null' ? fc.constant(null) : valueOf(type)),
      exactly(n, fc.constant(null)),
    ),
  );
}

export const anyType = fc.constantFrom(...TYPES);

export const typedValues: fc.Arbitrary<{ type: DataType; values: LiteralValue[] }> = anyType.chain((type) =>
  values(type).map((v) => ({ type, values: v })),
);

/** The dictionary form of a string column. */
export function toDict(col: Column): Column {
  if (col.phys !== 'utf8') return col;
  const { bytes, offsets, length, validity, nullCount, type } = col;
  const entries: string[] = [];
  const codes = new Int32Array(length);
  for (let i = 0; i < length; i++) {
    const text = Buffer.from(bytes.subarray(offsets[i], offsets[i + 1])).toString();
    let code = entries.indexOf(text);
    if (code < 0) code = entries.push(text) - 1;
    codes[i] = code;
  }
  return {
    type,
    phys: 'dict',
    length,
    validity,
    nullCount,
    codes,
    dictionary: columnFromValues(type, entries) as Utf8Column,
  } satisfies DictColumn;
}

/** Every way to hold these values: as built, and for strings also as a dictionary. */
export function forms(type: DataType, vals: readonly LiteralValue[]): Column[] {
  const col = columnFromValues(type, vals);
  return type.kind === 'string' ? [col, toDict(col)] : [col];
}

/** Structural sameness: NaN is NaN, -0 is 0 only when `zero` says so. */
export function show(v: LiteralValue): string {
  if (v === null) return 'null';
  if (typeof v === 'number') return Object.is(v, -0) ? '-0' : `n${v}`;
  if (typeof v === 'bigint') return `n${v}`;
  if (v instanceof Uint8Array) return `b[${[...v].join()}]`;
  if (Array.isArray(v)) return `[${v.map(show).join()}]`;
  if (typeof v === 'object')
    return `{${Object.entries(v)
      .map(([k, x]) => `${k}:${show(x as LiteralValue)}`)
      .join()}}`;
  return JSON.stringify(v);
}

/** What a value is for equality: all zeros alike. */
export function key(v: LiteralValue): string {
  return show(v).replace(/(^|[^\w.])-0(?=$|[^\w.])/g, '$1n0');
}
