import { RunError } from '../errors.ts';
import type { Int } from './ints.ts';

/** Member of an array (position from 0, or from the end, which is -1) or of an object, as JSON text; null when it is not there. */
export function jsonGet(text: string, key: string | Int): string | null {
  return jsonText(member(parseJson(text), key));
}

/** Levels that JSON may nest, in files and in values: what reads and writes it recurses once a level. */
export const MAX_JSON_DEPTH = 500;

/** Whether JSON text nests deeper than that. */
export function nestsTooDeep(text: string): boolean {
  // So deep a value has an end for each of its beginnings.
  if (text.length <= 2 * MAX_JSON_DEPTH) return false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 34) i = endOfText(text, i);
    else if (c === 91 || c === 123) {
      if (++depth > MAX_JSON_DEPTH) return true;
    } else if (c === 93 || c === 125) depth--;
  }
  return false;
}

/** The quote that ends a text, from the one that begins it. */
function endOfText(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const c = text.charCodeAt(at);
    if (c === 34) return at;
    if (c === 92) at++;
  }
  return text.length;
}

/** Before the text of a number that floats do not hold exactly. */
const EXACT = '\0n';

/**
 * JSON text as a value. Numbers of many digits, and those beyond the floats, stay text, so that nothing is lost on the way into an int, a decimal or JSON again: see `exactNumber`.
 */
export function parseJson(text: string): unknown {
  if (nestsTooDeep(text)) throw new RunError('FLOW7004', `JSON nesting deeper than ${MAX_JSON_DEPTH} levels`);
  // Text that holds the mark itself is left alone.
  if (!/[\d.]{16}|\d[eE]\+?\d{3}/.test(text) || text.includes('\\u0000')) return JSON.parse(text);
  return JSON.parse(
    text.replace(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (token) =>
      token.startsWith('"') || isHeld(token) ? token : JSON.stringify(EXACT + token),
    ),
  );
}

/** Whether a float holds a number: its digits, and its size. */
function isHeld(number: string): boolean {
  return number.replace(/[eE].*|\D/g, '').length < 16 && Number.isFinite(Number(number));
}

/** The digits of a number that `parseJson` kept as text; null for anything else. */
export function exactNumber(value: unknown): string | null {
  return typeof value === 'string' && value.startsWith(EXACT) ? value.slice(EXACT.length) : null;
}

/** The value as JSON text. */
export function writeJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, undefined, indent);
  return text.includes('\\u0000n') ? text.replace(/"\\u0000n(-?[\d.eE+-]+)"/g, '$1') : text;
}

export function member(value: unknown, key: string | Int): unknown {
  if (value === null || typeof value !== 'object') return undefined;
  if (Array.isArray(value)) return typeof key === 'string' ? undefined : value.at(Number(key));
  return typeof key === 'string' && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

function jsonText(value: unknown): string | null {
  return value === undefined ? null : writeJson(value);
}

/** Steps of a path: `$.a.b[0]`, `a.b[0]`, `$["odd name"]`. */
export function jsonPath(path: string): readonly (string | number)[] | { error: string } {
  const steps: (string | number)[] = [];
  const rest = path.replace(/^\$/, '');
  const step = /\.?([A-Za-z_$][\w$-]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/y;
  for (let at = 0; at < rest.length; at = step.lastIndex) {
    step.lastIndex = at;
    const m = step.exec(rest);
    if (m === null) return { error: `bad JSON path "${path}": a path is like $.a.b[0]` };
    steps.push(m[1] ?? (m[2] === undefined ? (JSON.parse(m[3] as string) as string) : Number(m[2])));
  }
  return steps;
}

export function walkJson(value: unknown, steps: readonly (string | number)[]): unknown {
  let at = value;
  for (const s of steps) at = member(at, s);
  return at;
}
