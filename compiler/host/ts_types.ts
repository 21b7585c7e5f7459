import type { Cursor } from './cursor.ts';

/** A type of TypeScript as it is written, as far as types of the language correspond to it. */
export type TsType =
  | { readonly kind: 'name'; readonly name: string; readonly args: readonly TsType[] }
  | { readonly kind: 'literal'; readonly of: 'string' | 'number' | 'boolean' }
  | { readonly kind: 'object'; readonly members: readonly TsMember[] }
  | { readonly kind: 'array'; readonly item: TsType }
  | { readonly kind: 'union'; readonly members: readonly TsType[] }
  | { readonly kind: 'intersection'; readonly members: readonly TsType[] }
  | { readonly kind: 'function'; readonly params: readonly TsParam[]; readonly result: TsType }
  /** Anything else. */
  | { readonly kind: 'other' };

export interface TsMember {
  readonly name: string;
  readonly optional: boolean;
  readonly type: TsType;
}

export interface TsParam {
  /** '' for a pattern. */
  readonly name: string;
  /** May be left out: `x?`, `x = 1`. */
  readonly optional: boolean;
  readonly rest: boolean;
  readonly type: TsType | null;
}

const OTHER: TsType = { kind: 'other' };

/** Reads a type; the cursor is behind it then. */
export function readType(c: Cursor): TsType {
  c.take('|');
  const members = [readIntersection(c)];
  while (c.take('|')) members.push(readIntersection(c));
  const [only] = members;
  const type: TsType = members.length === 1 && only !== undefined ? only : { kind: 'union', members };
  if (c.is('extends') || c.is('is')) {
    c.next();
    readType(c);
    if (!c.take('?')) return { kind: 'name', name: 'boolean', args: [] };
    readType(c);
    if (c.take(':')) readType(c);
    return OTHER;
  }
  return type;
}

function readIntersection(c: Cursor): TsType {
  c.take('&');
  const parts = [readPostfix(c)];
  while (c.take('&')) parts.push(readPostfix(c));
  return parts.length === 1 ? (parts[0] as TsType) : { kind: 'intersection', members: parts };
}

function readPostfix(c: Cursor): TsType {
  if (c.is('readonly') || c.is('asserts')) c.next();
  let type = readPrimary(c);
  while (c.is('[')) {
    if (c.is(']', 1)) {
      c.at += 2;
      type = { kind: 'array', item: type };
    } else {
      c.skip();
      type = OTHER;
    }
  }
  return type;
}

function readPrimary(c: Cursor): TsType {
  const token = c.peek();
  if (token.kind === 'text' || c.is('-')) return readLiteral(c);
  if (c.is('{')) return readObject(c);
  if (c.is('[')) {
    c.skip();
    return OTHER;
  }
  if (c.is('<') || c.is('(')) return c.attempt(() => readFunctionType(c)) ?? readParenthesized(c);
  if (c.is('new') || c.is('keyof') || c.is('typeof') || c.is('unique') || c.is('infer')) {
    c.next();
    readPostfix(c);
    return OTHER;
  }
  let name = c.name();
  if (name === null) {
    c.next();
    return OTHER;
  }
  while (c.take('.')) name = `${name}.${c.name() ?? ''}`;
  if (name === 'true' || name === 'false') return { kind: 'literal', of: 'boolean' };
  return { kind: 'name', name, args: readTypeArguments(c) };
}

function readLiteral(c: Cursor): TsType {
  c.take('-');
  return { kind: 'literal', of: /^\d/.test(c.next().text) ? 'number' : 'string' };
}

function readTypeArguments(c: Cursor): TsType[] {
  const args: TsType[] = [];
  if (!c.take('<')) return args;
  while (!c.done && !c.is('>')) {
    args.push(readType(c));
    if (!c.take(',')) break;
  }
  c.take('>');
  return args;
}

function readParenthesized(c: Cursor): TsType {
  if (!c.take('(')) return OTHER;
  const inner = readType(c);
  c.skipTo([')']);
  c.take(')');
  return inner;
}

/** `(a: T, b?: U) => R`; null when the parenthesis is another one. */
function readFunctionType(c: Cursor): TsType | null {
  c.skipAngles();
  if (!c.is('(')) return null;
  const params = readParams(c);
  return c.take('=>') ? { kind: 'function', params, result: readType(c) } : null;
}

/** `{ a: T; b?: U; c(x: V): W }`; also the body of an interface. An index signature is an object of any members: other. */
export function readObject(c: Cursor): TsType {
  const members: TsMember[] = [];
  let known = c.take('{');
  while (!c.done && !c.is('}')) {
    if (c.take(';') || c.take(',')) continue;
    if (c.is('readonly') && !c.is(':', 1) && !c.is('?', 1)) c.next();
    const token = c.peek();
    if (token.kind !== 'name' && token.kind !== 'text') {
      known = false;
      c.skipTo([';', ',', '}']);
      continue;
    }
    const name = token.kind === 'text' ? token.text.slice(1, -1) : token.text;
    c.next();
    const optional = c.take('?');
    if (c.take(':')) members.push({ name, optional, type: readType(c) });
    else members.push({ name, optional, type: c.attempt(() => readMethod(c)) ?? OTHER });
    if (!c.is(';') && !c.is(',') && !c.is('}') && c.peek().kind !== 'name') c.skipTo([';', ',', '}']);
  }
  c.take('}');
  return known ? { kind: 'object', members } : OTHER;
}

function readMethod(c: Cursor): TsType | null {
  c.skipAngles();
  if (!c.is('(')) return null;
  const params = readParams(c);
  return { kind: 'function', params, result: c.take(':') ? readType(c) : OTHER };
}

/** From the opening parenthesis to behind the closing one. */
export function readParams(c: Cursor): TsParam[] {
  const params: TsParam[] = [];
  c.take('(');
  while (!c.done && !c.is(')')) {
    const rest = c.take('...');
    const name = c.peek().kind === 'name' ? c.next().text : '';
    if (name === '') c.skip();
    const marked = c.take('?');
    const type = c.take(':') ? readType(c) : null;
    const given = c.take('=');
    if (given) c.skipTo([',', ')']);
    if (name !== 'this') params.push({ name, optional: marked || given, rest, type });
    if (!c.take(',')) break;
  }
  c.skipTo([')']);
  c.take(')');
  return params;
}
