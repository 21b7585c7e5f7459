import { columnsOf, type Expr } from '../../../engine/expr.ts';
import { commonType } from '../../../engine/functions/types.ts';
import type { Nearest } from '../../../engine/operators/params.ts';
import { codes } from '../../diagnostics.ts';
import type { JoinNode } from '../../logical.ts';
import { castTo } from '../casts.ts';
import { RIGHT, renameRight, type Sides } from './join_scope.ts';

/** What a join condition asks: pairs of keys, what an as-of join compares, and what is tested on pairs. */
export interface Condition {
  readonly left: Expr[];
  readonly right: Expr[];
  readonly rest: Expr[];
  readonly nearest: JoinNode['nearest'];
}

/** Equalities between the sides become pairs of keys of one type; what else the condition asks is tested on the pairs. Null: reported. */
export function splitCondition(sides: Sides, on: Expr): Condition | null {
  const keys = { left: [] as Expr[], right: [] as Expr[], rest: [] as Expr[] };
  const stack: Expr[] = [on];
  for (let e = stack.pop(); e !== undefined; e = stack.pop()) {
    if (e.kind === 'call' && e.fn === 'and') stack.push(...[...e.args].reverse());
    else if (!addKey(keys, e)) keys.rest.push(e);
  }
  if (sides.kind === 'asof') return nearestOf(sides, keys);
  if (keys.left.length === 0) lintCross(sides, keys.rest);
  return { ...keys, nearest: null };
}

type Keys = Omit<Condition, 'nearest'>;

function addKey(keys: Keys, e: Expr): boolean {
  if (e.kind !== 'call' || e.fn !== 'eq') return false;
  const pair = sidesOf(e);
  if (pair === null) return false;
  keys.left.push(pair.left);
  keys.right.push(pair.right);
  return true;
}

/** Both sides of a comparison in one type, where one reads the left rows only and the other the right ones. */
function sidesOf(e: Expr & { kind: 'call' }): { left: Expr; right: Expr; swapped: boolean } | null {
  const [a, b] = e.args;
  if (a === undefined || b === undefined) return null;
  const [sideA, sideB] = [sideOf(a), sideOf(b)];
  if (sideA === null || sideB === null || sideA === sideB) return null;
  const type = commonType(a.type, b.type);
  if (type === null) return null;
  const [left, right] = sideA === 'left' ? [a, b] : [b, a];
  return {
    left: castTo(left, type),
    right: renameRight(castTo(right, type), (name) => name),
    swapped: sideA === 'right',
  };
}

/** The side whose columns it reads; null when it reads none, or both. */
function sideOf(e: Expr): 'left' | 'right' | null {
  const names = [...columnsOf(e)];
  const right = names.filter((name) => name.startsWith(RIGHT)).length;
  if (names.length === 0 || (right > 0 && right < names.length)) return null;
  return right > 0 ? 'right' : 'left';
}

const MIRRORED = { ge: 'le', gt: 'lt', le: 'ge', lt: 'gt' } as const;

/** An as-of join compares one value of each side; besides that there may be equalities only. */
function nearestOf({ ctx, step }: Sides, keys: Keys): Condition | null {
  const [first, ...others] = keys.rest;
  const found = first === undefined ? null : inequality(first);
  if (found !== null && others.length === 0) return { ...keys, rest: [], nearest: found };
  const odd = found === null ? first : others[0];
  const why =
    odd === undefined
      ? 'has no inequality between its two sides'
      : found === null
        ? 'can only compare the two sides with each other'
        : 'has more than one condition besides its equalities';
  ctx.report(codes.asofCondition, { why }, odd?.span ?? step.on?.span ?? step.verbSpan, {
    suggestion: {
      text: 'say what must be equal, and one inequality: `on id == r.id and at >= r.at`; filter either side before the join',
    },
  });
  return null;
}

function inequality(e: Expr): JoinNode['nearest'] {
  if (e.kind !== 'call' || !(e.fn in MIRRORED)) return null;
  const pair = sidesOf(e);
  if (pair === null) return null;
  const op = e.fn as Nearest['op'];
  return { op: pair.swapped ? MIRRORED[op] : op, left: pair.left, right: pair.right };
}

/** Warns of a condition that does not relate the two sides: each row would match all rows, or none. */
function lintCross({ ctx, step }: Sides, rest: readonly Expr[]): void {
  const relates = rest.some((e) => {
    const names = [...columnsOf(e)];
    return names.some((name) => name.startsWith(RIGHT)) && names.some((name) => !name.startsWith(RIGHT));
  });
  if (relates) return;
  ctx.report(codes.crossLint, {}, step.on?.span ?? step.verbSpan, {
    suggestion: { text: 'say what must be equal on both sides: `on id == r.id`, or write `join cross` for all pairs' },
  });
}
