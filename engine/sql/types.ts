import { EngineBug, RunError } from '../errors.ts';
import type { IntervalValue, LiteralValue } from '../expr.ts';
import { type DataType, formatType } from '../types.ts';
import { type DuckModule, type DuckType, quoted } from './duckdb.ts';

/** The column type under which values are handed over. */
export function duckType(t: DataType): string {
  switch (t.kind) {
    case 'null':
      return 'INTEGER';
    case 'bool':
      return 'BOOLEAN';
    case 'int':
      return 'BIGINT';
    case 'float':
      return 'DOUBLE';
    case 'decimal':
      return `DECIMAL(${t.precision}, ${t.scale})`;
    case 'string':
    case 'json':
      return 'VARCHAR';
    case 'bytes':
      return 'BLOB';
    case 'date':
      return 'DATE';
    case 'time':
      return 'TIME';
    case 'timestamp':
      return 'TIMESTAMP';
    case 'interval':
      return 'INTERVAL';
    case 'list':
      return `${duckType(t.item.type)}[]`;
    case 'struct':
      return `STRUCT(${t.fields.map((f) => `${quoted(f.name)} ${duckType(f.type)}`).join(', ')})`;
    case 'map':
      return `MAP(${duckType(t.key)}, ${duckType(t.value.type)})`;
  }
}

/** Turns values of a type into those of the SQL engine. */
export function intoDuck(duck: DuckModule, t: DataType): (v: LiteralValue) => unknown {
  const nullable =
    (f: (v: NonNullable<LiteralValue>) => unknown) =>
    (v: LiteralValue): unknown =>
      v === null ? null : f(v);
  switch (t.kind) {
    case 'int':
      return nullable((v) => BigInt(v as number | bigint));
    case 'decimal':
      return nullable((v) => new duck.DuckDBDecimalValue(BigInt(v as number | bigint), t.precision, t.scale));
    case 'bytes':
      return nullable((v) => new duck.DuckDBBlobValue((v as Uint8Array).slice()));
    case 'date':
      return nullable((v) => new duck.DuckDBDateValue(Number(v)));
    case 'time':
      return nullable((v) => new duck.DuckDBTimeValue(BigInt(v as number | bigint)));
    case 'timestamp':
      return nullable((v) => new duck.DuckDBTimestampValue(BigInt(v as number | bigint)));
    case 'interval':
      return nullable((v) => {
        const { months, days, micros } = v as IntervalValue;
        return new duck.DuckDBIntervalValue(months, days, BigInt(micros));
      });
    case 'list': {
      const item = intoDuck(duck, t.item.type);
      return nullable((v) => new duck.DuckDBListValue((v as readonly LiteralValue[]).map(item)));
    }
    case 'struct': {
      const fields = t.fields.map((f) => ({ name: f.name, into: intoDuck(duck, f.type) }));
      return nullable((v) => {
        const own = v as { readonly [name: string]: LiteralValue };
        return new duck.DuckDBStructValue(Object.fromEntries(fields.map((f) => [f.name, f.into(own[f.name] ?? null)])));
      });
    }
    case 'map': {
      const [key, value] = [intoDuck(duck, t.key), intoDuck(duck, t.value.type)];
      type Entry = { readonly key: LiteralValue; readonly value: LiteralValue };
      return nullable(
        (v) =>
          new duck.DuckDBMapValue(
            (v as unknown as readonly Entry[]).map((e) => ({ key: key(e.key), value: value(e.value) })),
          ),
      );
    }
    default:
      return (v) => v;
  }
}

/** Types of the SQL engine by number. */
const ID = {
  bool: 1,
  ints: [2, 3, 4, 5, 6, 7, 8, 9, 16, 32],
  floats: [10, 11],
  timestamp: 12,
  date: 13,
  time: 14,
  interval: 15,
  text: [17, 23],
  blob: 18,
  decimal: 19,
  seconds: 20,
  millis: 21,
  nanos: 22,
  list: 24,
  struct: 25,
  map: 26,
  uuid: 27,
  zoned: 31,
  array: 33,
  none: 36,
} as const;

type Convert = (v: unknown) => LiteralValue;

/** How values of a result become values of a declared type; null when they are none, and a cast in the SQL would have to say what is meant. */
export function fromDuck(from: DuckType, to: DataType): Convert | null {
  const id = from.typeId;
  const nullable =
    (f: Convert): Convert =>
    (v) =>
      v === null ? null : f(v);
  if (id === ID.none) return () => null;
  const whole = (ID.ints as readonly number[]).includes(id);
  switch (to.kind) {
    case 'bool':
      return id === ID.bool ? (v) => v as boolean | null : null;
    case 'int':
      return whole ? nullable((v) => fitInt(v as number | bigint)) : null;
    case 'float':
      if (id === ID.decimal) return nullable((v) => Number((v as { value: bigint }).value) / 10 ** (from.scale ?? 0));
      return whole || (ID.floats as readonly number[]).includes(id) ? nullable(Number) : null;
    case 'decimal':
      if (!whole && id !== ID.decimal) return null;
      return (from.scale ?? 0) > to.scale ? null : nullable((v) => fitDecimal(v, whole ? 0 : (from.scale ?? 0), to));
    case 'string':
      return (ID.text as readonly number[]).includes(id) || id === ID.uuid ? nullable(String) : null;
    case 'json':
      return id === 17 ? nullable(String) : null;
    case 'bytes':
      return id === ID.blob ? nullable((v) => (v as { bytes: Uint8Array }).bytes) : null;
    case 'date':
      return id === ID.date ? nullable((v) => (v as { days: number }).days) : null;
    case 'time':
      return id === ID.time ? nullable((v) => narrow((v as { micros: bigint }).micros)) : null;
    case 'timestamp':
      return timestampFrom(id, nullable);
    case 'interval':
      return id === ID.interval ? nullable(intervalFrom) : null;
    default:
      return nestedFrom(from, to, nullable);
  }
}

function nestedFrom(from: DuckType, to: DataType, nullable: (f: Convert) => Convert): Convert | null {
  if (to.kind === 'list' && (from.typeId === ID.list || from.typeId === ID.array) && from.valueType !== undefined) {
    const item = fromDuck(from.valueType, to.item.type);
    return item === null ? null : nullable((v) => (v as { items: unknown[] }).items.map(item));
  }
  if (to.kind === 'struct' && from.typeId === ID.struct) {
    const names = from.entryNames ?? [];
    const fields = to.fields.map((f) => {
      const type = from.entryTypes?.[names.indexOf(f.name)];
      return { name: f.name, convert: type === undefined ? null : fromDuck(type, f.type) };
    });
    if (fields.some((f) => f.convert === null) || names.length !== fields.length) return null;
    return nullable((v) => {
      const { entries } = v as { entries: Readonly<Record<string, unknown>> };
      return Object.fromEntries(fields.map((f) => [f.name, (f.convert as Convert)(entries[f.name] ?? null)]));
    });
  }
  if (to.kind === 'map' && from.typeId === ID.map && from.keyType !== undefined && from.valueType !== undefined) {
    const [key, value] = [fromDuck(from.keyType, to.key), fromDuck(from.valueType, to.value.type)];
    if (key === null || value === null) return null;
    type Entries = { readonly entries: readonly { readonly key: unknown; readonly value: unknown }[] };
    return nullable(
      (v) => (v as Entries).entries.map((e) => ({ key: key(e.key), value: value(e.value) })) as unknown as LiteralValue,
    );
  }
  return null;
}

function timestampFrom(id: number, nullable: (f: Convert) => Convert): Convert | null {
  if (id === ID.timestamp || id === ID.zoned) return nullable((v) => narrow((v as { micros: bigint }).micros));
  if (id === ID.date) return nullable((v) => (v as { days: number }).days * 86_400_000_000);
  if (id === ID.seconds) return nullable((v) => narrow((v as { seconds: bigint }).seconds * 1_000_000n));
  if (id === ID.millis) return nullable((v) => narrow((v as { millis: bigint }).millis * 1000n));
  if (id === ID.nanos) return nullable((v) => narrow((v as { nanos: bigint }).nanos / 1000n));
  return null;
}

function intervalFrom(v: unknown): LiteralValue {
  const { months, days, micros } = v as { months: number; days: number; micros: bigint };
  return { months, days, micros: Number(micros) } satisfies IntervalValue;
}

function narrow(v: bigint): number | bigint {
  const n = Number(v);
  return Number.isSafeInteger(n) ? n : v;
}

function fitInt(v: number | bigint): number | bigint {
  if (typeof v === 'number') return v;
  if (BigInt.asIntN(64, v) === v) return narrow(v);
  throw new RunError(
    'FLOW7005',
    `${v} is beyond 64 bits`,
    { value: String(v) },
    'declare the column as decimal(38, 0)',
  );
}

function fitDecimal(v: unknown, scale: number, to: DataType & { kind: 'decimal' }): number | bigint {
  const digits =
    typeof v === 'object' && v !== null && 'value' in v ? (v.value as bigint) : BigInt(v as number | bigint);
  const scaled = digits * 10n ** BigInt(to.scale - scale);
  const size = scaled < 0n ? -scaled : scaled;
  if (size < 10n ** BigInt(to.precision)) return narrow(scaled);
  throw new RunError('FLOW7004', `a value of the SQL does not fit into ${formatType(to)}`, { value: String(v) });
}

/** Why a column of the result is none of the declared type; null when it is one. */
export function misfitOf(from: DuckType, to: DataType): string | null {
  return fromDuck(from, to) === null ? `is ${String(from)} in the SQL, and declared as ${formatType(to)}` : null;
}

export function converterOf(from: DuckType, to: DataType): Convert {
  const convert = fromDuck(from, to);
  if (convert === null) throw new EngineBug(`a result of type ${String(from)} passed the check for ${formatType(to)}`);
  return convert;
}
