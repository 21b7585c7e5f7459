import { type DataType, T } from '../types.ts';
import { family, overload, type Resolve, signatures } from './build.ts';
import type { FunctionImpl } from './def.ts';
import type { Int } from './ints.ts';
import { escapeRegex, literalRegex, memo, regexFrom, regexOf } from './pattern.ts';
import { lengthOf } from './text.ts';
import { implicitCost } from './types.ts';

const globalRegex = regexFrom((re) => new RegExp(re.source, `g${re.flags}`));

/** The whole text has to match. */
const wholeRegex = regexFrom((re) => new RegExp(`(?<![^])(?:${re.source})(?![^])`, re.flags));

/** A function of (text, pattern, …): the pattern is compiled before the run when it is a literal, and may be bad then. */
function withPattern(
  params: readonly DataType[],
  optional: number,
  result: DataType,
  make: (regex: (pattern: string) => RegExp) => FunctionImpl['call'],
  how: { readonly global?: boolean; readonly nullable?: boolean } = {},
): Resolve {
  return (args, literals) => {
    if (args.length > params.length || args.length < params.length - optional) return null;
    if (args.some((t, k) => implicitCost(t, params[k] as DataType) === null)) return null;
    const pattern = literals[1];
    const dynamic = how.global === true ? globalRegex : regexOf;
    const literal = typeof pattern === 'string' ? literalRegex(pattern, how.global === true ? 'gu' : 'u') : null;
    if (literal !== null && 'error' in literal) return literal;
    const call = make(literal === null ? dynamic : () => literal);
    return overload(params.slice(0, args.length), result, { call }, how.nullable);
  };
}

const S = T.string;

/** `\1` to `\9` and `\0` name groups in a replacement, as in SQL; anything else stands for itself. */
function replacement(by: string): (...groups: unknown[]) => string {
  const parts = by.split(/\\(\d|\\)/);
  return (...groups) => {
    // The match and its groups come before the match's position, a number.
    const count = groups.findIndex((x) => typeof x === 'number');
    const group = (n: number): string => (n < count ? text(groups[n]) : '');
    return parts.map((p, k) => (k % 2 === 0 ? p : p === '\\' ? '\\' : group(Number(p)))).join('');
  };
}

const text = (group: unknown): string => (typeof group === 'string' ? group : '');
const replacementOf = memo(replacement);

export const REGEXP = family('string', {
  regexp_extract: {
    doc: 'The first match of a regular expression, or its n-th group; null when nothing matches.',
    signature: 'regexp_extract(text, pattern, group?)',
    examples: [
      ['regexp_extract("order 42", r"\\d+")', '"42"'],
      ['regexp_extract("k=v", "(.)=(.)", 2)', '"v"'],
      ['regexp_extract("none", r"\\d+")', 'null'],
    ],
    resolve: withPattern(
      [S, S, T.int],
      1,
      S,
      (regex) =>
        (s: string, p: string, group: Int = 0) =>
          regex(p).exec(s)?.[Number(group)] ?? null,
      { nullable: true },
    ),
  },
  regexp_extract_all: {
    doc: 'All matches of a regular expression, or their n-th groups, as a list.',
    signature: 'regexp_extract_all(text, pattern, group?)',
    examples: [
      ['regexp_extract_all("a1b22", r"\\d+")', '["1", "22"]'],
      ['regexp_extract_all("a=1 b=2", r"(\\w)=(\\w)", 2)', '["1", "2"]'],
    ],
    resolve: withPattern(
      [S, S, T.int],
      1,
      T.list(S, false),
      (regex) =>
        (s: string, p: string, group: Int = 0) =>
          Array.from(s.matchAll(regex(p)), (m) => text(m[Number(group)])),
      { global: true },
    ),
  },
  regexp_full_match: {
    doc: 'Whether a regular expression fits the whole text.',
    signature: 'regexp_full_match(text, pattern)',
    examples: [
      ['regexp_full_match("abc", "a.c")', 'true'],
      ['regexp_full_match("abcd", "a.c")', 'false'],
    ],
    resolve: withPattern([S, S], 0, T.bool, () => (s: string, p: string) => {
      // Between the halves of a pair the anchors hold as well: such a match does not count.
      const m = wholeRegex(p).exec(s);
      return m?.index === 0 && m[0].length === s.length;
    }),
  },
  regexp_position: {
    doc: 'Where a regular expression first matches, from 1; 0 when it does not.',
    signature: 'regexp_position(text, pattern)',
    aliases: ['regexp_instr'],
    examples: [['regexp_position("abc12", r"\\d")', '4']],
    resolve: withPattern([S, S], 0, T.int, (regex) => (s: string, p: string) => {
      const at = s.search(regex(p));
      return at < 0 ? 0 : lengthOf(s.slice(0, at)) + 1;
    }),
  },
  regexp_escape: {
    doc: 'The text as a regular expression that matches just it.',
    signature: 'regexp_escape(text)',
    examples: [['"a.b" matches regexp_escape(".")', 'true']],
    resolve: signatures({ params: [S], result: S, impl: { call: escapeRegex } }),
  },
  regexp_replace: {
    doc: 'Every match of a regular expression replaced; `\\1` in the replacement is the first group.',
    signature: 'regexp_replace(text, pattern, by)',
    examples: [
      ['regexp_replace("a1b2", r"\\d", "")', '"ab"'],
      ['regexp_replace("john smith", r"(\\w+) (\\w+)", r"\\2 \\1")', '"smith john"'],
    ],
    resolve: withPattern(
      [S, S, S],
      0,
      S,
      (regex) => (s: string, p: string, by: string) => s.replace(regex(p), replacementOf(by)),
      { global: true },
    ),
  },
  regexp_count: {
    doc: 'Number of matches of a regular expression.',
    signature: 'regexp_count(text, pattern)',
    examples: [['regexp_count("banana", "a")', '3']],
    resolve: withPattern([S, S], 0, T.int, (regex) => (s: string, p: string) => s.match(regex(p))?.length ?? 0, {
      global: true,
    }),
  },
  regexp_split: {
    doc: 'The pieces between matches of a regular expression, as a list.',
    signature: 'regexp_split(text, pattern)',
    examples: [['regexp_split("a1b22c", r"\\d+")', '["a", "b", "c"]']],
    resolve: withPattern(
      [S, S],
      0,
      T.list(S, false),
      (regex) => (s: string, p: string) => s.split(regex(p)).map(text),
      { global: true },
    ),
  },
});
