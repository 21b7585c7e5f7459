/** `import { a, b as c } from "./lib.flow"`: definitions of another file of the language. */

import * as fs from 'node:fs';
import * as path from 'node:path';
import type { FlowFile, ImportItem, ImportStatement, Name, Node, Statement } from '../../grammar/ast.ts';
import { hasErrors } from '../../grammar/diagnostics.ts';
import { suggest } from '../../grammar/suggest.ts';
import { walk } from '../../grammar/walk.ts';
import { codes } from '../diagnostics.ts';
import { isAllowed } from './access.ts';
import type { Context } from './context.ts';
import { childContext, homeOf } from './context.ts';
import { type Collected, collect, type IsNew } from './declare.ts';
import { resolvePath } from './module_path.ts';
import { bindParams } from './params.ts';

/** Files that are imported, each read once, by their whole path. */
export interface Modules {
  readonly byPath: Map<string, Module>;
  /** Values of parameters, as text: for those of all files. */
  readonly given: Readonly<Record<string, string | null>>;
  /** Sets what pipelines of the file need. */
  readonly prepare: (ctx: Context) => void;
}

interface Module {
  readonly ctx: Context;
  /** It is being read: whoever imports it now makes a cycle. */
  open: boolean;
}

/** Puts what the file imports among its declarations, under the names it has here. */
export async function bindImports(ctx: Context, { imports, isNew }: Collected, modules: Modules): Promise<void> {
  for (const statement of imports) {
    const module = await loadModule(ctx, statement, modules);
    for (const item of statement.items) {
      const name = item.alias ?? item.name;
      if (module === null) ctx.declared.opaque.add(name.text);
      else importItem(ctx, module, item, name, statement, isNew);
    }
  }
}

async function loadModule(ctx: Context, { path: node }: ImportStatement, modules: Modules): Promise<Context | null> {
  const file = resolvePath(ctx, node.value);
  const known = modules.byPath.get(file);
  if (known?.open === true) {
    const open = [...modules.byPath].filter(([, one]) => one.open).map(([name]) => shownPath(name));
    const from = open.indexOf(shownPath(file));
    ctx.report(codes.cycle, { what: 'file', path: [...open.slice(from), shownPath(file)] }, node.span);
    return null;
  }
  if (known !== undefined) return known.ctx;
  const text = readText(ctx, file, node.value, node.span);
  if (text === null) return null;
  // Loaded only where there is something to parse.
  const { parse } = await import('../../grammar/index.ts');
  const parsed = parse(text, shownPath(file));
  for (const found of parsed.diagnostics) ctx.report.add(found);
  const module: Module = { ctx: childContext(ctx, parsed.ast), open: true };
  modules.byPath.set(file, module);
  modules.prepare(module.ctx);
  const collected = collect(module.ctx, parsed.ast.statements);
  await bindImports(module.ctx, collected, modules);
  bindParams(module.ctx, collected.params, modules.given, { imported: true });
  module.open = false;
  return hasErrors(parsed.diagnostics) && parsed.ast.statements.length === 0 ? null : module.ctx;
}

function readText(ctx: Context, file: string, written: string, span: Name['span']): string | null {
  const report = (why: string): null => {
    ctx.report(codes.badModule, { path: written, why }, span, { notes: [`looked at ${file}`] });
    return null;
  };
  if (!file.endsWith('.flow')) return report('is no file of the language: its name ends in .flow');
  if (!isAllowed(ctx, 'read', file, written, span)) return null;
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (e) {
    const { code } = e as NodeJS.ErrnoException;
    return report(code === 'ENOENT' ? 'is not there' : `cannot be read: ${(e as Error).message}`);
  }
}

/** As short as it is clear from the working folder. */
function shownPath(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative.length < file.length ? relative : file;
}

function importItem(
  ctx: Context,
  from: Context,
  item: ImportItem,
  name: Name,
  statement: ImportStatement,
  isNew: IsNew,
): void {
  const wanted = item.name.text;
  const there = from.declared;
  const found = [
    put('let', there.lets, ctx.declared.lets),
    put('function', there.fns, ctx.declared.fns),
    put('function', there.host, ctx.declared.host),
    put('schema', there.schemas, ctx.declared.schemas),
    put('parameter', there.params, ctx.declared.params),
  ].includes(true);
  if (found) {
    if (there.params.has(wanted)) from.used.params.add(wanted);
    return;
  }
  ctx.declared.opaque.add(name.text);
  if (there.opaque.has(wanted)) return;
  const names = [there.lets, there.fns, there.host, there.schemas, there.params].flatMap((map) => [...map.keys()]);
  const near = suggest(wanted, names);
  ctx.report(codes.unknownExport, { name: wanted, path: statement.path.value }, item.name.span, {
    notes: [names.length === 0 ? 'it declares nothing' : `it declares ${names.join(', ')}`],
    suggestion: near === null ? undefined : { text: `did you mean \`${near}\`?`, replacement: near },
  });

  function put<V>(what: string, source: ReadonlyMap<string, V>, target: Map<string, V>): boolean {
    const value = source.get(wanted);
    if (value === undefined) return false;
    if (isNew(what, name)) target.set(name.text, value);
    return true;
  }
}

/** Of the imported files, the statements that the file needs, by the file they are at home in. */
export function neededStatements(root: Context): Map<Context, Set<Statement>> {
  const needed = new Map<Context, Set<Statement>>();
  const need = (ctx: Context, node: Node): void => {
    walk(node, (one) => {
      const statement = definitionOf(ctx, one);
      if (statement === undefined) return;
      const home = homeOf(ctx, statement);
      if (home === root) return;
      const statements = needed.get(home) ?? new Set();
      needed.set(home, statements);
      if (statements.has(statement)) return;
      statements.add(statement);
      need(home, statement);
    });
  };
  need(root, root.file);
  return needed;
}

function definitionOf(ctx: Context, node: Node): Statement | undefined {
  if (node.kind === 'relationName') return ctx.declared.lets.get(node.name)?.statement;
  if (node.kind === 'call') return ctx.declared.fns.get(node.name.text);
  return undefined;
}

/** Whether a part of the file could not be read. */
export function hasSyntaxErrors(ast: FlowFile): boolean {
  let found = false;
  walk(ast, (node) => {
    if (node.kind === 'errorStatement' || node.kind === 'errorStep' || node.kind === 'errorExpr') found = true;
    return !found;
  });
  return found;
}
