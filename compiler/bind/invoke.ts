import type { CallExpr, Expr } from '../../engine/expr.ts';
import { findFunction, misfit, resolveFunction } from '../../engine/functions/registry.ts';
import { type DataType, formatType } from '../../engine/types.ts';
import type { Expr as AstExpr, Span } from '../../grammar/ast.ts';
import type { Suggestion } from '../../grammar/diagnostics.ts';
import { codes } from '../diagnostics.ts';
import { castExists, castTo, literalsOf, typeOfText } from './casts.ts';
import type { Context } from './context.ts';
import { isUnknown, unknown } from './exprs.ts';

/** A call that is known to resolve (operators over types the caller has checked). */
export function call(name: string, args: readonly Expr[]): Expr {
  const made = tryCall(name, args);
  if (made === null) throw new Error(`no overload of ${name} for ${args.map((a) => formatType(a.type)).join(', ')}`);
  return made;
}

/** The call with its casts; null when no overload takes these types. Unknown arguments give an unknown result. */
export function tryCall(name: string, args: readonly Expr[]): Expr | null {
  if (args.some(isUnknown)) return unknown();
  const found = resolveFunction(
    name,
    args.map((a) => a.type),
    literalsOf(args),
  );
  if (found === null) return null;
  const { def, overload } = found;
  const cast = args.map((arg, i) => castTo(arg, overload.params[i] ?? arg.type));
  const nulls = args.map((arg) => arg.nullable);
  const decided = typeof overload.nullable === 'function' ? overload.nullable(nulls) : overload.nullable === true;
  const nullable = def.nulls === 'custom' ? decided : decided || nulls.some(Boolean);
  return { kind: 'call', fn: def.name, args: cast, type: overload.result, nullable } satisfies CallExpr;
}

export function and(parts: readonly Expr[]): Expr | null {
  const [first, ...rest] = parts;
  return first === undefined ? null : rest.reduce((all, part) => call('and', [all, part]), first);
}

/** Why a library function does not take these arguments, with what it does take. */
export function reportMisfit(
  ctx: Context,
  name: string,
  args: readonly Expr[],
  nodes: readonly AstExpr[],
  span: Span,
  shown = name,
): void {
  const types = args.map((a) => a.type);
  const def = findFunction(name);
  const why = misfit(name, types, literalsOf(args));
  const generic = def !== null && (why.includes(' does not take ') || why.startsWith(`${def.name} takes `));
  if (!generic && /regular expression/i.test(why)) {
    const pattern = nodes.find((node) => node.kind === 'string' && nodes.indexOf(node) > 0);
    ctx.report(codes.badPattern, { why: why.replace(/^bad regular expression: /, '') }, pattern?.span ?? span);
    return;
  }
  // The signature of an operator says no more than the operator.
  const notes = generic ? (def.family === 'operator' ? [] : [`it is written ${def.signature}`]) : [why];
  ctx.report(codes.noOverload, { name: shown, types: args.map(showArgument) }, span, {
    notes,
    suggestion: castHint(name, args, nodes),
  });
}

export function show(e: { readonly type: DataType; readonly nullable: boolean }): string {
  return e.type.kind === 'null' ? 'null' : formatType(e.type, e.nullable);
}

/** A lambda by what it gives. */
function showArgument(e: Expr): string {
  return e.kind === 'lambda' ? `x => ${show(e)}` : show(e);
}

/** The first single cast of an argument that would make the call resolve. */
function castHint(name: string, args: readonly Expr[], nodes: readonly AstExpr[]): Suggestion | undefined {
  const text = name === 'add' ? args.findIndex((arg) => arg.type.kind === 'string') : -1;
  const other = nodes[1 - text];
  if (text >= 0 && other !== undefined && args.length === 2) {
    // Next to text, `+` joins.
    return castSuggestion(other, 'string', { kind: 'string' });
  }
  const targets = new Map<string, DataType>();
  const offers: readonly DataType[] = [
    ...args.map((a) => a.type),
    { kind: 'float' },
    { kind: 'string' },
    { kind: 'timestamp', zone: null },
  ];
  for (const type of offers) targets.set(formatType(type), type);
  for (const [i, arg] of args.entries()) {
    for (const [shown, type] of targets) {
      const node = nodes[i];
      if (node === undefined || type.kind === 'null' || arg.type.kind === type.kind || !castExists(arg.type, type))
        continue;
      const changed = args.map((other, j) => (i === j ? { ...other, kind: 'column' as const, name: '', type } : other));
      if (tryCall(name, changed) !== null) return castSuggestion(node, shown, type);
    }
  }
  return undefined;
}

/** "convert with `::int`", as a fix where the expression needs no parentheses for it. */
export function castSuggestion(node: AstExpr, shown: string, type: DataType): Suggestion {
  if (node.kind === 'string' && typeOfText(node.value)?.kind === type.kind) {
    const written = `@${node.value.replace(' ', 'T')}`;
    return { text: `write \`${written}\``, replacement: written, span: node.span };
  }
  const text = `convert with \`::${shown}\``;
  const simple = ['column', 'call', 'field', 'index', 'string', 'paramRef', 'int', 'float'].includes(node.kind);
  if (!simple || node.span.end === 0) return { text };
  return { text, replacement: `::${shown}`, span: { ...node.span, start: node.span.end } };
}
