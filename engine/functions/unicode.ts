import { RunError } from '../errors.ts';
import { type DataType, T } from '../types.ts';
import { family, overload, type Resolve, signatures } from './build.ts';
import type { Int } from './ints.ts';
import { checkLength, lengthOf, sliceChars } from './text.ts';

/** Text in other measures than characters: bytes, graphemes, normal forms. */

const S = T.string;
/** Made when it is needed: its tables take 6 ms to load. */
let segments: Intl.Segmenter | undefined;
/** Without a mark, a joiner or a second half of a pair each unit is a grapheme, save that CR LF are one. */
const PLAIN = /^[\0-\f\x0e-\u02ff]*$/;

export function graphemes(s: string): string[] {
  if (PLAIN.test(s)) return Array.from(s);
  segments ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return Array.from(segments.segment(s), (x) => x.segment);
}

const FORMS = ['NFC', 'NFD', 'NFKC', 'NFKD'];

const normalize: Resolve = ([text, form, ...more], literals) => {
  const isText = (t: DataType | undefined) => t?.kind === 'string' || t?.kind === 'null';
  if (more.length > 0 || !isText(text) || (form !== undefined && !isText(form))) return null;
  const name = form === undefined ? 'NFC' : literals[1];
  if (typeof name !== 'string' || !FORMS.includes(name.toUpperCase()))
    return { error: `the form of normalize is one of ${FORMS.map((f) => `"${f}"`).join(', ')}` };
  const to = name.toUpperCase();
  return overload(form === undefined ? [S] : [S, S], S, { call: (s: string) => s.normalize(to) });
};

/** `by` put in the place of `length` characters from a position (the first is 1). */
function overlay(s: string, by: string, from: Int, length?: Int): string {
  const start = Number(from) - 1;
  if (start < 0)
    throw new RunError('FLOW7004', `overlay begins at position 1 or later, not at ${from}`, { value: String(from) });
  const cut = length === undefined ? lengthOf(by) : Math.max(0, Number(length));
  return sliceChars(s, 0, start) + by + sliceChars(s, start + cut, Number.POSITIVE_INFINITY);
}

const SIZES = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

function formatBytes(n: Int): string {
  const negative = n < 0;
  let size = Number(negative ? -n : n);
  let unit = 0;
  while (size >= 1024 && unit < SIZES.length - 1) {
    size /= 1024;
    unit++;
  }
  const text = unit === 0 ? String(size) : size.toFixed(1);
  return `${negative ? '-' : ''}${text} ${unit === 0 && size === 1 ? 'byte' : (SIZES[unit] as string)}`;
}

function occurrences(s: string, part: string): number {
  if (part === '') return 0;
  let n = 0;
  for (let at = s.indexOf(part); at >= 0; at = s.indexOf(part, at + part.length)) n++;
  return n;
}

/** What is left over of an uneven number goes to the right. */
function center(s: string, length: Int, fill = ' '): string {
  const n = Number(length);
  checkLength(n);
  const need = n - lengthOf(s);
  const unit = lengthOf(fill);
  if (need <= 0 || unit === 0) return s;
  const left = Math.floor(need / 2);
  const blanks = (k: number): string => sliceChars(fill.repeat(Math.ceil(k / unit)), 0, k);
  return blanks(left) + s + blanks(need - left);
}

export const UNICODE = family('string', {
  octet_length: {
    doc: 'Number of bytes: of a text those of its UTF-8.',
    signature: 'octet_length(x)',
    aliases: ['byte_length'],
    examples: [['octet_length("naïve")', '6']],
    resolve: signatures(
      { params: [S], result: T.int, impl: { call: (s: string) => Buffer.byteLength(s, 'utf8') } },
      { params: [T.bytes], result: T.int, impl: { call: (b: Uint8Array) => b.length } },
    ),
  },
  length_grapheme: {
    doc: 'Number of characters as a reader counts them: a letter with its marks, or an emoji of several parts, is one.',
    signature: 'length_grapheme(text)',
    examples: [
      ['length_grapheme("👩‍🚀")', '1'],
      ['length("👩‍🚀")', '3'],
    ],
    resolve: signatures({ params: [S], result: T.int, impl: { call: (s: string) => graphemes(s).length } }),
  },
  graphemes: {
    doc: 'The characters of a text as a reader sees them, as a list.',
    signature: 'graphemes(text)',
    examples: [['graphemes("a👍🏽")', '["a", "👍🏽"]']],
    resolve: signatures({ params: [S], result: T.list(S, false), impl: { call: graphemes } }),
  },
  normalize: {
    doc: 'A Unicode normal form: "NFC" (when left out), "NFD", "NFKC" or "NFKD". Texts that look the same are equal in one form.',
    signature: 'normalize(text, form?)',
    aliases: ['nfc_normalize'],
    examples: [
      ['length(normalize("é", "NFD"))', '2'],
      ['normalize("ﬁ", "NFKC")', '"fi"'],
    ],
    resolve: normalize,
  },
  overlay: {
    doc: 'The text with `by` in the place of `length` characters (as many as `by` has when left out) from a position, the first being 1.',
    signature: 'overlay(text, by, from, length?)',
    examples: [
      ['overlay("Txxxxas", "hom", 2, 4)', '"Thomas"'],
      ['overlay("2024-01", "2", 4)', '"2022-01"'],
    ],
    resolve: signatures({ params: [S, S, T.int, T.int], optional: 1, result: S, impl: { call: overlay } }),
  },
  center: {
    doc: 'Filled up on both sides to a length in characters (with blanks, or a given text); longer text stays.',
    signature: 'center(text, length, fill?)',
    examples: [['center("ab", 5, "*")', '"*ab**"']],
    resolve: signatures({ params: [S, T.int, S], optional: 1, result: S, impl: { call: center } }),
  },
  occurrences: {
    doc: 'How often the part occurs in the text, without overlaps; 0 of an empty part.',
    signature: 'occurrences(text, part)',
    examples: [['occurrences("banana", "an")', '2']],
    resolve: signatures({ params: [S, S], result: T.int, impl: { call: occurrences } }),
  },
  format_bytes: {
    doc: 'A number of bytes for people, in units of 1024.',
    signature: 'format_bytes(n)',
    examples: [
      ['format_bytes(123456789)', '"117.7 MiB"'],
      ['format_bytes(1)', '"1 byte"'],
    ],
    resolve: signatures({ params: [T.int], result: S, impl: { call: formatBytes } }),
  },
});
