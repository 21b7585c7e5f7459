import type { IntervalValue, LiteralValue } from '../expr.ts';
import type { DataType } from '../types.ts';
import { civilOf } from './calendar.ts';
import { floorDiv, floorMod, type Int } from './ints.ts';
import { DAY_MICROS } from './limits.ts';
import { zoneOffset } from './zones.ts';

/** The text of values, as `::string` gives it and `::type` reads it back. */

/** Shortest text that reads back as the same number; a whole number keeps `.0`, so that it still looks like a float. */
export function formatFloat(v: number): string {
  if (Number.isInteger(v)) {
    const text = Object.is(v, -0) ? '-0' : String(v);
    return text.includes('e') ? text : `${text}.0`;
  }
  if (v !== v) return 'nan';
  return v === Number.POSITIVE_INFINITY ? 'inf' : v === Number.NEGATIVE_INFINITY ? '-inf' : String(v);
}

/** All `scale` decimal places, from the unscaled integer. */
export function formatDecimal(unscaled: Int, scale: number): string {
  if (scale === 0) return String(unscaled);
  const text = String(unscaled);
  const negative = text.startsWith('-');
  const digits = (negative ? text.slice(1) : text).padStart(scale + 1, '0');
  const cut = digits.length - scale;
  return `${negative ? '-' : ''}${digits.slice(0, cut)}.${digits.slice(cut)}`;
}

export function pad2(n: number): string {
  return n < 10 ? `0${n}` : String(n);
}

/** `2024-05-01`; years beyond 0 to 9999 with a sign: `-0044-03-15`. */
export function formatDate(days: number): string {
  const { year, month, day } = civilOf(days);
  return `${formatYear(year)}-${pad2(month)}-${pad2(day)}`;
}

function formatYear(year: number): string {
  if (year >= 0 && year <= 9999) return String(year).padStart(4, '0');
  return `${year < 0 ? '-' : '+'}${String(Math.abs(year)).padStart(4, '0')}`;
}

/** `12:34:56`, with three or six decimals where they are not zero. */
export function formatTime(micros: Int): string {
  const us = Number(micros);
  const seconds = Math.floor(us / 1e6);
  const fraction = us - seconds * 1e6;
  const text = `${pad2(Math.floor(seconds / 3600))}:${pad2(Math.floor(seconds / 60) % 60)}:${pad2(seconds % 60)}`;
  return text + formatFraction(fraction);
}

function formatFraction(micros: number): string {
  if (micros === 0) return '';
  return micros % 1000 === 0 ? `.${String(micros / 1000).padStart(3, '0')}` : `.${String(micros).padStart(6, '0')}`;
}

/** ISO 8601: `2024-05-01T12:00:00Z`, or with the offset of its zone: `2024-05-01T14:00:00+02:00`. */
export function formatTimestamp(micros: Int, zone: string | null): string {
  const offset = zone === null ? 0 : zoneOffset(zone, micros);
  const local = shift(micros, offset);
  const day = formatDate(floorDiv(local, DAY_MICROS));
  return `${day}T${formatTime(floorMod(local, DAY_MICROS))}${zone === null ? 'Z' : formatOffset(offset)}`;
}

function shift(micros: Int, seconds: number): Int {
  return typeof micros === 'bigint' ? micros + BigInt(seconds * 1e6) : micros + seconds * 1e6;
}

function formatOffset(seconds: number): string {
  if (seconds === 0) return 'Z';
  const minutes = Math.round(Math.abs(seconds) / 60);
  return `${seconds < 0 ? '-' : '+'}${pad2(Math.floor(minutes / 60))}:${pad2(minutes % 60)}`;
}

/** As durations are written in a file: `1y 2mo 3d 4h 5m 6s`; nothing is `0s`. */
export function formatInterval(v: IntervalValue): string {
  const parts: string[] = [];
  const put = (n: number, unit: string): void => {
    if (n !== 0) parts.push(`${n}${unit}`);
  };
  put(Math.trunc(v.months / 12), 'y');
  put(v.months % 12, 'mo');
  put(v.days, 'd');
  put(Math.trunc(v.micros / 3.6e9), 'h');
  put(Math.trunc((v.micros % 3.6e9) / 6e7), 'm');
  put(Math.trunc((v.micros % 6e7) / 1e6), 's');
  put(Math.trunc((v.micros % 1e6) / 1e3), 'ms');
  put(v.micros % 1e3, 'us');
  return parts.length === 0 ? '0s' : parts.join(' ');
}

/** The text of a value that is not null; lists, maps and structs as JSON. */
export function formatValue(t: DataType, v: LiteralValue): string {
  switch (t.kind) {
    case 'float':
      return formatFloat(v as number);
    case 'decimal':
      return formatDecimal(v as Int, t.scale);
    case 'date':
      return formatDate(v as number);
    case 'time':
      return formatTime(v as Int);
    case 'timestamp':
      return formatTimestamp(v as Int, t.zone);
    case 'interval':
      return formatInterval(v as IntervalValue);
    case 'bytes':
      return new TextDecoder().decode(v as Uint8Array);
    case 'list':
    case 'map':
    case 'struct':
      return toJson(t, v);
    default:
      return String(v);
  }
}

/** JSON text of a value; numbers that JSON has no word for are null, bytes are base64, times are text. */
export function toJson(t: DataType, v: LiteralValue): string {
  if (v === null) return 'null';
  switch (t.kind) {
    case 'json':
      return v as string;
    case 'bool':
    case 'int':
      return String(v);
    case 'float':
      return JSON.stringify(v);
    case 'decimal':
      return formatDecimal(v as Int, t.scale);
    case 'bytes':
      return JSON.stringify(Buffer.from(v as Uint8Array).toString('base64'));
    case 'list':
      return `[${(v as readonly LiteralValue[]).map((x) => toJson(t.item.type, x)).join(',')}]`;
    case 'map':
      return `{${(v as readonly { key: LiteralValue; value: LiteralValue }[])
        .map((e) => `${JSON.stringify(formatValue(t.key, e.key))}:${toJson(t.value.type, e.value)}`)
        .join(',')}}`;
    case 'struct': {
      const s = v as { readonly [k: string]: LiteralValue };
      return `{${t.fields.map((f) => `${JSON.stringify(f.name)}:${toJson(f.type, s[f.name] ?? null)}`).join(',')}}`;
    }
    default:
      return JSON.stringify(formatValue(t, v));
  }
}
