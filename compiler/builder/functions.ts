import { Expr, type ExprInput, lit, toExpr } from './expr.ts';
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

/** Window functions: `rank().over({ by: 'region', sort: desc('revenue') })`. */
export const rowNumber = (): Expr => fn('row_number');
export const rank = (): Expr => fn('rank');
export const denseRank = (): Expr => fn('dense_rank');
export const percentRank = (): Expr => fn('percent_rank');
export const cumeDist = (): Expr => fn('cume_dist');
export const ntile = (buckets: number): Expr => fn('ntile', lit(buckets));
export const firstValue = (value: ExprInput, options: NullOptions = {}): Expr =>
  picked('first_value', [value], options);
export const lastValue = (value: ExprInput, options: NullOptions = {}): Expr => picked('last_value', [value], options);
export const nthValue = (value: ExprInput, n: number, options: NullOptions = {}): Expr =>
  picked('nth_value', [value, lit(n)], options);
/** The value `offset` rows before the row, 1 if not given; `default`, or null, where there is none. */
export const lag = (value: ExprInput, options: OffsetOptions = {}): Expr => picked('lag', [value], options);
/** The value `offset` rows behind the row. */
export const lead = (value: ExprInput, options: OffsetOptions = {}): Expr => picked('lead', [value], options);

interface NullOptions {
  /** Rows whose value is null do not count. */
  readonly ignoreNulls?: boolean;
}

interface OffsetOptions extends NullOptions {
  readonly offset?: number;
  readonly default?: ExprInput;
}

function picked(functionName: string, args: readonly ExprInput[], options: OffsetOptions): Expr {
  const given: readonly (readonly [string, ExprInput | undefined])[] = [
    ['offset', options.offset === undefined ? undefined : lit(options.offset)],
    ['default', options.default],
    ['ignore_nulls', options.ignoreNulls === true ? lit(true) : undefined],
  ];
  const named = given.flatMap(([key, value]) =>
    value === undefined ? [] : [make('arg', { name: name(key), value: toExpr(value) })],
  );
  return new Expr(make('call', { name: name(functionName), distinct: false, args: [...args.map(toArg), ...named] }));
}

/** The value below which the share `q` (0 to 1) of the values lies. */
export function quantile(value: ExprInput, q: number): Expr {
  return fn('quantile', value, new Expr(make('float', { value: Number.isInteger(q) ? `${q}.0` : String(q) })));
}
