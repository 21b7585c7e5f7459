import { RunError } from '../errors.ts';
import { T } from '../types.ts';
import { family, overload, type Resolve, signatures } from './build.ts';
import type { Int } from './ints.ts';
import { memo } from './pattern.ts';
import { checkLength, initcap, lengthOf, pad, positionOf, sliceChars, trimmer } from './text.ts';
import { graphemes } from './unicode.ts';

const S = T.string;
const trims = {
  trim: memo((set) => trimmer(set, true, true)),
  ltrim: memo((set) => trimmer(set, true, false)),
  rtrim: memo((set) => trimmer(set, false, true)),
};

const trimming = (
  how: keyof typeof trims,
  blank: (s: string) => string,
  where: string,
  example: readonly [string, string],
) => ({
  doc: `Without blanks (spaces, tabs, line ends) ${where}, or without the characters of a set.`,
  signature: `${how}(text, characters?)`,
  examples: [example],
  resolve: signatures({
    params: [S, S],
    optional: 1,
    result: S,
    impl: { call: (s: string, set?: string) => (set === undefined ? blank(s) : trims[how](set)(s)) },
  }),
});

const padding = (side: 'left' | 'right', name: string, example: readonly [string, string]) => ({
  doc: `Filled up on the ${side} to a length in characters (with blanks, or a given text), or cut to it.`,
  signature: `${name}(text, length, fill?)`,
  examples: [example],
  resolve: signatures({
    params: [S, T.int, S],
    optional: 1,
    result: S,
    impl: { call: (s: string, n: Int, fill = ' ') => pad(s, Math.max(0, Number(n)), fill, side) },
  }),
});

function repeat(s: string, count: Int): string {
  const n = Math.max(0, Number(count));
  checkLength(s.length * n);
  return s.repeat(n);
}

/** A negative position counts from the end. */
function substr(s: string, from: Int, length?: Int): string {
  const start = from < 0 ? lengthOf(s) + Number(from) : Number(from) - 1;
  return sliceChars(s, start, length === undefined ? Number.POSITIVE_INFINITY : start + Math.max(0, Number(length)));
}

/** The first n characters; a negative n leaves out as many at the end. */
function left(s: string, n: Int): string {
  return sliceChars(s, 0, n < 0 ? Math.max(0, lengthOf(s) + Number(n)) : Number(n));
}

function right(s: string, n: Int): string {
  const length = lengthOf(s);
  return sliceChars(s, n < 0 ? -Number(n) : length - Number(n), length);
}

function splitPart(s: string, by: string, at: Int): string {
  const parts = by === '' ? [s] : s.split(by);
  const k = Number(at);
  return parts[k > 0 ? k - 1 : parts.length + k] ?? '';
}

function chr(code: Int): string {
  const c = Number(code);
  if (!(c >= 0 && c <= 0x10ffff) || (c >= 0xd800 && c <= 0xdfff)) {
    throw new RunError('FLOW7004', `${c} is not a Unicode character`, { value: String(code) });
  }
  return String.fromCodePoint(c);
}

const text1 = (call: (s: string) => string, doc: string, signature: string, example: readonly [string, string]) => ({
  doc,
  signature,
  examples: [example],
  resolve: signatures({ params: [S], result: S, impl: { call } }),
});

const test2 = (
  call: (s: string, part: string) => boolean,
  doc: string,
  signature: string,
  example: readonly [string, string],
) => ({
  doc,
  signature,
  examples: [example],
  resolve: signatures({ params: [S, S], result: T.bool, impl: { call } }),
});

function translate(s: string, from: string, to: string): string {
  const a = Array.from(from);
  const b = Array.from(to);
  return Array.from(s, (c) => {
    const at = a.indexOf(c);
    return at < 0 ? c : (b[at] ?? '');
  }).join('');
}

const joinWith: Resolve = (args) => {
  if (args.length < 2) return null;
  const call = (by: string | null, ...parts: (string | null)[]): string | null =>
    by === null ? null : parts.filter((p) => p !== null).join(by);
  return overload(
    args.map(() => S),
    S,
    { call },
    (n) => n[0] === true,
  );
};

export const STRING = family('string', {
  lower: text1((s) => s.toLowerCase(), 'In small letters, the same for every locale.', 'lower(text)', [
    'lower("ÀB")',
    '"àb"',
  ]),
  upper: text1((s) => s.toUpperCase(), 'In capital letters, the same for every locale.', 'upper(text)', [
    'upper("straße")',
    '"STRASSE"',
  ]),
  initcap: text1(initcap, 'Each word with a capital letter first, the rest small.', 'initcap(text)', [
    'initcap("hello WORLD")',
    '"Hello World"',
  ]),
  reverse: text1(
    (s) => graphemes(s).reverse().join(''),
    'The characters from last to first; a letter stays together with its marks.',
    'reverse(text)',
    ['reverse("abc")', '"cba"'],
  ),
  strip_accents: text1(
    (s) => s.normalize('NFD').replace(/\p{M}/gu, ''),
    'Without accents and other marks.',
    'strip_accents(text)',
    ['strip_accents("Zoë")', '"Zoe"'],
  ),
  trim: trimming('trim', (s) => s.trim(), 'at both ends', ['trim("  a ")', '"a"']),
  ltrim: trimming('ltrim', (s) => s.trimStart(), 'at the start', ['ltrim("xxa", "x")', '"a"']),
  rtrim: trimming('rtrim', (s) => s.trimEnd(), 'at the end', ['rtrim("a--", "-")', '"a"']),
  lpad: padding('left', 'lpad', ['lpad("7", 3, "0")', '"007"']),
  rpad: padding('right', 'rpad', ['rpad("ab", 4)', '"ab  "']),
  substr: {
    doc: 'From a position (the first character is 1, the last one -1) to the end, or for a number of characters.',
    signature: 'substr(text, from, length?)',
    aliases: ['substring'],
    examples: [
      ['substr("hello", 2, 3)', '"ell"'],
      ['substr("hello", 4)', '"lo"'],
      ['substr("hello", -3, 2)', '"ll"'],
    ],
    resolve: signatures({ params: [S, T.int, T.int], optional: 1, result: S, impl: { call: substr } }),
  },
  left: {
    doc: 'The first n characters; with a negative n, all but the last -n.',
    signature: 'left(text, n)',
    examples: [
      ['left("hello", 2)', '"he"'],
      ['left("hello", -2)', '"hel"'],
    ],
    resolve: signatures({ params: [S, T.int], result: S, impl: { call: left } }),
  },
  right: {
    doc: 'The last n characters; with a negative n, all but the first -n.',
    signature: 'right(text, n)',
    examples: [['right("hello", 2)', '"lo"']],
    resolve: signatures({ params: [S, T.int], result: S, impl: { call: right } }),
  },
  replace: {
    doc: 'Every occurrence of a part replaced by another text.',
    signature: 'replace(text, part, by)',
    examples: [['replace("a-b-c", "-", "")', '"abc"']],
    resolve: signatures({
      params: [S, S, S],
      result: S,
      impl: { call: (s: string, part: string, by: string) => (part === '' ? s : s.replaceAll(part, () => by)) },
    }),
  },
  translate: {
    doc: 'Each character that stands in `from` becomes the one at the same place in `to`, or goes away when there is none.',
    signature: 'translate(text, from, to)',
    examples: [['translate("12-34", "-1", "/")', '"2/34"']],
    resolve: signatures({ params: [S, S, S], result: S, impl: { call: translate } }),
  },
  contains: test2((s, part) => s.includes(part), 'Whether the part occurs in the text.', 'contains(text, part)', [
    'contains("abc", "bc")',
    'true',
  ]),
  starts_with: test2((s, part) => s.startsWith(part), 'Whether the text begins so.', 'starts_with(text, part)', [
    'starts_with("abc", "ab")',
    'true',
  ]),
  ends_with: test2((s, part) => s.endsWith(part), 'Whether the text ends so.', 'ends_with(text, part)', [
    'ends_with("abc", "ab")',
    'false',
  ]),
  position: {
    doc: 'Where the part first occurs, from 1; 0 when it does not.',
    signature: 'position(text, part)',
    aliases: ['strpos', 'instr'],
    examples: [['position("hello", "l")', '3']],
    resolve: signatures({ params: [S, S], result: T.int, impl: { call: positionOf } }),
  },
  split_part: {
    doc: 'The n-th piece between separators, from 1, or from the end when negative; empty text beyond.',
    signature: 'split_part(text, separator, n)',
    examples: [
      ['split_part("a,b,c", ",", 2)', '"b"'],
      ['split_part("a,b,c", ",", -1)', '"c"'],
    ],
    resolve: signatures({ params: [S, S, T.int], result: S, impl: { call: splitPart } }),
  },
  split: {
    doc: 'The pieces between separators, as a list; single characters when the separator is empty.',
    signature: 'split(text, separator)',
    aliases: ['string_split'],
    examples: [['split("a,b", ",")', '["a", "b"]']],
    resolve: signatures({
      params: [S, S],
      result: T.list(S, false),
      impl: { call: (s: string, by: string) => (by === '' ? Array.from(s) : s.split(by)) },
    }),
  },
  repeat: {
    doc: 'The text n times.',
    signature: 'repeat(text, n)',
    examples: [['repeat("ab", 2)', '"abab"']],
    resolve: signatures({ params: [S, T.int], result: S, impl: { call: repeat } }),
  },
  concat_ws: {
    doc: 'Joins the arguments with a separator; nulls are left out.',
    signature: 'concat_ws(separator, a, b, …)',
    examples: [['concat_ws("-", "a", null, "b")', '"a-b"']],
    nulls: 'custom',
    resolve: joinWith,
  },
  ascii: {
    doc: 'Code of the first character (a Unicode code point); 0 of empty text.',
    signature: 'ascii(text)',
    aliases: ['unicode'],
    examples: [['ascii("A")', '65']],
    resolve: signatures({ params: [S], result: T.int, impl: { call: (s: string) => s.codePointAt(0) ?? 0 } }),
  },
  chr: {
    doc: 'The character of a Unicode code point.',
    signature: 'chr(code)',
    examples: [['chr(65)', '"A"']],
    resolve: signatures({ params: [T.int], result: S, impl: { call: chr } }),
  },
});
