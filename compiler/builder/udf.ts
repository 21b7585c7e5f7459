/** Functions of JavaScript and TypeScript in built flows: what stands behind the name of a call is a `use`. */
import { types } from 'node:util';
import { describeFunction } from '../../engine/tasks/functions.ts';
import type * as Ast from '../../grammar/ast.ts';
import { walk } from '../../grammar/walk.ts';
import { Expr, type ExprInput, toExpr } from './expr.ts';
import { make, name, text } from './nodes.ts';
import { parseFunctionType } from './text.ts';

/** A function that a flow can call: `km('lat', 'lon')` in an expression, or behind `map`. */
export interface Udf {
  (...args: readonly ExprInput[]): Expr;
  readonly use: Ast.UseStatement;
  /** As flows call it. */
  readonly called: string;
}

/** Any function: its arguments are checked by the flow. */
export type UdfFunction = (...args: never[]) => unknown;

const uses = new WeakMap<Ast.Node, Ast.UseStatement>();
/** By name, how many functions have it, so that each has one of its own. */
const named = new Map<string, number>();

/**
 * A function for flows. Of a module: `udf(new URL('./geo.ts', import.meta.url), 'haversine')`, with the types of its annotations. A function itself, with its types:
 * `udf((x: number) => x * 2, '(float) -> float')`; it is sent as its text, so that it uses nothing but its arguments, globals, and what it imports itself.
 */
export function udf(module: URL | string, exported: string, signature?: string): Udf;
export function udf(fn: UdfFunction, signature: string): Udf;
export function udf(source: URL | string | UdfFunction, second: string, third?: string): Udf {
  if (typeof source !== 'function') return ofModule(source, second, third);
  return makeUdf('f', source.name === '' ? 'f' : source.name, moduleOf(source), second);
}

function ofModule(module: URL | string, exported: string, signature: string | undefined): Udf {
  const path = typeof module === 'string' ? module : module.href;
  return makeUdf(exported, exported, path, signature);
}

function makeUdf(exported: string, wanted: string, path: string, signature: string | undefined): Udf {
  const count = (named.get(wanted) ?? 0) + 1;
  named.set(wanted, count);
  const called = count === 1 ? wanted : `${wanted}_${count}`;
  const type = signature === undefined ? null : parseFunctionType(signature);
  const alias = called === exported ? null : name(called);
  const use = make('use', { items: [make('useItem', { name: name(exported), alias, type })], path: text(path) });
  const call = (...args: readonly ExprInput[]): Expr => {
    const list = args.map((arg) => make('arg', { name: null, value: toExpr(arg) }));
    const node = make('call', { name: name(called), distinct: false, args: list });
    uses.set(node, use);
    return new Expr(node);
  };
  return Object.assign(call, { use, called });
}

/** The step `map` or `map_batches`. */
export function mapStep(
  fn: Udf,
  batches: boolean,
  type: Ast.TypeNode | null,
): Omit<Ast.MapStep, 'kind' | 'span' | 'verbSpan'> {
  const called = name(fn.called);
  uses.set(called, fn.use);
  return { batches, fn: called, type };
}

/** A call in the place of a source. */
export function tableCall({ ast }: Expr): Ast.FormatCall {
  const use = uses.get(ast);
  if (ast.kind !== 'call' || use === undefined)
    throw new TypeError('a flow begins with a source, a flow, or a call of a `udf`');
  const called = name(ast.name.text);
  uses.set(called, use);
  return make('formatCall', { format: called, args: ast.args });
}

/** Transpilers that keep names call this helper inside of functions. */
const KEEP_NAMES =
  'const __name = (target, value) => Object.defineProperty(target, "name", { value, configurable: true });';

/** A module whose only export is the function. */
function moduleOf(fn: UdfFunction): string {
  const described = types.isGeneratorFunction(fn) ? null : describeFunction(fn);
  const code = described?.kind === 'closure' ? described.code : Function.prototype.toString.call(fn);
  return `data:text/javascript,${encodeURIComponent(`${KEEP_NAMES}\nexport const f = (${code}\n);`)}`;
}

/** The `use` statements that these statements need, one for each module, in the order of their first use. */
export function usesOf(statements: readonly Ast.Statement[]): readonly Ast.UseStatement[] {
  const found = new Set<Ast.UseStatement>();
  for (const statement of statements) {
    walk(statement, (node) => {
      const use = uses.get(node);
      if (use !== undefined) found.add(use);
    });
  }
  const byPath = new Map<string, Ast.UseStatement>();
  for (const use of found) {
    const known = byPath.get(use.path.value);
    byPath.set(use.path.value, known === undefined ? use : { ...known, items: [...known.items, ...use.items] });
  }
  return [...byPath.values()];
}
