/** Finds the relations that a query names, without parsing SQL: words behind `from`, `join` and the commas between them. */

export interface SqlName {
  readonly name: string;
  /** Offset in the text. */
  readonly start: number;
  readonly end: number;
}

interface Token {
  readonly kind: 'word' | 'quoted' | 'text' | 'mark';
  /** Words in lower case; quoted names as they are. */
  readonly text: string;
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

const TOKENS =
  /(?<skip>\s+|--[^\n]*|\/\*[\s\S]*?\*\/)|(?<quoted>"(?:[^"]|"")*")|(?<text>[eE]?'(?:[^']|'')*(?:'|$)|\$(?<tag>\w*)\$[\s\S]*?\$\k<tag>\$)|(?<word>[\p{L}_][\p{L}\p{N}_$]*)|(?<mark>[\s\S])/uy;

function tokensOf(sql: string): Token[] {
  const tokens: Token[] = [];
  TOKENS.lastIndex = 0;
  for (let m = TOKENS.exec(sql); m !== null; m = TOKENS.exec(sql)) {
    const [image] = m;
    const { skip, quoted, text, word } = m.groups ?? {};
    if (skip !== undefined) continue;
    const kind = quoted !== undefined ? 'quoted' : text !== undefined ? 'text' : word !== undefined ? 'word' : 'mark';
    const name = kind === 'quoted' ? image.slice(1, -1).replace(/""/g, '"') : image;
    tokens.push({
      kind,
      text: kind === 'word' ? image.toLowerCase() : image,
      name,
      start: m.index,
      end: m.index + image.length,
    });
  }
  return tokens;
}

/** Words behind which a list of relations is over. */
const ENDS = new Set([
  'where',
  'group',
  'order',
  'having',
  'limit',
  'offset',
  'union',
  'except',
  'intersect',
  'select',
  'on',
  'using',
  'window',
  'qualify',
  'values',
  'tablesample',
  'pivot',
  'unpivot',
]);
const JOINS = new Set(['join', 'from']);
/** Stand before the relation itself. */
const BEFORE = new Set(['lateral', 'only']);

interface Frame {
  /** It is the argument list of a function, where `from` means something else: `extract(year from d)`. */
  readonly call: boolean;
  /** A query has begun in it. */
  query: boolean;
  /** A list of relations goes on. */
  relations: boolean;
  /** The next word is one. */
  next: boolean;
}

const frame = (call: boolean): Frame => ({ call, query: false, relations: false, next: false });

export interface SqlNames {
  /** As they are written, in order, with repetitions. */
  readonly relations: readonly SqlName[];
  /** Names that `with` gives to queries. */
  readonly own: ReadonlySet<string>;
}

export function sqlNames(sql: string): SqlNames {
  const tokens = tokensOf(sql);
  const relations: SqlName[] = [];
  const own = new Set<string>();
  const frames = [frame(false)];
  for (const [i, token] of tokens.entries()) {
    const [before, after] = [tokens[i - 1], tokens[i + 1]];
    const top = frames.at(-1) as Frame;
    if (token.text === '(' && token.kind === 'mark') {
      // In `from (…)` a query or a join stands in the parentheses.
      const inner = frame(before?.kind === 'word' && !isKeyword(before.text));
      if (top.next && !inner.call) inner.next = inner.relations = inner.query = true;
      top.next = false;
      frames.push(inner);
    } else if (token.text === ')' && token.kind === 'mark') {
      if (frames.length > 1) frames.pop();
    } else if (token.kind === 'mark') {
      if (token.text === ',' && top.relations) top.next = true;
    } else if (token.kind === 'word' && isWith(tokens, i)) own.add(token.text);
    else step(top, token, before, after, relations);
    if (token.kind === 'quoted' && isWith(tokens, i)) own.add(token.name.toLowerCase());
  }
  return { relations, own };
}

function step(top: Frame, token: Token, before: Token | undefined, after: Token | undefined, found: SqlName[]): void {
  const word = token.kind === 'word' ? token.text : '';
  if (word === 'select' || (word === 'from' && !top.call)) top.query = true;
  if (JOINS.has(word) && top.query && !(word === 'from' && before?.text === 'distinct')) {
    top.relations = top.next = true;
    return;
  }
  if (ENDS.has(word)) {
    top.relations = top.next = false;
    return;
  }
  if (!top.next || BEFORE.has(word)) return;
  top.next = false;
  // A function that gives rows, a name with a schema before it, a file: none of ours.
  if (token.kind === 'text' || after?.text === '(' || after?.text === '.') return;
  found.push({ name: token.name, start: token.start, end: token.end });
}

/** `name as (`, `name as materialized (`, `name (a, b) as (`: only behind `with` and its commas, but a type in a cast is no name of ours either. */
function isWith(tokens: readonly Token[], i: number): boolean {
  const [as, next, third] = [tokens[i + 1], tokens[i + 2], tokens[i + 3]];
  if (as?.text !== 'as' || as.kind !== 'word') return false;
  const materialized = next?.text === 'materialized' || next?.text === 'not';
  return next?.text === '(' || (materialized && (third?.text === '(' || third?.text === 'materialized'));
}

const KEYWORDS = new Set([
  'from',
  'join',
  'in',
  'exists',
  'and',
  'or',
  'not',
  'as',
  'on',
  'select',
  'where',
  'all',
  'any',
  'union',
  'except',
  'intersect',
  'lateral',
  'when',
  'then',
  'else',
  'case',
  'by',
  'having',
  'with',
  'materialized',
  'values',
  'distinct',
]);

function isKeyword(word: string): boolean {
  return KEYWORDS.has(word);
}
