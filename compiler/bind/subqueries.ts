import { columnsOf, type Expr, rewriteExpr } from '../../engine/expr.ts';
import { commonType } from '../../engine/functions/types.ts';
import { leftFields } from '../../engine/operators/params.ts';
import { T } from '../../engine/types.ts';
import type * as Ast from '../../grammar/ast.ts';
import { codes } from '../diagnostics.ts';
import type { AggregateNode, JoinNode, LogicalNode } from '../logical.ts';
import { exprsOf, mapExprs } from '../optimize/node_exprs.ts';
import { castTo } from './casts.ts';
import type { Context, Rows } from './context.ts';
import { column, isUnknown, literal, unknown } from './exprs.ts';
import { call, show } from './invoke.ts';
import { base, columnRefs, columnsByName, freeName, project } from './nodes.ts';
import type { Env } from './scope.ts';

/**
 * Pipelines as values. While a step is bound, `scalar(from …)` and `x in (from …)` are columns of names that no file can write; when the step is made, the rows
 * that it reads get those columns, by joins with what the pipelines give (`withSides`).
 */
const SIDE = '\u0000side ';

/** In a join, columns of the right side have names with this prefix (verbs/join_scope.ts). */
export const RIGHT = '\u0000right ';

export interface Side {
  readonly name: string;
  /** The pipeline's rows, of one column. */
  readonly rows: LogicalNode;
  /** Whether the rows have this value; null: the value of the only row. */
  readonly member: Expr | null;
  readonly step: { readonly span: Ast.Span };
}

export function isSide(name: string): boolean {
  return name.startsWith(SIDE);
}

/** The same for all rows, and so for all rows of a group. */
export function isScalar(ctx: Context, name: string): boolean {
  return ctx.sides?.some((side) => side.name === name && side.member === null) ?? false;
}

/** The rows of a pipeline that stands as a value, which has one column. Null: reported. */
function oneColumn(env: Env, pipeline: Ast.Pipeline, what: string, span: Ast.Span): Rows {
  const { ctx } = env;
  const rows = ctx.values(pipeline);
  if (rows === null) return null;
  if (ctx.sides === null) {
    ctx.report(codes.misplaced, { what, where: 'where a constant is needed' }, span, {
      notes: ['a constant is known before the flow runs'],
    });
    return null;
  }
  if (rows.schema.length === 1) return rows;
  const columns = rows.schema.map((f) => f.name);
  ctx.report(codes.subqueryColumns, { what, columns }, span, {
    suggestion: { text: `leave one: \`| select ${columns[0] ?? ''}\`` },
  });
  return null;
}

export function bindScalar(env: Env, node: Ast.Scalar): Expr {
  const { ctx } = env;
  const rows = oneColumn(env, node.pipeline, '`scalar`', node.span);
  const [field] = rows?.schema ?? [];
  if (rows === null || field === undefined || ctx.sides === null) return unknown();
  const side: Side = { name: `${SIDE}${ctx.nextId()}`, rows: oneRow(ctx, rows, node), member: null, step: node };
  ctx.sides.push(side);
  return column({ name: side.name, type: field.type, nullable: true });
}

/** At most one row, or the run fails; exactly one, of null where there is none. */
function oneRow(ctx: Context, rows: LogicalNode, node: Ast.Scalar): LogicalNode {
  if (hasOneRow(rows)) return rows;
  const schema = rows.schema.map((f) => ({ ...f, nullable: true }));
  return { ...base(ctx, schema, [rows], node, 'scalar'), op: 'single' };
}

function hasOneRow(n: LogicalNode): boolean {
  if (n.op === 'project') return n.inputs.every(hasOneRow);
  return n.op === 'aggregate' && n.keys.length === 0;
}

/** The pair that is compared, in one type; null: reported. */
export interface Membership {
  readonly value: Expr;
  readonly rows: LogicalNode;
}

export function bindMembership(env: Env, node: Ast.In, pipeline: Ast.Pipeline): Membership | null {
  const { ctx } = env;
  const value = env.bind(node.value);
  const rows = oneColumn(env, pipeline, '`in`', pipeline.span);
  const [field] = rows?.schema ?? [];
  if (rows === null || field === undefined || isUnknown(value)) return null;
  const type = commonType(value.type, field.type);
  if (type === null) {
    ctx.report(codes.incomparable, { left: show(value), right: show(field) }, node.span);
    return null;
  }
  const name = 'value';
  const expr = castTo(column(field), type);
  return { value: castTo(value, type), rows: project(ctx, rows, [{ name, expr }], node, 'in') };
}

/** `x in (from …)` wherever an expression may stand: a column of true, false or null. */
export function bindInPipeline(env: Env, node: Ast.In, pipeline: Ast.Pipeline): Expr {
  const { ctx } = env;
  const found = bindMembership(env, node, pipeline);
  if (found === null || ctx.sides === null) return unknown();
  const names = [...columnsOf(found.value)];
  const right = names.filter((name) => name.startsWith(RIGHT)).length;
  if (right > 0 && right < names.length) {
    ctx.report(
      codes.misplaced,
      { what: 'a value of both sides', where: 'before `in` over a pipeline' },
      node.value.span,
      {
        suggestion: { text: 'test it with a `where` behind the join' },
      },
    );
    return unknown();
  }
  const name = `${SIDE}${ctx.nextId()}`;
  const member = right > 0 ? rewriteExpr(found.value, bare) : found.value;
  ctx.sides.push({ name, rows: found.rows, member, step: node });
  const nullable = found.value.nullable || found.rows.schema[0]?.nullable !== false;
  const is = column({ name: right > 0 ? RIGHT + name : name, type: T.bool, nullable });
  return node.negated ? call('not', [is]) : is;
}

function bare(e: Expr): Expr {
  return e.kind === 'column' && e.name.startsWith(RIGHT) ? { ...e, name: e.name.slice(RIGHT.length) } : e;
}

/** Binds a step; what it needs of other pipelines is joined to the rows below the nodes that read it. */
export function withSides(ctx: Context, bindRows: () => Rows): Rows {
  return withAllSides(ctx, () => [bindRows()])[0] ?? null;
}

/** The same for a step that makes several relations. */
export function withAllSides(ctx: Context, bindRows: () => readonly Rows[]): readonly Rows[] {
  const outer = ctx.sides;
  const sides: Side[] = [];
  ctx.sides = sides;
  const before = ctx.lastId();
  try {
    const out = bindRows();
    if (sides.length === 0) return out;
    const attach = new Attacher(ctx, sides, before);
    return out.map((rows) => (rows === null ? null : attach.rows(rows)));
  } finally {
    ctx.sides = outer;
  }
}

class Attacher {
  readonly #ctx: Context;
  readonly #sides: ReadonlyMap<string, Side>;
  readonly #before: number;
  readonly #done = new Map<LogicalNode, LogicalNode>();
  readonly #wide = new Map<string, LogicalNode>();

  /** Nodes up to number `before` were there when the step began. */
  constructor(ctx: Context, sides: readonly Side[], before: number) {
    this.#ctx = ctx;
    this.#sides = new Map(sides.map((side) => [side.name, side]));
    this.#before = before;
  }

  rows(n: LogicalNode): LogicalNode {
    if (n.id <= this.#before) return n;
    const known = this.#done.get(n);
    if (known !== undefined) return known;
    const made = this.#make(n);
    this.#done.set(n, made);
    return made;
  }

  #make(n: LogicalNode): LogicalNode {
    const inputs = n.inputs.map((x) => this.rows(x));
    const next = inputs.every((x, i) => x === n.inputs[i]) ? n : ({ ...n, inputs } as LogicalNode);
    const needs = this.#needs(next);
    if (needs.every((names) => names.size === 0)) return next;
    const renamed = new Map<string, string>();
    const wide = inputs.map((x, i) => this.#attach(x, needs[i] ?? new Set(), renamed));
    return this.#above(next, inputs, wide, renamed);
  }

  /** By input, the sides whose columns the node reads. */
  #needs(n: LogicalNode): Set<string>[] {
    const needs = n.inputs.map(() => new Set<string>());
    const add = (input: number, names: Iterable<string>): void => {
      for (const name of names) if (this.#sides.has(name)) needs[input]?.add(name);
    };
    for (const { input, expr } of exprsOf(n)) add(input, columnsOf(expr));
    if (n.op !== 'join') return needs;
    add(
      1,
      n.right.map((r) => r.column),
    );
    if (n.residual !== null) add(0, columnsOf(n.residual));
    return needs;
  }

  #attach(input: LogicalNode, names: ReadonlySet<string>, renamed: Map<string, string>): LogicalNode {
    let rows = input;
    for (const name of names) {
      const side = this.#sides.get(name) as Side;
      const shown = freeName(side.member === null ? 'scalar' : 'in', columnsByName(rows.schema));
      renamed.set(name, shown);
      const key = `${rows.id} ${name}`;
      const made =
        this.#wide.get(key) ??
        (side.member === null
          ? withValue(this.#ctx, rows, side, shown)
          : withMark(this.#ctx, rows, side, side.member, shown));
      this.#wide.set(key, made);
      rows = made;
    }
    return rows;
  }

  /** The node over rows that have the columns; without them again where it would hand them on. */
  #above(
    n: LogicalNode,
    old: readonly LogicalNode[],
    wide: readonly LogicalNode[],
    renamed: ReadonlyMap<string, string>,
  ): LogicalNode {
    const named = mapExprs(n, (e) =>
      rewriteExpr(e, (x) => (x.kind === 'column' ? { ...x, name: renamed.get(x.name) ?? x.name } : x)),
    );
    const moved = { ...named, inputs: wide } as LogicalNode;
    const over =
      moved.op === 'join'
        ? { ...moved, right: moved.right.map((r) => ({ ...r, column: renamed.get(r.column) ?? r.column })) }
        : moved;
    const [before, after] = [old[0], wide[0]];
    if (over.op === 'project' || over.op === 'aggregate' || before === undefined || after === undefined) return over;
    const carries = before.schema.every((f, i) => n.schema[i]?.name === f.name);
    if (!carries || before === after) return over;
    const left = over.op === 'join' ? leftFields(over.kind, after.schema) : after.schema;
    const schema = [...left, ...n.schema.slice(before.schema.length)];
    return project(this.#ctx, { ...over, schema }, columnRefs(n.schema), { span: n.span ?? NO_SPAN }, n.label);
  }
}

const NO_SPAN: Ast.Span = { file: '', start: 0, end: 0 };

/** Every row with the columns of a relation of one row. */
function withRow(
  ctx: Context,
  rows: LogicalNode,
  one: LogicalNode,
  add: JoinNode['add'],
  step: { readonly span: Ast.Span },
  label: string,
): JoinNode {
  const fields = columnsByName(one.schema);
  const added = add.map(({ name, column: from }) => ({
    ...(fields.get(from) ?? { type: T.null }),
    name,
    nullable: true,
  }));
  return joinOf(ctx, 'left', rows, one, { schema: [...rows.schema, ...added], add, step, label });
}

function withValue(ctx: Context, rows: LogicalNode, side: Side, shown: string): LogicalNode {
  const [field] = side.rows.schema;
  return withRow(ctx, rows, side.rows, [{ name: shown, column: field?.name ?? '' }], side.step, 'scalar');
}

interface JoinRest {
  readonly schema: JoinNode['schema'];
  readonly add: JoinNode['add'];
  readonly step: { readonly span: Ast.Span };
  readonly label: string;
  readonly keys?: readonly [Expr, Expr];
}

function joinOf(
  ctx: Context,
  kind: JoinNode['kind'],
  left: LogicalNode,
  right: LogicalNode,
  { schema, add, step, label, keys }: JoinRest,
): JoinNode {
  return {
    ...base(ctx, schema, [left, right], step, label),
    op: 'join',
    kind,
    leftKeys: keys === undefined ? [] : [keys[0]],
    rightKeys: keys === undefined ? [] : [keys[1]],
    residual: null,
    nearest: null,
    right: [],
    add,
    matching: 'many',
  };
}

/** Numbers of the rows of a set, and of those that are not null: what decides where nothing is found. */
function counts(ctx: Context, set: LogicalNode, step: { readonly span: Ast.Span }): AggregateNode {
  const [field] = set.schema;
  const count = (name: string, args: readonly Expr[]) =>
    ({ name, fn: 'count', args, distinct: false, type: T.int, nullable: false }) as const;
  const aggregates = [count('rows', []), count('values', field === undefined ? [] : [column(field)])];
  const schema = aggregates.map(({ name, type, nullable }) => ({ name, type, nullable }));
  return { ...base(ctx, schema, [set], step, 'in'), op: 'aggregate', keys: [], aggregates };
}

/** `rows` with the counts of the set; and what is null of a value that is not found: true where the answer is false. */
function withCounts(
  ctx: Context,
  rows: LogicalNode,
  set: LogicalNode,
  value: Expr,
  step: { readonly span: Ast.Span },
): { rows: LogicalNode; absent: Expr } {
  const taken = columnsByName(rows.schema);
  const [all, valid] = [freeName('rows', taken), freeName('values', taken)];
  const add = [
    { name: all, column: 'rows' },
    { name: valid, column: 'values' },
  ];
  const wide = withRow(ctx, rows, counts(ctx, set, step), add, step, 'in');
  const number = (name: string): Expr => column({ name, type: T.int, nullable: false });
  const known = call('isnot', [value, literal(value.type, null)]);
  const noNulls = call('eq', [number(all), number(valid)]);
  const empty = call('eq', [number(all), literal(T.int, 0)]);
  return { rows: wide, absent: call('or', [empty, call('and', [known, noNulls])]) };
}

/** Every row with a column that says whether the set has the value: true, false, or null where that cannot be told. */
function withMark(ctx: Context, rows: LogicalNode, side: Side, value: Expr, shown: string): LogicalNode {
  const { rows: set, step } = side;
  const [key] = set.schema;
  if (key === undefined) return rows;
  const hit = freeName('found', columnsByName(rows.schema));
  const unique: LogicalNode = { ...base(ctx, set.schema, [set], step, 'in'), op: 'distinct', keys: null };
  const flagged = project(
    ctx,
    unique,
    [...columnRefs(set.schema), { name: 'found', expr: literal(T.bool, true) }],
    step,
    'in',
  );
  const found = joinOf(ctx, 'left', rows, flagged, {
    schema: [...rows.schema, { name: hit, type: T.bool, nullable: true }],
    add: [{ name: hit, column: 'found' }],
    step,
    label: 'in',
    keys: [value, column(key)],
  });
  const isFound = call('isnot', [column({ name: hit, type: T.bool, nullable: true }), literal(T.bool, null)]);
  const sure = !value.nullable && !key.nullable;
  const counted = sure ? null : withCounts(ctx, found, set, value, step);
  const mark: Expr =
    counted === null
      ? isFound
      : {
          kind: 'case',
          type: T.bool,
          nullable: true,
          branches: [
            { when: isFound, then: literal(T.bool, true) },
            { when: counted.absent, then: literal(T.bool, false) },
          ],
          otherwise: literal(T.bool, null),
        };
  return project(ctx, counted?.rows ?? found, [...columnRefs(rows.schema), { name: shown, expr: mark }], step, 'in');
}

function matched(
  ctx: Context,
  kind: 'semi' | 'anti',
  rows: LogicalNode,
  set: LogicalNode,
  value: Expr,
  step: { readonly span: Ast.Span },
  label: string,
): JoinNode {
  const keys = [value, column(set.schema[0] ?? { name: '', type: value.type, nullable: true })] as const;
  return joinOf(ctx, kind, rows, set, { schema: rows.schema, add: [], step, label, keys });
}

/** The rows without those for which `value in (from …)` is true. */
export function dropMembers(
  ctx: Context,
  rows: LogicalNode,
  { value, rows: set }: Membership,
  step: { readonly span: Ast.Span },
): LogicalNode {
  return matched(ctx, 'anti', rows, set, value, step, 'remove … in');
}

/** The rows for which `value in (from …)` is true: a semi join. With `not in` those for which that is true: not where the value, or one of the set, is null. */
export function filterByMembership(
  ctx: Context,
  rows: LogicalNode,
  { value, rows: set }: Membership,
  negated: boolean,
  step: { readonly span: Ast.Span },
): LogicalNode {
  const [key] = set.schema;
  if (key === undefined) return rows;
  const label = negated ? 'where … not in' : 'where … in';
  const kept = matched(ctx, negated ? 'anti' : 'semi', rows, set, value, step, label);
  if (!negated || (!value.nullable && !key.nullable)) return kept;
  const counted = withCounts(ctx, kept, set, value, step);
  const sure: LogicalNode = {
    ...base(ctx, counted.rows.schema, [counted.rows], step, label),
    op: 'filter',
    predicate: counted.absent,
  };
  return project(ctx, sure, columnRefs(rows.schema), step, label);
}
