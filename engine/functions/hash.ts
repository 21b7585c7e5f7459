import { createHash } from 'node:crypto';
import { RunError } from '../errors.ts';
import type { IntervalValue, LiteralValue } from '../expr.ts';
import { type DataType, T } from '../types.ts';
import { family, overload, type Resolve, signatures } from './build.ts';
import type { Int } from './ints.ts';

/**
 * A hash of values, the same in every run, on every machine and for every physical form: two 32-bit lanes, each word mixed into both by
 * multiplication with odd constants and rotation, and spread by a final avalanche.
 */
class Lanes {
  private a: number;
  private b: number;

  constructor(seed: number) {
    this.a = seed ^ 0x2545f491;
    this.b = Math.imul(seed, 0x9e3779b1) ^ 0x4f6cdd1d;
  }

  word(w: number): void {
    this.a = rotate(Math.imul(this.a ^ w, 0x85ebca6b), 13) + 0x52dce729;
    this.b = rotate(Math.imul(this.b + w, 0xc2b2ae35), 17) ^ (this.a >>> 7);
  }

  high(): number {
    return spread(this.a ^ rotate(this.b, 5));
  }

  low(): number {
    return spread(this.b + Math.imul(this.a, 0x27d4eb2f));
  }
}

function rotate(v: number, by: number): number {
  return (v << by) | (v >>> (32 - by));
}

function spread(v: number): number {
  let h = v ^ (v >>> 16);
  h = Math.imul(h, 0x7feb352d);
  h ^= h >>> 15;
  h = Math.imul(h, 0x846ca68b);
  return (h ^ (h >>> 16)) >>> 0;
}

const float = new Float64Array(1);
const words = new Int32Array(float.buffer);

/** Words of a value, led by a mark of its kind, so that "1" and 1, or [] and null, differ. */
function feed(into: Lanes, t: DataType, v: LiteralValue): void {
  if (v === null) {
    into.word(0x6e756c6c);
    return;
  }
  switch (t.kind) {
    case 'float':
      float[0] = v === 0 ? 0 : v !== v ? Number.NaN : (v as number);
      into.word(1);
      into.word(words[0] as number);
      into.word(words[1] as number);
      return;
    case 'string':
    case 'json':
      feedText(into, v as string);
      return;
    case 'bytes':
      into.word((v as Uint8Array).length ^ 0x62000000);
      for (const b of v as Uint8Array) into.word(b);
      return;
    case 'interval': {
      const i = v as IntervalValue;
      for (const part of [i.months, i.days, i.micros]) feedInt(into, part);
      return;
    }
    case 'list':
      into.word((v as readonly LiteralValue[]).length ^ 0x6c000000);
      for (const x of v as readonly LiteralValue[]) feed(into, t.item.type, x);
      return;
    case 'struct':
      for (const f of t.fields) feed(into, f.type, (v as { readonly [k: string]: LiteralValue })[f.name] ?? null);
      return;
    case 'map':
      for (const e of v as readonly { key: LiteralValue; value: LiteralValue }[]) {
        feed(into, t.key, e.key);
        feed(into, t.value.type, e.value);
      }
      return;
    default:
      feedInt(into, typeof v === 'boolean' ? Number(v) : (v as Int));
  }
}

function feedText(into: Lanes, s: string): void {
  into.word(s.length ^ 0x73000000);
  for (let i = 0; i < s.length; i += 2)
    into.word(s.charCodeAt(i) | ((i + 1 < s.length ? s.charCodeAt(i + 1) : 0) << 16));
}

function feedInt(into: Lanes, v: Int): void {
  into.word(2);
  if (typeof v === 'number') {
    into.word(v | 0);
    into.word(Math.floor(v / 4294967296));
    return;
  }
  for (let rest = v, k = 0; k < 4 && (k < 2 || (rest !== 0n && rest !== -1n)); k++, rest >>= 32n)
    into.word(Number(BigInt.asIntN(32, rest)));
}

function lanesOf(types: readonly DataType[], values: readonly LiteralValue[], seed: number): Lanes {
  const lanes = new Lanes(seed);
  values.forEach((v, k) => {
    feed(lanes, types[k] as DataType, v);
  });
  return lanes;
}

/** 53 bits: exact as a number. */
const bits53 = (l: Lanes): number => (l.high() >>> 11) * 4294967296 + l.low();

const hash: Resolve = (args) => {
  if (args.length === 0) return null;
  const call = (...values: LiteralValue[]): number => bits53(lanesOf(args, values, 0));
  return overload(args, T.int, { call }, () => false);
};

const hashUnit: Resolve = ([seed, ...keys]) => {
  if (seed?.kind !== 'int' || keys.length === 0) return null;
  const types = [seed, ...keys];
  const call = (s: Int | null, ...values: LiteralValue[]): number => {
    const lanes = lanesOf(types, [s, ...values], 0x73706c74);
    return bits53(lanes) / 2 ** 53;
  };
  return overload(types, T.float, { call }, () => false);
};

const digest = (algorithm: string, doc: string, name: string, example: string) => ({
  doc,
  signature: `${name}(text)`,
  examples: [[`${name}("abc")`, JSON.stringify(example)] as const],
  resolve: signatures(
    {
      params: [T.string],
      result: T.string,
      impl: { call: (v: string) => createHash(algorithm).update(v).digest('hex') },
    },
    {
      params: [T.bytes],
      result: T.string,
      impl: { call: (v: Uint8Array) => createHash(algorithm).update(v).digest('hex') },
    },
  ),
});

function fromBase64(s: string): string {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(s) || s.length % 4 === 1)
    throw new RunError('FLOW7004', `${JSON.stringify(s)} is not base64`, { value: s });
  return Buffer.from(s, 'base64').toString('utf8');
}

function urlDecode(s: string): string {
  try {
    return decodeURIComponent(s);
  } catch {
    throw new RunError('FLOW7004', `${JSON.stringify(s)} is not URL-encoded text`, { value: s });
  }
}

function toHex(v: Int): string {
  return (v < 0 ? BigInt.asUintN(64, BigInt(v)) : v).toString(16);
}

const text1 = (call: (s: string) => string, doc: string, signature: string, example: readonly [string, string]) => ({
  doc,
  signature,
  examples: [example],
  resolve: signatures({ params: [T.string], result: T.string, impl: { call } }),
});

export const HASH = family('hash', {
  hash: {
    doc: 'A whole number from 0 to 2^53 - 1 made from the arguments, the same in every run; nulls count. Not for secrets.',
    signature: 'hash(a, b, …)',
    examples: [['hash("a", 1) == hash("a", 1)', 'true']],
    nulls: 'custom',
    resolve: hash,
  },
  hash_unit: {
    doc: 'A float from 0 to below 1 made from a seed and the arguments, evenly spread and the same in every run; nulls count. What `split` draws by.',
    signature: 'hash_unit(seed, a, b, …)',
    examples: [['hash_unit(42, "a") < 1', 'true']],
    nulls: 'custom',
    resolve: hashUnit,
  },
  md5: digest('md5', 'MD5 of a text (its UTF-8) or bytes, in hexadecimal.', 'md5', '900150983cd24fb0d6963f7d28e17f72'),
  sha1: digest(
    'sha1',
    'SHA-1 of a text (its UTF-8) or bytes, in hexadecimal.',
    'sha1',
    'a9993e364706816aba3e25717850c26c9cd0d89d',
  ),
  sha256: digest(
    'sha256',
    'SHA-256 of a text (its UTF-8) or bytes, in hexadecimal.',
    'sha256',
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  ),
  base64: text1((s) => Buffer.from(s, 'utf8').toString('base64'), 'The UTF-8 of a text in base64.', 'base64(text)', [
    'base64("hi")',
    '"aGk="',
  ]),
  from_base64: text1(fromBase64, 'Text from base64; an error when it is not.', 'from_base64(text)', [
    'from_base64("aGk=")',
    '"hi"',
  ]),
  url_encode: text1(
    (s) => encodeURIComponent(Buffer.from(s, 'utf8').toString('utf8')),
    'Text for use in a URL.',
    'url_encode(text)',
    ['url_encode("a b&c")', '"a%20b%26c"'],
  ),
  url_decode: text1(urlDecode, 'Text from its form in a URL; an error when it is not.', 'url_decode(text)', [
    'url_decode("a%20b")',
    '"a b"',
  ]),
  to_hex: {
    doc: "A whole number in hexadecimal; negative ones as 64-bit two's complement.",
    signature: 'to_hex(n)',
    examples: [['to_hex(255)', '"ff"']],
    resolve: signatures({ params: [T.int], result: T.string, impl: { call: toHex } }),
  },
});
