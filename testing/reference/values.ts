import type { IntervalValue, LiteralValue, SortKey } from '../../engine/expr.ts';
import type { DataType } from '../../engine/types.ts';

/** Values as the reference has them: every integer a bigint, so that equal ones are equal. */

export const INTEGERS: readonly string[] = ['int', 'decimal', 'time', 'timestamp'];

export function canonical(t: DataType, v: LiteralValue): LiteralValue {
  if (v === null) return null;
  if (INTEGERS.includes(t.kind)) return BigInt(v as number | bigint);
  switch (t.kind) {
    case 'list':
      return (v as readonly LiteralValue[]).map((x) => canonical(t.item.type, x));
    case 'struct': {
      const of = v as Readonly<Record<string, LiteralValue>>;
      return Object.fromEntries(t.fields.map((f) => [f.name, canonical(f.type, of[f.name] ?? null)]));
    }
    case 'map':
      return (v as readonly Readonly<Record<string, LiteralValue>>[]).map((entry) => ({
        key: canonical(t.key, entry['key'] ?? null),
        value: canonical(t.value.type, entry['value'] ?? null),
      }));
    default:
      return v;
  }
}

/** The value as literals have it, which functions take: integers as numbers where those are exact. */
export function literalForm(t: DataType, v: LiteralValue): LiteralValue {
  if (v === null) return null;
  if (INTEGERS.includes(t.kind)) {
    const n = BigInt(v as number | bigint);
    return n <= Number.MAX_SAFE_INTEGER && n >= -Number.MAX_SAFE_INTEGER ? Number(n) : n;
  }
  switch (t.kind) {
    case 'list':
      return (v as readonly LiteralValue[]).map((x) => literalForm(t.item.type, x));
    case 'struct': {
      const of = v as Readonly<Record<string, LiteralValue>>;
      return Object.fromEntries(t.fields.map((f) => [f.name, literalForm(f.type, of[f.name] ?? null)]));
    }
    case 'map':
      return (v as readonly Readonly<Record<string, LiteralValue>>[]).map((entry) => ({
        key: literalForm(t.key, entry['key'] ?? null),
        value: literalForm(t.value.type, entry['value'] ?? null),
      }));
    default:
      return v;
  }
}

/** Order of two values of a type that are not null, as sorting and comparing have it: NaN is greatest and equals itself, -0 equals 0. */
export function order(t: DataType, a: LiteralValue, b: LiteralValue): number {
  switch (t.kind) {
    case 'float': {
      const [x, y] = [a as number, b as number];
      if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
      return x < y ? -1 : x > y ? 1 : 0;
    }
    case 'string':
    case 'json':
      return Buffer.compare(Buffer.from(a as string, 'utf8'), Buffer.from(b as string, 'utf8'));
    case 'bytes':
      return Buffer.compare(a as Uint8Array, b as Uint8Array);
    case 'interval': {
      const length = (i: IntervalValue): number => (i.months * 30 + i.days) * 86400e6 + i.micros;
      return length(a as IntervalValue) - length(b as IntervalValue);
    }
    case 'bool':
      return Number(a) - Number(b);
    default: {
      const [x, y] = [BigInt(a as number), BigInt(b as number)];
      return x < y ? -1 : x > y ? 1 : 0;
    }
  }
}

/** A text that is the same for values that group together, and only for those. */
export function keyText(t: DataType, v: LiteralValue): string {
  if (v === null) return 'null';
  switch (t.kind) {
    case 'float':
      return Number.isNaN(v) ? 'nan' : String((v as number) + 0);
    case 'bytes':
      return Buffer.from(v as Uint8Array).toString('hex');
    case 'interval': {
      const { months, days, micros } = v as IntervalValue;
      return `${months}/${days}/${micros}`;
    }
    case 'list':
      return `[${(v as readonly LiteralValue[]).map((x) => keyText(t.item.type, x)).join(',')}]`;
    case 'struct': {
      const of = v as Readonly<Record<string, LiteralValue>>;
      return `{${t.fields.map((f) => keyText(f.type, of[f.name] ?? null)).join(',')}}`;
    }
    case 'map':
      return `<${(v as readonly Readonly<Record<string, LiteralValue>>[])
        .map((e) => `${keyText(t.key, e['key'] ?? null)}=${keyText(t.value.type, e['value'] ?? null)}`)
        .join(',')}>`;
    case 'string':
    case 'json':
      return JSON.stringify(v);
    default:
      return String(v);
  }
}

/** Nulls come last in both directions, unless they are to come first. */
export function compareKeys(keys: readonly SortKey[], a: readonly LiteralValue[], b: readonly LiteralValue[]): number {
  for (const [i, key] of keys.entries()) {
    const [x, y] = [a[i] as LiteralValue, b[i] as LiteralValue];
    if (x === null && y === null) continue;
    if (x === null || y === null) return (x === null) === key.nullsFirst ? -1 : 1;
    const c = order(key.expr.type, x, y);
    if (c !== 0) return key.desc ? -c : c;
  }
  return 0;
}
