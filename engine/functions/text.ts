import { RunError } from '../errors.ts';
import { LONGEST_STRING } from './limits.ts';

/** Text by character (Unicode code point). Most text has no surrogate, and then characters are units. */

const ASTRAL = /[\ud800-\udfff]/;

export function chars(s: string): string | readonly string[] {
  return ASTRAL.test(s) ? Array.from(s) : s;
}

export function lengthOf(s: string): number {
  return chars(s).length;
}

/** Characters [from, to), cut to what there is. */
export function sliceChars(s: string, from: number, to: number): string {
  const c = chars(s);
  const a = Math.max(0, from);
  const b = Math.max(a, to);
  return typeof c === 'string' ? c.slice(a, b) : c.slice(a, b).join('');
}

export function checkLength(length: number): void {
  if (length > LONGEST_STRING)
    throw new RunError('FLOW7004', `a string of ${length} characters is too long`, { value: String(length) });
}

export function initcap(s: string): string {
  return s.replace(/[\p{L}\p{N}\p{M}]+/gu, (w) => {
    const first = String.fromCodePoint(w.codePointAt(0) as number);
    return first.toUpperCase() + w.slice(first.length).toLowerCase();
  });
}

/** Position of the first occurrence, from 1; 0 when there is none. */
export function positionOf(s: string, part: string): number {
  const at = s.indexOf(part);
  return at < 0 ? 0 : lengthOf(s.slice(0, at)) + 1;
}

export function pad(s: string, length: number, fill: string, side: 'left' | 'right'): string {
  checkLength(length);
  const have = lengthOf(s);
  if (length <= have) return sliceChars(s, 0, length);
  const unit = lengthOf(fill);
  if (unit === 0) return s;
  const need = length - have;
  const padding = sliceChars(fill.repeat(Math.ceil(need / unit)), 0, need);
  return side === 'left' ? padding + s : s + padding;
}

function escaped(set: string): string {
  return Array.from(set, (c) => (/[\\\]^-]/.test(c) ? `\\${c}` : c)).join('');
}

/** Removes characters of a set from the ends. */
export function trimmer(set: string, left: boolean, right: boolean): (s: string) => string {
  if (set === '') return (s) => s;
  const group = `[${escaped(set)}]+`;
  const parts = [...(left ? [`^${group}`] : []), ...(right ? [`${group}$`] : [])];
  const re = new RegExp(parts.join('|'), 'gu');
  return (s) => s.replace(re, '');
}

/** Thousands apart by commas, and a fixed number of decimals. */
export function formatNumber(fixed: string): string {
  const m = /^(-?)(\d+)(\.\d+)?$/.exec(fixed);
  if (m === null) return fixed;
  return `${m[1]}${(m[2] as string).replace(/\B(?=(\d{3})+$)/g, ',')}${m[3] ?? ''}`;
}
