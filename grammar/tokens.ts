/**
 * The token types. A reserved word has a type of its own under `Reserved`; a word that only means something in its
 * place (`by`, `desc`, `left`…) has a type under `Identifier`, so that it is a name wherever a name may stand.
 * The chevrotain lexer knows plain words only; lexer.ts gives words their types.
 */
import { Lexer, type TokenType } from 'chevrotain';
import { scanFString } from './fstring.ts';
import { namePattern, type ReservedWord, reserved } from './words.ts';

interface TokenOptions {
  readonly pattern: NonNullable<TokenType['PATTERN']>;
  readonly categories?: TokenType;
  readonly group?: string;
  readonly line_breaks?: boolean;
  readonly start_chars_hint?: string[];
}

/**
 * A token type. The library's `createToken` numbers it at once, and counts all types of its category anew for each of them, which takes long for words; the lexer and the
 * parser number all that they are given.
 */
function createToken({ name, ...options }: TokenOptions & { readonly name: string }): TokenType {
  return {
    name,
    PATTERN: options.pattern,
    ...(options.categories === undefined ? {} : { CATEGORIES: [options.categories] }),
    ...(options.group === undefined ? {} : { GROUP: options.group }),
    ...(options.line_breaks === undefined ? {} : { LINE_BREAKS: options.line_breaks }),
    ...(options.start_chars_hint === undefined ? {} : { START_CHARS_HINT: options.start_chars_hint }),
  };
}

/** Any word, reserved or not: behind a `.`. */
export const AnyWord = createToken({ name: 'AnyWord', pattern: Lexer.NA });
/** Anything that can be a name. */
export const Identifier = createToken({ name: 'Identifier', pattern: Lexer.NA, categories: AnyWord });
export const Reserved = createToken({ name: 'Reserved', pattern: Lexer.NA, categories: AnyWord });

export const Whitespace = createToken({ name: 'Whitespace', pattern: /[ \t\r\n\u00a0\ufeff]+/, group: Lexer.SKIPPED });
export const Comment = createToken({ name: 'Comment', pattern: /#[^\r\n]*/, group: 'comments' });

// Comments of other languages, as far as they mean nothing else: `--` with a blank behind it, and those between slashes and stars.
export const ForeignComment = createToken({
  name: 'ForeignComment',
  pattern: /--(?=[ \t]|\r?\n|$)[^\r\n]*|\/\*[\s\S]*?(?:\*\/|$)/,
  line_breaks: true,
});

export const TripleString = createToken({
  name: 'TripleString',
  pattern: /"""[\s\S]*?"""/,
  line_breaks: true,
});
export const UnclosedTriple = createToken({ name: 'UnclosedTriple', pattern: /"""[\s\S]*/, line_breaks: true });
export const FString = createToken({
  name: 'FString',
  pattern: matchFString,
  start_chars_hint: ['f'],
  line_breaks: false,
});
export const RawString = createToken({ name: 'RawString', pattern: /r"[^"\r\n]*"/ });
export const PlainString = createToken({ name: 'PlainString', pattern: /"(?:[^"\\\r\n]|\\[^\r\n])*"/ });
export const UnclosedString = createToken({ name: 'UnclosedString', pattern: /[fr]?"[^\r\n]*/ });
export const SingleQuoted = createToken({ name: 'SingleQuoted', pattern: /'(?:[^'\\\r\n]|\\[^\r\n]|'')*'/ });
export const UnclosedSingle = createToken({ name: 'UnclosedSingle', pattern: /'[^\r\n]*/ });
export const QuotedName = createToken({
  name: 'QuotedName',
  pattern: /`(?:[^`\\\r\n]|\\[^\r\n])*`/,
  categories: Identifier,
});
export const UnclosedName = createToken({ name: 'UnclosedName', pattern: /`[^\r\n]*/ });

export const Timestamp = createToken({
  name: 'Timestamp',
  pattern: /@\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?(?!\w|:(?!:))/,
});
export const DateToken = createToken({ name: 'DateToken', pattern: /@\d{4}-\d{2}-\d{2}(?!\w|\/|:(?!:))/ });
export const Time = createToken({ name: 'Time', pattern: /@\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?!\w|:(?!:))/ });
export const BadTemporal = createToken({ name: 'BadTemporal', pattern: /@(?:[\w/+-]|:(?!:))*(?:\.\w+)*/ });

export const Float = createToken({
  name: 'Float',
  pattern: /\d[\d_]*(?:\.\d[\d_]*(?:[eE][+-]?\d+)?|[eE][+-]?\d+)(?!\w|\.\d)/,
});
export const Duration = createToken({
  name: 'Duration',
  pattern: /(?:\d[\d_]*(?:mo|ms|us|ns|y|w|d|h|m|s))+(?!\w)/,
});
export const Int = createToken({ name: 'Int', pattern: /\d[\d_]*(?!\w|\.\d)/ });
export const BadNumber = createToken({ name: 'BadNumber', pattern: /\d\w*(?:\.\w+)*/ });

export const Param = createToken({ name: 'Param', pattern: new RegExp(`\\$(?:${namePattern.source})`) });
export const Word = createToken({ name: 'Word', pattern: namePattern, categories: Identifier });

const sign = (name: string, pattern: string): TokenType => createToken({ name, pattern });
/** Operators of other languages: lexer.ts reports each and puts its own in its place. */
export const Foreign = createToken({ name: 'Foreign', pattern: /===|!==|<>|&&|\|\||\|>|\*\*|!(?!=)|\^|&|~/ });
export const Cast = sign('Cast', '::');
export const Colon = sign('Colon', ':');
export const Coalesce = sign('Coalesce', '??');
export const Question = sign('Question', '?');
export const FatArrow = sign('FatArrow', '=>');
export const Equal = sign('Equal', '==');
export const NotEqual = sign('NotEqual', '!=');
export const LessEqual = sign('LessEqual', '<=');
export const GreaterEqual = sign('GreaterEqual', '>=');
export const Less = sign('Less', '<');
export const Greater = sign('Greater', '>');
export const Assign = sign('Assign', '=');
export const DotDot = sign('DotDot', '..');
export const Dot = sign('Dot', '.');
export const Comma = sign('Comma', ',');
export const LParen = sign('LParen', '(');
export const RParen = sign('RParen', ')');
export const LBracket = sign('LBracket', '[');
export const RBracket = sign('RBracket', ']');
export const LBrace = sign('LBrace', '{');
export const RBrace = sign('RBrace', '}');
export const Plus = sign('Plus', '+');
export const Arrow = sign('Arrow', '->');
export const Minus = sign('Minus', '-');
export const Star = sign('Star', '*');
export const IntDivide = sign('IntDivide', '//');
export const Divide = sign('Divide', '/');
export const Modulo = sign('Modulo', '%');
export const Pipe = sign('Pipe', '|');
export const Semicolon = sign('Semicolon', ';');

/** A pipeline in parentheses, folded into one token by layout.ts. */
export const Subpipeline = createToken({ name: 'Subpipeline', pattern: Lexer.NA });

const contextual = [
  'by',
  'sort',
  'as',
  'on',
  'add',
  'matching',
  'one',
  'at',
  'most',
  'many',
  'outer',
  'values',
  'into',
  'seed',
  'rest',
  'otherwise',
  'rows',
  'range',
  'asc',
  'desc',
  'nulls',
  'first',
  'last',
  'over',
  'matches',
  'label',
  'features',
  'metric',
  'trials',
  'folds',
  'halving',
  'except',
  'all',
  'distinct',
  'name',
  'forward',
  'backward',
  'list',
  'map',
  'scalar',
  'rollup',
  'cube',
  'sets',
  'inner',
  'left',
  'right',
  'full',
  'semi',
  'anti',
  'asof',
  'cross',
] as const;

type Contextual = (typeof contextual)[number];

function wordTypes<W extends string>(words: readonly W[], category: TokenType): Readonly<Record<W, TokenType>> {
  return Object.fromEntries(
    words.map((word) => [word, createToken({ name: `\`${word}\``, pattern: Lexer.NA, categories: category })]),
  ) as Record<W, TokenType>;
}

/** `K.by`: the type of a word of the language. */
export const K: Readonly<Record<Contextual | ReservedWord, TokenType>> = {
  ...wordTypes(contextual, Identifier),
  ...wordTypes(reserved, Reserved),
};

/** The types the chevrotain lexer tries, in that order where two begin alike. */
export const lexerTokens: TokenType[] = [
  Whitespace,
  Comment,
  ForeignComment,
  TripleString,
  UnclosedTriple,
  FString,
  RawString,
  PlainString,
  UnclosedString,
  SingleQuoted,
  UnclosedSingle,
  QuotedName,
  UnclosedName,
  Timestamp,
  DateToken,
  Time,
  BadTemporal,
  Float,
  Duration,
  Int,
  BadNumber,
  Param,
  Word,
  FatArrow,
  Foreign,
  Cast,
  Colon,
  Coalesce,
  Question,
  Equal,
  NotEqual,
  LessEqual,
  GreaterEqual,
  Less,
  Greater,
  Assign,
  DotDot,
  Dot,
  Comma,
  LParen,
  RParen,
  LBracket,
  RBracket,
  LBrace,
  RBrace,
  Plus,
  Arrow,
  Minus,
  Star,
  IntDivide,
  Divide,
  Modulo,
  Pipe,
  Semicolon,
];

/** Everything the lexer and the parser have to know of. */
export const parserTokens: TokenType[] = [
  ...lexerTokens,
  AnyWord,
  Identifier,
  Reserved,
  Subpipeline,
  ...Object.values(K),
];

/**
 * `f"…"`: strings inside of an interpolation may hold quotes and braces of their own. Gives null when the literal
 * is not closed on its line; the lexer then takes it for an unclosed string.
 */
function matchFString(text: string, offset: number): [string] | null {
  if (text[offset + 1] !== '"') return null;
  const end = scanFString(text, offset + 2);
  return end === -1 ? null : [text.slice(offset, end)];
}
