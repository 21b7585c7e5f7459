import type { AggregateCall, Expr } from '../../../engine/expr.ts';
import { operator } from '../../../engine/operators/registry.ts';
import { type Schema, T } from '../../../engine/types.ts';
import type * as Ast from '../../../grammar/ast.ts';
import type { AggregateNode, LogicalNode } from '../../logical.ts';
import type { Context } from '../context.ts';
import { column, literal } from '../exprs.ts';
import { and, call } from '../invoke.ts';
import { base, columnRefs, freeName, project } from '../nodes.ts';

/**
 * `except` and `intersect`: all rows together, counted by which relation they come from. Equal rows are those that `distinct` takes as equal: null equals null, nan
 * equals nan.
 */
export function byCounts(
  ctx: Context,
  inputs: readonly LogicalNode[],
  target: Schema,
  step: Ast.SetStep,
  label: string,
): LogicalNode {
  const taken = new Set(target.map((f) => f.name));
  const names = inputs.map((_, i) => {
    const name = freeName(`rows ${i + 1}`, taken);
    taken.add(name);
    return name;
  });
  const marked = inputs.map((rows, own) => {
    const marks = names.map((name, i) => ({ name, expr: literal(T.int, i === own ? 1 : null) }));
    const outputs = [...columnRefs(target), ...marks.map((m) => ({ ...m, expr: { ...m.expr, nullable: true } }))];
    return project(ctx, rows, outputs, step, label);
  });
  const wide = [...target, ...names.map((name) => ({ name, type: T.int, nullable: true }))];
  const all: LogicalNode = { ...base(ctx, wide, marked, step, label), op: 'union' };
  const aggregates = names.map((name): AggregateCall => {
    const args = [column({ name, type: T.int, nullable: true })];
    return { name, fn: 'count', args, distinct: false, type: T.int, nullable: false };
  });
  const schema = [...target, ...names.map((name) => ({ name, type: T.int, nullable: false }))];
  const counted: AggregateNode = {
    ...base(ctx, schema, [all], step, label),
    op: 'aggregate',
    keys: columnRefs(target),
    aggregates,
  };
  const counts = names.map((name) => column({ name, type: T.int, nullable: false }));
  const kept: LogicalNode = {
    ...base(ctx, schema, [counted], step, label),
    op: 'filter',
    predicate: isKept(step, counts),
  };
  if (step.quantifier !== 'all') return project(ctx, kept, columnRefs(target), step, label);
  const times = names[0] ?? '';
  const outputs = [...columnRefs(target), { name: times, expr: copies(step, counts) }];
  const rows = project(ctx, kept, outputs, step, label);
  return {
    ...base(ctx, operator('repeat').schema({ count: times }, [rows.schema]), [rows], step, label),
    op: 'repeat',
    count: times,
  };
}

const ZERO = literal(T.int, 0);

function isKept({ op, quantifier }: Ast.SetStep, counts: readonly Expr[]): Expr {
  const [first, ...others] = counts;
  const there = (n: Expr): Expr => call('gt', [n, ZERO]);
  if (first === undefined) return literal(T.bool, false);
  if (op === 'except' && quantifier === 'all') return there(copies({ op }, counts));
  const rest = others.map((n) => (op === 'except' ? call('eq', [n, ZERO]) : there(n)));
  return and([there(first), ...rest]) ?? there(first);
}

/** How often a row is there: as often as in all, or as often as the first has it more often than the others together. */
function copies({ op }: Pick<Ast.SetStep, 'op'>, counts: readonly Expr[]): Expr {
  return op === 'except' ? counts.reduce((left, n) => call('sub', [left, n])) : call('least', counts);
}
