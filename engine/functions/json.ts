import type { Int } from './ints.ts';

/** Member of an array (position from 0) or of an object, as JSON text; null when it is not there. */
export function jsonGet(text: string, key: string | Int): string | null {
  return jsonText(member(JSON.parse(text), key));
}

export function member(value: unknown, key: string | Int): unknown {
  if (value === null || typeof value !== 'object') return undefined;
  if (Array.isArray(value)) return typeof key === 'string' ? undefined : value[Number(key)];
  return typeof key === 'string' && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

function jsonText(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
