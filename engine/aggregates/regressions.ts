import type { AggregateDef } from './def.ts';
import type { Formula } from './moments.ts';
import { moments } from './moments.ts';

/** SQL's linear regression of y (the first argument) on x: the moments call the first one x. */

const numbers = 'y: int | float | decimal, x: int | float | decimal';

const slope: Formula = (c) => (c.yy === 0 ? null : c.xy / c.yy);

const intercept: Formula = (c) => {
  const s = slope(c);
  return s === null ? null : c.mx - s * c.my;
};

/** 1 where y does not vary, as SQL has it. */
const r2: Formula = (c) => (c.yy === 0 ? null : c.xx === 0 ? 1 : Math.min(1, (c.xy / c.xx) * (c.xy / c.yy)));

const entry = (name: string, doc: string, example: string, formula: Formula): AggregateDef => ({
  name,
  doc,
  signature: `${name}(${numbers}) -> float?`,
  example: `summarize ${example} = ${name}(weight, height) by breed`,
  resolve: (args) => moments(args, 2, formula),
});

export const REGRESSIONS: readonly AggregateDef[] = [
  entry(
    'regr_slope',
    'The slope of the line that fits y on x best; null where x does not vary. Rows where one is null do not count.',
    'per_cm',
    slope,
  ),
  entry(
    'regr_intercept',
    'Where the line that fits y on x best meets x = 0; null where x does not vary.',
    'at_zero',
    intercept,
  ),
  entry('regr_r2', 'The share of the variance of y that the line explains; null where x does not vary.', 'fit', r2),
  entry('regr_avgx', 'The mean of x over the rows where neither is null.', 'mean_x', (c) => c.my),
  entry('regr_avgy', 'The mean of y over the rows where neither is null.', 'mean_y', (c) => c.mx),
  entry('regr_sxx', 'The sum of the squared distances of x from its mean.', 'sxx', (c) => c.yy),
  entry('regr_syy', 'The sum of the squared distances of y from its mean.', 'syy', (c) => c.xx),
  entry('regr_sxy', 'The sum of the products of the distances of x and y from their means.', 'sxy', (c) => c.xy),
  {
    name: 'weighted_mean',
    aliases: ['weighted_avg', 'wavg'],
    doc: 'The mean of the values, each counted as often as its weight says: the sum of x * weight over the sum of the weights. Rows where one is null do not count; nan when the weights add up to 0.',
    signature: 'weighted_mean(x: int | float | decimal, weight: int | float | decimal) -> float?',
    example: 'summarize price = weighted_mean(price, quantity) by product',
    resolve: (args) => moments(args, 2, (c) => c.weighted),
  },
];
