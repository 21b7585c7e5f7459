import { RunError } from '../errors.ts';
import { type DataType, T } from '../types.ts';
import { family, overload, type Resolved } from './build.ts';
import type { FunctionImpl } from './def.ts';

/** Patterns that come from data are compiled once each, up to this many. */
const CACHED = 256;

export function memo<V>(make: (key: string) => V): (key: string) => V {
  const seen = new Map<string, V>();
  return (key) => {
    let v = seen.get(key);
    if (v === undefined) {
      v = make(key);
      if (seen.size >= CACHED) seen.clear();
      seen.set(key, v);
    }
    return v;
  };
}

/** The reason a pattern does not compile, without the engine's prefix. */
function reason(e: unknown): string {
  const text = e instanceof Error ? e.message : String(e);
  return text.replace(/^Invalid regular expression: (?:\/.*\/\w*: )?/su, '');
}

/** V8 compiles a regular expression when it is first used, for texts of one byte a character and of two, and may find it too large only then: it throws here. */
export function used(re: RegExp): RegExp {
  for (const text of ['', '\u0100']) re.test(text);
  re.lastIndex = 0;
  return re;
}

/** A pattern may begin with `(?i)`, `(?m)`, `(?s)` or several of them: they hold for all of it. */
function compiled(pattern: string, flags: string): RegExp {
  const inline = /^\(\?([ims]+)\)/.exec(pattern);
  if (inline === null) return used(new RegExp(pattern, flags));
  const own = [...new Set(inline[1])].join('');
  return used(new RegExp(pattern.slice(inline[0].length), flags + own));
}

/** What `make` gives; the pattern of the data is told where that is no regular expression. */
function ofData(pattern: string, make: () => RegExp): RegExp {
  try {
    return used(make());
  } catch (e) {
    if (e instanceof RunError) throw e;
    throw new RunError('FLOW7004', `bad regular expression: ${reason(e)}`, { value: pattern });
  }
}

/** A regular expression of a pattern that stands in the data. */
export const regexOf = memo((pattern: string): RegExp => ofData(pattern, () => compiled(pattern, 'u')));

/** As regexOf, of which `change` makes another one. */
export function regexFrom(change: (re: RegExp) => RegExp): (pattern: string) => RegExp {
  return memo((pattern) => ofData(pattern, () => change(regexOf(pattern))));
}

/** A regular expression of a literal pattern: an error for the user's file when it is bad. */
export function literalRegex(pattern: string, flags = 'u'): RegExp | { error: string } {
  try {
    return compiled(pattern, flags);
  } catch (e) {
    return { error: `bad regular expression: ${reason(e)}` };
  }
}

/** The parts of a LIKE pattern: text, `%` any run of characters, `_` one character; `\` takes the next one as it is. */
function likeParts(pattern: string): readonly (string | { readonly wild: '%' | '_' })[] {
  const parts: (string | { wild: '%' | '_' })[] = [];
  let text = '';
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i] as string;
    if (c === '%' || c === '_') {
      if (text !== '') parts.push(text);
      text = '';
      parts.push({ wild: c });
    } else if (c === '\\' && i + 1 < pattern.length) text += pattern[++i] as string;
    else text += c;
  }
  if (text !== '') parts.push(text);
  return parts;
}

/** A pattern of text and `%` only, as the texts that have to follow one another: null for others. */
export function likePieces(
  pattern: string,
): { readonly texts: readonly string[]; readonly atBegin: boolean; readonly atEnd: boolean } | null {
  const parts = likeParts(pattern);
  if (parts.some((p) => typeof p !== 'string' && p.wild === '_')) return null;
  const texts = parts.filter((p): p is string => typeof p === 'string');
  if (parts.length === 0) return { texts: [''], atBegin: true, atEnd: true };
  return { texts, atBegin: typeof parts[0] === 'string', atEnd: typeof parts.at(-1) === 'string' };
}

/** A pattern of text and `%` only that needs no regular expression, by what it asks: null for others. */
export function simpleLike(
  pattern: string,
): { readonly kind: 'equals' | 'prefix' | 'suffix' | 'contains'; readonly text: string } | null {
  const parts = likeParts(pattern);
  const shape = parts.map((p) => (typeof p === 'string' ? 't' : p.wild)).join('');
  const text = parts.find((p): p is string => typeof p === 'string') ?? '';
  if (shape === 't' || shape === '') return { kind: 'equals', text };
  if (shape === 't%') return { kind: 'prefix', text };
  if (shape === '%t') return { kind: 'suffix', text };
  return shape === '%t%' ? { kind: 'contains', text } : null;
}

/** The regular expression of a LIKE pattern. */
function likeRegex(pattern: string, flags: string): RegExp {
  const source = likeParts(pattern)
    .map((p) => (typeof p === 'string' ? escapeRegex(p) : p.wild === '%' ? '.*' : '.'))
    .join('');
  return ofData(pattern, () => new RegExp(`^${source}$`, flags));
}

export const escapeRegex = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

function likeTest(pattern: string): (s: string) => boolean {
  const simple = simpleLike(pattern);
  const text = simple?.text ?? '';
  switch (simple?.kind) {
    case 'equals':
      return (s) => s === text;
    case 'prefix':
      return (s) => s.startsWith(text);
    case 'suffix':
      return (s) => s.endsWith(text);
    case 'contains':
      return (s) => s.includes(text);
    case undefined: {
      const re = likeRegex(pattern, 'su');
      return (s) => re.test(s);
    }
  }
}

const ilikeOf = memo((pattern) => likeRegex(pattern, 'siu'));

const likeOf = memo(likeTest);

const isText = (t: DataType | undefined): boolean => t?.kind === 'string' || t?.kind === 'null';

function textPair(args: readonly DataType[]): boolean {
  return args.length === 2 && isText(args[0]) && isText(args[1]);
}

/** The test of a literal pattern; null where there is none: then each row says so. */
function known(pattern: string): ((s: string) => boolean) | null {
  try {
    return likeTest(pattern);
  } catch (e) {
    if (e instanceof RunError) return null;
    throw e;
  }
}

function like(args: readonly DataType[], literals: readonly unknown[]): Resolved {
  if (!textPair(args)) return null;
  const pattern = literals[1];
  const dynamic = (s: string, p: string): boolean => likeOf(p)(s);
  const impl: FunctionImpl = { call: typeof pattern === 'string' ? (known(pattern) ?? dynamic) : dynamic };
  return overload([T.string, T.string], T.bool, impl);
}

function matches(args: readonly DataType[], literals: readonly unknown[]): Resolved {
  if (!textPair(args)) return null;
  const pattern = literals[1];
  if (typeof pattern !== 'string')
    return overload([T.string, T.string], T.bool, { call: (s: string, p: string) => regexOf(p).test(s) });
  const re = literalRegex(pattern);
  return 'error' in re ? re : overload([T.string, T.string], T.bool, { call: (s: string) => re.test(s) });
}

function ilike(args: readonly DataType[]): Resolved {
  if (!textPair(args)) return null;
  return overload([T.string, T.string], T.bool, { call: (s: string, p: string) => ilikeOf(p).test(s) });
}

/** Functions beside the operators. */
export const LIKE = family('string', {
  ilike: {
    doc: 'As `text like pattern`, without regard to case.',
    signature: 'ilike(text, pattern)',
    examples: [['ilike("Apple", "aPP%")', 'true']],
    resolve: ilike,
  },
});

export const PATTERN = family('operator', {
  like: {
    doc: 'Whether the whole text fits the pattern: `%` stands for any run of characters, `_` for one, `\\` takes the next character as it is. Case matters.',
    signature: 'text like pattern',
    examples: [
      ['"apple" like "a%e"', 'true'],
      ['"apple" like "_p"', 'false'],
    ],
    resolve: like,
  },
  matches: {
    doc: 'Whether the regular expression (JavaScript syntax, Unicode mode) is found in the text. `(?i)` at its begin ignores case, `(?m)` lets `^` and `$` stand at lines, `(?s)` lets `.` be a line end. A bad literal pattern is an error before the run.',
    signature: 'text matches pattern',
    aliases: ['regexp_matches'],
    examples: [
      ['"abc123" matches r"\\d+$"', 'true'],
      ['regexp_matches("abc", "^b")', 'false'],
      ['regexp_matches("ABC", "(?i)^a")', 'true'],
    ],
    resolve: matches,
  },
});
