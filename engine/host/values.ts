import { castFn } from '../expr/cast.ts';
import type { LiteralValue } from '../expr.ts';
import { formatValue } from '../functions/format.ts';
import { narrow, pow10 } from '../functions/ints.ts';
import { DAY_MICROS, INT_MAX, INT_MIN } from '../functions/limits.ts';
import { parseDecimal } from '../functions/parse.ts';
import { type DataType, formatType, T, type Typed } from '../types.ts';

/**
 * Values at the border to JavaScript of the user's. bool, string and float are JavaScript's; int is a number, or a bigint beyond 2^53; date and timestamp are a Date
 * (UTC, to the millisecond); decimal, time, interval and json are text; bytes a Uint8Array; list an array; struct an object; map an array of
 * { key, value }; null is null.
 */
export function toHost(t: DataType, v: LiteralValue): unknown {
  if (v === null) return null;
  switch (t.kind) {
    case 'date':
      return new Date(Number(v) * DAY_MS);
    case 'timestamp':
      return new Date(Math.floor(Number(v) / 1000));
    case 'decimal':
    case 'time':
    case 'interval':
      return formatValue(t, v);
    case 'bytes':
      return v instanceof Uint8Array ? v.slice() : v;
    case 'list':
      return Array.isArray(v) ? v.map((x: LiteralValue) => toHost(t.item.type, x)) : v;
    case 'struct': {
      const fields = v as { readonly [name: string]: LiteralValue };
      return Object.fromEntries(t.fields.map((f) => [f.name, toHost(f.type, fields[f.name] ?? null)]));
    }
    case 'map':
      return Array.isArray(v)
        ? v.map((e: { key: LiteralValue; value: LiteralValue }) => ({
            key: toHost(t.key, e.key),
            value: toHost(t.value.type, e.value),
          }))
        : v;
    default:
      return v;
  }
}

const DAY_MS = DAY_MICROS / 1000;

/** Whether values of the type are the same on both sides of the border. */
export function isSame(t: DataType): boolean {
  return t.kind === 'bool' || t.kind === 'int' || t.kind === 'float' || t.kind === 'string' || t.kind === 'json';
}

/** A value from the user's side that is not of its type. `path`: where in the value, such as `.lat`. */
export class Mismatch extends Error {
  override readonly name = 'Mismatch';
  readonly path: string;
  readonly expected: string;
  readonly got: unknown;

  constructor(path: string, expected: string, got: unknown) {
    super(`${path} is not ${expected}`);
    this.path = path;
    this.expected = expected;
    this.got = got;
  }
}

/** What the user's side gave, as a value of the type. Nothing is rounded or cut: what does not fit throws Mismatch. undefined is null. */
export function fromHost(t: Typed, v: unknown, path = ''): LiteralValue {
  if (v === null || v === undefined) {
    if (t.nullable || t.type.kind === 'null') return null;
    throw new Mismatch(path, formatType(t.type), v);
  }
  const made = readers[t.type.kind](t.type as never, v, path);
  if (made === undefined) throw new Mismatch(path, formatType(t.type), v);
  return made;
}

/** undefined: it is none of that type. */
type Reader<K extends DataType['kind']> = (
  t: Extract<DataType, { kind: K }>,
  v: unknown,
  path: string,
) => LiteralValue | undefined;

const readers: { readonly [K in DataType['kind']]: Reader<K> } = {
  null: () => undefined,
  bool: (_, v) => (typeof v === 'boolean' ? v : undefined),
  int: (_, v) => readInt(v),
  float: (_, v) =>
    typeof v === 'number' ? v : typeof v === 'bigint' && BigInt(Number(v)) === v ? Number(v) : undefined,
  decimal: readDecimal,
  string: (_, v) => (typeof v === 'string' ? v : undefined),
  bytes: (_, v) => (v instanceof Uint8Array ? v.slice() : undefined),
  date: readDate,
  time: fromText,
  timestamp: (t, v) => {
    if (!(v instanceof Date)) return fromText(t, v);
    const ms = v.getTime();
    return Number.isNaN(ms) ? undefined : narrow(BigInt(ms) * 1000n);
  },
  interval: fromText,
  list: (t, v, path) => {
    const items = Array.isArray(v) ? (v as unknown[]) : isTypedArray(v) ? Array.from(v) : undefined;
    return items?.map((x, i) => fromHost(t.item, x, `${path}[${i}]`));
  },
  struct: (t, v, path) => {
    if (typeof v !== 'object' || v === null || Array.isArray(v)) return undefined;
    const from = v as Readonly<Record<string, unknown>>;
    return Object.fromEntries(t.fields.map((f) => [f.name, fromHost(f, from[f.name], `${path}.${f.name}`)]));
  },
  map: readMap,
  json: (_, v, path) => readJson(v, path),
};

function readInt(v: unknown): number | bigint | undefined {
  if (typeof v === 'number') return Number.isSafeInteger(v) ? v + 0 : undefined;
  return typeof v === 'bigint' && v >= INT_MIN && v <= INT_MAX ? narrow(v) : undefined;
}

/** More places than the type has, where digits beyond it show. Those of a float behind them are noise. */
const MORE_PLACES = 6;
const MOST_DIGITS = 60;

function readDecimal(t: DataType & { kind: 'decimal' }, v: unknown): LiteralValue | undefined {
  if (typeof v !== 'string' && typeof v !== 'number' && typeof v !== 'bigint') return undefined;
  const text = String(v);
  const made = parseDecimal(text, t.precision, t.scale);
  const finer = parseDecimal(text, MOST_DIGITS, t.scale + MORE_PLACES);
  if (made === null || finer === null) return undefined;
  return BigInt(made) * pow10(MORE_PLACES) === BigInt(finer) ? made : undefined;
}

function readDate(t: DataType, v: unknown): LiteralValue | undefined {
  if (!(v instanceof Date)) return fromText(t, v);
  const days = v.getTime() / DAY_MS;
  return Number.isInteger(days) ? days + 0 : undefined;
}

function fromText(t: DataType, v: unknown): LiteralValue | undefined {
  return typeof v === 'string' ? (castFn(T.string, t)?.(v) ?? undefined) : undefined;
}

function readMap(t: DataType & { kind: 'map' }, v: unknown, path: string): LiteralValue | undefined {
  const entries = entriesOf(v);
  if (entries === null) return undefined;
  const key = { type: t.key, nullable: false };
  return entries.map(([k, x], i) => ({
    key: fromHost(key, k, `${path}[${i}].key`),
    value: fromHost(t.value, x, `${path}[${i}].value`),
  }));
}

function entriesOf(v: unknown): [unknown, unknown][] | null {
  if (v instanceof Map) return [...(v as Map<unknown, unknown>)];
  if (Array.isArray(v)) {
    return v.map((e: unknown) => {
      const entry = (typeof e === 'object' && e !== null ? e : {}) as { key?: unknown; value?: unknown };
      return [entry.key, entry.value];
    });
  }
  return typeof v === 'object' && v !== null ? Object.entries(v) : null;
}

/** Text is taken as JSON text; anything else is written as JSON. */
function readJson(v: unknown, path: string): LiteralValue {
  if (typeof v === 'string') {
    const made = castFn(T.string, T.json)?.(v) ?? null;
    if (made === null) throw new Mismatch(path, 'JSON', v);
    return made;
  }
  try {
    const text: unknown = JSON.stringify(v);
    if (typeof text === 'string') return text;
  } catch {
    // A cycle, or a bigint: told below.
  }
  throw new Mismatch(path, 'JSON', v);
}

function isTypedArray(v: unknown): v is ArrayLike<number> {
  return ArrayBuffer.isView(v) && !(v instanceof DataView);
}
