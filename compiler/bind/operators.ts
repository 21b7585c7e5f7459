import type { Expr } from '../../engine/expr.ts';
import { formatType, isNumeric, T } from '../../engine/types.ts';
import type * as Ast from '../../grammar/ast.ts';
import type { Suggestion } from '../../grammar/diagnostics.ts';
import { quoteName } from '../../grammar/words.ts';
import { codes } from '../diagnostics.ts';
import { castExists, foldConstant, isConstant, typeOfText, unify } from './casts.ts';
import { isNullLiteral, isUnknown, literal, TRUE, unknown } from './exprs.ts';
import { call, castSuggestion, reportMisfit, show, tryCall } from './invoke.ts';
import { floatLiteral, intLiteral } from './literals.ts';
import type { Env } from './scope.ts';
import { bindInPipeline } from './subqueries.ts';

const arithmetic: Readonly<Partial<Record<Ast.BinaryOp, string>>> = {
  '+': 'add',
  '-': 'sub',
  '*': 'mul',
  '/': 'div',
  '//': 'intdiv',
  '%': 'mod',
};
const comparisons: Readonly<Partial<Record<Ast.BinaryOp, string>>> = {
  '==': 'eq',
  '!=': 'ne',
  '<': 'lt',
  '<=': 'le',
  '>': 'gt',
  '>=': 'ge',
  is: 'is',
  'is not': 'isnot',
};
const texts: Readonly<Partial<Record<Ast.BinaryOp, string>>> = {
  like: 'like',
  'not like': 'like',
  matches: 'matches',
  'not matches': 'matches',
};

export function bindBinary(env: Env, node: Ast.Binary): Expr {
  const { op } = node;
  if (op === 'and' || op === 'or') return bindLogical(env, node, op);
  const comparison = comparisons[op];
  if (comparison !== undefined && op !== 'is' && op !== 'is not' && comparesNull(node)) return reportNull(env, node);
  const left = env.bind(node.left);
  const right = env.bind(node.right);
  if (isUnknown(left) || isUnknown(right)) return unknown();
  if (op === '??') return bindCoalesce(env, node, left, right);
  if (comparison !== undefined) return compare(env, node, comparison, left, right);
  const name = arithmetic[op] ?? texts[op] ?? op;
  const made = tryCall(name, [left, right]);
  if (made === null) {
    reportMisfit(env.ctx, name, [left, right], [node.left, node.right], node.span, `\`${op}\``);
    return unknown();
  }
  return op.startsWith('not ') ? call('not', [made]) : made;
}

/** Sides that stay on their own in a chain are bound one after another, however long it is. */
function bindLogical(env: Env, node: Ast.Binary, op: 'and' | 'or'): Expr {
  const left = condition(env, node.left, `a side of \`${op}\``);
  const right = condition(env, node.right, `a side of \`${op}\``);
  return isUnknown(left) || isUnknown(right) ? unknown() : call(op, [left, right]);
}

/** A bool; anything else is reported as `what`. */
export function condition(env: Env, node: Ast.Expr, what: string): Expr {
  const e = env.bind(node);
  if (isUnknown(e) || e.type.kind === 'bool') return e;
  if (isNullLiteral(e)) return { ...e, type: T.bool };
  env.ctx.report(codes.wrongType, { what, expected: 'a bool', found: show(e) }, node.span, {
    suggestion: conditionHint(node, e),
  });
  return unknown();
}

function conditionHint(node: Ast.Expr, e: Expr) {
  const insert = node.span.end > 0 && node.kind === 'column' ? { ...node.span, start: node.span.end } : undefined;
  const offer = (text: string, replacement: string) => ({ text, ...(insert ? { replacement, span: insert } : {}) });
  if (e.type.kind === 'int' || e.type.kind === 'float' || e.type.kind === 'decimal')
    return offer('compare it: `!= 0`', ' != 0');
  if (e.type.kind === 'string') return offer('compare it with a text, or convert it with `::bool`', '::bool');
  return offer('ask whether it is there: `is not null`', ' is not null');
}

function comparesNull(node: Ast.Binary): boolean {
  return node.left.kind === 'null' || node.right.kind === 'null';
}

function reportNull(env: Env, node: Ast.Binary): Expr {
  const instead = node.op === '==' ? 'is' : node.op === '!=' ? 'is not' : null;
  // The other side is bound all the same, for the mistakes in it.
  env.bind(node.left.kind === 'null' ? node.right : node.left);
  env.ctx.report(codes.nullComparison, { op: node.op }, node.span, {
    suggestion:
      instead === null
        ? { text: 'null has no order: ask with `is null` whether a value is missing' }
        : { text: `write \`${instead} null\``, replacement: instead, span: node.opSpan },
  });
  return unknown();
}

function compare(
  env: Env,
  node: { span: Ast.Span; left: Ast.Expr; right: Ast.Expr },
  name: string,
  left: Expr,
  right: Expr,
): Expr {
  const made = tryCall(name, [left, right]);
  if (made !== null) return made;
  reportIncomparable(env, node, left, right);
  return unknown();
}

function reportIncomparable(
  env: Env,
  node: { span: Ast.Span; left: Ast.Expr; right: Ast.Expr },
  left: Expr,
  right: Expr,
): void {
  if (left.type.kind === right.type.kind) {
    reportMisfit(env.ctx, 'lt', [left, right], [node.left, node.right], node.span, 'a comparison');
    return;
  }
  const [text, other, textNode, otherNode] =
    left.type.kind === 'string' ? [left, right, node.left, node.right] : [right, left, node.right, node.left];
  const suggestion =
    quotedColumn(env, textNode) ??
    boolHint(text, other, otherNode) ??
    boolHint(other, text, textNode) ??
    textHint(text, other, textNode, otherNode) ??
    otherHint(text, other, otherNode);
  env.ctx.report(codes.incomparable, { left: show(left), right: show(right) }, node.span, { suggestion });
}

/** `"age" > 3`: quotes around the name of a column. */
function quotedColumn(env: Env, node: Ast.Expr): Suggestion | undefined {
  if (node.kind !== 'string' || node.value === '' || env.scope.lookup(node.value) === undefined) return undefined;
  const name = quoteName(node.value);
  return { text: `a column stands without quotes: \`${name}\``, replacement: name, span: node.span };
}

/** `active == 1`: a bool has two values, and these are their names. */
function boolHint(bool: Expr, other: Expr, node: Ast.Expr): Suggestion | undefined {
  if (bool.type.kind !== 'bool' || other.type.kind !== 'int' || node.kind !== 'int') return undefined;
  const value = node.value === '0' ? 'false' : 'true';
  return {
    text: `a bool is ${value === 'true' ? 'true' : 'false'}, and no number: write \`${value}\``,
    replacement: value,
    span: node.span,
  };
}

/** Text is what is converted: it is what was not declared as something better. A text literal is written as what it means. */
function textHint(text: Expr, other: Expr, node: Ast.Expr, otherNode: Ast.Expr): Suggestion | undefined {
  if (!castExists(text.type, other.type)) return undefined;
  if (
    text.type.kind === 'string' &&
    node.kind !== 'string' &&
    (otherNode.kind === 'int' || otherNode.kind === 'float')
  ) {
    return {
      text: `text compares with text: \`"${otherNode.value}"\``,
      replacement: `"${otherNode.value}"`,
      span: otherNode.span,
    };
  }
  if (node.kind !== 'string') return castSuggestion(node, formatType(other.type), other.type);
  if (typeOfText(node.value)?.kind === other.type.kind) return castSuggestion(node, formatType(other.type), other.type);
  const isNumber = isNumeric(other.type) && /^-?\d+(\.\d+)?$/.test(node.value);
  return isNumber
    ? { text: `write \`${node.value}\` without quotes`, replacement: node.value, span: node.span }
    : undefined;
}

function otherHint(text: Expr, other: Expr, node: Ast.Expr): Suggestion | undefined {
  return castExists(other.type, text.type) ? castSuggestion(node, formatType(text.type), text.type) : undefined;
}

function bindCoalesce(env: Env, node: Ast.Binary, left: Expr, right: Expr): Expr {
  const made = tryCall('coalesce', [left, right]);
  if (made !== null) return made;
  unify(env.ctx, 'the two sides of `??`', [left, right], node.span);
  return unknown();
}

export function bindUnary(env: Env, node: Ast.Unary): Expr {
  if (node.op === 'not') {
    const operand = condition(env, node.operand, 'what `not` negates');
    return isUnknown(operand) ? operand : call('not', [operand]);
  }
  if (node.op === '-' && node.operand.kind === 'int') return intLiteral(env.ctx, node.operand, true, node.span);
  if (node.op === '-' && node.operand.kind === 'float') {
    const e = floatLiteral(env.ctx, node.operand);
    return isUnknown(e) ? e : literal(e.type, -(e.value as number));
  }
  const operand = env.bind(node.operand);
  if (isUnknown(operand)) return operand;
  const negated = tryCall('neg', [operand]);
  if (negated === null) {
    reportMisfit(env.ctx, 'neg', [operand], [node.operand], node.span, `\`${node.op}\``);
    return unknown();
  }
  return node.op === '+' ? operand : negated;
}

export function bindBetween(env: Env, node: Ast.Between): Expr {
  const value = env.bind(node.value);
  const low = env.bind(node.low);
  const high = env.bind(node.high);
  if ([value, low, high].some(isUnknown)) return unknown();
  const above = compare(env, { span: node.span, left: node.value, right: node.low }, 'ge', value, low);
  const below = compare(env, { span: node.span, left: node.value, right: node.high }, 'le', value, high);
  if (isUnknown(above) || isUnknown(below)) return unknown();
  const inside = call('and', [above, below]);
  return node.negated ? call('not', [inside]) : inside;
}

export function bindIn(env: Env, node: Ast.In): Expr {
  const { set } = node;
  if (set.kind === 'pipeline') return bindInPipeline(env, node, set);
  const arg = env.bind(node.value);
  if (set.kind === 'range') return inRange(env, node, arg, set);
  if (set.kind === 'list')
    return inItems(
      env,
      node,
      arg,
      set.items.map((item) => env.bind(item)),
      set.items,
    );
  const list = env.bind(set);
  if (isUnknown(arg) || isUnknown(list)) return unknown();
  if (list.type.kind !== 'list') {
    env.ctx.report(
      codes.wrongType,
      { what: 'what stands behind `in`', expected: 'a list', found: show(list) },
      set.span,
      {
        suggestion: { text: 'write the values in brackets: `in [1, 2]`' },
      },
    );
    return unknown();
  }
  if (list.kind === 'literal') {
    const { item } = list.type;
    const values = (list.value ?? []) as readonly Expr['type'][];
    return inItems(
      env,
      node,
      arg,
      values.map((value) => literal(item.type, value as never)),
      values.map(() => set),
    );
  }
  const made = tryCall('contains', [list, arg]);
  if (made === null) {
    reportMisfit(env.ctx, 'contains', [list, arg], [set, node.value], node.span, '`in`');
    return unknown();
  }
  return node.negated ? call('not', [made]) : made;
}

function inRange(env: Env, node: Ast.In, arg: Expr, set: Ast.Range): Expr {
  if (set.low === null || set.high === null) {
    env.ctx.report(codes.misplaced, { what: 'a range without both ends', where: 'behind `in`' }, set.span);
    return unknown();
  }
  const ends = [env.bind(set.low), env.bind(set.high)] as const;
  if ([arg, ...ends].some(isUnknown)) return unknown();
  const above = compare(env, { span: node.span, left: node.value, right: set.low }, 'ge', arg, ends[0]);
  const below = compare(env, { span: node.span, left: node.value, right: set.high }, 'le', arg, ends[1]);
  if (isUnknown(above) || isUnknown(below)) return unknown();
  const inside = call('and', [above, below]);
  return node.negated ? call('not', [inside]) : inside;
}

function inItems(env: Env, node: Ast.In, arg: Expr, items: readonly Expr[], nodes: readonly Ast.Expr[]): Expr {
  if (isUnknown(arg) || items.some(isUnknown)) return unknown();
  const misfit = items.findIndex((item) => tryCall('eq', [arg, item]) === null);
  if (misfit >= 0) {
    const item = items[misfit] as Expr;
    const itemNode = nodes[misfit] as Ast.Expr;
    reportIncomparable(env, { span: itemNode.span, left: node.value, right: itemNode }, arg, item);
    return unknown();
  }
  const folded = items.map((item, i) =>
    isConstant(item) ? foldConstant(env.ctx, item, (nodes[i] as Ast.Expr).span) : item,
  );
  if (folded.every((item) => item.kind === 'literal')) {
    const unified = unify(env.ctx, 'the value and the list', [arg, ...folded], node.span);
    const [value, ...constants] = unified?.exprs ?? [];
    if (value === undefined || constants.some((c) => c.kind !== 'literal')) return unknown();
    const all = constants.flatMap((c) => (c.kind === 'literal' ? [c.value] : []));
    const hasNull = all.includes(null);
    return {
      kind: 'in',
      arg: value,
      values: all.filter((v) => v !== null),
      hasNull,
      negated: node.negated,
      type: T.bool,
      nullable: value.nullable || hasNull,
    };
  }
  const any = folded.map((item) => call('eq', [arg, item])).reduce((a, b) => call('or', [a, b]));
  return node.negated ? call('not', [any]) : any;
}

/** True where the condition is not true: the rows that `remove` and the later outputs of `split` keep. */
export function notTrue(e: Expr): Expr {
  return call('isnot', [e, TRUE]);
}
