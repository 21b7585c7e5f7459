import type { Expr, NamedExpr, SourceSpan } from '../../engine/expr.ts';
import type { Schema } from '../../engine/types.ts';
import type { NamedExpr as AstNamedExpr, Name, Span } from '../../grammar/ast.ts';
import { quoteName } from '../../grammar/words.ts';
import { codes } from '../diagnostics.ts';
import type { LogicalBase, LogicalNode, ProjectNode } from '../logical.ts';
import type { Context } from './context.ts';

/** What all nodes of one step share. */
export function base(
  ctx: Context,
  schema: Schema,
  inputs: readonly LogicalNode[],
  step: { span: Span },
  label: string,
): LogicalBase {
  return { id: ctx.nextId(), schema, inputs, span: spanOf(step.span), label };
}

export function spanOf(span: Span): SourceSpan | undefined {
  return span.end > 0 ? span : undefined;
}

export function project(
  ctx: Context,
  input: LogicalNode,
  outputs: readonly NamedExpr[],
  step: { span: Span },
  label: string,
): ProjectNode {
  return { ...base(ctx, schemaOfOutputs(outputs), [input], step, label), op: 'project', outputs };
}

export function schemaOfOutputs(outputs: readonly NamedExpr[]): Schema {
  return outputs.map(({ name, expr }) => ({ name, type: expr.type, nullable: expr.nullable }));
}

/** The name of an item: the one written, or that of a bare column or field. Null when it has none, which is reported. */
export function nameOf(ctx: Context, item: AstNamedExpr): string | null {
  if (item.name !== null) return item.name.text;
  const { value } = item;
  if (value.kind === 'column') return value.name;
  if (value.kind === 'field') return value.name.text;
  if (value.kind === 'errorExpr') return null;
  if (ctx.unnamed) return 'value';
  const offer = quoteName(offeredName(item));
  ctx.report(codes.needsName, { text: offer }, item.span, {
    suggestion: {
      text: `give it one: \`${offer} = …\``,
      replacement: `${offer} = `,
      span: { ...item.span, end: item.span.start },
    },
  });
  return null;
}

/** A name that tells what is computed: `mean(delay)` is `mean_delay`, `count()` is `n`. */
function offeredName(item: AstNamedExpr): string {
  const { value } = item;
  if (value.kind !== 'call') return 'x';
  const [arg] = value.args;
  if (arg === undefined) return value.name.text === 'count' ? 'n' : value.name.text;
  return arg.value.kind === 'column' ? `${value.name.text}_${arg.value.name}` : value.name.text;
}

/** Names that must be different: reports the second of each. */
export function uniqueNames(ctx: Context): (name: string, span: Span) => boolean {
  const seen = new Set<string>();
  return (name, span) => {
    if (!seen.has(name)) {
      seen.add(name);
      return true;
    }
    ctx.report(codes.duplicateColumn, { name }, span);
    return false;
  };
}

/** A name that no column has yet, for columns the user never sees. */
export function freeName(wanted: string, taken: { has(name: string): boolean }): string {
  let name = wanted;
  for (let i = 2; taken.has(name); i++) name = `${wanted}_${i}`;
  return name;
}

export function columnsByName(schema: Schema): ReadonlyMap<string, Schema[number]> {
  return new Map(schema.map((f) => [f.name, f]));
}

export function text(names: readonly (Name | string)[]): string {
  return names.map((name) => quoteName(typeof name === 'string' ? name : name.text)).join(', ');
}

export function columnRefs(schema: Schema): readonly { name: string; expr: Expr }[] {
  return schema.map((f) => ({
    name: f.name,
    expr: { kind: 'column', name: f.name, type: f.type, nullable: f.nullable },
  }));
}
