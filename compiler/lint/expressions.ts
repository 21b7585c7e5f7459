/** Conditions that are always the same, and other expressions that say less than they seem to. */
import { RunError } from '../../engine/errors.ts';
import { evaluateConstant } from '../../engine/expr/compile.ts';
import type * as Ast from '../../grammar/ast.ts';
import { noSpan } from '../../grammar/ast.ts';
import { printNode } from '../../grammar/print.ts';
import { rewrite, walk } from '../../grammar/walk.ts';
import { isConstant } from '../bind/casts.ts';
import type { Context } from '../bind/context.ts';
import { codes } from '../diagnostics.ts';

export function lintExpressions(ctx: Context): void {
  walk(ctx.file, (node) => {
    if (node.kind === 'binary') lintBinary(ctx, node);
    else if (node.kind === 'between') lintBetween(ctx, node);
    else if (node.kind === 'where' || node.kind === 'remove') lintCondition(ctx, node.condition);
  });
}

const COMPARISONS: ReadonlySet<Ast.BinaryOp> = new Set(['==', '!=', '<', '<=', '>', '>=', 'is', 'is not']);

function lintBinary(ctx: Context, node: Ast.Binary): void {
  if (node.op === '??') lintCoalesce(ctx, node);
  else if (node.op === 'like' || node.op === 'not like') lintLike(ctx, node);
  else if (COMPARISONS.has(node.op)) lintComparison(ctx, node);
}

function lintComparison(ctx: Context, node: Ast.Binary): void {
  const bound = ctx.bound.get(node);
  const left = ctx.bound.get(node.left);
  const right = ctx.bound.get(node.right);
  if (bound === undefined || left === undefined || right === undefined) return;
  const value = constantOf(ctx, node);
  if (value !== null) {
    ctx.report(codes.constantCondition, { value, why: 'it compares constants' }, node.span);
    return;
  }
  const nullTest = node.op === 'is' || node.op === 'is not';
  if (nullTest && node.right.kind === 'null' && !left.nullable) {
    const why = `${shown(node.left)} is never null`;
    ctx.report(codes.constantCondition, { value: node.op === 'is' ? 'false' : 'true', why }, node.span);
    return;
  }
  if (!same(node.left, node.right)) return;
  const holds = ['==', '<=', '>=', 'is'].includes(node.op);
  const null_ = left.nullable && !nullTest ? ', or null' : '';
  ctx.report(codes.constantCondition, { value: `${holds}${null_}`, why: 'both sides are the same' }, node.span);
}

/** `where true`, and a whole condition over parameters that have no default to differ from. */
function lintCondition(ctx: Context, node: Ast.Expr): void {
  if (node.kind !== 'bool') return;
  ctx.report(codes.constantCondition, { value: String(node.value), why: 'it holds no column' }, node.span);
}

/** The value of an expression without columns and parameters; null when it depends on something. */
function constantOf(ctx: Context, node: Ast.Expr): string | null {
  let depends = false;
  walk(node, (child) => {
    if (['column', 'paramRef', 'call', 'in', 'scalar', 'over'].includes(child.kind)) depends = true;
    return !depends;
  });
  const bound = ctx.bound.get(node);
  if (depends || bound === undefined || !isConstant(bound)) return null;
  try {
    return String(evaluateConstant(bound));
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    return null;
  }
}

function lintCoalesce(ctx: Context, node: Ast.Binary): void {
  lintLoose(ctx, node);
  const left = ctx.bound.get(node.left);
  if (left === undefined || left.nullable || left.type.kind === 'null') return;
  const span = { ...node.opSpan, start: node.left.span.end, end: node.right.span.end };
  ctx.report(codes.neverNull, { what: shown(node.left) }, node.span, {
    suggestion: { text: 'leave the right side out', replacement: '', span },
  });
}

const ARITHMETIC: ReadonlySet<string> = new Set(['+', '-', '*', '/', '//', '%']);

/** `salary + tax ?? 0`. Places do not hold parentheses: more than a blank between the sum and `??` may be one. */
function lintLoose(ctx: Context, node: Ast.Binary): void {
  const { left } = node;
  if (left.kind !== 'binary' || !ARITHMETIC.has(left.op) || node.opSpan.end === 0) return;
  if (node.opSpan.start - left.span.end > 1) return;
  const inner = left.right;
  ctx.report(codes.looseDefault, { written: `(${printNode(left)}) ?? ${printNode(node.right)}` }, node.span, {
    suggestion: {
      text: `for a default of \`${printNode(inner)}\` alone: \`${printNode(left.left)} ${left.op} (${printNode(inner)} ?? ${printNode(node.right)})\``,
    },
  });
}

function lintLike(ctx: Context, node: Ast.Binary): void {
  if (node.right.kind !== 'string' || /[%_\\]/.test(node.right.value)) return;
  const instead = node.op === 'like' ? '==' : '!=';
  ctx.report(codes.plainPattern, { op: node.op, instead }, node.span, {
    suggestion: { text: `write \`${instead}\`, or % for any text around it`, replacement: instead, span: node.opSpan },
  });
}

function lintBetween(ctx: Context, node: Ast.Between): void {
  const [low, high] = [node.low, node.high];
  if (low.kind !== high.kind) return;
  const numbers = low.kind === 'int' || low.kind === 'float';
  const dates = low.kind === 'date' || low.kind === 'timestamp';
  if ((!numbers && !dates) || !('value' in low) || !('value' in high)) return;
  const swapped = numbers ? Number(low.value) > Number(high.value) : String(low.value) > String(high.value);
  if (!swapped) return;
  ctx.report(codes.emptyRange, { low: shown(low), high: shown(high) }, node.span, {
    suggestion: {
      text: 'the smaller bound stands first',
      replacement: `${printNode(high)} and ${printNode(low)}`,
      span: { ...low.span, end: high.span.end },
    },
  });
}

const shown = (node: Ast.Expr): string => `\`${printNode(node)}\``;

/** The same text of both, whatever their places. */
function same(a: Ast.Expr, b: Ast.Expr): boolean {
  return a.kind === b.kind && JSON.stringify(placeless(a)) === JSON.stringify(placeless(b));
}

function placeless(node: Ast.Expr): unknown {
  return rewrite(node, (child) => ({ ...child, span: noSpan, ...('opSpan' in child ? { opSpan: noSpan } : {}) }));
}
