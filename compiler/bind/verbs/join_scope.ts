import { type Expr, rewriteExpr } from '../../../engine/expr.ts';
import { type JoinKind, keepsLeft, leftFields } from '../../../engine/operators/params.ts';
import type { Field, Schema } from '../../../engine/types.ts';
import type * as Ast from '../../../grammar/ast.ts';
import { quoteName } from '../../../grammar/words.ts';
import { codes } from '../../diagnostics.ts';
import type { Context, Rows } from '../context.ts';
import { column } from '../exprs.ts';
import { columnsByName } from '../nodes.ts';
import { type AliasScope, reportColumn, rowScope, type Scope } from '../scope.ts';
import { RIGHT } from '../subqueries.ts';

/** While a join is bound, columns of the right side have names that no column of the left side can have. */
export { RIGHT };

export interface Sides {
  readonly ctx: Context;
  readonly step: Ast.JoinStep;
  readonly left: Rows;
  readonly right: Rows;
  /** The name of the right side in conditions; null when it has none. */
  readonly alias: string | null;
  readonly kind: JoinKind;
}

export function isRight(e: Expr): e is Expr & { kind: 'column' } {
  return e.kind === 'column' && e.name.startsWith(RIGHT);
}

/** Columns of the right side under other names. */
export function renameRight(e: Expr, rename: (name: string) => string): Expr {
  return rewriteExpr(e, (x) => (isRight(x) ? { ...x, name: rename(x.name.slice(RIGHT.length)) } : x));
}

/** Bare names are columns of the left side; those of the right side stand behind its alias. `behind`: as they are in the result, where rows without a match are nulls. */
export function scopeOf({ left, right, alias, kind }: Sides, behind: boolean): Scope {
  const leftScope = rowScope(left === null ? null : behind ? leftFields(kind, left.schema) : left.schema);
  const rightColumns = columnsByName(right?.schema ?? []);
  const aliasScope: AliasScope = {
    names: [...rightColumns.keys()],
    open: right === null,
    lookup(name) {
      const field = rightColumns.get(name);
      return field === undefined
        ? undefined
        : column({ ...field, name: RIGHT + name, nullable: field.nullable || (behind && keepsLeft(kind)) });
    },
  };
  return {
    lookup: (name) => leftScope.lookup(name),
    alias: (name) => (name === alias ? aliasScope : undefined),
    missing: (ctx, node) => reportMissing(ctx, node, alias, left?.schema ?? [], rightColumns),
  };
}

function reportMissing(
  ctx: Context,
  node: Ast.Column,
  alias: string | null,
  left: Schema,
  right: ReadonlyMap<string, Field>,
): void {
  const { name, span } = node;
  if (right.has(name)) {
    const full = alias === null ? null : `${quoteName(alias)}.${quoteName(name)}`;
    ctx.report(codes.needsAlias, { name, alias: alias ?? '' }, span, {
      suggestion:
        full === null
          ? { text: `name the right side with \`as r\`, and write \`r.${quoteName(name)}\`` }
          : { text: `write \`${full}\``, replacement: full },
    });
    return;
  }
  const theirs = alias === null ? [] : [...right.keys()].map((one) => `${alias}.${one}`);
  reportColumn(ctx, node, [...left.map((f) => f.name), ...theirs]);
}
