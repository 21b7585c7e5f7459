import { RunError } from '../errors.ts';
import type { IntervalValue, LiteralValue } from '../expr.ts';
import { formatValue } from '../functions/format.ts';
import { addInt, divRound, floorDiv, floorMod, type Int, mulInt, narrow, pow10 } from '../functions/ints.ts';
import { DAY_MICROS, INT_MAX, INT_MIN } from '../functions/limits.ts';
import {
  isJson,
  parseBool,
  parseDate,
  parseDecimal,
  parseFloat64,
  parseInteger,
  parseInterval,
  parseLocalTimestamp,
  parseTime,
  parseTimestamp,
} from '../functions/parse.ts';
import { fromLocal, zoneOffset } from '../functions/zones.ts';
import { type DataType, formatType, typeEquals } from '../types.ts';
import { castFromJson, castToJson } from './cast_json.ts';

/**
 * The cast matrix. Numbers: a float or decimal to int and a float to decimal round (float to int half to even, decimals half away from zero) and fail out of
 * range; nan and inf convert to float and text only. Text: ISO 8601 dates and times, `true false t f yes no y n on off 1 0`, JSON for lists and structs.
 * Every type casts to string (see functions/format.ts), and to json.
 */

/** Converts one value that is not null; null when it does not convert. Integers by the LiteralValue convention. */
export type CastFn = (v: LiteralValue) => LiteralValue;

/** Null when there is no such cast. A cast between equal types is the identity. */
export function castFn(from: DataType, to: DataType): CastFn | null {
  if (typeEquals(from, to) || from.kind === 'null') return (v) => v;
  switch (to.kind) {
    case 'string':
      return from.kind === 'bytes' ? utf8Text : (v) => formatValue(from, v);
    case 'json':
      return castToJson(from);
    case 'null':
      return null;
    default:
      return from.kind === 'json'
        ? castFromJson(to, castFn)
        : from.kind === 'string'
          ? fromText(to)
          : (BY_TARGET[to.kind]?.(from, to) ?? null);
  }
}

export function canCast(from: DataType, to: DataType): boolean {
  return castFn(from, to) !== null;
}

/** Whether a cast of these types may meet a value that does not convert. */
export function castMayFail(from: DataType, to: DataType): boolean {
  if (typeEquals(from, to) || from.kind === 'null' || to.kind === 'json')
    return from.kind === 'string' && to.kind === 'json';
  if (to.kind === 'string') return from.kind === 'bytes';
  if (to.kind === 'float') return from.kind === 'string' || from.kind === 'json';
  if (to.kind === 'bool' || to.kind === 'bytes')
    return from.kind === 'json' || (from.kind === 'string' && to.kind === 'bool');
  if (to.kind === 'int') return from.kind !== 'bool' && from.kind !== 'date' && from.kind !== 'time';
  if (to.kind === 'decimal' && from.kind === 'decimal')
    return to.precision - to.scale < from.precision - from.scale + (to.scale < from.scale ? 1 : 0);
  if (to.kind === 'timestamp') return from.kind !== 'timestamp';
  return true;
}

/** `"abc" is not an int`, with what to do. */
export function castError(v: LiteralValue, from: DataType, to: DataType): RunError {
  const text = formatValue(from, v);
  const shown = text.length > 80 ? `${text.slice(0, 77)}…` : text;
  const quoted = from.kind === 'string' || from.kind === 'json' ? JSON.stringify(shown) : shown;
  const target = formatType(to);
  return new RunError(
    'FLOW7004',
    `${quoted} does not convert to ${target}`,
    { value: shown },
    `\`::${target}?\` gives null instead`,
  );
}

type Maker = (from: DataType, to: DataType) => CastFn | null;

const BY_TARGET: Readonly<Partial<Record<DataType['kind'], Maker>>> = {
  bool: (from) =>
    from.kind === 'int' || from.kind === 'float' || from.kind === 'decimal' ? (v) => v !== 0 && v === v : null,
  int: toInt,
  float: toFloat,
  decimal: toDecimal,
  date: toDate,
  time: (from) => (from.kind === 'timestamp' ? (v) => floorMod(localOf(from, v as Int), DAY_MICROS) : null),
  timestamp: toTimestamp,
  list: toList,
  struct: toStruct,
  map: toMap,
};

function fromText(to: DataType): CastFn | null {
  switch (to.kind) {
    case 'bool':
      return (v) => parseBool(v as string);
    case 'int':
      return (v) => parseInteger(v as string);
    case 'float':
      return (v) => parseFloat64(v as string);
    case 'decimal':
      return (v) => parseDecimal(v as string, to.precision, to.scale);
    case 'bytes':
      return (v) => new TextEncoder().encode(v as string);
    case 'date':
      return (v) => parseDate(v as string);
    case 'time':
      return (v) => parseTime(v as string);
    case 'timestamp':
      return to.zone === null ? (v) => parseTimestamp(v as string) : zonedText(to.zone);
    case 'interval':
      return (v) => parseInterval(v as string) as IntervalValue & { [k: string]: LiteralValue };
    case 'list':
    case 'struct':
    case 'map': {
      const read = castFromJson(to, castFn);
      return read === null ? null : (v) => (isJson(v as string) ? read(v) : null);
    }
    default:
      return null;
  }
}

/** Text without an offset is read by the clocks of the zone. */
function zonedText(zone: string): CastFn {
  return (v) => {
    const p = parseLocalTimestamp(v as string);
    if (p === null) return null;
    return p.offset === null ? fromLocal(zone, p.local) : addInt(p.local, -p.offset * 1e6);
  };
}

function utf8Text(v: LiteralValue): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(v as Uint8Array);
  } catch {
    return null;
  }
}

function int64(v: bigint): Int | null {
  return v < INT_MIN || v > INT_MAX ? null : narrow(v);
}

/** Half to even; null when it is not finite or out of range. */
export function floatToInt(v: number): Int | null {
  if (v !== v || v >= 2 ** 63 || v < -(2 ** 63)) return null;
  const down = Math.floor(v);
  const rest = v - down;
  const r = rest < 0.5 || (rest === 0.5 && down % 2 === 0) ? down : down + 1;
  return Number.isSafeInteger(r) ? r + 0 : narrow(BigInt(r));
}

function toInt(from: DataType): CastFn | null {
  switch (from.kind) {
    case 'bool':
      return (v) => (v === true ? 1 : 0);
    case 'float':
      return (v) => floatToInt(v as number);
    case 'decimal': {
      const by = pow10(from.scale);
      return (v) => int64(divRound(BigInt(v as Int), by));
    }
    default:
      return null;
  }
}

/** Correctly rounded. */
export function decimalToFloat(v: Int, scale: number): number {
  if (typeof v === 'number' && scale <= 22) return v / 10 ** scale;
  return Number(`${v}e-${scale}`);
}

function toFloat(from: DataType): CastFn | null {
  if (from.kind === 'bool') return (v) => (v === true ? 1 : 0);
  if (from.kind === 'int') return (v) => Number(v);
  return from.kind === 'decimal' ? (v) => decimalToFloat(v as Int, from.scale) : null;
}

function toDecimal(from: DataType, to: DataType): CastFn | null {
  if (to.kind !== 'decimal') return null;
  const limit = pow10(to.precision);
  const fit = (v: bigint): Int | null => (v < limit && v > -limit ? narrow(v) : null);
  if (from.kind === 'bool') return (v) => fit(v === true ? pow10(to.scale) : 0n);
  if (from.kind === 'float') return (v) => parseDecimal(String(v), to.precision, to.scale);
  if (from.kind !== 'int' && from.kind !== 'decimal') return null;
  const shift = to.scale - (from.kind === 'decimal' ? from.scale : 0);
  const factor = pow10(Math.abs(shift));
  return shift >= 0 ? (v) => fit(BigInt(v as Int) * factor) : (v) => fit(divRound(BigInt(v as Int), factor));
}

function localOf(t: DataType & { kind: 'timestamp' }, v: Int): Int {
  return t.zone === null ? v : addInt(v, zoneOffset(t.zone, v) * 1e6);
}

function toDate(from: DataType): CastFn | null {
  if (from.kind !== 'timestamp') return null;
  return (v) => {
    const days = floorDiv(localOf(from, v as Int), DAY_MICROS);
    return days === (days | 0) ? days : null;
  };
}

function toTimestamp(from: DataType, to: DataType): CastFn | null {
  if (from.kind === 'timestamp') return (v) => v;
  if (from.kind !== 'date' || to.kind !== 'timestamp') return null;
  const zone = to.zone;
  return (v) => {
    const midnight = mulInt(v as number, DAY_MICROS);
    if (typeof midnight === 'bigint' && int64(midnight) === null) return null;
    return zone === null ? midnight : fromLocal(zone, midnight);
  };
}

function nullable(fn: CastFn): CastFn {
  return (v) => (v === null ? null : fn(v));
}

/** A member that does not convert makes the whole value not convert. */
function toList(from: DataType, to: DataType): CastFn | null {
  if (from.kind !== 'list' || to.kind !== 'list') return null;
  const item = castFn(from.item.type, to.item.type);
  if (item === null) return null;
  return (v) => convertAll(v as readonly LiteralValue[], nullable(item));
}

function convertAll(items: readonly LiteralValue[], item: CastFn): readonly LiteralValue[] | null {
  const out: LiteralValue[] = [];
  for (const x of items) {
    const y = item(x);
    if (y === null && x !== null) return null;
    out.push(y);
  }
  return out;
}

/** Fields by name; a field that is not there is null. */
function toStruct(from: DataType, to: DataType): CastFn | null {
  if (from.kind !== 'struct' || to.kind !== 'struct') return null;
  const parts: { name: string; cast: CastFn }[] = [];
  for (const f of to.fields) {
    const source = from.fields.find((g) => g.name === f.name);
    const cast = source === undefined ? () => null : castFn(source.type, f.type);
    if (cast === null) return null;
    parts.push({ name: f.name, cast: nullable(cast) });
  }
  return (v) => {
    const s = v as { readonly [k: string]: LiteralValue };
    const names = parts.map((p) => p.name);
    const values = convertEach(parts.map((p) => [s[p.name] ?? null, p.cast] as const));
    return values === null ? null : Object.fromEntries(values.map((x, i) => [names[i] as string, x]));
  };
}

function convertEach(parts: readonly (readonly [LiteralValue, CastFn])[]): LiteralValue[] | null {
  const out: LiteralValue[] = [];
  for (const [x, cast] of parts) {
    const y = cast(x);
    if (y === null && x !== null) return null;
    out.push(y);
  }
  return out;
}

function toMap(from: DataType, to: DataType): CastFn | null {
  if (from.kind !== 'map' || to.kind !== 'map') return null;
  const key = castFn(from.key, to.key);
  const value = castFn(from.value.type, to.value.type);
  if (key === null || value === null) return null;
  return (v) => {
    const out: LiteralValue[] = [];
    for (const e of v as readonly { key: LiteralValue; value: LiteralValue }[]) {
      const pair = convertEach([
        [e.key, key],
        [e.value, nullable(value)],
      ]);
      if (pair === null) return null;
      out.push({ key: pair[0] as LiteralValue, value: pair[1] as LiteralValue });
    }
    return out;
  };
}
