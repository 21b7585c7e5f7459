import { createHash } from 'node:crypto';
import type { Named } from './difference.ts';
import type { TableName } from './tables.ts';

/** Functions that no database is there for, in their plainest form. */
export interface Reference {
  readonly fn: string;
  readonly over: TableName;
  readonly ours: string;
  /** The value of a row whose text `s` is not null. */
  readonly naive: (s: string, row: Named) => string;
}

/** Letters begin words behind anything that is neither letter nor digit. */
function initcap(s: string): string {
  let inside = false;
  let out = '';
  for (const c of s) {
    out += inside ? c.toLowerCase() : c.toUpperCase();
    inside = /[\p{L}\p{N}\p{M}]/u.test(c);
  }
  return out;
}

const CODES: Readonly<Record<string, string>> = Object.fromEntries(
  ['BFPV', 'CGJKQSXZ', 'DT', 'L', 'MN', 'R'].flatMap((letters, k) => [...letters].map((c) => [c, String(k + 1)])),
);

/** Of letters with accents, the letters. Those of one code count once where nothing, or H and W, stand between them. */
function soundex(s: string): string {
  const letters = [...s.normalize('NFD').toUpperCase()].filter((c) => c >= 'A' && c <= 'Z');
  if (letters.length === 0) return '';
  let code = letters[0] as string;
  let before = CODES[code] ?? '';
  for (const c of letters.slice(1)) {
    if (c === 'H' || c === 'W') continue;
    const digit = CODES[c] ?? '';
    if (digit !== '' && digit !== before) code += digit;
    before = digit;
  }
  return code.padEnd(4, '0').slice(0, 4);
}

/** Bit by bit, by the reversed polynomial. */
function crc32(s: string): string {
  let crc = 0xffffffff;
  for (const byte of Buffer.from(s, 'utf8')) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return String((crc ^ 0xffffffff) >>> 0);
}

/** RFC 4122: SHA-1 of the namespace and the name, cut, with the version and the variant put in. */
function uuid5(s: string): string {
  const dns = Buffer.from('6ba7b8109dad11d180b400c04fd430c8', 'hex');
  const hex = createHash('sha1')
    .update(Buffer.concat([dns, Buffer.from(s, 'utf8')]))
    .digest('hex');
  const variant = ((Number.parseInt(hex[16] as string, 16) & 3) | 8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `5${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ].join('-');
}

/** RFC 2104, of a key shorter than a block. */
function hmac(s: string): string {
  const padded = (by: number): Buffer =>
    Buffer.from(Array.from({ length: 64 }, (_, k) => ('key'.charCodeAt(k) || 0) ^ by));
  const sha = (...parts: readonly Buffer[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();
  return sha(padded(0x5c), sha(padded(0x36), Buffer.from(s, 'utf8'))).toString('hex');
}

export const REFERENCES: readonly Reference[] = [
  { fn: 'initcap', over: 'texts_n', ours: 'initcap(s)', naive: initcap },
  { fn: 'soundex', over: 'texts_n', ours: 'soundex(s)', naive: soundex },
  { fn: 'crc32', over: 'texts_n', ours: 'crc32(s)', naive: crc32 },
  { fn: 'uuid5', over: 'texts_n', ours: 'uuid5("dns", s)', naive: uuid5 },
  { fn: 'hmac_sha256', over: 'texts_n', ours: 'hmac_sha256("key", s)', naive: hmac },
];
