import { columnsOf, type Expr, type NamedExpr, rewriteExpr } from '../../../engine/expr.ts';
import { commonType } from '../../../engine/functions/types.ts';
import type { JoinKind } from '../../../engine/operators/params.ts';
import type { Field, Schema } from '../../../engine/types.ts';
import type * as Ast from '../../../grammar/ast.ts';
import { quoteName } from '../../../grammar/words.ts';
import { codes } from '../../diagnostics.ts';
import type { JoinNode, LogicalNode } from '../../logical.ts';
import { castTo } from '../casts.ts';
import type { Context, Rows } from '../context.ts';
import { createEnv } from '../expr.ts';
import { column, isUnknown, unknown } from '../exprs.ts';
import { and } from '../invoke.ts';
import { base, columnRefs, columnsByName, freeName, nameOf, project, text } from '../nodes.ts';
import { condition } from '../operators.ts';
import { type AliasScope, reportColumn, rowScope, type Scope } from '../scope.ts';

/** While a join is bound, columns of the right side have names that no column of the left side can have. */
const RIGHT = '\u0000right ';

const executable: ReadonlySet<string> = new Set<JoinKind>(['inner', 'left', 'semi', 'anti']);

interface Sides {
  readonly ctx: Context;
  readonly step: Ast.JoinStep;
  readonly left: Rows;
  readonly right: Rows;
  /** The name of the right side in conditions; null when it has none. */
  readonly alias: string | null;
  readonly kind: JoinKind;
}

export function join(ctx: Context, left: Rows, step: Ast.JoinStep): Rows {
  const right = ctx.relation(step.relation);
  const alias = step.alias?.text ?? (step.relation.kind === 'relationName' ? step.relation.name : null);
  const kind = executable.has(step.joinKind) ? (step.joinKind as JoinKind) : null;
  const sides: Sides = { ctx, step, left, right, alias, kind: kind ?? 'left' };
  const on =
    step.on === null ? null : condition(createEnv(ctx, scopeOf(sides, false)), step.on, 'what stands behind `on`');
  const adds = bindAdds(sides);
  if (kind === null) {
    ctx.report(codes.notExecutable, { what: `\`join ${step.joinKind}\`` }, step.verbSpan);
    return null;
  }
  checkClauses(sides);
  if (step.on === null)
    ctx.report(codes.noJoinKey, {}, step.verbSpan, { suggestion: { text: 'say what must be equal: `on id == c.id`' } });
  if (on === null || isUnknown(on) || left === null || right === null) return afterError(sides, adds);
  return assemble(sides, left, right, on, adds);
}

function checkClauses({ ctx, step, kind }: Sides): void {
  if (kind !== 'semi' && kind !== 'anti') return;
  const [first] = step.add;
  if (first !== undefined) ctx.report(codes.joinClause, { kind, clause: '`add`' }, first.span);
  if (step.matching !== null) ctx.report(codes.joinClause, { kind, clause: '`matching`' }, step.verbSpan);
}

/** What is known about the result of a join that is wrong: with `add`, which columns it has. */
function afterError({ ctx, step, left, right, kind }: Sides, adds: readonly NamedExpr[]): Rows {
  if (left === null) return null;
  if (kind === 'semi' || kind === 'anti') return left;
  if (step.add.length === 0 && right === null) return null;
  const known = new Set(left.schema.map((f) => f.name));
  const added = step.add.length > 0 ? adds : columnRefs(right?.schema ?? []);
  const fields = added
    .filter(({ name }) => !known.has(name))
    .map(({ name, expr }) => ({ name, type: expr.type, nullable: true }));
  return { ...base(ctx, [...left.schema, ...fields], [left], step, 'join'), op: 'filter', predicate: unknown() };
}

/** Bare names are columns of the left side; those of the right side stand behind its alias. */
function scopeOf({ left, right, alias }: Sides, outer: boolean): Scope {
  const leftScope = rowScope(left?.schema ?? null);
  const rightColumns = columnsByName(right?.schema ?? []);
  const aliasScope: AliasScope = {
    names: [...rightColumns.keys()],
    open: right === null,
    lookup(name) {
      const field = rightColumns.get(name);
      return field === undefined
        ? undefined
        : column({ ...field, name: RIGHT + name, nullable: field.nullable || outer });
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

function bindAdds(sides: Sides): NamedExpr[] {
  const { ctx, step, kind, left } = sides;
  const env = createEnv(ctx, scopeOf(sides, kind === 'left'));
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

interface Keys {
  readonly left: Expr[];
  readonly right: Expr[];
  readonly rest: Expr[];
}

/** Equalities between the sides become pairs of keys of one type; what else the condition asks is tested on the pairs. */
function splitCondition(on: Expr): Keys {
  const keys: Keys = { left: [], right: [], rest: [] };
  const stack: Expr[] = [on];
  for (let e = stack.pop(); e !== undefined; e = stack.pop()) {
    if (e.kind === 'call' && e.fn === 'and') stack.push(...[...e.args].reverse());
    else if (!addKey(keys, e)) keys.rest.push(e);
  }
  return keys;
}

function addKey(keys: Keys, e: Expr): boolean {
  if (e.kind !== 'call' || e.fn !== 'eq') return false;
  const [a, b] = e.args;
  if (a === undefined || b === undefined) return false;
  const [sideA, sideB] = [sideOf(a), sideOf(b)];
  if (sideA === null || sideB === null || sideA === sideB) return false;
  const type = commonType(a.type, b.type);
  if (type === null) return false;
  const [left, right] = sideA === 'left' ? [a, b] : [b, a];
  keys.left.push(castTo(left, type));
  keys.right.push(renameRight(castTo(right, type), (name) => name));
  return true;
}

/** The side whose columns it reads; null when it reads none, or both. */
function sideOf(e: Expr): 'left' | 'right' | null {
  const names = [...columnsOf(e)];
  const right = names.filter((name) => name.startsWith(RIGHT)).length;
  if (names.length === 0 || (right > 0 && right < names.length)) return null;
  return right > 0 ? 'right' : 'left';
}

function renameRight(e: Expr, rename: (name: string) => string): Expr {
  return rewriteExpr(e, (x) => (isRight(x) ? { ...x, name: rename(x.name.slice(RIGHT.length)) } : x));
}

function isRight(e: Expr): e is Expr & { kind: 'column' } {
  return e.kind === 'column' && e.name.startsWith(RIGHT);
}

function assemble(sides: Sides, left: LogicalNode, right: LogicalNode, on: Expr, adds: readonly NamedExpr[]): Rows {
  const { ctx, step, kind, alias } = sides;
  const keys = splitCondition(on);
  if (keys.left.length === 0) {
    ctx.report(codes.noJoinKey, {}, step.on?.span ?? step.verbSpan);
    return afterError(sides, adds);
  }
  const leftNames = new Set(left.schema.map((f) => f.name));
  const residual = and(keys.rest);
  const seen = new Map<string, string>();
  const name = (columnName: string): string => {
    const known = seen.get(columnName);
    if (known !== undefined) return known;
    const made = freeName(`${alias ?? 'right'}.${columnName}`, leftNames);
    seen.set(columnName, made);
    return made;
  };
  const tested = residual === null ? null : renameRight(residual, name);
  const entering = enteringColumns(sides, left, right, keys, adds);
  if (entering === null) return afterError(sides, adds);
  const fields = entering.add.map((one) => outputField(right.schema, one, kind));
  const label = `join ${step.joinKind} ${alias ?? ''}`.trim();
  const node: JoinNode = {
    ...base(ctx, [...left.schema, ...fields], [left, right], step, label),
    op: 'join',
    kind,
    leftKeys: keys.left,
    rightKeys: keys.right,
    residual: tested,
    right: [...seen].map(([columnName, shown]) => ({ name: shown, column: columnName })),
    add: entering.add,
    matching: step.matching ?? 'many',
  };
  return entering.computed === null
    ? node
    : project(ctx, node, [...columnRefs(left.schema), ...entering.computed], step, label);
}

type Added = JoinNode['add'][number];

function outputField(schema: Schema, { name, column: from }: Added, kind: JoinKind): Field {
  const field = schema.find((f) => f.name === from);
  if (field === undefined) throw new Error(`join adds ${from}, which the right side does not have`);
  return { name, type: field.type, nullable: field.nullable || kind === 'left' };
}

/** The right columns that enter, and (where `add` computes) what is made of them behind the join. Null: reported. */
function enteringColumns(
  sides: Sides,
  left: LogicalNode,
  right: LogicalNode,
  keys: Keys,
  adds: readonly NamedExpr[],
): { add: readonly Added[]; computed: readonly NamedExpr[] | null } | null {
  if (sides.kind === 'semi' || sides.kind === 'anti') return { add: [], computed: null };
  if (sides.step.add.length === 0) return allColumns(sides, left, right, keys);
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
  keys: Keys,
): { add: readonly Added[]; computed: null } | null {
  const leftNames = new Set(left.schema.map((f) => f.name));
  const same = new Set(
    keys.right.flatMap((key, i) => {
      const other = keys.left[i];
      return key.kind === 'column' && other?.kind === 'column' && key.name === other.name ? [key.name] : [];
    }),
  );
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
