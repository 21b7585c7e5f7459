import type { Expr, NamedExpr } from '../../../engine/expr.ts';
import { operator } from '../../../engine/operators/registry.ts';
import { T } from '../../../engine/types.ts';
import type * as Ast from '../../../grammar/ast.ts';
import { codes } from '../../diagnostics.ts';
import type { AggregateNode, JoinNode, LogicalNode } from '../../logical.ts';
import type { Context } from '../context.ts';
import { column, literal } from '../exprs.ts';
import { base, columnRefs, project, schemaOfOutputs } from '../nodes.ts';

/** By set the names of its keys, in the order in which the sets were written. */
export type GroupingSets = readonly (readonly string[])[];

const MOST_SETS = 4096;

/** The sets of one element behind `by`; `names`: those of its keys, by its sets. */
export function setsOf(form: Ast.GroupingSets['form'], names: GroupingSets): GroupingSets {
  if (form === 'sets') return names;
  const [keys = []] = names;
  if (form === 'rollup') return Array.from({ length: keys.length + 1 }, (_, i) => keys.slice(0, keys.length - i));
  const count = 2 ** Math.min(keys.length, 30);
  if (count > MOST_SETS) return new Array<readonly string[]>(count > MOST_SETS ? MOST_SETS + 1 : count).fill([]);
  return Array.from({ length: count }, (_, i) => keys.filter((_key, k) => ((i >> (keys.length - 1 - k)) & 1) === 0));
}

/** Every set of one element with every set of the others. */
export function crossed(ctx: Context, elements: readonly GroupingSets[], span: Ast.Span): GroupingSets | null {
  const count = elements.reduce((n, sets) => n * sets.length, 1);
  if (count > MOST_SETS) {
    ctx.report(codes.badCount, { what: 'the number of sets', expected: `at most ${MOST_SETS}, not ${count}` }, span);
    return null;
  }
  return elements.reduce<GroupingSets>(
    (all, sets) => all.flatMap((before) => sets.map((set) => [...new Set([...before, ...set])])),
    [[]],
  );
}

/** Numbers of the sets in which a key is, or is not. */
function numbersOf(sets: GroupingSets, key: string, within: boolean): number[] {
  return sets.flatMap((set, i) => (set.includes(key) === within ? [i] : []));
}

function isOneOf(id: Expr, numbers: readonly number[]): Expr {
  return {
    kind: 'in',
    arg: id,
    values: [...numbers],
    hasNull: false,
    negated: false,
    type: T.bool,
    nullable: false,
  };
}

/** `grouping(a, b)`: one bit for each key, the first the highest; 1 in rows of the sets that do not have it. */
export function groupingBits(keys: readonly string[], sets: GroupingSets | null, id: Expr): Expr {
  const value = (i: number): number =>
    keys.reduce((bits, key) => 2 * bits + (sets?.[i]?.includes(key) === false ? 1 : 0), 0);
  const byValue = new Map<number, number[]>();
  for (const i of (sets ?? []).keys()) byValue.set(value(i), [...(byValue.get(value(i)) ?? []), i]);
  byValue.delete(0);
  if (byValue.size === 0) return literal(T.int, 0);
  return {
    kind: 'case',
    type: T.int,
    nullable: false,
    branches: [...byValue].map(([bits, numbers]) => ({ when: isOneOf(id, numbers), then: literal(T.int, bits) })),
    otherwise: literal(T.int, 0),
  };
}

export interface Expanded {
  readonly input: LogicalNode;
  /** The keys, null in rows of the sets that do not have them, and behind them the number of the set. */
  readonly keys: readonly NamedExpr[];
}

/** Each row once for each set, with the number of the set as the column `id`. */
export function expand(
  ctx: Context,
  input: LogicalNode,
  keys: readonly NamedExpr[],
  sets: GroupingSets,
  id: string,
  step: { readonly span: Ast.Span },
  label: string,
): Expanded {
  const numbers = literal(
    T.list(T.int, false),
    sets.map((_, i) => i),
  );
  const rows = project(ctx, input, [...columnRefs(input.schema), { name: id, expr: numbers }], step, label);
  const params = { lists: [id], outer: false };
  const schema = operator('explode').schema(params, [rows.schema]);
  const number = column({ name: id, type: T.int, nullable: false });
  const present = keys.map(({ name, expr }): NamedExpr => {
    const within = numbersOf(sets, name, true);
    if (within.length === sets.length) return { name, expr };
    const none: Expr = { ...literal(T.null, null), type: expr.type };
    const branches = [{ when: isOneOf(number, within), then: expr }];
    return { name, expr: { kind: 'case', branches, otherwise: none, type: expr.type, nullable: true } };
  });
  const exploded: LogicalNode = { ...base(ctx, schema, [rows], step, label), op: 'explode', ...params };
  return { input: exploded, keys: [...present, { name: id, expr: number }] };
}

/** The set without keys has its one row even where there is no row at all: then it is made of aggregates over nothing. */
export function withTotals(
  ctx: Context,
  node: AggregateNode,
  sets: GroupingSets,
  id: string,
  step: { readonly span: Ast.Span },
): LogicalNode {
  const empty = sets.flatMap((set, i) => (set.length === 0 ? [i] : []));
  if (empty.length === 0) return node;
  const none: LogicalNode = {
    ...base(ctx, node.schema, [node], step, node.label),
    op: 'filter',
    predicate: literal(T.bool, false),
  };
  const aggregates = node.aggregates.map((call) => ({
    ...call,
    args: call.args.map((arg) => (arg.kind === 'literal' ? arg : { ...literal(T.null, null), type: arg.type })),
  }));
  const totals: AggregateNode = {
    ...base(
      ctx,
      aggregates.map(({ name, type, nullable }) => ({ name, type, nullable })),
      [none],
      step,
      node.label,
    ),
    op: 'aggregate',
    keys: [],
    aggregates,
  };
  const alone = empty.map((number) => {
    const outputs = node.schema.map((f): NamedExpr => {
      if (f.name === id) return { name: id, expr: literal(T.int, number) };
      const isKey = node.keys.some((key) => key.name === f.name);
      return { name: f.name, expr: isKey ? { ...literal(T.null, null), type: f.type } : column(f) };
    });
    return missing(ctx, project(ctx, totals, outputs, step, node.label), node, id, step);
  });
  return { ...base(ctx, node.schema, [node, ...alone], step, node.label), op: 'union' };
}

/** The row of a set, unless the set has rows. */
function missing(
  ctx: Context,
  row: LogicalNode,
  groups: LogicalNode,
  id: string,
  step: { readonly span: Ast.Span },
): JoinNode {
  const key = column({ name: id, type: T.int, nullable: false });
  return {
    ...base(ctx, row.schema, [row, groups], step, row.label),
    op: 'join',
    kind: 'anti',
    leftKeys: [key],
    rightKeys: [key],
    residual: null,
    nearest: null,
    right: [],
    add: [],
    matching: 'many',
  };
}

/** The schema of keys and aggregates. */
export function groupedSchema(keys: readonly NamedExpr[], aggregates: AggregateNode['aggregates']) {
  return [...schemaOfOutputs(keys), ...aggregates.map(({ name, type, nullable }) => ({ name, type, nullable }))];
}
