/** The verbs for the reference: one entry each, so that a new verb without one does not compile. Every example parses, which a test checks. */
import type { Verb } from '../../grammar/words.ts';

export interface VerbDoc {
  /** Its form, optional parts in brackets. */
  readonly form: string;
  readonly doc: string;
  readonly example: string;
}

export const VERBS: Readonly<Record<Verb, VerbDoc>> = {
  where: {
    form: 'where condition',
    doc: 'Keeps the rows for which the condition is true. Rows for which it is false or null go.',
    example: '| where amount > 100 and country in ["US", "CA"]',
  },
  remove: {
    form: 'remove condition',
    doc: 'Drops the rows for which the condition is true. Rows for which it is false or null stay.',
    example: '| remove status == "test"',
  },
  derive: {
    form: 'derive name = expression, …',
    doc: 'Adds columns, or replaces those that exist. Each item sees the ones before it.',
    example: '| derive gross = salary + tax, cost = gross * 1.2',
  },
  select: {
    form: 'select column | name = expression | * [except a, b] | "pattern_*", …',
    doc: 'Keeps the named columns, in that order.',
    example: '| select id, year = year(day), "x_*"',
  },
  drop: {
    form: 'drop column | "pattern_*", …',
    doc: 'Leaves columns out.',
    example: '| drop internal_id, "tmp_*"',
  },
  rename: {
    form: 'rename new = old, …',
    doc: 'Gives columns other names, all at once.',
    example: '| rename customer = cust_no',
  },
  summarize: {
    form: 'summarize [name = aggregate, …] [by key, … | rollup(…) | cube(…) | sets((…), …)]',
    doc: 'One row for each combination of the keys, with aggregates over its rows; without keys, one row.',
    example: '| summarize n = count(), total = sum(amount) by country, year = year(day)',
  },
  sort: {
    form: 'sort key [desc] [nulls first], …',
    doc: 'Orders the rows. Equal keys keep their order; nulls are last unless stated otherwise.',
    example: '| sort amount desc, id',
  },
  take: {
    form: 'take n | first..last [sort key, …] [by key, …]',
    doc: 'The first rows, or those from one place to another, counted from 1; with `sort`, the first in that order; with `by`, of each group.',
    example: '| take 3 sort revenue desc by region',
  },
  skip: {
    form: 'skip n',
    doc: 'Leaves the first rows out.',
    example: '| skip 10',
  },
  distinct: {
    form: 'distinct [key, …]',
    doc: 'The first row of each set of equal rows, or for each combination of the keys.',
    example: '| distinct customer',
  },
  join: {
    form: 'join [inner | left | right | full | semi | anti | asof | cross] relation [as name] on condition [matching one | at most one | many] [add column, …]',
    doc: 'Puts the rows of two relations together. The columns of the right side stand behind its name.',
    example: '| join left customers as c on customer_id == c.id matching one add customer = c.name, c.tier',
  },
  union: {
    form: 'union [all | distinct] [by name] relation, …',
    doc: 'The rows of several relations, one below the other. Columns are matched by name.',
    example: '| union archive',
  },
  except: {
    form: 'except [all | distinct] [by name] relation, …',
    doc: 'The rows that the other relation does not have.',
    example: '| except blocked',
  },
  intersect: {
    form: 'intersect [all | distinct] [by name] relation, …',
    doc: 'The rows that both relations have.',
    example: '| intersect members',
  },
  explode: {
    form: 'explode [outer] list [as name], …',
    doc: 'One row for each item of a list or map, several lists in step; with `outer`, also for a row without items.',
    example: '| explode tags as tag',
  },
  pivot: {
    form: 'pivot column values [constant, …] into aggregate, … [by key, …]',
    doc: 'Makes columns of values: a wide table from a long one.',
    example: '| pivot month values ["jan", "feb"] into sum(revenue) by product',
  },
  unpivot: {
    form: 'unpivot column, … into name, value',
    doc: 'Makes rows of columns: a long table from a wide one.',
    example: '| unpivot jan, feb into month, revenue',
  },
  sample: {
    form: 'sample share | n [by key, …] [seed n]',
    doc: 'A random share of the rows, or a number of them: the same ones at each run with the same seed.',
    example: '| sample 0.01 seed 1',
  },
  split: {
    form: 'split name share | name when condition | name rest, … [by key, …] [seed n]',
    doc: 'Several relations, by shares or by conditions. Ends the pipeline of a `let { a, b } =`.',
    example: '| split tr 0.8, te rest by customer_id seed 42',
  },
  expect: {
    form: 'expect condition [: "message"], … [else error | warn | drop | quarantine("path")]',
    doc: 'States what the rows fulfil, and what happens to those that do not.',
    example: '| expect amount >= 0 : "negative amount" else error',
  },
  repartition: {
    form: 'repartition [n] [by key, … | by range key, …]',
    doc: 'Spreads the rows over partitions.',
    example: '| repartition 64 by user_id',
  },
  shuffle: {
    form: 'shuffle [seed n]',
    doc: 'Puts the rows into a random order: the same one at each run with the same seed.',
    example: '| shuffle seed 7',
  },
  map: {
    form: 'map function [as type]',
    doc: 'Calls a function of the host language on each row.',
    example: '| map clean_row',
  },
  map_batches: {
    form: 'map_batches function [as type]',
    doc: 'Calls a function of the host language on batches of rows.',
    example: '| map_batches score_batch as { id: int, score: float }',
  },
  fill: {
    form: 'fill column = expression, … | forward | backward column, … [sort key, …] [by key, …]',
    doc: 'Fills nulls: with a value, or from the rows around.',
    example: '| fill forward price sort day by item',
  },
  train: {
    form: 'train algorithm(option: value, …) label column features column | name = expression | onehot(column) | *, … [seed n]',
    doc: 'Trains a model, which a `let` names. It carries its feature expressions.',
    example: '| train gbt(trees: 200, depth: 6) label churned features age, onehot(country) seed 42',
  },
  predict: {
    form: 'predict model [as name]',
    doc: 'Adds the predictions of a model as a column.',
    example: '| predict m as p',
  },
  evaluate: {
    form: 'evaluate model [by key, …]',
    doc: 'Figures of how well a model predicts its label over these rows.',
    example: '| evaluate m by country',
  },
  tune: {
    form: 'tune algorithm(option: [a, b] | low..high | log_uniform(low, high), …) label … features … metric name trials n folds n [halving n] [seed n]',
    doc: 'Searches the options with which an algorithm learns best.',
    example: '| tune gbt(trees: [100, 200], depth: 3..8) label churned features * metric auc trials 20 folds 5 seed 7',
  },
  write: {
    form: 'write format("path", option: value, …)',
    doc: 'Writes the rows to a file, whole or not at all. Ends a pipeline.',
    example: '| write parquet("out/orders.parquet")',
  },
};
