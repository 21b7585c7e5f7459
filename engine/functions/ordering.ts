import type { IntervalValue, LiteralValue } from '../expr.ts';
import type { DataType } from '../types.ts';
import { compareIntervals } from './interval.ts';

/**
 * Text by code point, which is the byte order of its UTF-8 (JavaScript's own order is that of UTF-16 units and differs
 * where a surrogate meets U+E000 to U+FFFF).
 */
export function compareText(a: string, b: string): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return x >= 0xd800 && y >= 0xd800 ? codePointRank(x) - codePointRank(y) : x - y;
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above all others. */
function codePointRank(unit: number): number {
  return unit <= 0xdfff ? unit + 0x2000 : unit - 0x800;
}

export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const d = (a[i] as number) - (b[i] as number);
    if (d !== 0) return d;
  }
  return a.length - b.length;
}

/** nan equals itself and is greater than everything else. */
export function compareFloats(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a === b) return 0;
  return (a !== a ? 1 : 0) - (b !== b ? 1 : 0);
}

/** Total order of two values of one type, neither null. Lists and structs go member by member, a null member last. */
export function compareValues(t: DataType, a: LiteralValue, b: LiteralValue): number {
  switch (t.kind) {
    case 'float':
      return compareFloats(a as number, b as number);
    case 'string':
    case 'json':
      return compareText(a as string, b as string);
    case 'bytes':
      return compareBytes(a as Uint8Array, b as Uint8Array);
    case 'interval':
      return compareIntervals(a as IntervalValue, b as IntervalValue);
    case 'list':
      return compareLists(t.item.type, a as readonly LiteralValue[], b as readonly LiteralValue[]);
    case 'map':
      return compareMaps(t, a as readonly LiteralValue[], b as readonly LiteralValue[]);
    case 'struct':
      return compareStructs(t, a as { [k: string]: LiteralValue }, b as { [k: string]: LiteralValue });
    case 'null':
      return 0;
    default: {
      const x = a as number | bigint | boolean;
      const y = b as number | bigint | boolean;
      return x < y ? -1 : x > y ? 1 : 0;
    }
  }
}

function compareNullable(t: DataType, a: LiteralValue, b: LiteralValue): number {
  if (a === null || b === null) return (a === null ? 1 : 0) - (b === null ? 1 : 0);
  return compareValues(t, a, b);
}

function compareLists(item: DataType, a: readonly LiteralValue[], b: readonly LiteralValue[]): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const d = compareNullable(item, a[i] as LiteralValue, b[i] as LiteralValue);
    if (d !== 0) return d;
  }
  return a.length - b.length;
}

function compareMaps(t: DataType & { kind: 'map' }, a: readonly LiteralValue[], b: readonly LiteralValue[]): number {
  const entry: DataType = {
    kind: 'struct',
    fields: [
      { name: 'key', type: t.key, nullable: false },
      { name: 'value', ...t.value },
    ],
  };
  return compareLists(entry, a, b);
}

function compareStructs(
  t: DataType & { kind: 'struct' },
  a: { readonly [k: string]: LiteralValue },
  b: { readonly [k: string]: LiteralValue },
): number {
  for (const f of t.fields) {
    const d = compareNullable(f.type, a[f.name] ?? null, b[f.name] ?? null);
    if (d !== 0) return d;
  }
  return 0;
}
