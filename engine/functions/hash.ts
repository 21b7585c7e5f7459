import { crc32 } from 'node:zlib';
import { crypto } from '../crypto.ts';
import { RunError } from '../errors.ts';
import type { IntervalValue, LiteralValue } from '../expr.ts';
import { type DataType, T } from '../types.ts';
import { family, overload, type Resolve, signatures } from './build.ts';
import type { Int } from './ints.ts';
import { xxhash64 } from './xxhash.ts';

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
      impl: { call: (v: string) => crypto().createHash(algorithm).update(v).digest('hex') },
    },
    {
      params: [T.bytes],
      result: T.string,
      impl: { call: (v: Uint8Array) => crypto().createHash(algorithm).update(v).digest('hex') },
    },
  ),
});

const NAMESPACES: ReadonlyMap<string, string> = new Map([
  ['dns', '6ba7b810-9dad-11d1-80b4-00c04fd430c8'],
  ['url', '6ba7b811-9dad-11d1-80b4-00c04fd430c8'],
  ['oid', '6ba7b812-9dad-11d1-80b4-00c04fd430c8'],
  ['x500', '6ba7b814-9dad-11d1-80b4-00c04fd430c8'],
]);

function uuid5(namespace: string, name: string): string {
  const hex = (NAMESPACES.get(namespace.toLowerCase()) ?? namespace).replace(/-/g, '');
  if (!/^[0-9a-f]{32}$/i.test(hex))
    throw new RunError('FLOW7004', `${JSON.stringify(namespace)} is not a UUID, nor dns, url, oid or x500`, {
      value: namespace,
    });
  const d = crypto().createHash('sha1').update(Buffer.from(hex, 'hex')).update(name).digest();
  d[6] = ((d[6] as number) & 0x0f) | 0x50;
  d[8] = ((d[8] as number) & 0x3f) | 0x80;
  const text = d.toString('hex', 0, 16);
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join('-');
}

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
  sha512: digest(
    'sha512',
    'SHA-512 of a text (its UTF-8) or bytes, in hexadecimal.',
    'sha512',
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
  ),
  hmac_sha256: {
    doc: 'Keyed hash (HMAC with SHA-256) of a text, in hexadecimal: equal for equal texts, and not to be made without the key.',
    signature: 'hmac_sha256(key, text)',
    examples: [['left(hmac_sha256("key", "abc"), 8)', '"9c196e32"']],
    resolve: signatures({
      params: [T.string, T.string],
      result: T.string,
      impl: { call: (key: string, v: string) => crypto().createHmac('sha256', key).update(v).digest('hex') },
    }),
  },
  crc32: {
    doc: 'Checksum CRC-32 of a text (its UTF-8) or bytes, from 0 to 4294967295.',
    signature: 'crc32(x)',
    examples: [['crc32("123456789")', '3421780262']],
    resolve: signatures(
      { params: [T.string], result: T.int, impl: { call: (v: string) => crc32(v) } },
      { params: [T.bytes], result: T.int, impl: { call: (v: Uint8Array) => crc32(v) } },
    ),
  },
  xxhash64: {
    doc: 'XXH64 of a text (its UTF-8) or bytes, as the signed int of its 64 bits. Not for secrets.',
    signature: 'xxhash64(x)',
    examples: [
      ['xxhash64("abc")', '4952883123889572249'],
      ['to_hex(xxhash64(""))', '"ef46db3751d8e999"'],
    ],
    resolve: signatures(
      { params: [T.string], result: T.int, impl: { call: (v: string) => xxhash64(Buffer.from(v, 'utf8')) } },
      { params: [T.bytes], result: T.int, impl: { call: xxhash64 } },
    ),
  },
  uuid5: {
    doc: 'The name-based UUID (version 5) of a text in a namespace: a UUID, or "dns", "url", "oid" or "x500". Equal texts have equal UUIDs in every run.',
    signature: 'uuid5(namespace, name)',
    examples: [['uuid5("dns", "python.org")', '"886313e1-3b8a-5372-9b90-0c9aee199e5d"']],
    resolve: signatures({ params: [T.string, T.string], result: T.string, impl: { call: uuid5 } }),
  },
});
