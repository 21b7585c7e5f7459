import type * as Ast from '../../grammar/ast.ts';
import { codes } from '../diagnostics.ts';
import type { Context } from './context.ts';

/**
 * Warns where a negation in a `where` meets a nullable column: `x != 1` also drops the rows in which x is null. Looks at the
 * sides of `and`, which each decide alone; behind an `or` another side may keep the row.
 */
export function lintNulls(ctx: Context, step: Ast.WhereStep): void {
  const stack: Ast.Expr[] = [step.condition];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node.kind === 'binary' && node.op === 'and') stack.push(node.left, node.right);
    else lintNegation(ctx, node, step);
  }
}

function lintNegation(ctx: Context, node: Ast.Expr, step: Ast.WhereStep): void {
  const op = negationOf(node);
  const bound = ctx.bound.get(node);
  if (op === null || bound?.nullable !== true) return;
  const column = nullableColumn(ctx, node);
  if (column === null) return;
  const fix =
    node.kind === 'binary' && node.op === '!='
      ? { text: 'keep them with `is not`, or say what goes with `remove`', replacement: 'is not', span: node.opSpan }
      : node === step.condition && node.kind === 'unary' && step.verbSpan.end > 0
        ? {
            text: 'say what goes with `remove` instead of `where not`',
            replacement: 'remove ',
            span: { ...step.verbSpan, end: node.operand.span.start },
          }
        : { text: 'say what goes with `remove`' };
  ctx.report(codes.nullLint, { op, column }, node.span, { suggestion: fix });
}

function negationOf(node: Ast.Expr): string | null {
  if (node.kind === 'binary') return node.op === '!=' || node.op.startsWith('not ') ? node.op : null;
  if (node.kind === 'unary') return node.op === 'not' ? 'not' : null;
  if (node.kind === 'in' || node.kind === 'between') return node.negated ? `not ${node.kind}` : null;
  return null;
}

/** The first nullable column in it, when one of its operands is nullable because of it. */
function nullableColumn(ctx: Context, node: Ast.Expr): string | null {
  const operands =
    node.kind === 'binary'
      ? [node.left, node.right]
      : node.kind === 'unary'
        ? [node.operand]
        : node.kind === 'in' || node.kind === 'between'
          ? [node.value]
          : [];
  for (const operand of operands) {
    const bound = ctx.bound.get(operand);
    if (operand.kind === 'column' && bound?.nullable === true) return operand.name;
    const below =
      operand.kind === 'binary' || operand.kind === 'unary' || operand.kind === 'in' || operand.kind === 'between'
        ? nullableColumn(ctx, operand)
        : null;
    if (below !== null) return below;
  }
  return null;
}
