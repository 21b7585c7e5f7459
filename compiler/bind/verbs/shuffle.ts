/** Steps that draw rows or put them in another order: by a hash of a seed and of the number of the row, so that nothing but the data and the seed decides. */

import type { Expr, NamedExpr, SortKey } from '../../../engine/expr.ts';
import { T } from '../../../engine/types.ts';
import type * as Ast from '../../../grammar/ast.ts';
import { codes } from '../../diagnostics.ts';
import type { LogicalNode, NumberNode, SortNode, WindowCall } from '../../logical.ts';
import { bindConstant, bindCount, bindSeed } from '../constants.ts';
import type { Context, Rows } from '../context.ts';
import { createEnv } from '../expr.ts';
import { column, isUnknown, literal, unknown } from '../exprs.ts';
import { call, show, tryCall } from '../invoke.ts';
import { base, columnRefs, freeName, project } from '../nodes.ts';
import { rowScope } from '../scope.ts';
import { windowNode } from '../window_steps.ts';
import { filter, sort } from './rows.ts';

type Step = { readonly span: Ast.Span };

interface Numbered {
  readonly rows: NumberNode;
  readonly number: Expr;
}

function numbered(ctx: Context, input: LogicalNode, step: Step, label: string): Numbered {
  const field = { name: freeName('row', new Set(input.schema.map((f) => f.name))), type: T.int, nullable: false };
  const rows: NumberNode = {
    ...base(ctx, [...input.schema, field], [input], step, label),
    op: 'number',
    as: field.name,
  };
  return { rows, number: column(field) };
}

/** Evenly spread from 0 to below 1. */
function drawn(seed: number, number: Expr): Expr {
  return call('hash_unit', [literal(T.int, seed), number]);
}

/** Sorted by keys that are columns of the step alone. */
function sortedBy(ctx: Context, input: LogicalNode, exprs: readonly Expr[], step: Step, label: string): SortNode {
  const keys = exprs.map((expr): SortKey => ({ expr, desc: false, nullsFirst: false }));
  return { ...base(ctx, input.schema, [input], step, label), op: 'sort', keys, limit: null };
}

/** The rows without the columns that the step added. */
function only(ctx: Context, rows: LogicalNode, schema: LogicalNode['schema'], step: Step, label: string): LogicalNode {
  return project(ctx, rows, columnRefs(schema), step, label);
}

/** A share of the rows, each drawn by itself; or so many rows, those with the least hashes. Their order stays. */
export function sample(ctx: Context, input: Rows, step: Ast.SampleStep): Rows {
  const amount = amountOf(ctx, step.amount);
  const seed = bindSeed(ctx, step.seed);
  const env = createEnv(ctx, rowScope(input?.schema ?? null));
  const keys = step.by.map((item) => env.bind(item.value));
  if (input === null || amount === null || keys.some(isUnknown)) return input;
  const label = `sample ${amount.value}`;
  const { rows, number } = numbered(ctx, input, step, label);
  const draw = drawn(seed, number);
  if (keys.length > 0) {
    const picked = ofEach(ctx, rows, keys, [draw, number], amount, step);
    return only(ctx, sortedBy(ctx, picked, [number], step, label), input.schema, step, label);
  }
  if (amount.kind === 'share') {
    const kept = filter(ctx, rows, call('lt', [draw, literal(T.float, amount.value)]), step, label);
    return kept === null ? null : only(ctx, kept, input.schema, step, label);
  }
  const first: LogicalNode = {
    ...base(ctx, rows.schema, [sortedBy(ctx, rows, [draw, number], step, label)], step, label),
    op: 'limit',
    skip: 0,
    take: amount.value,
  };
  return only(ctx, sortedBy(ctx, first, [number], step, label), input.schema, step, label);
}

/** The first rows of each group in the order of their draws: so many, or a share that is rounded, and at least one. */
function ofEach(
  ctx: Context,
  rows: LogicalNode,
  keys: readonly Expr[],
  order: readonly Expr[],
  amount: Amount,
  step: Ast.SampleStep,
): LogicalNode {
  const label = `sample ${amount.value} by …`;
  const sort = order.map((expr): SortKey => ({ expr, desc: false, nullsFirst: false }));
  const window = { keys, sort, ties: null, skip: 0 };
  if (amount.kind === 'rows' || amount.value === 0)
    return windowNode(ctx, rows, { ...window, calls: [], take: amount.value }, step, label);
  const taken = new Set(rows.schema.map((f) => f.name));
  const [place, size] = ['place', 'size'].map((name) => freeName(name, taken)) as [string, string];
  const calls = [windowCall(place, 'row_number'), windowCall(size, 'count')];
  const counted = windowNode(ctx, rows, { ...window, calls, take: null }, step, label);
  const int = (name: string): Expr => column({ name, type: T.int, nullable: false });
  const share = call('mul', [int(size), literal(T.float, amount.value)]);
  const within = call('le', [int(place), call('add', [share, literal(T.float, 0.5)])]);
  const kept = call('or', [call('eq', [int(place), literal(T.int, 1)]), within]);
  return filter(ctx, counted, kept, step, label) ?? counted;
}

/** A call over the whole partition. */
function windowCall(name: string, fn: string): WindowCall {
  const frame = { unit: 'rows', low: null, high: null } as const;
  return {
    name,
    fn,
    args: [],
    distinct: false,
    constant: null,
    fallback: null,
    ignoreNulls: false,
    frame,
    type: T.int,
    nullable: false,
  };
}

interface Amount {
  readonly kind: 'share' | 'rows';
  readonly value: number;
}

function amountOf(ctx: Context, node: Ast.Expr): Amount | null {
  const e = bindConstant(ctx, node, 'the size of a sample');
  if (isUnknown(e)) return null;
  if (e.type.kind === 'int' || e.value === null || typeof e.value !== 'number') {
    const value = bindCount(ctx, node, 'the size of a sample', 0);
    return value === null ? null : { kind: 'rows', value };
  }
  if (e.value >= 0 && e.value <= 1) return { kind: 'share', value: e.value };
  ctx.report(codes.badCount, { what: 'a share', expected: `between 0 and 1, not ${e.value}` }, node.span, {
    suggestion: { text: 'a whole number is a number of rows' },
  });
  return null;
}

/** All rows in an order that only the seed knows. */
export function shuffle(ctx: Context, input: Rows, step: Ast.ShuffleStep): Rows {
  const seed = bindSeed(ctx, step.seed);
  if (input === null) return null;
  const { rows, number } = numbered(ctx, input, step, 'shuffle');
  return only(ctx, sortedBy(ctx, rows, [drawn(seed, number)], step, 'shuffle'), input.schema, step, 'shuffle');
}

/**
 * `by k`: rows with equal keys stand together, in `n` groups by the hash of their keys; within a group their order stays. `by range k`: in the order of the
 * keys. Without keys nothing moves.
 */
export function repartition(ctx: Context, input: Rows, step: Ast.RepartitionStep): Rows {
  const count = step.count === null ? null : bindCount(ctx, step.count, 'a number of partitions', 1);
  if (step.mode === 'range')
    return sort(ctx, input, { kind: 'sort', span: step.span, verbSpan: step.verbSpan, keys: step.keys });
  const env = createEnv(ctx, rowScope(input?.schema ?? null));
  const keys = step.keys.map((key) => env.bind(key.value));
  if (input === null || keys.length === 0 || keys.some(isUnknown)) return input;
  const hash = tryCall('hash', keys) ?? unknown();
  if (isUnknown(hash)) {
    ctx.report(
      codes.noOverload,
      { name: '`repartition`', types: keys.map(show) },
      step.keys[0]?.value.span ?? step.span,
    );
    return input;
  }
  const group = count === null ? hash : call('mod', [hash, literal(T.int, count)]);
  const name = freeName('partition', new Set(input.schema.map((f) => f.name)));
  const outputs: NamedExpr[] = [...columnRefs(input.schema), { name, expr: group }];
  const grouped = project(ctx, input, outputs, step, 'repartition');
  const key = column({ name, type: group.type, nullable: group.nullable });
  return only(ctx, sortedBy(ctx, grouped, [key], step, 'repartition'), input.schema, step, 'repartition');
}
