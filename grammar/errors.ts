/** From what chevrotain found out of place to a diagnostic in our words. */
import { EOF, type IToken, type TokenType, tokenMatcher } from 'chevrotain';
import type { Span } from './ast.ts';
import { tokenSpan } from './cst.ts';
import { type Diagnostic, type DiagnosticExtras, diagnostic } from './diagnostics.ts';
import {
  argumentHint,
  distinctHint,
  operandHint,
  operatorHint,
  selectAsFlow,
  statementHint,
  verbHint,
  windowHint,
} from './foreign.ts';
import { tokenEnd } from './lexer.ts';
import type { Problem } from './problems.ts';
import { suggest, suggestAll } from './suggest.ts';
import { syntax } from './syntax_codes.ts';
import * as T from './tokens.ts';
import {
  backticked,
  clauses,
  isReserved,
  isVerb,
  joinKinds,
  statementWords,
  type Verb,
  verbSynonyms,
  verbs,
} from './words.ts';

/** What piece the problem stands in. */
export interface Place {
  readonly file: string;
  /** The whole file. */
  readonly text: string;
  readonly tokens: readonly IToken[];
  /** The verb of a step, or the word of a statement. */
  readonly word: string;
  readonly what: 'step' | 'statement' | 'interpolation';
  /** The offset where the piece ends when it has no token. */
  readonly end: number;
}

/** Names for what a rule begins with, where the list of tokens would say less. */
const ruleNames: Readonly<Record<string, string>> = {
  primary: 'an expression',
  summarizeStep: 'an aggregate, or `by`',
  argument: 'an argument',
  valueType: 'a type',
  plainType: 'a type',
  type: 'a type',
  relation: 'a relation: a name, a source such as csv("data.csv"), or (from …)',
  model: 'a model: the name of a `let`, or model("model.onnx")',
  formatCall: 'a format with its path, such as csv("out.csv")',
  fromHead: 'a pipeline: from …, or sql """…"""',
  letHead: 'a name, or { names }',
  splitOutput: '`when` and a condition, a fraction, or `rest`',
  functionType: 'a function type: (type, …) -> type',
  takeStep: 'a number of rows, or a range such as 5..10',
  selectItem: 'a column, `*`, a pattern or an expression',
  stringText: 'a string',
  lambda: 'a name',
  comparisonTail: 'a comparison',
  typeArgument: 'a number or a string',
};

const tokenNames: ReadonlyMap<TokenType, string> = new Map([
  [T.Identifier, 'a name'],
  [T.AnyWord, 'a name'],
  [T.PlainString, 'a string'],
  [T.RawString, 'a string'],
  [T.TripleString, 'a text in triple quotes'],
  [T.Int, 'a number'],
  [T.Subpipeline, '(from …)'],
  [T.RParen, '`,` or `)`'],
  [T.RBracket, '`,` or `]`'],
  [T.RBrace, '`,` or `}`'],
  [T.Colon, '`:`'],
  [T.Assign, '`=`'],
  [T.FatArrow, '`=>`'],
  [T.Arrow, '`->`'],
  [T.LParen, '`(`'],
  [T.LBrace, '`{`'],
  [T.Less, '`<`'],
  [T.Greater, '`>`'],
  [T.Comma, '`,`'],
  [T.DotDot, '`..`'],
  [T.Star, '`*`'],
]);

function tokenName(type: TokenType): string {
  return tokenNames.get(type) ?? type.name;
}

function alternatives(names: readonly string[]): string {
  const unique = [...new Set(names)];
  const last = unique.pop() ?? 'nothing';
  return unique.length === 0 ? last : `${unique.join(', ')} or ${last}`;
}

/** The token as it is named behind "found". */
export function foundName(token: IToken | undefined, place: Pick<Place, 'what'>): string {
  if (token === undefined || token.tokenType === EOF) return `the end of the ${place.what}`;
  if (token.tokenType === T.Subpipeline) return 'a pipeline in parentheses';
  const image = token.image.replace(/\s+/g, ' ');
  return `\`${image.length > 40 ? `${image.slice(0, 39)}…` : image}\``;
}

/** The index in the piece of the token that is out of place; the piece's length for its end. */
export function problemIndex(problem: Problem, tokens: readonly IToken[]): number {
  const i = tokens.indexOf(problem.found);
  return i === -1 ? tokens.length : i;
}

export function explainProblem(problem: Problem, place: Place): Diagnostic {
  const i = problemIndex(problem, place.tokens);
  const found = place.tokens[i];
  const span = found === undefined ? endSpan(place) : tokenSpan(found, place.file);
  return (
    misplacedClause(place, i) ??
    reservedAsName(problem, place, found, span) ??
    (problem.kind === 'redundant' ? redundant(place, i, span) : unexpected(problem, place, found, span))
  );
}

function endSpan(place: Place): Span {
  const last = place.tokens[place.tokens.length - 1];
  const end = last === undefined ? place.end : tokenEnd(last);
  return { file: place.file, start: end, end };
}

function clausesOf(place: Place): readonly string[] {
  return place.what === 'step' && isVerb(place.word) ? clauses[place.word as Verb] : [];
}

/** `summarize n = count(), by title`: the word behind a comma was taken for a column. */
function misplacedClause(place: Place, i: number): Diagnostic | null {
  const [comma, word] = [place.tokens[i - 2], place.tokens[i - 1]];
  if (comma?.tokenType !== T.Comma || word === undefined || !clausesOf(place).includes(word.image)) return null;
  return diagnostic(
    syntax.unexpected,
    { expected: 'an item behind the comma', found: `the clause \`${word.image}\`` },
    tokenSpan(word, place.file),
    {
      suggestion: { text: 'remove the comma', replacement: '', span: tokenSpan(comma, place.file) },
    },
  );
}

function reservedAsName(problem: Problem, place: Place, found: IToken | undefined, span: Span): Diagnostic | null {
  if (found === undefined || problem.kind === 'redundant' || !tokenMatcher(found, T.Reserved)) return null;
  const wantsName = problem.expected.some((type) => type === T.Identifier || type === T.AnyWord);
  if (!wantsName) return null;
  const inCase =
    place.tokens.some((token) => token.tokenType === T.K.case) &&
    [T.K.when, T.K.then, T.K.else, T.K.end].includes(found.tokenType);
  // `a and and b`, `a == or b`: an operator is missing its operand, nobody meant a name.
  const operator =
    [T.K.and, T.K.or, T.K.in, T.K.is, T.K.like, T.K.between].includes(found.tokenType) &&
    problem.rule === 'primary' &&
    place.tokens[0] !== found &&
    place.tokens[1] !== found;
  if (inCase || operator) return null;
  return diagnostic(syntax.reservedName, { word: found.image, expected: expectedName(problem) }, span, {
    suggestion: {
      text: `as a name it stands in backticks: ${backticked(found.image)}`,
      replacement: backticked(found.image),
    },
  });
}

function expectedName(problem: Problem): string {
  // Behind `from`, the head of a pipeline wants what a relation is.
  const sourceOnly = problem.rule === 'fromHead' && !problem.expected.includes(T.K.from);
  const letValue = problem.rule === 'letHead' && problem.expected.includes(T.K.from);
  const named = ruleNames[sourceOnly ? 'relation' : letValue ? 'fromHead' : problem.rule];
  // A rule's name stands for all it can begin with, not for a token in its middle.
  const atStart =
    problem.expected.length > 1 || (problem.rule === 'formatCall' && problem.expected[0] === T.Identifier);
  return named !== undefined && atStart ? named : alternatives(problem.expected.map(tokenName));
}

function unexpected(problem: Problem, place: Place, found: IToken | undefined, span: Span): Diagnostic {
  return diagnostic(
    syntax.unexpected,
    { expected: expectedName(problem), found: foundName(found, place) },
    span,
    found === undefined ? {} : { suggestion: unexpectedHelp(problem, place, found) },
  );
}

function unexpectedHelp(problem: Problem, place: Place, found: IToken): DiagnosticExtras['suggestion'] {
  const { rule, expected } = problem;
  if (tokenMatcher(found, T.Identifier)) {
    const words = expected.map((type) => type.name.replaceAll('`', '')).filter((name) => /^[a-z]/.test(name));
    const near = suggest(found.image, words);
    if (near !== null) return { text: `did you mean \`${near}\`?`, replacement: near };
    const over = windowHint(found.image);
    if (over !== null) return over;
  }
  const call = argumentHint(place, problemIndex(problem, place.tokens));
  if (call !== null) return call;
  if (found.tokenType === T.PlainString && ['relation', 'fromHead', 'formatCall'].includes(rule)) {
    if (expected.includes(T.Identifier)) {
      return { text: `name the format: csv(${found.image})`, replacement: `csv(${found.image})` };
    }
  }
  if (found.tokenType === T.K.from && rule === 'relation') {
    return { text: 'a pipeline used here stands in parentheses: (from …)' };
  }
  if (rule === 'letHead' && expected.includes(T.K.from)) {
    return { text: 'a `let` names a pipeline; a constant is a `param`, a computation an `fn`' };
  }
  const comma = found.tokenType === T.Comma ? problemIndex(problem, place.tokens) : -1;
  const list = comma < 0 ? null : (listOf(place, comma) ?? distinctHint(place.tokens, comma));
  if (list !== null) return list;
  if (rule === 'pivotStep' && expected.includes(T.K.values)) {
    return { text: 'list the values that become columns: pivot month values ["jan", "feb"] into sum(rev) by product' };
  }
  const closing = expected.some((type) => [T.RParen, T.RBracket, T.RBrace].includes(type));
  return closing ? missingComma(place, problemIndex(problem, place.tokens)) : undefined;
}

/** `x in (1, 2)`: the list stands in parentheses. */
function listOf(place: Place, comma: number): DiagnosticExtras['suggestion'] | null {
  const open = place.tokens.findLastIndex((token, i) => i < comma && token.tokenType === T.LParen);
  const close = place.tokens.findIndex((token, i) => i > comma && token.tokenType === T.RParen);
  const [from, to] = [place.tokens[open], place.tokens[close]];
  if (from === undefined || to === undefined || place.tokens[open - 1]?.tokenType !== T.K.in) return null;
  const list = `[${place.text.slice(tokenEnd(from), to.startOffset)}]`;
  const span = { ...tokenSpan(from, place.file), end: tokenEnd(to) };
  return { text: `a list stands in brackets: \`in ${list}\``, replacement: list, span };
}

/** Starts of operands: where two stand side by side, a comma is most likely what is missing. */
const operandStarts: readonly TokenType[] = [
  T.PlainString,
  T.RawString,
  T.FString,
  T.Int,
  T.Float,
  T.Duration,
  T.Param,
  T.DateToken,
  T.Time,
  T.Timestamp,
  T.LBracket,
  T.LBrace,
  T.LParen,
  T.K.case,
  T.K.null,
  T.K.true,
  T.K.false,
];

function redundant(place: Place, i: number, span: Span): Diagnostic {
  const found = place.tokens[i];
  const words = clausesOf(place);
  const next =
    place.what === 'step' ? 'the next step' : place.what === 'statement' ? 'the next statement or step' : '`}`';
  const expected = alternatives(['`,`', 'an operator', ...words.map((word) => `\`${word}\``), next]);
  return diagnostic(
    syntax.endOfStatement,
    { expected, found: foundName(found, place) },
    span,
    found === undefined ? {} : { suggestion: redundantHelp(place, i, found, words) },
  );
}

function redundantHelp(
  place: Place,
  i: number,
  found: IToken,
  words: readonly string[],
): DiagnosticExtras['suggestion'] {
  if (tokenMatcher(found, T.Identifier)) {
    const lower = found.image.toLowerCase();
    if (lower !== found.image && (isReserved(lower) || words.includes(lower))) {
      return { text: `words of the language are in lower case: \`${lower}\``, replacement: lower };
    }
    const [, kind] = place.tokens;
    const nearKind = place.word === 'join' && i === 2 && kind !== undefined ? suggest(kind.image, joinKinds) : null;
    if (nearKind !== null && kind !== undefined) {
      return { text: `did you mean \`${nearKind}\`?`, replacement: nearKind, span: tokenSpan(kind, place.file) };
    }
    const by = behindSort(place, i);
    if (by !== null) return by;
    const near = suggest(found.image, words);
    if (near !== null) return { text: `did you mean \`${near}\`?`, replacement: near };
    if (found.tokenType === T.K.as && ['select', 'derive', 'summarize', 'drop', 'distinct'].includes(place.word)) {
      const name = place.tokens[i + 1]?.image ?? 'name';
      return { text: `the name stands first: ${name} = …` };
    }
    const foreign = foreignWord(place, i, found);
    if (foreign !== undefined) return foreign;
  }
  const operand = operandHint(place, i);
  if (operand !== null) return operand;
  if (found.tokenType === T.Question) return { text: 'a choice is written `case when … then … else … end`' };
  if (startsLine(place, i)) {
    const near = tokenMatcher(found, T.Identifier) ? suggest(found.image, statementWords) : null;
    return near === null
      ? { text: 'a step begins with `|`, and a pipeline with `from`' }
      : { text: `did you mean \`${near}\`?`, replacement: near };
  }
  return place.what === 'step' && place.word !== 'join' ? missingComma(place, i) : undefined;
}

/** `sort by age`: `by` was taken for the key. */
function behindSort(place: Place, i: number): DiagnosticExtras['suggestion'] | null {
  const by = place.tokens[1];
  if (place.word !== 'sort' || i !== 2 || by?.tokenType !== T.K.by) return null;
  const span = { ...tokenSpan(by, place.file), end: place.tokens[2]?.startOffset ?? tokenEnd(by) };
  return { text: 'the keys follow `sort` directly: remove `by`', replacement: '', span };
}

/** A word of another language where an operator, a clause or a step may follow. */
function foreignWord(place: Place, i: number, found: IToken): DiagnosticExtras['suggestion'] {
  const by = place.tokens[i + 1];
  if (/^group$/i.test(found.image) && place.word === 'summarize' && by !== undefined && /^by$/i.test(by.image)) {
    const span = { ...tokenSpan(found, place.file), end: tokenEnd(by) };
    return { text: 'the keys stand behind `by`', replacement: 'by', span };
  }
  const hint = operatorHint(found.image) ?? verbHint(place.tokens, i, place.file, '| ');
  if (hint !== null) return hint;
  if (place.word === 'from' && i === place.tokens.length - 1 && !startsLine(place, i)) {
    return { text: `rows are named by \`let\`: let ${found.image} = from …; in a join, by \`as ${found.image}\`` };
  }
  return undefined;
}

function startsLine(place: Place, i: number): boolean {
  const [previous, token] = [place.tokens[i - 1], place.tokens[i]];
  if (previous === undefined || token === undefined) return false;
  return place.text.slice(tokenEnd(previous), token.startOffset).includes('\n');
}

/** Where an operand stands right behind another one. */
function missingComma(place: Place, i: number): DiagnosticExtras['suggestion'] {
  const found = place.tokens[i];
  if (i === 0 || found === undefined || startsLine(place, i)) return undefined;
  if (!tokenMatcher(found, T.Identifier) && !operandStarts.includes(found.tokenType)) return undefined;
  const span = { ...tokenSpan(found, place.file), end: found.startOffset };
  return { text: 'a comma may be missing', replacement: ', ', span };
}

/** A step that begins with no verb. */
export function explainUnknownVerb(tokens: readonly IToken[], first: IToken, file: string): Diagnostic {
  const span = tokenSpan(first, file);
  if (!tokenMatcher(first, T.AnyWord)) {
    return diagnostic(syntax.unexpected, { expected: 'a verb', found: foundName(first, { what: 'step' }) }, span);
  }
  const foreign = verbHint(tokens, 0, file, '');
  const near = foreign === null ? suggest(first.image, verbs) : null;
  const others = foreign === null ? suggestAll(first.image, verbs).filter((verb) => verb !== near) : [];
  return diagnostic(syntax.unknownVerb, { name: `\`${first.image}\`` }, span, {
    notes: [
      ...(others.length > 0 ? [`also near: ${others.join(', ')}`] : []),
      ...(tokens.length === 1 && foreign === null
        ? [`a pipe function of the file is called with parentheses: ${first.image}()`]
        : []),
    ],
    suggestion:
      foreign ??
      (near === null
        ? { text: `the verbs are: ${verbs.join(' ')}` }
        : { text: `did you mean \`${near}\`?`, replacement: near }),
  });
}

/** A statement, or a pipeline in parentheses, that begins with none of the words a statement begins with. */
export function explainNoStatement(
  head: readonly IToken[],
  pipe: IToken | null,
  file: string,
  text: string,
): Diagnostic | null {
  const [first] = head;
  const token = first ?? pipe;
  if (token === null) return null;
  const span = tokenSpan(token, file);
  return diagnostic(syntax.noStatement, { found: foundName(token, { what: 'statement' }) }, span, {
    notes: [`a statement begins with one of: ${statementWords.join(', ')}`],
    suggestion:
      first === undefined
        ? { text: 'a pipeline begins with its source: from … | …' }
        : statementHelp(first, head.length, { ...span, end: span.start }, text),
  });
}

function statementHelp(first: IToken, length: number, before: Span, text: string): DiagnosticExtras['suggestion'] {
  const { image } = first;
  if (image.toLowerCase() === 'select') {
    const flow = selectAsFlow(text.slice(first.startOffset));
    if (flow !== null) return { text: `a query begins with its rows, and its steps follow in order: ${flow}` };
  }
  const hint = statementHint(image);
  if (hint !== null) return { text: hint };
  if (isVerb(image.toLowerCase()) || verbSynonyms[image.toLowerCase()] !== undefined) {
    return { text: 'a pipeline begins with `from`, and its steps follow behind `|`: from orders | where …' };
  }
  const near = suggest(image, statementWords);
  if (near !== null && length > 1) return { text: `did you mean \`${near}\`?`, replacement: near };
  return tokenMatcher(first, T.Identifier)
    ? { text: `a pipeline begins with \`from\`: from ${image}`, replacement: 'from ', span: before }
    : undefined;
}
