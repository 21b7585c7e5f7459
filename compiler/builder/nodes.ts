/** AST nodes that no text stands behind. */
import type * as Ast from '../../grammar/ast.ts';
import { noSpan } from '../../grammar/ast.ts';

/** A node of any kind: the kind says which properties it has. */
export function make<K extends Ast.NodeKind>(
  kind: K,
  rest: Omit<Ast.NodeByKind<K>, 'kind' | 'span'>,
): Ast.NodeByKind<K> {
  return { kind, span: noSpan, ...rest } as unknown as Ast.NodeByKind<K>;
}

/** A step: like any node, with a verb. */
export function makeStep<K extends Ast.StepKind>(
  kind: K,
  rest: Omit<Ast.NodeByKind<K>, 'kind' | 'span' | 'verbSpan'>,
): Ast.NodeByKind<K> {
  return { kind, span: noSpan, verbSpan: noSpan, ...rest } as unknown as Ast.NodeByKind<K>;
}

export function name(text: string): Ast.Name {
  return make('name', { text });
}

export function column(text: string): Ast.Column {
  return make('column', { name: text });
}

export function text(value: string): Ast.StringLiteral {
  return make('string', { value, raw: false });
}

export function binary(op: Ast.BinaryOp, left: Ast.Expr, right: Ast.Expr): Ast.Binary {
  return make('binary', { op, opSpan: noSpan, left, right });
}

/** A JavaScript value that can stand in a pipeline as a constant. Dates are timestamps. */
export type Value = null | boolean | number | bigint | string | Date | readonly Value[];

/** The literal of a value. TypeError for a number that has none (NaN, an infinity) and for an invalid date. */
export function valueNode(value: Value): Ast.Expr {
  if (value === null) return make('null', {});
  if (typeof value === 'boolean') return make('bool', { value });
  if (typeof value === 'string') return text(value);
  if (typeof value === 'bigint') return signed(value < 0n, make('int', { value: String(value < 0n ? -value : value) }));
  if (typeof value === 'number') return numberNode(value);
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new TypeError('an invalid Date has no literal');
    return make('timestamp', { value: value.toISOString() });
  }
  return make('list', { items: value.map(valueNode) });
}

function numberNode(value: number): Ast.Expr {
  if (!Number.isFinite(value)) throw new TypeError(`${value} has no literal`);
  const size = Math.abs(value);
  const written = String(size);
  const node = Number.isSafeInteger(value)
    ? make('int', { value: written })
    : make('float', { value: /[.e]/.test(written) ? written : `${written}.0` });
  return signed(value < 0, node);
}

function signed(negative: boolean, node: Ast.Expr): Ast.Expr {
  return negative ? make('unary', { op: '-', operand: node }) : node;
}
