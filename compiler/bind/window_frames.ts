import type { Expr, IntervalValue, LiteralExpr, SortKey } from '../../engine/expr.ts';
import { implicitCost } from '../../engine/functions/types.ts';
import { formatType, isNumeric } from '../../engine/types.ts';
import type * as Ast from '../../grammar/ast.ts';
import type { Suggestion } from '../../grammar/diagnostics.ts';
import { codes } from '../diagnostics.ts';
import type { RangeEnd, WindowFrame } from '../logical.ts';
import { castTo, foldConstant } from './casts.ts';
import { bindConstant } from './constants.ts';
import { isUnknown } from './exprs.ts';
import { call, show } from './invoke.ts';
import type { Env } from './scope.ts';

const PEERS: RangeEnd = { kind: 'offset', value: 0 };
const DAY_MICROS = 86_400_000_000;

/** Without a frame: from the first row to the row and its peers, or the whole partition where there is no order. Null: reported. */
export function bindFrame(
  env: Env,
  node: Ast.Frame | null,
  sort: readonly SortKey[],
  over: Ast.Over,
): WindowFrame | null {
  if (node === null)
    return sort.length === 0 ? { unit: 'rows', low: null, high: null } : { unit: 'range', low: null, high: PEERS };
  return node.unit === 'rows' ? rowsFrame(env, node) : rangeFrame(env, node, sort, over);
}

function fail({ ctx }: Env, why: string, span: Ast.Span, suggestion?: Suggestion): null {
  ctx.report(codes.badFrame, { why }, span, { suggestion });
  return null;
}

function rowsFrame(env: Env, node: Ast.Frame): WindowFrame | null {
  const low = node.low === null ? null : rowsOf(env, node.low);
  const high = node.high === null ? null : rowsOf(env, node.high);
  if (low === undefined || high === undefined) return null;
  if (low !== null && high !== null && low > high)
    return fail(env, `the frame ends before it begins: ${low} lies behind ${high}`, node.span, {
      text: `write \`rows ${high}..${low}\``,
      replacement: `rows ${high}..${low}`,
    });
  return { unit: 'rows', low, high };
}

function rowsOf(env: Env, node: Ast.Expr): number | undefined {
  const e = bindConstant(env.ctx, node, 'an end of a frame');
  if (isUnknown(e)) return undefined;
  if (e.type.kind === 'int' && typeof e.value === 'number') return e.value;
  const suggestion =
    e.type.kind === 'int' ? undefined : { text: '`rows` counts rows; `range` goes by the value of the sort key' };
  env.ctx.report(codes.wrongType, { what: 'an end of `rows`', expected: 'an int', found: show(e) }, node.span, {
    suggestion,
  });
  return undefined;
}

function rangeFrame(env: Env, node: Ast.Frame, sort: readonly SortKey[], over: Ast.Over): WindowFrame | null {
  const [key] = sort;
  const ends = [node.low, node.high].map((end) =>
    end === null ? null : bindConstant(env.ctx, end, 'an end of a frame'),
  );
  if (ends.some((e) => e !== null && isUnknown(e))) return null;
  const byValue = ends.some((e) => e !== null && !isZero(e));
  if (key === undefined && ends.some((e) => e !== null)) {
    env.ctx.report(codes.needsSort, { name: 'a `range`' }, over.span, {
      suggestion: { text: 'say by which value: `over (by … sort day range -30d..0)`' },
    });
    return null;
  }
  if (byValue && sort.length > 1)
    return fail(env, 'a `range` by value goes by one sort key, and there are more', node.span, {
      text: 'leave one key, or count rows with `rows`',
    });
  const [low, high] = [node.low, node.high].map((end, i) =>
    end === null || key === undefined ? null : rangeEnd(env, ends[i] as LiteralExpr, end, key),
  );
  if (low === undefined || high === undefined) return null;
  if (low?.kind === 'offset' && high?.kind === 'offset' && low.value > high.value)
    return fail(env, 'the frame ends before it begins', node.span, { text: 'write the smaller end first' });
  return { unit: 'range', low, high };
}

function isZero(e: LiteralExpr): boolean {
  return isNumeric(e.type) && Number(e.value) === 0;
}

/** undefined: reported. */
function rangeEnd(env: Env, e: LiteralExpr, node: Ast.Expr, key: SortKey): RangeEnd | undefined {
  if (isZero(e)) return PEERS;
  const { type } = key.expr;
  const wrong = (why: string, suggestion?: Suggestion): undefined => {
    fail(env, why, node.span, suggestion);
    return undefined;
  };
  if (isNumeric(type)) {
    if (!isNumeric(e.type) || implicitCost(e.type, type) === null)
      return wrong(`the sort key is ${formatType(type)}, and does not move by ${show(e)}`, {
        text: isNumeric(e.type)
          ? `convert the key: \`sort …::${formatType(e.type)}\``
          : `write a number in the unit of the key`,
      });
    const moved = foldConstant(env.ctx, castTo(e, type), node.span);
    if (typeof moved.value !== 'number' && typeof moved.value !== 'bigint') return undefined;
    return Number.isNaN(moved.value)
      ? wrong('an end of a frame is not a number')
      : { kind: 'offset', value: moved.value };
  }
  if (type.kind !== 'date' && type.kind !== 'timestamp' && type.kind !== 'time')
    return wrong(
      `a \`range\` goes by a number, a date, a timestamp or a time, and the sort key is ${formatType(type)}`,
      {
        text: 'count rows with `rows`',
      },
    );
  if (e.type.kind !== 'interval')
    return wrong(`the sort key is ${formatType(type)}, and moves by a duration, not by ${show(e)}`, {
      text: 'write a duration: `range -30d..0`',
    });
  return moveBy(e, key, wrong);
}

/** Whole days and smaller units are offsets; months have no fixed length, so the bound is computed for each row. */
function moveBy(e: LiteralExpr, key: SortKey, wrong: (why: string) => undefined): RangeEnd | undefined {
  const { months, days, micros } = e.value as IntervalValue;
  const { kind } = key.expr.type;
  if (kind === 'date' && micros !== 0) return wrong('a date moves by whole days, weeks, months or years');
  if (kind === 'time' && (months !== 0 || days !== 0)) return wrong('a time moves by hours, minutes and seconds');
  if (months === 0) return { kind: 'offset', value: kind === 'date' ? days : days * DAY_MICROS + micros };
  const expr: Expr = call(key.desc ? 'sub' : 'add', [key.expr, e]);
  return { kind: 'bound', expr };
}
