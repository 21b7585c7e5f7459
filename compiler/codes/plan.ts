/** FLOW4xxx: what a step asks of its rows and of its place. */
import { defineDiagnostics, entry } from '../../grammar/diagnostics.ts';

export const planCodes = defineDiagnostics({
  writeNotLast: entry<{ where: string }>({
    code: 'FLOW4002',
    title: 'A write that does not end a pipeline of the file',
    explanation: `write ends a pipeline that stands by itself. To use rows twice, name them with let:

    let clean = from csv("orders.csv") | where amount > 0
    from clean | write parquet("clean.parquet")
    from clean | summarize total = sum(amount)`,
    message: (p) => `write cannot stand ${p.where}`,
  }),
  splitPlace: entry<Record<never, never>>({
    code: 'FLOW4003',
    title: 'A split whose outputs have no names',
    explanation: `split makes several relations, which a let in braces names:

    let { tr, te } = from features | split tr 0.8, te rest seed 42`,
    message: () => 'split ends the pipeline of a `let { … } =`, and stands nowhere else',
  }),
  splitNames: entry<{ missing: readonly string[]; extra: readonly string[] }>({
    code: 'FLOW4004',
    title: 'Names that do not match the outputs of the split',
    explanation: `The names in the braces of the let are the names of the outputs, in any order:

    let { good, bad } = from orders | split good when status == "ok", bad otherwise`,
    message: (p) =>
      p.extra.length > 0
        ? `the split has no output ${p.extra.map((name) => `\`${name}\``).join(', ')}`
        : `the output ${p.missing.map((name) => `\`${name}\``).join(', ')} of the split is not named here`,
  }),
  splitForms: entry<{ why: string }>({
    code: 'FLOW4005',
    title: 'A split that cannot be read',
    explanation: `A split goes by shares that add up to at most 1, or by conditions, of which the first that is true decides. One
output may take the rest.

    split tr 0.8, te rest by customer_id seed 42
    split good when status == "ok", bad otherwise`,
    message: (p) => p.why,
  }),
  noJoinKey: entry<Record<never, never>>({
    code: 'FLOW4006',
    title: 'A join without a condition',
    explanation: `A join says behind on which rows of the two sides belong together: any condition over both. All pairs are what
join cross gives.

    join prices as p on sku == p.sku and day >= p.valid_from
    join cross calendar`,
    message: () => 'this join has no condition',
  }),
  joinClause: entry<{ kind: string; clause: string }>({
    code: 'FLOW4007',
    title: 'A clause that this kind of join does not have',
    explanation: `semi and anti only decide which rows of the left side stay: no column of the right side enters (add), and it does
not matter how many match (matching). cross gives all pairs, and has no condition (on).`,
    message: (p) => `${/^[aeiou]/.test(p.kind) ? 'an' : 'a'} ${p.kind} join has no ${p.clause}`,
  }),
  unionColumns: entry<{ missing: readonly string[]; relation: string }>({
    code: 'FLOW4008',
    title: 'A union of relations with different columns',
    explanation: `union puts rows below each other; columns are matched by name, whatever their order. A column that one side does
not have is an error, unless by name is written: then it is null there.

    from sales_2023 | union sales_2024
    from sales_2023 | union by name sales_2024`,
    message: (p) => `${p.relation} has no column ${p.missing.map((name) => `\`${name}\``).join(', ')}`,
  }),
  sinkTwice: entry<{ path: string }>({
    code: 'FLOW4009',
    title: 'Two sinks that write the same file',
    explanation: `Every sink replaces its file, so that the second would undo the first. Give one another name, or write the union of
both.`,
    message: (p) => `"${p.path}" is written twice`,
  }),
  noColumns: entry<Record<never, never>>({
    code: 'FLOW4010',
    title: 'A step that leaves no column',
    explanation: 'A relation has at least one column: a `drop` or a `select` may not take away the last one.',
    message: () => 'no column is left behind this step',
  }),
  unknownAlgorithm: entry<{ name: string }>({
    code: 'FLOW4011',
    title: 'An unknown algorithm',
    explanation: `train takes an algorithm with its options, a label and features:

    train gbt(trees: 200, depth: 6) label churned features age, onehot(country) seed 42`,
    message: (p) => `there is no algorithm \`${p.name}\``,
  }),
  badModelOption: entry<{ algorithm: string; option: string; why: string }>({
    code: 'FLOW4012',
    title: 'An option that the algorithm does not have, or not with this value',
    explanation: `Options are given by name, with constant values; docs/ml.md lists those of each algorithm with their bounds:

    train gbt(trees: 200, depth: 6) label churned features age`,
    message: (p) => `${p.algorithm}: ${p.option} ${p.why}`,
  }),
  badLabel: entry<{ algorithm: string; why: string }>({
    code: 'FLOW4013',
    title: 'A label that the algorithm cannot learn',
    explanation: `A regression learns a number, a classification a bool, a text or an int. linear is a regression, logistic a
classification, and gbt goes by the type of its label (task: "classification" makes classes of whole numbers).

    train logistic() label churned features age, tenure`,
    message: (p) => `${p.algorithm} ${p.why}`,
  }),
  badFeature: entry<{ name: string; type: string }>({
    code: 'FLOW4014',
    title: 'A feature that is no number',
    explanation: `Features are numbers and bools; text becomes one indicator for each value (onehot). Make numbers of anything else:

    features age, weekday = weekday(placed_at), onehot(country)`,
    message: (p) => `the feature \`${p.name}\` is ${p.type}, which is neither a number nor text`,
  }),
  notAModel: entry<{ name: string }>({
    code: 'FLOW4015',
    title: 'A relation that is no model',
    explanation: `predict and evaluate take the name of a let that ends in train:

    let m = from tr | train gbt() label churned features *
    from te | predict m as p`,
    message: (p) => `\`${p.name}\` is not a model`,
  }),
  modelColumns: entry<{ model: string; missing: readonly string[] }>({
    code: 'FLOW4016',
    title: 'Rows without the columns that a model needs',
    explanation: `A model carries its feature expressions, so the rows it is used on need the columns that those read, in types that
fit.`,
    message: (p) => `the model ${p.model} needs ${p.missing.map((name) => `\`${name}\``).join(', ')}`,
  }),
  planTooDeep: entry<{ limit: number }>({
    code: 'FLOW4018',
    title: 'A plan that is too deep',
    explanation: `A result may stand at the end of at most 500 steps, one behind the other, lets included, so that no file can bring the
compiler down. Put several conditions into one where, several columns into one derive, or write a file in between and read it again.`,
    message: (p) => `this is more than ${p.limit} steps behind its source`,
  }),
  trainNeeds: entry<{ what: string }>({
    code: 'FLOW4017',
    title: 'A train step that is not complete',
    explanation: `train needs a label and at least one feature:

    train linear() label price features area, rooms`,
    message: (p) => `train needs ${p.what}`,
  }),
  pivotValues: entry<{ why: string }>({
    code: 'FLOW4030',
    title: 'Values of a pivot that cannot be its columns',
    explanation: `pivot makes one column of each value that is listed behind values, so that the columns are known before the run.
The values are a list of constants, of the type of the pivoted column, each of them once. Rows with other values are left out:

    pivot month values ["jan", "feb"] into sum(rev) by product
    pivot year values $years into total = sum(rev), n = count() by product`,
    message: (p) => p.why,
  }),
  asofCondition: entry<{ why: string }>({
    code: 'FLOW4060',
    title: 'An as-of join that does not say what is nearest',
    explanation: `An as-of join takes for each left row one right row: of those with the same keys the one whose value is nearest. Its
condition is equalities (or none) and one inequality between the two sides:

    join asof fx as f on ccy == f.ccy and placed_at >= f.ts add f.rate

>= and > look back, for the last value before; <= and < look ahead. Other conditions belong into a where before the join.`,
    message: (p) => `the condition of an as-of join ${p.why}`,
  }),
  crossLint: entry<Record<never, never>>({
    code: 'FLOW4061',
    severity: 'warning',
    title: 'A join whose condition does not relate its two sides',
    explanation: `The condition reads columns of one side only, or none, so that each row of it matches all rows of the other side or
none: the result is as large as all pairs. Where that is meant, join cross says so.

    join customers as c on customer_id == c.id
    join cross calendar`,
    message: () => 'this condition does not relate the two sides of the join',
  }),
  subqueryColumns: entry<{ what: string; columns: readonly string[] }>({
    code: 'FLOW4062',
    title: 'A pipeline that stands as a value and has several columns',
    explanation: `scalar(…) is the value of a pipeline of one column and one row, in (…) asks whether the one column of a pipeline has a
value. A select, or a summarize, leaves one column:

    where amount > scalar(from orders | summarize mean(amount))
    where customer in (from vip | select id)`,
    message: (p) => `the pipeline in ${p.what} has ${p.columns.length} columns: ${p.columns.join(', ')}`,
  }),
});
