/** FLOW404x: checks on data, samples, and the places that rows go to. */
import { defineDiagnostics, entry } from '../../grammar/diagnostics.ts';

export const stepCodes = defineDiagnostics({
  badAction: entry<{ why: string }>({
    code: 'FLOW4040',
    title: 'What an expectation does with rows that fail it',
    explanation: `Behind else stands what becomes of rows that fail; without it the run fails.

    expect amount >= 0 : "negative amount"                              # the same as else error
    expect amount >= 0 else warn                                        # the rows stay, and are counted
    expect amount >= 0 else drop                                        # the rows are left out, and are counted
    expect amount >= 0 else quarantine("rejected.parquet")              # the rows go to a file, with the reason`,
    message: (p) => p.why,
  }),
  wholeAction: entry<{ action: string }>({
    code: 'FLOW4041',
    title: 'A statement about all rows together that is to remove some',
    explanation: `A condition with an aggregate, and unique(…), is about all rows together: there is no single row that fails it. It ends
in else error or else warn. Conditions on single rows go into a step of their own:

    expect amount >= 0 else drop
    expect unique(id), count() between 1 and 1_000_000 else error`,
    message: (p) => `a condition on all rows together has no rows to ${p.action}`,
  }),
  badPartition: entry<{ why: string }>({
    code: 'FLOW4043',
    title: 'A partition_by that cannot be written',
    explanation: `partition_by names columns whose values become folders. They are bools, whole numbers, decimals, dates or text, and at
least one other column is left for the files:

    write parquet("good", partition_by: ["day", "country"])`,
    message: (p) => p.why,
  }),
  badSearch: entry<{ why: string }>({
    code: 'FLOW4044',
    title: 'A search for options that cannot be made',
    explanation: `tune tries options of an algorithm by cross-validation and gives the model of the best. An option is a value, a list of
values, a range of whole numbers, or uniform(a, b) and log_uniform(a, b). With trials n as many combinations are drawn
by the seed; without, all are tried. With halving n the worse trials end early. Two names in braces are the model and the table of trials:

    let { model, trials } = from tr
      | tune gbt(trees: [100, 200], depth: 3..8, learning_rate: log_uniform(0.01, 0.3))
        label churned features * metric auc trials 20 folds 5 seed 7`,
    message: (p) => p.why,
  }),
  noSqlEngine: entry<Record<never, never>>({
    code: 'FLOW4050',
    title: 'Embedded SQL without its engine',
    explanation: `sql """ … """ runs in DuckDB, which is not a part of flowc: install its package beside it.

    npm install @duckdb/node-api`,
    message: () => 'embedded SQL needs the package @duckdb/node-api, which is not installed',
  }),
  badSql: entry<{ why: string }>({
    code: 'FLOW4051',
    title: 'Embedded SQL that cannot be run',
    explanation: `The text between the quotes is one query in DuckDB's SQL over the lets of the file. Its columns are declared behind
as, by the names and in the types that the query gives; a cast in the SQL makes others fit.

    let top = sql """
      select tier, sum(amount)::decimal(18, 2) as r from orders group by tier
    """ as { tier: string, r: decimal(18, 2)? }

It can read nothing else: no files, no network, no extensions.`,
    message: (p) => p.why,
  }),
  badUnique: entry<{ why: string }>({
    code: 'FLOW4042',
    title: 'A wrong use of unique',
    explanation: `unique(a, b) states that no two rows have the same values in these columns; rows with a null in one of them do not
count, as in SQL. It is a condition of expect by itself, and stands in no other expression:

    expect unique(id), unique(customer, day)`,
    message: (p) => p.why,
  }),
});
