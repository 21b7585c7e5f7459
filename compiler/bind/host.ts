/** Functions of the host language: what `use` brings in, and calls of it. */

import * as fs from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { crypto } from '../../engine/crypto.ts';
import type { AggregateCall, Expr, HostExpr } from '../../engine/expr.ts';
import type { HostFunction, HostParam, HostShape } from '../../engine/host/def.ts';
import { type DataType, type Field, formatType, T, type Typed } from '../../engine/types.ts';
import type * as Ast from '../../grammar/ast.ts';
import { suggest } from '../../grammar/suggest.ts';
import { codes } from '../diagnostics.ts';
import { type Export, type ModuleScan, scanModule } from '../host/scan.ts';
import type { TsParam, TsType } from '../host/ts_types.ts';
import { isPromise, typedOf } from '../host/typed.ts';
import { isAllowed } from './access.ts';
import { castTo, fitsParam } from './casts.ts';
import type { Context } from './context.ts';
import { isUnknown, unknown } from './exprs.ts';
import { castSuggestion, show } from './invoke.ts';
import { resolvePath } from './module_path.ts';
import type { Env } from './scope.ts';
import { bindType } from './types.ts';

/** What a flow may do with functions of the host language. */
export interface UdfOptions {
  /** Milliseconds one call may take; default: no end. */
  readonly timeout?: number;
  /** Calls of an asynchronous function in flight at a time, on each worker; default 64. */
  readonly concurrency?: number;
}

const DEFAULT_CONCURRENCY = 64;

/** One name that a `use` brings in. */
export interface HostEntry {
  readonly item: Ast.UseItem;
  readonly path: string;
  readonly url: string;
  readonly found: Export;
  readonly types: ModuleScan['types'];
  readonly id: number;
}

/** A signature with the types of the language. */
export interface HostTypes {
  readonly params: readonly (HostParam & { readonly optional: boolean })[];
  readonly result: Typed;
}

/** Registers what a `use` names. The module is read as text only; it runs on workers. */
export function declareUse(
  ctx: Context,
  use: Ast.UseStatement,
  isNew: (what: string, name: Ast.Name) => boolean,
): void {
  const nameOf = (item: Ast.UseItem): Ast.Name => item.alias ?? item.name;
  const fresh = use.items.filter((item) => isNew('function', nameOf(item)));
  const module = ctx.udf === false ? null : readModule(ctx, use.path);
  if (ctx.udf === false) ctx.report(codes.hostForbidden, {}, use.span);
  for (const item of fresh) {
    const found = module === null ? undefined : lookUp(ctx, module.scan, item, use.path.value);
    if (module === null || found === undefined) {
      ctx.declared.opaque.add(nameOf(item).text);
      continue;
    }
    const { path, url, scan } = module;
    const entry = { item, path, url, found, types: scan.types, id: ctx.nextId() };
    ctx.declared.host.set(nameOf(item).text, entry);
  }
}

/** How a function that the builder is given stands in a `use`: as a module that exports it. */
const CLOSURE = 'data:text/javascript,';

interface ReadModule {
  readonly url: string;
  /** For messages. */
  readonly path: string;
  readonly scan: ModuleScan;
}

function readModule(ctx: Context, node: Ast.StringLiteral): ReadModule | null {
  if (node.value.startsWith(CLOSURE)) {
    const source = decodeURIComponent(node.value.slice(CLOSURE.length));
    return { url: node.value, path: 'a function given in TypeScript', scan: scanModule(source) };
  }
  const path = node.value.startsWith('file:') ? fileURLToPath(node.value) : resolvePath(ctx, node.value);
  const report = (why: string): null => {
    ctx.report(codes.badModule, { path: node.value, why }, node.span, { notes: [`looked at ${path}`] });
    return null;
  };
  if (!/\.m?[jt]s$/.test(path)) {
    return report('is no module: its name ends in .js, .mjs, .ts or .mts');
  }
  if (!isAllowed(ctx, 'read', path, node.value, node.span)) return null;
  try {
    const text = fs.readFileSync(path, 'utf8');
    const version = crypto().createHash('sha256').update(text).digest('hex').slice(0, 12);
    return { url: `${pathToFileURL(path).href}?v=${version}`, path: node.value, scan: scanModule(text) };
  } catch (e) {
    const { code } = e as NodeJS.ErrnoException;
    return report(code === 'ENOENT' ? 'is not there' : `cannot be read: ${(e as Error).message}`);
  }
}

function lookUp(ctx: Context, scan: ModuleScan, item: Ast.UseItem, path: string): Export | undefined {
  const name = item.name.text;
  const found = scan.exports.get(name);
  if (found !== undefined) return found;
  if (scan.open) return { kind: 'unknown' };
  const names = [...scan.exports.keys()];
  const near = suggest(name, names);
  ctx.report(codes.unknownExport, { name, path }, item.name.span, {
    notes: [names.length === 0 ? 'it exports nothing' : `its exports: ${names.join(', ')}`],
    suggestion: near === null ? undefined : { text: `did you mean \`${near}\`?`, replacement: near },
  });
  return undefined;
}

/** The signature of a function, of a row function, or of an aggregate's `add` and `value`; null when it is not known, which is reported. */
export function hostTypes(ctx: Context, entry: HostEntry): HostTypes | null {
  const written = signatureOf(entry);
  const { type } = entry.item;
  if (type !== null) {
    const params = type.params.map((node) => bindType(ctx, node));
    const result = bindType(ctx, type.result);
    if (result === null || params.includes(null)) return null;
    const named = (params as Typed[]).map((typed, i) => ({
      ...typed,
      name: written?.params[i]?.name || `argument ${i + 1}`,
      bigint: isBigint(written?.params[i]?.type ?? null),
      optional: false,
    }));
    return { params: named, result };
  }
  const params = (written?.params ?? []).map((p) => paramOf(p, entry.types));
  const result = written?.result === undefined || written.result === null ? null : typedOf(written.result, entry.types);
  if (written === null || result === null || params.includes(null)) return reportTypes(ctx, entry, written);
  return { params: params as HostTypes['params'], result };
}

interface Written {
  readonly params: readonly TsParam[];
  readonly result: TsType | null;
}

/** What a function of rows takes and gives, as far as it is stated; null when that is wrong, which is reported. */
export function mapTypes(
  ctx: Context,
  entry: HostEntry,
  batches: boolean,
): { readonly row: DataType | null; readonly result: Typed | null } | null {
  if (entry.item.type !== null) {
    const types = hostTypes(ctx, entry);
    return types === null ? null : { row: types.params[0]?.type ?? null, result: types.result };
  }
  // Columns have types of TypeScript's that say nothing of their values.
  const written = batches ? null : signatureOf(entry);
  const typed = (t: TsType | null | undefined): Typed | null =>
    t === null || t === undefined ? null : typedOf(t, entry.types);
  return { row: typed(written?.params[0]?.type)?.type ?? null, result: typed(written?.result) };
}

/** The signature where the columns of the result are stated at the call: arguments keep their types where the function does not state any. */
export function statedTypes(
  ctx: Context,
  entry: HostEntry,
  args: readonly Expr[],
  columns: readonly Field[],
): HostTypes | null {
  const result: Typed = { type: T.list(T.struct(columns), false), nullable: true };
  const known = entry.item.type === null ? null : hostTypes(ctx, entry);
  if (entry.item.type !== null) return known === null ? null : { ...known, result };
  const written = signatureOf(entry);
  const count = written === null || written.params.some((p) => p.rest) ? args.length : written.params.length;
  const params = Array.from({ length: count }, (_, k) => {
    const p = written?.params[k];
    const stated = p === undefined ? null : paramOf(p, entry.types);
    const type = args[k]?.type ?? T.null;
    const name = p?.name || `argument ${k + 1}`;
    return stated ?? { name, type, nullable: true, bigint: false, optional: p?.optional ?? false };
  });
  return { params, result };
}

/** Of an aggregate: the arguments of `add` behind the state, and what `value` gives. */
function signatureOf({ found }: HostEntry): Written | null {
  if (found.kind === 'function') return found;
  if (found.kind === 'unknown') return null;
  const [add, value] = [found.members.get('add'), found.members.get('value')];
  return { params: add?.params.slice(1) ?? [], result: value?.result ?? null };
}

function paramOf(p: TsParam, types: ModuleScan['types']): HostTypes['params'][number] | null {
  const typed = p.type === null || p.rest ? null : typedOf(p.type, types);
  if (typed === null) return null;
  return { ...typed, name: p.name === '' ? 'its argument' : p.name, bigint: isBigint(p.type), optional: p.optional };
}

function isBigint(t: TsType | null): boolean {
  if (t?.kind === 'union') return t.members.some(isBigint);
  return t?.kind === 'name' && t.name === 'bigint';
}

/** Asks for the types, with the text to paste as far as it is known. */
function reportTypes(ctx: Context, entry: HostEntry, written: Written | null): null {
  const { item, path, types } = entry;
  const shown = (t: TsType | null): string => {
    const typed = t === null ? null : typedOf(t, types);
    return typed === null ? 'float' : formatType(typed.type, typed.nullable);
  };
  const params = (written?.params ?? []).map((p) => shown(p.type)).join(', ');
  const alias = item.alias === null ? '' : ` as ${item.alias.text}`;
  const text = `${item.name.text}${alias}: (${params}) -> ${shown(written?.result ?? null)}`;
  ctx.report(codes.typesUnknown, { name: item.name.text, path }, item.span, {
    suggestion: { text: `state them here, with the types that it has: \`${text}\``, replacement: text },
  });
  return null;
}

/** Whether it may give a promise. What cannot be seen may. */
function mayPromise(found: Export): boolean {
  return found.kind === 'unknown' || (found.kind === 'function' && (found.async || isPromise(found.result)));
}

/** The function as the plan holds it, with as many parameters as it is given arguments. */
export function hostFunction(
  ctx: Context,
  entry: HostEntry,
  types: HostTypes,
  shape: HostShape,
  args: number,
): HostFunction {
  const udf = ctx.udf === false ? {} : ctx.udf;
  return {
    id: entry.id,
    name: (entry.item.alias ?? entry.item.name).text,
    url: entry.url,
    export: entry.item.name.text,
    path: entry.path,
    shape,
    params: types.params.slice(0, args).map(({ name, type, nullable, bigint }) => ({ name, type, nullable, bigint })),
    result: types.result,
    timeout: udf.timeout ?? null,
    concurrency: udf.concurrency ?? DEFAULT_CONCURRENCY,
  };
}

/** `f(x, y)` in an expression: of a function, or of an aggregate where these may stand. */
export function bindHostCall(env: Env, node: Ast.Call, entry: HostEntry): Expr {
  const { ctx } = env;
  if (entry.found.kind === 'object') {
    const made = env.aggregate?.(env, node) ?? null;
    if (made !== null) return made;
    for (const arg of node.args) env.bind(arg.value);
    ctx.report(codes.misplacedAggregate, { name: node.name.text }, node.span);
    return unknown();
  }
  const bound = hostArguments(env, node, entry);
  if (bound === null) return unknown();
  const { types, args } = bound;
  const fn = hostFunction(ctx, entry, types, mayPromise(entry.found) ? 'promise' : 'scalar', args.length);
  const strict = args.some((arg, k) => arg.nullable && fn.params[k]?.nullable !== true);
  return { kind: 'host', fn, args, type: fn.result.type, nullable: fn.result.nullable || strict } satisfies HostExpr;
}

/** The arguments in the types of the parameters; null when they do not fit, which is reported. */
export function hostArguments(
  env: Env,
  node: Ast.Call,
  entry: HostEntry,
  typesOf: (ctx: Context, entry: HostEntry, args: readonly Expr[]) => HostTypes | null = hostTypes,
): { readonly types: HostTypes; readonly args: readonly Expr[] } | null {
  const { ctx } = env;
  const name = node.name.text;
  const bound = node.args.map((arg) => (arg.value.kind === 'lambda' ? unknown() : env.bind(arg.value)));
  const types = typesOf(ctx, entry, bound);
  if (types === null) return null;
  const fail = (why: string, span: Ast.Span): null => {
    ctx.report(codes.badArguments, { name, why }, span, { notes: [`it is ${signatureText(name, types)}`] });
    return null;
  };
  const named = node.args.find((arg) => arg.name !== null);
  if (named !== undefined) return fail('takes its arguments in order, without names', named.span);
  const least = types.params.filter((p) => !p.optional).length;
  const most = types.params.length;
  if (bound.length < least || bound.length > most) {
    return fail(`takes ${least === most ? most : `${least} to ${most}`} arguments, not ${bound.length}`, node.span);
  }
  const args = bound.map((e, k) => argument(env, e, types, k, node));
  return args.includes(null) ? null : { types, args: args as Expr[] };
}

function argument(env: Env, e: Expr, types: HostTypes, k: number, node: Ast.Call): Expr | null {
  const param = types.params[k] as HostParam;
  if (isUnknown(e)) return null;
  if (fitsParam(e.type, param.type)) return castTo(e, param.type);
  const arg = (node.args[k] as Ast.Arg).value;
  const expected = formatType(param.type, param.nullable);
  env.ctx.report(
    codes.wrongType,
    { what: `\`${param.name}\` of ${node.name.text}`, expected, found: show(e) },
    arg.span,
    {
      notes: [`it is ${signatureText(node.name.text, types)}`],
      suggestion: param.type.kind === 'struct' ? undefined : castSuggestion(arg, formatType(param.type), param.type),
    },
  );
  return null;
}

function signatureText(name: string, { params, result }: HostTypes): string {
  const list = params.map((p) => `${p.name}${p.optional ? '?' : ''}: ${formatType(p.type, p.nullable)}`).join(', ');
  return `${name}(${list}) -> ${formatType(result.type, result.nullable)}`;
}

/** A call of an aggregate of the host language, without the name of its column; null when it is wrong, which is reported. */
export function hostAggregateCall(env: Env, node: Ast.Call, entry: HostEntry): Omit<AggregateCall, 'name'> | null {
  const bound = hostArguments(env, node, entry);
  if (bound === null) return null;
  const { types, args } = bound;
  if (node.distinct && args.length !== 1) {
    const why = 'takes `distinct` with a single argument only';
    env.ctx.report(codes.badArguments, { name: node.name.text, why }, node.span);
    return null;
  }
  const host = hostFunction(env.ctx, entry, types, 'aggregate', args.length);
  return { fn: node.name.text, args, distinct: node.distinct, ...types.result, host };
}
