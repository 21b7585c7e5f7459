import { Expr, type ExprInput, toExpr } from './expr.ts';
import { make, name } from './nodes.ts';

/** A call of any function of the library: `fn('upper', 'name')`. Text arguments are expressions; a text constant is `lit('x')`. */
export function fn(functionName: string, ...args: readonly ExprInput[]): Expr {
  return new Expr(make('call', { name: name(functionName), distinct: false, args: args.map(toArg) }));
}

function toArg(input: ExprInput) {
  return make('arg', { name: null, value: toExpr(input) });
}

const aggregate =
  (functionName: string) =>
  (value: ExprInput): Expr =>
    fn(functionName, value);

/** Rows; with an argument, its values that are not null. */
export function count(value?: ExprInput): Expr {
  return value === undefined ? fn('count') : fn('count', value);
}

/** Different values that are not null. */
export function countDistinct(value: ExprInput): Expr {
  return new Expr(make('call', { name: name('count'), distinct: true, args: [toArg(value)] }));
}

export const sum = aggregate('sum');
export const mean = aggregate('mean');
export const min = aggregate('min');
export const max = aggregate('max');
export const median = aggregate('median');
export const stddev = aggregate('stddev');
export const variance = aggregate('variance');
export const first = aggregate('first');
export const last = aggregate('last');
export const any = aggregate('any');
export const all = aggregate('all');

/** The value below which the share `q` (0 to 1) of the values lies. */
export function quantile(value: ExprInput, q: number): Expr {
  return fn('quantile', value, new Expr(make('float', { value: Number.isInteger(q) ? `${q}.0` : String(q) })));
}
