/** Text to tokens: runs the chevrotain lexer, gives words their types, and reports what is wrong with single tokens. */
import { type IToken, Lexer, type TokenType } from 'chevrotain';
import type { Comment, Span } from './ast.ts';
import { type Diagnostic, type DiagnosticExtras, diagnostic } from './diagnostics.ts';
import { escapeText, temporalProblem, temporalRepair, unescapeText } from './literals.ts';
import { syntax } from './syntax_codes.ts';
import * as T from './tokens.ts';

export interface LexResult {
  readonly tokens: IToken[];
  readonly comments: Comment[];
  readonly diagnostics: Diagnostic[];
  /** Tokens that hold a lexical error; what fails to parse around them is not reported again. */
  readonly broken: ReadonlySet<IToken>;
}

let cached: Lexer | null = null;
const words = new Map<string, TokenType>();

function lexer(): Lexer {
  if (cached === null) {
    for (const [word, type] of Object.entries(T.K)) words.set(word, type);
    // With the types that it never finds, as it numbers them.
    cached = new Lexer(T.parserTokens, { positionTracking: 'onlyOffset', skipValidations: true });
  }
  return cached;
}

/** Tokenizes `text`, which begins at offset `base` of the file (0, or where an interpolation begins). */
export function tokenize(text: string, file: string, base = 0): LexResult {
  const result = lexer().tokenize(text);
  const diagnostics: Diagnostic[] = [];
  const broken = new Set<IToken>();
  const tokens: IToken[] = [];
  const report = new Reporter(file, diagnostics);
  for (const error of result.errors) {
    const start = base + error.offset;
    report.unknown(text.slice(error.offset, error.offset + error.length), { file, start, end: start + error.length });
  }
  for (const error of result.errors) {
    // A character that could not be read: what stands around it will not parse, and that says nothing more.
    const near = result.tokens.findLast((token) => token.startOffset < error.offset) ?? result.tokens[0];
    if (near !== undefined) broken.add(near);
  }
  for (const token of result.tokens) {
    token.startOffset += base;
    token.endOffset = tokenEnd(token) - 1;
    const checked = check(token, report, broken);
    if (checked !== null) tokens.push(checked);
  }
  const comments = (result.groups.comments ?? []).map((token): Comment => {
    const start = token.startOffset;
    const lineStart = text.lastIndexOf('\n', start - 1) + 1;
    return {
      text: token.image.trimEnd(),
      span: { file, start: base + start, end: base + start + token.image.trimEnd().length },
      ownLine: text.slice(lineStart, start).trim() === '',
    };
  });
  return { tokens, comments, diagnostics, broken };
}

export function tokenEnd(token: IToken): number {
  return token.startOffset + token.image.length;
}

export function retype(token: IToken, type: TokenType): IToken {
  token.tokenType = type;
  token.tokenTypeIdx = type.tokenTypeIdx ?? 0;
  return token;
}

class Reporter {
  readonly file: string;
  readonly #out: Diagnostic[];

  constructor(file: string, out: Diagnostic[]) {
    this.file = file;
    this.#out = out;
  }

  span(token: IToken, from = 0, to = token.image.length): Span {
    return { file: this.file, start: token.startOffset + from, end: token.startOffset + to };
  }

  add(item: Diagnostic): void {
    this.#out.push(item);
  }

  unknown(text: string, span: Span): void {
    const extras: DiagnosticExtras = /[\u201c\u201d\u201e]/.test(text)
      ? { suggestion: { text: 'strings stand between straight quotes: "…"', replacement: '"' } }
      : /[\u2018\u2019]/.test(text)
        ? { suggestion: { text: 'strings stand between straight double quotes: "…"' } }
        : /[\u2013\u2014\u2212]/.test(text)
          ? { suggestion: { text: 'minus is written `-`', replacement: '-' } }
          : text.startsWith('$')
            ? { suggestion: { text: 'a parameter is `$` and its name, without a blank: `$since`' } }
            : {};
    const code = text.codePointAt(0) ?? 0;
    const shown =
      code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x2000 && code < 0x2010)
        ? `the character U+${code.toString(16).toUpperCase().padStart(4, '0')}`
        : `\`${escapeText(text.slice(0, 20), '"')}\``;
    this.#out.push(diagnostic(syntax.unknownCharacter, { text: shown }, span, extras));
  }
}

/** What stands in the place of an operator of another language, and the words of the message. */
const foreign: Readonly<Record<string, { readonly type: TokenType; readonly text: string; readonly instead: string }>> =
  {
    '===': { type: T.Equal, text: '==', instead: 'equality is `==`' },
    '!==': { type: T.NotEqual, text: '!=', instead: 'inequality is `!=`' },
    '<>': { type: T.NotEqual, text: '!=', instead: 'inequality is `!=`' },
    '&&': { type: T.K.and, text: 'and', instead: 'write `and`' },
    '||': { type: T.K.or, text: 'or', instead: 'write `or`, and `+` or f"{a}{b}" to join strings' },
    '!': { type: T.K.not, text: 'not ', instead: 'write `not`' },
    '|>': { type: T.Pipe, text: '|', instead: 'a step begins with `|`' },
    '**': { type: T.Star, text: '', instead: 'a power is `pow(x, y)`' },
    '^': { type: T.Star, text: '', instead: 'a power is `pow(x, y)`' },
    '&': { type: T.K.and, text: 'and', instead: 'write `and`, and bit_and(x, y) for bits' },
    '~': { type: T.Minus, text: '', instead: 'a pattern is tested by `matches`, and a negation is `not`' },
  };

/** The token to go on with, or null to leave it out. */
function check(token: IToken, report: Reporter, broken: Set<IToken>): IToken | null {
  const type = token.tokenType;
  if (type === T.Word) {
    const known = words.get(token.image);
    return known === undefined ? token : retype(token, known);
  }
  if (type === T.PlainString) return checkEscapes(token, report);
  if (type === T.QuotedName) {
    if (token.image.length === 2) {
      report.add(diagnostic(syntax.emptyName, {}, report.span(token)));
      broken.add(token);
    }
    return checkEscapes(token, report);
  }
  if (type === T.SingleQuoted) {
    const replacement = `"${token.image
      .slice(1, -1)
      .replaceAll("''", "'")
      .replaceAll("\\'", "'")
      .replaceAll('"', '\\"')}"`;
    report.add(
      diagnostic(syntax.singleQuotes, {}, report.span(token), {
        suggestion: { text: `write ${replacement}`, replacement },
      }),
    );
    return retype(token, T.PlainString);
  }
  if (type === T.Semicolon) {
    report.add(
      diagnostic(syntax.semicolon, {}, report.span(token), {
        suggestion: { text: 'remove it', replacement: '' },
      }),
    );
    return null;
  }
  if (type === T.Foreign) return checkForeign(token, report, broken);
  if (type === T.ForeignComment) return checkForeignComment(token, report);
  if (type === T.Timestamp || type === T.DateToken || type === T.Time || type === T.BadTemporal) {
    return checkTemporal(token, report);
  }
  if (type === T.BadNumber) return checkNumber(token, report);
  return checkClosed(token, report, broken);
}

function checkEscapes(token: IToken, report: Reporter): IToken {
  for (const error of unescapeText(token.image.slice(1, -1)).errors) {
    report.add(
      diagnostic(syntax.badEscape, { escape: error.escape }, report.span(token, error.start + 1, error.end + 1), {
        suggestion: {
          text: `write \`\\${error.escape}\`${token.tokenType === T.PlainString ? ', or make it a raw string: r"…"' : ''}`,
          replacement: `\\${error.escape}`,
        },
      }),
    );
  }
  return token;
}

/** Left out, with a `#` in its place where nothing follows it on its line. */
function checkForeignComment(token: IToken, report: Reporter): null {
  const block = token.image.startsWith('/*');
  const inner = block ? token.image.slice(2).replace(/\*\/$/, '') : token.image.slice(2);
  const replacement = `# ${inner.trim()}`.trimEnd();
  const span = report.span(token, 0, /^[^\r\n]*/.exec(token.image)?.[0].trimEnd().length);
  report.add(
    diagnostic(syntax.foreignComment, { form: block ? '/* … */' : '-- …' }, span, {
      suggestion: {
        text: 'a comment begins with `#` and ends with its line',
        ...(block ? {} : { replacement }),
      },
    }),
  );
  return null;
}

function checkForeign(token: IToken, report: Reporter, broken: Set<IToken>): IToken {
  const known = foreign[token.image];
  if (known === undefined) throw new Error(`no entry for the operator ${token.image}`);
  report.add(
    diagnostic(
      syntax.foreignOperator,
      { operator: `\`${token.image}\``, instead: known.instead },
      report.span(token),
      known.text === ''
        ? {}
        : {
            suggestion: { text: `write \`${known.text.trim()}\``, replacement: known.text },
          },
    ),
  );
  // It has several meanings elsewhere, so that no operator can take its place.
  if (token.image === '~') broken.add(token);
  return retype(token, known.type);
}

function checkTemporal(token: IToken, report: Reporter): IToken {
  const bad = token.tokenType === T.BadTemporal;
  const why = bad
    ? 'write it as @2024-05-01, @12:30:00 or @2024-05-01T12:30:00Z'
    : temporalProblem(token.image.slice(1));
  if (why === null) return token;
  const repaired = bad ? temporalRepair(token.image) : null;
  report.add(
    diagnostic(syntax.badDate, { text: `\`${token.image}\``, why }, report.span(token), {
      suggestion: repaired === null ? undefined : { text: `write \`${repaired}\``, replacement: repaired },
    }),
  );
  return retype(token, T.BadTemporal);
}

function checkNumber(token: IToken, report: Reporter): IToken {
  const { image } = token;
  const hex = /^0[xX]([0-9a-fA-F]+)$/.exec(image);
  const fraction = /^\d+\.\d+([a-z]+)$/.exec(image);
  const name = /^\d+[A-Za-z_]\w*$/.test(image);
  const decimal = hex === null ? '' : BigInt(`0x${hex[1] ?? '0'}`).toString();
  const why =
    hex !== null
      ? 'numbers are written in decimal'
      : fraction !== null
        ? 'the amounts of a duration are whole numbers, as in 1h30m'
        : 'digits, `_` between them, a point, an exponent or the unit of a duration';
  report.add(
    diagnostic(syntax.badNumber, { text: `\`${image}\``, why }, report.span(token), {
      suggestion:
        hex !== null
          ? { text: `write ${decimal}`, replacement: decimal }
          : name
            ? { text: `as a name it stands in backticks: \`${image}\``, replacement: `\`${image}\`` }
            : undefined,
    }),
  );
  return token;
}

function checkClosed(token: IToken, report: Reporter, broken: Set<IToken>): IToken {
  const type = token.tokenType;
  const form =
    type === T.UnclosedTriple
      ? 'text in triple quotes'
      : type === T.UnclosedString || type === T.UnclosedSingle
        ? 'string'
        : null;
  if (form !== null) {
    // The frame shows one line, and the quote is where the eye has to go.
    const length = type === T.UnclosedTriple ? 3 : token.image.trimEnd().length;
    report.add(
      diagnostic(syntax.unclosedString, { form }, report.span(token, 0, length), {
        suggestion: {
          text:
            type === T.UnclosedTriple
              ? 'close it with `"""`'
              : 'close it on this line with `"`; a line end in it is `\\n`',
        },
      }),
    );
    broken.add(token);
  } else if (type === T.UnclosedName) {
    report.add(diagnostic(syntax.unclosedName, {}, report.span(token, 0, token.image.trimEnd().length)));
    broken.add(token);
  }
  return token;
}
