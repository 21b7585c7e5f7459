/** What people write who know SQL or another language, and what it is here. Only words: errors.ts decides where they apply. */
import { type IToken, tokenMatcher } from 'chevrotain';
import { tokenSpan } from './cst.ts';
import type { Suggestion } from './diagnostics.ts';
import { tokenEnd } from './lexer.ts';
import * as T from './tokens.ts';
import { type Verb, verbSynonyms } from './words.ts';

interface Hint {
  readonly text: string;
  readonly replacement?: string;
}

/** Words where an operator or a clause may stand. */
const operatorWords: Readonly<Record<string, Hint>> = {
  ilike: { text: 'that is a function: `ilike(name, "a%")`' },
  rlike: { text: 'a regular expression is tested by `matches`', replacement: 'matches' },
  regexp: { text: 'a regular expression is tested by `matches`', replacement: 'matches' },
  similar: { text: 'a regular expression is tested by `matches`' },
  isnull: { text: 'write `is null`', replacement: 'is null' },
  notnull: { text: 'write `is not null`', replacement: 'is not null' },
  equals: { text: 'write `==` to compare', replacement: '==' },
  eq: { text: 'write `==` to compare', replacement: '==' },
  mod: { text: 'the remainder is the operator `%`', replacement: '%' },
  div: { text: 'division without a rest is the operator `//`', replacement: '//' },
  xor: { text: 'for bools, that is `!=`', replacement: '!=' },
  contains: { text: 'that is a function: `contains(text, "part")`' },
  using: { text: 'the condition stands behind `on`: `on id == c.id`' },
};

/** Words a statement begins with elsewhere. */
const statementHints: Readonly<Record<string, string>> = {
  with: 'a named part of a query is a `let`: let recent = from orders | where …',
  var: 'a constant is a `param`: param limit: int = 10',
  const: 'a constant is a `param`: param limit: int = 10',
  set: 'a constant is a `param`: param limit: int = 10',
  declare: 'a constant is a `param`: param limit: int = 10',
  def: 'a function is an `fn`: fn net(x: float) => x * 0.8',
  function: 'a function is an `fn`: fn net(x: float) => x * 0.8',
  func: 'a function is an `fn`: fn net(x: float) => x * 0.8',
  create: 'rows are named by `let`, columns by `schema`, and files are made by `write`',
  insert: 'rows are added with `union`, and written with `write`: from old | union new | write csv("all.csv")',
  update: 'files are not changed in place: read, `derive`, and `write` another one',
  delete: 'files are not changed in place: read, `remove`, and `write` another one',
  read: 'a pipeline begins with `from`: from csv("orders.csv")',
  load: 'a pipeline begins with `from`: from csv("orders.csv")',
  '-': 'a comment begins with `#`',
  '//': 'a comment begins with `#`',
  '*': 'a comment begins with `#`',
};

export function statementHint(word: string): string | null {
  return Object.hasOwn(statementHints, word.toLowerCase()) ? (statementHints[word.toLowerCase()] ?? null) : null;
}

export function operatorHint(word: string): Hint | null {
  return Object.hasOwn(operatorWords, word.toLowerCase()) ? (operatorWords[word.toLowerCase()] ?? null) : null;
}

/** More than the name of the verb, where the clauses differ, too. */
const verbForms: Readonly<Record<string, string>> = {
  group: 'grouping belongs to `summarize`: summarize n = count() by country',
  group_by: 'grouping belongs to `summarize`: summarize n = count() by country',
  groupby: 'grouping belongs to `summarize`: summarize n = count() by country',
  having: 'behind `summarize`, a condition on its results is a `where`',
  mutate: 'new columns are made by `derive`: derive gross = salary + tax',
  left: 'the kind of a join stands behind the verb: join left customers as c on id == c.id',
  right: 'the kind of a join stands behind the verb: join right customers as c on id == c.id',
  inner: 'an inner join is the plain one: join customers as c on id == c.id',
  full: 'the kind of a join stands behind the verb: join full customers as c on id == c.id',
  outer: 'the kind of a join stands behind the verb: join full customers as c on id == c.id',
  cross: 'the kind of a join stands behind the verb: join cross customers as c',
  case: 'a choice is an expression: derive size = case when n > 10 then "large" else "small" end',
  if: 'a choice is an expression: derive size = if(n > 10, "large", "small")',
  insert: 'rows of another relation are added by `union`, and a file is made by `write`',
  over: 'a window stands behind its function: derive n = sum(x) over (by k sort d)',
};

/** Where a verb stands, `word` is what another language calls it. `tokens[i]` is the word; a `by` behind it may belong to it. */
export function verbHint(tokens: readonly IToken[], i: number, file: string, pipe: '' | '| '): Suggestion | null {
  const token = tokens[i];
  if (token === undefined || !tokenMatcher(token, T.AnyWord)) return null;
  const word = token.image.toLowerCase();
  const known = (Object.hasOwn(verbSynonyms, word) ? verbSynonyms[word] : undefined) as Verb | undefined;
  const form = Object.hasOwn(verbForms, word) ? verbForms[word] : undefined;
  if (form !== undefined) return { text: form };
  if (known === undefined) return null;
  const by = tokens[i + 1];
  const withBy = known === 'sort' && by?.tokenType === T.K.by;
  const span = { ...tokenSpan(token, file), end: tokenEnd(withBy ? by : token) };
  const text = pipe === '' ? `did you mean \`${known}\`?` : `a step begins with \`|\`: \`| ${known}\``;
  return { text, replacement: `${pipe}${known}`, span };
}

/** Inside of `over ( … )`. */
export function windowHint(word: string): Suggestion | null {
  if (/^partition$/i.test(word))
    return { text: 'the groups of a window stand behind `by`: over (by country sort age)' };
  if (/^order$/i.test(word)) return { text: 'the order of a window stands behind `sort`: over (by country sort age)' };
  return null;
}

type Tokens = {
  readonly tokens: readonly IToken[];
  readonly file: string;
  readonly text: string;
  readonly word: string;
};

/** `cast(x as int)`, `extract(year from day)`: calls with words between their arguments. */
export function argumentHint({ tokens, text }: Tokens, i: number): Suggestion | null {
  const [found, before, open, name] = [tokens[i], tokens[i - 1], tokens[i - 2], tokens[i - 3]];
  if (found === undefined || before === undefined) return null;
  if (found.tokenType === T.K.as) {
    const value = open?.tokenType === T.LParen ? text.slice(before.startOffset, tokenEnd(before)) : 'x';
    return { text: `a conversion is written \`${value}::${(tokens[i + 1]?.image ?? 'int').toLowerCase()}\`` };
  }
  const part = open?.tokenType === T.LParen && name !== undefined && /^extract$/i.test(name.image);
  return part && found.tokenType === T.K.from
    ? { text: `the parts of a date are functions: \`${before.image.toLowerCase()}(…)\`` }
    : null;
}

/** For the comma within `distinct [1, 2]`, which reads as an item of a column `distinct`. */
export function distinctHint(tokens: readonly IToken[], comma: number): Suggestion | null {
  let depth = 0;
  for (let i = comma - 1; i > 0; i--) {
    const type = tokens[i]?.tokenType;
    if (type === T.RBracket || type === T.RParen) depth++;
    else if ((type === T.LBracket || type === T.LParen) && depth-- === 0)
      return type === T.LBracket && tokens[i - 1]?.tokenType === T.K.distinct
        ? { text: 'behind `distinct` a list stands in parentheses: `distinct ([1, 2])`' }
        : null;
  }
  return null;
}

/** Two operands side by side that mean something together elsewhere. */
export function operandHint({ tokens, word, file }: Tokens, i: number): Suggestion | null {
  const [found, before] = [tokens[i], tokens[i - 1]];
  if (found === undefined || before === undefined) return null;
  const image = before.image.toLowerCase();
  if (word === 'select' && i === 2 && image === 'distinct') {
    const [first] = tokens;
    const span = { ...tokenSpan(found, file), start: first?.startOffset ?? found.startOffset, end: found.startOffset };
    return { text: 'equal rows are left out by the step `distinct`', replacement: 'distinct ', span };
  }
  const quoted = found.tokenType === T.PlainString;
  const span = { ...tokenSpan(found, file), start: before.startOffset };
  if (quoted && ['date', 'time', 'timestamp'].includes(image)) {
    const literal = `@${found.image.slice(1, -1).replace(' ', 'T')}`;
    return { text: `dates and times are literals: \`${literal}\``, replacement: literal, span };
  }
  if (quoted && image === 'interval') return { text: 'durations are literals: `90d`, `3mo`, `1h30m`' };
  if (found.tokenType === T.Subpipeline && image === 'exists') {
    return { text: 'rows with a match are kept by `join semi`, those without by `join anti`' };
  }
  return null;
}

const clauseWords = /\b(select|from|where|group\s+by|having|order\s+by|limit|offset)\b/gi;

/**
 * A simple `select` statement as a flow, for the help of its diagnostic: `text` begins with it. Null when it is more than one
 * select over one table. What it makes is a start and not a translation: functions stay as they are.
 */
export function selectAsFlow(text: string): string | null {
  const statement = (/^[^;]*/.exec(text)?.[0] ?? '').split(/\n\s*\n/)[0] ?? '';
  if (statement.length > 2000 || /\b(join|union|with|over|case)\b|\(\s*select/i.test(statement)) return null;
  const clauses = new Map<string, string>();
  const found = [...statement.matchAll(clauseWords)];
  for (const [i, match] of found.entries()) {
    const word = (match[1] ?? '').toLowerCase().replace(/\s+/, ' ');
    if (clauses.has(word)) return null;
    clauses.set(word, translated(statement.slice(match.index + match[0].length, found[i + 1]?.index).trim()));
  }
  const from = clauses.get('from');
  if (from === undefined || !/^[\w.]+$/.test(from)) return null;
  const items = (clauses.get('select') ?? '').split(/,(?![^(]*\))/).map(selected);
  const by = clauses.get('group by');
  const made = items.filter(({ name }) => name !== null);
  const grouped = by !== undefined || made.some(({ value }) => /^(count|sum|avg|mean|min|max)\(/i.test(value));
  const keep = items.map(({ name, value }) => (name === null ? value : `${name} = ${value}`)).join(', ');
  const aggregates = made.map(({ name, value }) => `${name} = ${value}`).join(', ');
  const steps = [
    `from ${from}`,
    step('where', clauses.get('where')),
    grouped ? `summarize ${[aggregates, by === undefined ? '' : `by ${by}`].filter(Boolean).join(' ')}` : null,
    step('where', named(clauses.get('having'), made)),
    step(
      'sort',
      clauses
        .get('order by')
        ?.replace(/\bDESC\b/g, 'desc')
        .replace(/\bASC\b/g, 'asc'),
    ),
    step('skip', clauses.get('offset')),
    step('take', clauses.get('limit')),
    grouped || keep === '*' ? null : `select ${keep}`,
  ];
  return steps.filter((one) => one !== null).join(' | ');
}

/** The aggregates of a `having` by the names they have behind `summarize`. */
function named(
  having: string | undefined,
  made: readonly { name: string | null; value: string }[],
): string | undefined {
  return made.reduce((text, { name, value }) => (name === null ? text : text?.replaceAll(value, name)), having);
}

function step(verb: Verb, clause: string | undefined): string | null {
  return clause === undefined ? null : `${verb} ${clause}`;
}

/** `count(*) as n` is `n = count()`; a computed item without a name gets one. */
function selected(item: string): { name: string | null; value: string } {
  const [, value = '', name] = /^\s*(.*?)(?:\s+as\s+(\w+))?\s*$/is.exec(item) ?? [];
  if (name !== undefined) return { name, value };
  return { name: /^[\w.*`]+$/.test(value) ? null : (/^\w+/.exec(value)?.[0] ?? 'x').toLowerCase(), value };
}

/** The operators and strings of SQL as they are written here. */
function translated(clause: string): string {
  return clause
    .replace(/\s+/g, ' ')
    .replace(/'((?:[^']|'')*)'/g, (_, inner: string) => `"${inner.replaceAll("''", "'")}"`)
    .replace(/<>/g, '!=')
    .replace(/(?<![<>=!])=(?!=)/g, '==')
    .replace(/\b(\w+)\(\s*\*\s*\)/g, (_, name: string) => `${name.toLowerCase()}()`)
    .replace(/\b(AND|OR|NOT|IN|IS|NULL|LIKE|BETWEEN|TRUE|FALSE)\b/g, (word) => word.toLowerCase());
}
