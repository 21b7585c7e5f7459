import type { Expr, SourceSpan } from '../../engine/expr.ts';
import { formatType, type Schema, type Typed } from '../../engine/types.ts';
import type { Expr as AstExpr, Call, Column, Over, ParamStatement, Span } from '../../grammar/ast.ts';
import { suggestAll } from '../../grammar/suggest.ts';
import { quoteName } from '../../grammar/words.ts';
import { codes } from '../diagnostics.ts';
import type { Context } from './context.ts';
import { column, unknown } from './exprs.ts';

/** What the names in an expression mean at its place. */
export interface Scope {
  /** What a bare name stands for; undefined when it is not known. */
  lookup(name: string): Expr | undefined;
  /** The columns behind `alias.`; undefined when there is no such alias. */
  alias(name: string): AliasScope | undefined;
  /** Reports a bare name that is not known. */
  missing(ctx: Context, node: Column): void;
}

export interface AliasScope {
  readonly names: readonly string[];
  /** The rows behind the alias are unknown: so is any column of it, without a report. */
  readonly open: boolean;
  lookup(name: string): Expr | undefined;
}

/** What an expression is bound in. `aggregate` is asked about calls of aggregates; null where none may stand. */
export interface Env {
  readonly ctx: Context;
  readonly scope: Scope;
  readonly aggregate: AggregateHook | null;
  /** Is asked about windows; null where none may stand. */
  readonly window: WindowHook | null;
  /** Parameters of the lambdas around. */
  readonly level: number;
  bind(node: AstExpr): Expr;
  /** The same place with other names. */
  within(change: Partial<Pick<Env, 'ctx' | 'scope' | 'aggregate' | 'window' | 'level'>>): Env;
}

/** What takes the aggregates out of an expression. Null: not an aggregate after all, a function of that name is to be tried. */
export type AggregateHook = (env: Env, call: Call) => Expr | null;

/** What takes the windows out of an expression. */
export type WindowHook = (env: Env, over: Over) => Expr;
/** Columns of arguments of pipe functions: a name that no file can write, with that of the parameter behind it. */
export const ARGUMENT = '\u0000argument ';

/** The columns of a relation; `schema` null: unknown rows, where every name is fine. */
export function rowScope(schema: Schema | null): Scope {
  const byName = new Map((schema ?? []).map((f) => [f.name, f]));
  return {
    lookup(name) {
      // Behind a step that made a column of an argument, its name is that of the parameter.
      const field =
        byName.get(name) ?? (name.startsWith(ARGUMENT) ? byName.get(name.slice(ARGUMENT.length)) : undefined);
      if (field !== undefined) return column(field);
      return schema === null ? unknown() : undefined;
    },
    alias: () => undefined,
    missing: (ctx, node) => reportColumn(ctx, node, [...byName.keys()]),
  };
}

/** No columns at all. `where`: what the expression is, for the message: "the path of a source". */
export function constantScope(where: string): Scope {
  return {
    lookup: () => undefined,
    alias: () => undefined,
    missing: (ctx, node) => {
      const param = ctx.declared.params.has(node.name) ? `$${node.name}` : null;
      const suggestion =
        param === null ? undefined : { text: `write \`${param}\` for the parameter`, replacement: param };
      ctx.report(codes.notConstant, { name: node.name, where }, node.span, { suggestion });
    },
  };
}

/** Some names that stand for expressions (parameters of a function), and nothing else. */
export function localScope(locals: ReadonlyMap<string, Expr>): Scope {
  return {
    lookup: (name) => locals.get(name),
    alias: () => undefined,
    missing: (ctx, node) => reportColumn(ctx, node, [...locals.keys()]),
  };
}

/** What is around, and parameters of a lambda, which hide it. */
export function innerScope(outer: Scope, locals: ReadonlyMap<string, Expr>): Scope {
  return {
    lookup: (name) => locals.get(name) ?? outer.lookup(name),
    alias: (name) => (locals.has(name) ? undefined : outer.alias(name)),
    missing: outer.missing,
  };
}

/** Reports an unknown column, with what is near and what there is. */
export function reportColumn(ctx: Context, node: Column, all: readonly string[]): void {
  const names = all.filter((one) => !one.startsWith(ARGUMENT));
  const { span } = node;
  const name = node.name.replace(ARGUMENT, '');
  const suggestion = columnSuggestion(ctx, name, names);
  ctx.report(codes.unknownColumn, { name }, span, { notes: [listNames('columns', names)], suggestion });
}

function columnSuggestion(ctx: Context, name: string, names: readonly string[]) {
  if (ctx.declared.params.has(name) && !names.includes(name)) {
    return { text: `write \`$${name}\` for the parameter`, replacement: `$${name}` };
  }
  const near = suggestAll(name, names);
  const [first] = near;
  if (first === undefined) {
    const lower = name.toLowerCase();
    if (['null', 'true', 'false'].includes(lower)) return { text: `write \`${lower}\``, replacement: lower };
    if (name === '') return undefined;
    return { text: `if the text is meant, it stands in quotes: \`"${name}"\`` };
  }
  return { text: `did you mean ${near.map((one) => `\`${one}\``).join(' or ')}?`, replacement: quoteName(first) };
}

const SHOWN_NAMES = 30;

/** `columns: a, b, c`, cut where it gets long. */
export function listNames(what: string, names: readonly string[]): string {
  if (names.length === 0) return `${what}: none`;
  const shown = names.slice(0, SHOWN_NAMES).map(quoteName).join(', ');
  return `${what}: ${shown}${names.length > SHOWN_NAMES ? `, and ${names.length - SHOWN_NAMES} more` : ''}`;
}

/** A bound expression at the place where it stands. Hand-made nodes have no place. */
export function at(expr: Expr, span: Span): Expr {
  return span.end > 0 ? { ...expr, span: span as SourceSpan } : expr;
}

/** Reports a parameter without a value. */
export function reportMissing(ctx: Context, { name }: ParamStatement, typed: Typed): void {
  ctx.report(codes.paramMissing, { name: name.text, type: formatType(typed.type) }, name.span, {
    suggestion: { text: `run with -p ${name.text}=…, or give it a default` },
  });
}
