import { Cursor } from './cursor.ts';
import { readObject, readParams, readType, type TsParam, type TsType } from './ts_types.ts';

/** What a module exports, read from its text without running it. */
export interface ModuleScan {
  readonly exports: ReadonlyMap<string, Export>;
  /** Interfaces and type aliases of the file, without type parameters. */
  readonly types: ReadonlyMap<string, TsType>;
  /** `export * from …`: there may be exports that are not seen here. */
  readonly open: boolean;
}

export type Export = FunctionExport | ObjectExport | UnknownExport;

export interface FunctionExport {
  readonly kind: 'function';
  readonly async: boolean;
  readonly generator: boolean;
  readonly params: readonly TsParam[];
  readonly result: TsType | null;
}

/** An object literal: its functions by name. */
export interface ObjectExport {
  readonly kind: 'object';
  readonly members: ReadonlyMap<string, FunctionExport>;
}

/** Made by something that is not read: the result of a call, an import that is exported again. */
export interface UnknownExport {
  readonly kind: 'unknown';
}

const UNKNOWN: UnknownExport = { kind: 'unknown' };

interface Scan {
  readonly c: Cursor;
  readonly locals: Map<string, Export>;
  readonly exported: Map<string, string>;
  readonly types: Map<string, TsType>;
  open: boolean;
}

/** Reads the declarations of a TypeScript or JavaScript module. Never fails: what is not understood is not there. */
export function scanModule(source: string): ModuleScan {
  const scan: Scan = { c: new Cursor(source), locals: new Map(), exported: new Map(), types: new Map(), open: false };
  while (!scan.c.done) statement(scan);
  const exports = new Map<string, Export>();
  for (const [name, local] of scan.exported) exports.set(name, scan.locals.get(local) ?? UNKNOWN);
  return { exports, types: scan.types, open: scan.open };
}

function statement(scan: Scan): void {
  const { c } = scan;
  if (!c.take('export')) {
    declaration(scan, []);
    return;
  }
  if (c.take('default')) {
    const name = declaration(scan, []);
    if (name === null) scan.locals.set('default', initializer(c));
    scan.exported.set('default', name ?? 'default');
  } else if (c.is('{')) exportList(scan);
  else if (c.take('*')) {
    if (c.take('as')) scan.exported.set(c.name() ?? '', '');
    else scan.open = true;
  } else if (c.is('type') && c.is('{', 1)) c.at += 2;
  else {
    const names: string[] = [];
    declaration(scan, names);
    for (const name of names) scan.exported.set(name, name);
  }
}

/** `{ a, b as c }`, perhaps from another module. */
function exportList(scan: Scan): void {
  const { c } = scan;
  const found: [string, string][] = [];
  c.take('{');
  while (!c.done && !c.is('}')) {
    if (c.is('type') && c.peek(1).kind === 'name' && !c.is('as', 1)) c.skipTo([',', '}']);
    const local = c.name();
    if (local !== null) found.push([c.take('as') ? (c.name() ?? '') : local, local]);
    if (!c.take(',')) break;
  }
  c.skipTo(['}']);
  c.take('}');
  const elsewhere = c.is('from');
  for (const [name, local] of found) scan.exported.set(name, elsewhere ? '' : local);
}

/** A declaration, or one token of something else. Gives the name of a function, and adds all names to `names`. */
function declaration(scan: Scan, names: string[]): string | null {
  const { c } = scan;
  if (c.is('declare') && c.peek(1).kind === 'name') c.next();
  if (c.is('function') || (c.is('async') && c.is('function', 1))) {
    const made = c.attempt(() => functionDeclaration(c));
    if (made === null) {
      c.next();
      return null;
    }
    // Of overloads the first is the one that callers see.
    if (!scan.locals.has(made.name)) scan.locals.set(made.name, made.fn);
    names.push(made.name);
    return made.name;
  }
  if (c.is('const') || c.is('let') || c.is('var')) variables(scan, names);
  else if (c.is('interface') && c.peek(1).kind === 'name') interfaceDeclaration(scan);
  else if (c.is('type') && c.peek(1).kind === 'name') typeAlias(scan);
  else c.skip();
  return null;
}

function functionDeclaration(c: Cursor): { name: string; fn: FunctionExport } | null {
  const async = c.take('async');
  if (!c.take('function')) return null;
  const generator = c.take('*');
  const name = c.name() ?? 'default';
  return { name, fn: signature(c, async, generator) };
}

/** From the type parameters to behind the type of the result; a body is skipped. */
function signature(c: Cursor, async: boolean, generator: boolean): FunctionExport {
  c.skipAngles();
  const params = c.is('(') ? readParams(c) : [];
  const result = c.take(':') ? readType(c) : null;
  if (c.is('{')) c.skip();
  return { kind: 'function', async, generator, params, result };
}

function variables(scan: Scan, names: string[]): void {
  const { c } = scan;
  c.next();
  if (c.is('enum')) return;
  do {
    const name = c.name();
    if (name === null) {
      c.skip();
      continue;
    }
    c.take('!');
    const type = c.take(':') ? readType(c) : null;
    const value = c.take('=') ? initializer(c) : UNKNOWN;
    scan.locals.set(name, typed(value, type));
    names.push(name);
    c.skipTo([',', ';', 'export', 'const', 'let', 'var', 'function', 'interface', 'type', 'class']);
  } while (c.take(','));
}

/** A function whose variable has the type of a function, as that says it. */
function typed(value: Export, type: TsType | null): Export {
  if (type?.kind !== 'function') return value;
  const known = value.kind === 'function' ? value : { async: false, generator: false };
  return { kind: 'function', async: known.async, generator: known.generator, params: type.params, result: type.result };
}

function initializer(c: Cursor): Export {
  if (c.is('{')) return objectLiteral(c);
  return c.attempt(() => functionExpression(c)) ?? UNKNOWN;
}

function functionExpression(c: Cursor): FunctionExport | null {
  const async = c.is('async') && !c.is('=>', 1) ? c.take('async') : false;
  if (c.take('function')) {
    const generator = c.take('*');
    c.name();
    return signature(c, async, generator);
  }
  if (c.peek().kind === 'name' && c.is('=>', 1)) {
    const params = [{ name: c.next().text, optional: false, rest: false, type: null }];
    c.next();
    return arrow(c, async, params, null);
  }
  c.skipAngles();
  if (!c.is('(')) return null;
  const params = readParams(c);
  const result = c.take(':') ? readType(c) : null;
  return c.take('=>') ? arrow(c, async, params, result) : null;
}

function arrow(c: Cursor, async: boolean, params: readonly TsParam[], result: TsType | null): FunctionExport {
  if (c.is('{')) c.skip();
  return { kind: 'function', async, generator: false, params, result };
}

function objectLiteral(c: Cursor): Export {
  const members = new Map<string, FunctionExport>();
  c.take('{');
  while (!c.done && !c.is('}')) {
    const async = c.is('async') && c.peek(1).kind === 'name' && c.take('async');
    const generator = c.take('*');
    const name = c.peek().kind === 'text' ? c.next().text.slice(1, -1) : c.name();
    if (name !== null && (c.is('(') || c.is('<'))) members.set(name, signature(c, async, generator));
    else if (name !== null && c.take(':')) {
      const value = initializer(c);
      if (value.kind === 'function') members.set(name, value);
    }
    c.skipTo([',', '}']);
    c.take(',');
  }
  c.take('}');
  return { kind: 'object', members };
}

function interfaceDeclaration(scan: Scan): void {
  const { c } = scan;
  c.next();
  const name = c.name() ?? '';
  const generic = c.is('<');
  c.skipAngles();
  const parts: TsType[] = [];
  if (c.take('extends')) {
    do parts.push(readType(c));
    while (c.take(','));
  }
  c.skipTo(['{']);
  const own = readObject(c);
  if (!generic) scan.types.set(name, parts.length === 0 ? own : { kind: 'intersection', members: [...parts, own] });
}

function typeAlias(scan: Scan): void {
  const { c } = scan;
  c.next();
  const name = c.name() ?? '';
  const generic = c.is('<');
  c.skipAngles();
  if (!c.take('=')) return;
  const type = readType(c);
  if (!generic) scan.types.set(name, type);
}
