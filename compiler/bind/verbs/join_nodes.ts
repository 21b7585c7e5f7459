import { type Expr, rewriteExpr } from '../../../engine/expr.ts';
import { type JoinKind, keepsLeft, leftFields } from '../../../engine/operators/params.ts';
import type { Field, Schema } from '../../../engine/types.ts';
import type { JoinNode, LogicalNode } from '../../logical.ts';
import { column, literal } from '../exprs.ts';
import { and } from '../invoke.ts';
import { base, columnsByName, freeName, project } from '../nodes.ts';
import type { Condition } from './join_condition.ts';
import { isRight, RIGHT, renameRight, type Sides } from './join_scope.ts';

export type Added = JoinNode['add'][number];

/** A join of which everything is known. */
export interface Asked extends Sides {
  readonly left: LogicalNode;
  readonly right: LogicalNode;
  readonly asked: Condition;
  readonly add: readonly Added[];
}

export function label({ step, alias }: Sides): string {
  return `join ${step.joinKind} ${alias ?? ''}`.trim();
}

export function joinNode(join: Asked, kind: JoinKind): JoinNode {
  const { ctx, step, left, right, asked, add, alias } = join;
  const shown = shownNames(alias ?? 'right', left.schema);
  const residual = and(asked.rest);
  const tested = residual === null ? null : renameRight(residual, shown.of);
  return {
    ...base(ctx, joinedSchema(join, kind), [left, right], step, label(join)),
    op: 'join',
    kind,
    leftKeys: asked.left,
    rightKeys: asked.right,
    residual: tested,
    nearest: asked.nearest,
    right: shown.columns(),
    add,
    matching: step.matching ?? 'many',
  };
}

function joinedSchema({ left, right, add }: Asked, kind: JoinKind): Schema {
  const theirs = columnsByName(right.schema);
  const added = add.map(({ name, column: from }): Field => {
    const field = theirs.get(from);
    if (field === undefined) throw new Error(`join adds ${from}, which the right side does not have`);
    return { name, type: field.type, nullable: field.nullable || keepsLeft(kind) };
  });
  return [...leftFields(kind, left.schema), ...added];
}

/** Names for the columns of one side next to those of the other one. */
function shownNames(alias: string, others: Schema): { of(name: string): string; columns(): JoinNode['right'] } {
  const taken = new Set(others.map((f) => f.name));
  const seen = new Map<string, string>();
  return {
    of(name) {
      const known = seen.get(name);
      if (known !== undefined) return known;
      const made = freeName(`${alias}.${name}`, taken);
      taken.add(made);
      seen.set(name, made);
      return made;
    },
    columns: () => [...seen].map(([from, name]) => ({ name, column: from })),
  };
}

/** A join without keys that keeps right rows: its pairs (and left rows), and below them the right rows that match nothing. */
export function outerPairs(join: Asked): LogicalNode {
  const { ctx, step, left, right, asked, add, kind } = join;
  const pairs = joinNode(join, kind === 'full' ? 'left' : 'inner');
  const shown = shownNames('left', right.schema);
  const swapped = (e: Expr): Expr => {
    if (e.kind !== 'column') return e;
    return { ...e, name: isRight(e) ? e.name.slice(RIGHT.length) : shown.of(e.name) };
  };
  const residual = and(asked.rest.map((e) => rewriteExpr(e, swapped)));
  const alone: JoinNode = {
    ...base(ctx, right.schema, [right, left], step, label(join)),
    op: 'join',
    kind: 'anti',
    leftKeys: [],
    rightKeys: [],
    residual,
    nearest: null,
    right: shown.columns(),
    add: [],
    matching: 'many',
  };
  const schema = [...leftFields(kind, left.schema), ...pairs.schema.slice(left.schema.length)];
  const theirs = columnsByName(right.schema);
  const names = new Map(add.map((one) => [one.name, one.column]));
  const of = (node: LogicalNode, expr: (f: Field) => Expr): LogicalNode => {
    const outputs = schema.map((f) => ({ name: f.name, expr: { ...expr(f), nullable: f.nullable } }));
    return project(ctx, node, outputs, step, label(join));
  };
  const inputs = [
    of(pairs, column),
    of(alone, (f) => {
      const from = names.get(f.name);
      return from === undefined ? literal(f.type, null) : column(theirs.get(from) as Field);
    }),
  ];
  return { ...base(ctx, schema, inputs, step, label(join)), op: 'union' };
}
