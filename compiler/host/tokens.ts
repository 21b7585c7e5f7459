/** The tokens of a TypeScript or JavaScript file, as far as its declarations need them. */
export interface Token {
  /** text: a string, a template, a number or a regular expression, whose inside nobody looks at. */
  readonly kind: 'name' | 'mark' | 'text' | 'end';
  readonly text: string;
  readonly start: number;
}

const NAME_START = /[\p{ID_Start}$_#@]/u;
const NAME = /[\p{ID_Continue}$\u200c\u200d]/u;
/** Behind these names an expression begins, so that `/` begins a regular expression. */
const BEFORE_EXPRESSION = new Set(
  'return typeof case in of delete void throw new else do yield await instanceof'.split(' '),
);

/** Never fails: what it does not understand becomes marks. Marks are single characters, save `=>` and `...`. */
export function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  let i = source.startsWith('#!') ? endOfLine(source, 0) : 0;
  const add = (kind: Token['kind'], end: number): void => {
    tokens.push({ kind, text: source.slice(i, end), start: i });
    i = end;
  };
  while (i < source.length) {
    const c = source[i] as string;
    if (/\s/.test(c)) i++;
    else if (source.startsWith('//', i)) i = endOfLine(source, i);
    else if (source.startsWith('/*', i)) i = after(source.indexOf('*/', i + 2), 2, source);
    else if (c === '"' || c === "'") add('text', endOfString(source, i));
    else if (c === '`') add('text', endOfTemplate(source, i));
    else if (c === '/' && expressionMayBegin(tokens.at(-1))) add('text', endOfRegex(source, i));
    else if (/\d/.test(c)) add('text', endWhile(source, i, /[\w.]/));
    else if (NAME_START.test(c) || c.codePointAt(0)! > 0x7f) add('name', endWhile(source, i + 1, NAME));
    else add('mark', i + (source.startsWith('=>', i) ? 2 : source.startsWith('...', i) ? 3 : 1));
  }
  tokens.push({ kind: 'end', text: '', start: source.length });
  return tokens;
}

function after(at: number, length: number, source: string): number {
  return at < 0 ? source.length : at + length;
}

function endOfLine(source: string, from: number): number {
  const at = source.indexOf('\n', from);
  return at < 0 ? source.length : at;
}

function endWhile(source: string, from: number, matches: RegExp): number {
  let i = from;
  while (i < source.length && matches.test(source[i] as string)) i++;
  return i;
}

function endOfString(source: string, from: number): number {
  const quote = source[from];
  for (let i = from + 1; i < source.length; i++) {
    if (source[i] === '\\') i++;
    else if (source[i] === quote || source[i] === '\n') return i + 1;
  }
  return source.length;
}

function endOfTemplate(source: string, from: number): number {
  for (let i = from + 1; i < source.length; i++) {
    if (source[i] === '\\') i++;
    else if (source[i] === '`') return i + 1;
    else if (source.startsWith('${', i)) i = endOfHole(source, i + 2) - 1;
  }
  return source.length;
}

/** Behind the brace that closes a hole of a template. */
function endOfHole(source: string, from: number): number {
  let depth = 1;
  for (let i = from; i < source.length; i++) {
    const c = source[i];
    if (c === '"' || c === "'") i = endOfString(source, i) - 1;
    else if (c === '`') i = endOfTemplate(source, i) - 1;
    else if (c === '{') depth++;
    else if (c === '}' && --depth === 0) return i + 1;
  }
  return source.length;
}

function endOfRegex(source: string, from: number): number {
  let inClass = false;
  for (let i = from + 1; i < source.length; i++) {
    const c = source[i];
    if (c === '\n') return i;
    if (c === '\\') i++;
    else if (c === '[') inClass = true;
    else if (c === ']') inClass = false;
    else if (c === '/' && !inClass) return endWhile(source, i + 1, /[a-z]/);
  }
  return source.length;
}

function expressionMayBegin(before: Token | undefined): boolean {
  if (before === undefined) return true;
  if (before.kind === 'name') return BEFORE_EXPRESSION.has(before.text);
  return before.kind === 'mark' && before.text !== ')' && before.text !== ']';
}
