import { RunError } from '../errors.ts';
import { T } from '../types.ts';
import { family, signatures } from './build.ts';
import { type Int, narrow } from './ints.ts';
import { INT_MAX, INT_MIN } from './limits.ts';

/** Text, bytes and numbers in other forms. */

function bad(value: string, what: string): RunError {
  return new RunError('FLOW7004', `${JSON.stringify(value)} is not ${what}`, { value });
}

function fromBase64(s: string): string {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(s) || s.length % 4 === 1) throw bad(s, 'base64');
  return Buffer.from(s, 'base64').toString('utf8');
}

/** All but letters, digits and `-_.~` as bytes of UTF-8: what RFC 3986 keeps. */
function urlEncode(s: string): string {
  const whole = Buffer.from(s, 'utf8').toString('utf8');
  return encodeURIComponent(whole).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function urlDecode(s: string): string {
  try {
    return decodeURIComponent(s);
  } catch {
    throw bad(s, 'URL-encoded text');
  }
}

function toHex(v: Int): string {
  return (v < 0 ? BigInt.asUintN(64, BigInt(v)) : v).toString(16);
}

function unhex(s: string): Uint8Array {
  if (s.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(s)) throw bad(s, 'hexadecimal');
  return new Uint8Array(Buffer.from(s, 'hex'));
}

const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(b: Uint8Array): string {
  try {
    // A view of shared memory is not taken by the decoder.
    return STRICT.decode(new Uint8Array(b));
  } catch {
    throw new RunError('FLOW7004', 'the bytes are not UTF-8 text', {
      value: Buffer.from(b).toString('hex').slice(0, 64),
    });
  }
}

function radix(base: Int): number {
  const r = Number(base);
  if (!(r >= 2 && r <= 36)) throw new RunError('FLOW7004', `a base is 2 to 36, not ${base}`, { value: String(base) });
  return r;
}

const toBase = (n: Int, base: Int, digits: Int = 1): string => {
  const text = BigInt(n).toString(radix(base));
  const width = Math.min(64, Number(digits));
  return text.startsWith('-') ? `-${text.slice(1).padStart(width, '0')}` : text.padStart(width, '0');
};

function fromBase(s: string, base: Int): Int {
  const r = radix(base);
  const m = /^([+-]?)([0-9a-z]+)$/.exec(s.trim().toLowerCase());
  if (m === null) throw bad(s, `a number to base ${r}`);
  let v = 0n;
  for (const c of m[2] as string) {
    const digit = Number.parseInt(c, 36);
    if (digit >= r) throw bad(s, `a number to base ${r}`);
    v = v * BigInt(r) + BigInt(digit);
    if (v > INT_MAX + 1n) break;
  }
  const signed = m[1] === '-' ? -v : v;
  if (signed > INT_MAX || signed < INT_MIN) throw new RunError('FLOW7005', `${s} does not fit int`, { value: s });
  return narrow(signed);
}

const text1 = (call: (s: string) => string, doc: string, signature: string, example: readonly [string, string]) => ({
  doc,
  signature,
  examples: [example],
  resolve: signatures({ params: [T.string], result: T.string, impl: { call } }),
});

/** The bytes of a text (its UTF-8), or bytes, as text. */
const ofBytes = (encoding: 'base64' | 'hex', upper: boolean) => {
  const call = (v: string | Uint8Array): string => {
    const text = (typeof v === 'string' ? Buffer.from(v, 'utf8') : Buffer.from(v)).toString(encoding);
    return upper ? text.toUpperCase() : text;
  };
  return signatures(
    { params: [T.string], result: T.string, impl: { call } },
    { params: [T.bytes], result: T.string, impl: { call } },
  );
};

export const ENCODE = family('hash', {
  base64: {
    doc: 'The UTF-8 of a text, or bytes, in base64.',
    signature: 'base64(x)',
    aliases: ['to_base64'],
    examples: [['base64("hi")', '"aGk="']],
    resolve: ofBytes('base64', false),
  },
  from_base64: text1(fromBase64, 'Text from base64; an error when it is not.', 'from_base64(text)', [
    'from_base64("aGk=")',
    '"hi"',
  ]),
  hex: {
    doc: 'The UTF-8 of a text, or bytes, in hexadecimal with capital letters.',
    signature: 'hex(x)',
    examples: [['hex("hi")', '"6869"']],
    resolve: ofBytes('hex', true),
  },
  unhex: {
    doc: 'Bytes from hexadecimal; an error when it is not.',
    signature: 'unhex(text)',
    aliases: ['from_hex'],
    examples: [['decode(unhex("6869"))', '"hi"']],
    resolve: signatures({ params: [T.string], result: T.bytes, impl: { call: unhex } }),
  },
  encode: {
    doc: 'The UTF-8 of a text, as bytes.',
    signature: 'encode(text)',
    examples: [['octet_length(encode("né"))', '3']],
    resolve: signatures({
      params: [T.string],
      result: T.bytes,
      impl: { call: (s: string) => new TextEncoder().encode(s) },
    }),
  },
  decode: {
    doc: 'Text from bytes of UTF-8; an error when they are not.',
    signature: 'decode(bytes)',
    examples: [['decode(encode("né"))', '"né"']],
    resolve: signatures({ params: [T.bytes], result: T.string, impl: { call: decode } }),
  },
  url_encode: text1(urlEncode, 'Text for use in a URL.', 'url_encode(text)', ['url_encode("a b&c")', '"a%20b%26c"']),
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
  to_base: {
    doc: 'A whole number in another base, 2 to 36, with at least so many digits.',
    signature: 'to_base(n, base, digits?)',
    examples: [
      ['to_base(10, 2)', '"1010"'],
      ['to_base(10, 2, 8)', '"00001010"'],
    ],
    resolve: signatures({ params: [T.int, T.int, T.int], optional: 1, result: T.string, impl: { call: toBase } }),
  },
  from_base: {
    doc: 'The whole number that a text writes in a base, 2 to 36; an error when it does not.',
    signature: 'from_base(text, base)',
    examples: [['from_base("ff", 16)', '255']],
    resolve: signatures({ params: [T.string, T.int], result: T.int, impl: { call: fromBase } }),
  },
});
