import type { IntervalValue, LiteralValue } from '../expr.ts';
import type { DataType } from '../types.ts';

/** What stands for a value in a Set or Map: equal values have one key, as `==` has it (nan equals itself, -0 equals 0, null equals null). */
export type Key = string | number | bigint | boolean | null;

export function identity(t: DataType): (v: LiteralValue) => Key {
  switch (t.kind) {
    case 'bytes':
    case 'interval':
    case 'list':
    case 'map':
    case 'struct':
      return (v) => (v === null ? null : textOf(t, v));
    default:
      return (v) => v as Key;
  }
}

function textOf(t: DataType, v: LiteralValue): string {
  if (v === null) return 'null';
  switch (t.kind) {
    case 'bytes':
      return Buffer.from(v as Uint8Array).toString('latin1');
    case 'interval': {
      const { months, days, micros } = v as IntervalValue;
      return `${months} ${days} ${micros}`;
    }
    case 'list':
      return JSON.stringify((v as readonly LiteralValue[]).map((x) => textOf(t.item.type, x)));
    case 'map': {
      const entries = v as readonly { readonly key: LiteralValue; readonly value: LiteralValue }[];
      return JSON.stringify(entries.flatMap((e) => [textOf(t.key, e.key), textOf(t.value.type, e.value)]));
    }
    case 'struct': {
      const fields = v as { readonly [k: string]: LiteralValue };
      return JSON.stringify(t.fields.map((f) => textOf(f.type, fields[f.name] ?? null)));
    }
    case 'string':
    case 'json':
      return JSON.stringify(v);
    default:
      return String(v === 0 ? 0 : v);
  }
}
