/** Names that hide others, and declarations that nothing uses. */
import { AGGREGATES } from '../../engine/aggregates/registry.ts';
import { findFunction } from '../../engine/functions/registry.ts';
import type * as Ast from '../../grammar/ast.ts';
import { walk } from '../../grammar/walk.ts';
import type { Context } from '../bind/context.ts';
import { codes } from '../diagnostics.ts';
import type { LogicalPlan } from '../logical.ts';
import { inputOf, topological } from '../plan_tree.ts';

export function lintNames(ctx: Context, plan: LogicalPlan): void {
  const called = new Set<string>();
  const typed = new Set<string>();
  walk(ctx.file, (node) => {
    if (node.kind === 'call') called.add(node.name.text);
    if (node.kind === 'typeName') typed.add(node.name);
  });
  for (const statement of ctx.file.statements) {
    lintLambdas(ctx, statement);
    if (statement.kind === 'fn') lintFunction(ctx, statement, called);
    else if (statement.kind === 'schema' && !typed.has(statement.name.text)) {
      ctx.report(codes.unusedFunction, { what: 'schema', name: statement.name.text }, statement.name.span);
    }
  }
  lintAliases(ctx, plan);
}

function lintFunction(ctx: Context, { name, body }: Ast.FnStatement, called: ReadonlySet<string>): void {
  if (!called.has(name.text)) ctx.report(codes.unusedFunction, { what: 'fn', name: name.text }, name.span);
  const library = findFunction(name.text) !== null || Object.hasOwn(AGGREGATES, name.text);
  if (library && body.kind !== 'stepsBody') {
    const hidden = 'the function of the library with that name';
    ctx.report(codes.shadowedName, { what: 'fn', name: name.text, hidden }, name.span);
  }
}

const HIDDEN = {
  column: 'a column of the rows here',
  lambda: 'the parameter of the lambda around it',
  fn: 'a parameter of the function',
} as const;

/** `list_transform(tags, name => …)` where `name` is a column, or a parameter already. */
function lintLambdas(ctx: Context, statement: Ast.Statement): void {
  const own = new Set(statement.kind === 'fn' ? statement.params.map((param) => param.name.text) : []);
  walk(statement, (node) => {
    if (node.kind !== 'lambda') return;
    for (const param of node.params) {
      const other = own.has(param.text) ? 'fn' : ctx.hidden.get(param);
      if (other === undefined) continue;
      ctx.report(codes.shadowedName, { what: 'parameter', name: param.text, hidden: HIDDEN[other] }, param.span);
    }
  });
}

/** `join x as c` where the left side has a column `c`. */
function lintAliases(ctx: Context, plan: LogicalPlan): void {
  const joins = new Map<number, Ast.JoinStep>();
  walk(ctx.file, (node) => {
    if (node.kind === 'join' && node.span.end > 0) joins.set(node.span.start, node);
  });
  for (const node of topological(plan)) {
    const step = node.op === 'join' && node.span !== undefined ? joins.get(node.span.start) : undefined;
    const alias = step?.alias;
    if (!alias || node.span?.file !== step?.span.file) continue;
    if (!inputOf(node).schema.some((field) => field.name === alias.text)) continue;
    const hidden = 'a column of the left side in this join';
    ctx.report(codes.shadowedName, { what: 'alias', name: alias.text, hidden }, alias.span);
  }
}
