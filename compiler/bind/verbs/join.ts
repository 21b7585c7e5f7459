import type { Expr, NamedExpr } from '../../../engine/expr.ts';
import { keepsRight, onlyFilters } from '../../../engine/operators/params.ts';
import type { Field } from '../../../engine/types.ts';
import type * as Ast from '../../../grammar/ast.ts';
import { quoteName } from '../../../grammar/words.ts';
import { codes } from '../../diagnostics.ts';
import type { LogicalNode } from '../../logical.ts';
import type { Context, Rows } from '../context.ts';
import { createEnv } from '../expr.ts';
import { column, isUnknown, substitute, unknown } from '../exprs.ts';
import { call } from '../invoke.ts';
import { base, columnRefs, columnsByName, freeName, nameOf, project, text } from '../nodes.ts';
import { condition } from '../operators.ts';
import { type Condition, splitCondition } from './join_condition.ts';
import { type Added, type Asked, joinNode, label, outerPairs } from './join_nodes.ts';
import { isRight, RIGHT, renameRight, type Sides, scopeOf } from './join_scope.ts';

export function join(ctx: Context, left: Rows, step: Ast.JoinStep): Rows {
  const right = ctx.relation(step.relation);
  const alias = step.alias?.text ?? (step.relation.kind === 'relationName' ? step.relation.name : null);
  const { joinKind } = step;
  const sides: Sides = { ctx, step, left, right, alias, kind: joinKind === 'cross' ? 'inner' : joinKind };
  const on =
    step.on === null ? null : condition(createEnv(ctx, scopeOf(sides, false)), step.on, 'what stands behind `on`');
  const adds = bindAdds(sides);
  checkClauses(sides);
  const whole = joinKind === 'cross' ? step.on === null : on !== null && !isUnknown(on);
  if (!whole || left === null || right === null) return afterError(sides, adds);
  return assemble(sides, left, right, on, adds);
}

function checkClauses({ ctx, step, kind }: Sides): void {
  if (onlyFilters(kind)) {
    const [first] = step.add;
    if (first !== undefined) ctx.report(codes.joinClause, { kind, clause: '`add`' }, first.span);
    if (step.matching !== null) ctx.report(codes.joinClause, { kind, clause: '`matching`' }, step.verbSpan);
  }
  if (step.joinKind === 'cross') {
    if (step.on !== null)
      ctx.report(codes.joinClause, { kind: 'cross', clause: '`on`' }, step.on.span, {
        suggestion: { text: 'leave `cross` out: an inner join takes any condition' },
      });
  } else if (step.on === null)
    ctx.report(codes.noJoinKey, {}, step.verbSpan, { suggestion: { text: 'say what must be equal: `on id == c.id`' } });
}

/** What is known about the result of a join that is wrong: with `add`, which columns it has. */
function afterError({ ctx, step, left, right, kind }: Sides, adds: readonly NamedExpr[]): Rows {
  if (left === null) return null;
  if (onlyFilters(kind)) return left;
  if (step.add.length === 0 && right === null) return null;
  const known = new Set(left.schema.map((f) => f.name));
  const added = step.add.length > 0 ? adds : columnRefs(right?.schema ?? []);
  const fields = added
    .filter(({ name }) => !known.has(name))
    .map(({ name, expr }) => ({ name, type: expr.type, nullable: true }));
  return { ...base(ctx, [...left.schema, ...fields], [left], step, 'join'), op: 'filter', predicate: unknown() };
}

function bindAdds(sides: Sides): NamedExpr[] {
  const { ctx, step, left } = sides;
  const env = createEnv(ctx, scopeOf(sides, true));
  const taken = new Set((left?.schema ?? []).map((f) => f.name));
  const out: NamedExpr[] = [];
  for (const item of step.add) {
    const expr = env.bind(item.value);
    const name = nameOf(ctx, item);
    if (name === null) continue;
    if (taken.has(name)) {
      const offer = `${quoteName(`${sides.alias ?? 'right'}_${name}`)} = `;
      ctx.report(codes.duplicateColumn, { name }, item.span, {
        suggestion:
          item.name === null
            ? {
                text: `give it another name: \`${offer}…\``,
                replacement: offer,
                span: { ...item.span, end: item.span.start },
              }
            : { text: 'give it another name' },
      });
    }
    taken.add(name);
    out.push({ name, expr });
  }
  return out;
}

function assemble(
  sides: Sides,
  left: LogicalNode,
  right: LogicalNode,
  on: Expr | null,
  adds: readonly NamedExpr[],
): Rows {
  const { ctx, step, kind, alias } = sides;
  const asked = on === null ? ALL_PAIRS : splitCondition(sides, on);
  const entering = asked === null ? null : enteringColumns(sides, left, right, asked, adds);
  if (asked === null || entering === null) return afterError(sides, adds);
  // Where right rows stay alone, a key that both sides call the same is that of whichever side is there.
  const taken = new Set([...left.schema, ...entering.add].map((one) => one.name));
  const merged = (keepsRight(kind) ? sameKeys(asked) : []).map((key) => ({
    name: freeName(`${alias ?? 'right'}.${key}`, taken),
    column: key,
  }));
  const whole: Asked = { ...sides, left, right, asked, add: [...entering.add, ...merged] };
  const node =
    kind !== 'inner' && keepsRight(kind) && asked.left.length === 0 ? outerPairs(whole) : joinNode(whole, kind);
  if (entering.computed === null && merged.length === 0) return node;
  const fields = columnsByName(node.schema);
  const keys = new Map(merged.map((one) => [one.column, mergedKey(whole, one, fields)]));
  const outputs = [
    ...columnRefs(node.schema.slice(0, left.schema.length)).map(({ name, expr }) => ({
      name,
      expr: keys.get(name) ?? expr,
    })),
    ...(entering.computed?.map(({ name, expr }) => ({ name, expr: substitute(expr, (one) => keys.get(one)) })) ??
      columnRefs(node.schema.slice(left.schema.length, node.schema.length - merged.length))),
  ];
  return project(ctx, node, outputs, step, label(sides));
}

const ALL_PAIRS: Condition = { left: [], right: [], rest: [], nearest: null };

function mergedKey({ left, right }: Asked, { name, column: key }: Added, fields: ReadonlyMap<string, Field>): Expr {
  const own = columnsByName(left.schema).get(key) as Field;
  const theirs = columnsByName(right.schema).get(key) as Field;
  const made = call('coalesce', [column(fields.get(key) as Field), column(fields.get(name) as Field)]);
  return { ...made, nullable: own.nullable || theirs.nullable };
}

/** Keys that are plain columns of one name on both sides. */
function sameKeys({ left, right }: Condition): string[] {
  return right.flatMap((key, i) => {
    const other = left[i];
    return key.kind === 'column' && other?.kind === 'column' && key.name === other.name ? [key.name] : [];
  });
}

/** The right columns that enter, and (where `add` computes) what is made of them behind the join. Null: reported. */
function enteringColumns(
  sides: Sides,
  left: LogicalNode,
  right: LogicalNode,
  asked: Condition,
  adds: readonly NamedExpr[],
): { add: readonly Added[]; computed: readonly NamedExpr[] | null } | null {
  if (onlyFilters(sides.kind)) return { add: [], computed: null };
  if (sides.step.add.length === 0) return allColumns(sides, left, right, asked);
  if (adds.some(({ expr }) => isUnknown(expr))) return null;
  if (adds.every(({ expr }) => isRight(expr))) {
    const add = adds.map(({ name, expr }) => ({
      name,
      column: expr.kind === 'column' ? expr.name.slice(RIGHT.length) : '',
    }));
    return { add, computed: null };
  }
  const taken = new Set([...left.schema.map((f) => f.name), ...adds.map((one) => one.name)]);
  const hidden = new Map<string, string>();
  const computed = adds.map(({ name, expr }) => ({
    name,
    expr: renameRight(expr, (from) => {
      const known = hidden.get(from) ?? freeName(`${sides.alias ?? 'right'}.${from}`, taken);
      hidden.set(from, known);
      taken.add(known);
      return known;
    }),
  }));
  return { add: [...hidden].map(([from, name]) => ({ name, column: from })), computed };
}

/** Without `add`: all, where nothing collides. A key that equals the left column of the same name says nothing new, and stays out. */
function allColumns(
  { ctx, step, alias }: Sides,
  left: LogicalNode,
  right: LogicalNode,
  asked: Condition,
): { add: readonly Added[]; computed: null } | null {
  const leftNames = new Set(left.schema.map((f) => f.name));
  const same = new Set(sameKeys(asked));
  const entering = right.schema.map((f) => f.name).filter((name) => !same.has(name));
  const collisions = entering.filter((name) => leftNames.has(name));
  if (collisions.length === 0) return { add: entering.map((name) => ({ name, column: name })), computed: null };
  const shown = alias ?? 'right';
  const [first = ''] = collisions;
  ctx.report(codes.joinCollision, { names: collisions, alias: shown }, step.relation.span, {
    notes: [`columns of the right side: ${text(entering)}`],
    suggestion: {
      text: `say which columns enter, and as what: \`add ${quoteName(`${shown}_${first}`)} = ${quoteName(shown)}.${quoteName(first)}, …\``,
    },
  });
  return null;
}
