/** FLOW3xxx: types, values and where an expression may stand. */
import { defineDiagnostics, entry } from '../../grammar/diagnostics.ts';

export const typeCodes = defineDiagnostics({
  wrongType: entry<{ what: string; expected: string; found: string }>({
    code: 'FLOW3001',
    title: 'A value of the wrong type',
    explanation: `This place takes values of one type, and the expression has another: a condition is a bool, a count an int.
Write the comparison you mean, or convert with :: where that is what you want:

    where active == 1
    where flag::bool`,
    message: (p) => `${p.what} is ${p.expected}, and this is ${p.found}`,
  }),
  noOverload: entry<{ name: string; types: readonly string[] }>({
    code: 'FLOW3002',
    title: 'A function or operator that does not take these types',
    explanation: `No form of the function or operator takes arguments of these types. int becomes decimal or float by itself,
and a date becomes a timestamp; everything else is converted with ::type, which fails on a value that does not convert,
or with ::type?, which gives null for it.

    derive year = year(day::date), price = text::decimal(12, 2)?`,
    message: (p) =>
      p.types.length === 0 ? `${p.name} needs arguments` : `${p.name} does not take ${p.types.join(', ')}`,
  }),
  incomparable: entry<{ left: string; right: string }>({
    code: 'FLOW3003',
    title: 'Two types that do not compare',
    explanation: `Both sides of a comparison need a common type: numbers compare with numbers, a date with a date or a
timestamp. Dates are written with @, not as text. Convert one side with :: otherwise.

    where placed_at >= @2024-01-01
    where zip::int == code`,
    message: (p) => `${p.left} and ${p.right} do not compare`,
  }),
  nullComparison: entry<{ op: string }>({
    code: 'FLOW3004',
    title: 'A comparison with null',
    explanation: `A comparison with null is never true, not even null == null. The words is and is not compare with null:

    where shipped_at is null
    where a is not b`,
    message: (p) => `\`${p.op} null\` is never true`,
  }),
  noCommonType: entry<{ what: string; types: readonly string[] }>({
    code: 'FLOW3005',
    title: 'Values without a common type',
    explanation: `The results of a case, the two sides of ??, the items of a list and the columns that a union puts below each
other need one type that all of them fit into. Convert with :: where they differ.

    derive size = case when n > 10 then "many" else n::string end`,
    message: (p) => `${p.what} have no common type: ${p.types.join(', ')}`,
  }),
  badCast: entry<{ from: string; to: string }>({
    code: 'FLOW3006',
    title: 'A conversion that does not exist',
    explanation: `Text converts to and from every plain type; numbers convert into each other; a date and a timestamp too; bool
converts to int. Nested types convert item by item.`,
    message: (p) => `${p.from} does not convert to ${p.to}`,
  }),
  misplacedAggregate: entry<{ name: string }>({
    code: 'FLOW3007',
    title: 'An aggregate outside of summarize',
    explanation: `An aggregate makes one value of many rows, so it stands in summarize:

    summarize total = sum(amount), n = count() by country`,
    message: (p) => `${p.name} is an aggregate, and its place is summarize`,
  }),
  notGrouped: entry<{ name: string }>({
    code: 'FLOW3008',
    title: 'A column that is neither grouped nor aggregated',
    explanation: `summarize leaves one row for each group. A column has one value there only when it is a key behind by, or inside
of an aggregate:

    summarize country = first(country), n = count() by city
    summarize n = count() by city, country`,
    message: (p) => `\`${p.name}\` has many values in a group`,
  }),
  badNumber: entry<{ text: string; type: string }>({
    code: 'FLOW3009',
    title: 'A number that does not fit its type',
    explanation: `An int has 64 bits: -9223372036854775808 to 9223372036854775807. A float goes to about 1.8e308. Exact numbers
of up to 38 digits are decimals, written as text and converted: "12345678901234567890"::decimal(20, 0).`,
    message: (p) => `${p.text} does not fit ${p.type}`,
  }),
  badPattern: entry<{ why: string }>({
    code: 'FLOW3010',
    title: 'A regular expression that cannot be read',
    explanation: `matches and the regex functions take JavaScript's regular expressions. A raw string needs no doubled
backslashes: name matches r"^\\d+$"`,
    message: (p) => `this regular expression cannot be read: ${p.why}`,
  }),
  badArguments: entry<{ name: string; why: string }>({
    code: 'FLOW3011',
    title: 'Arguments that do not fit the function',
    explanation: `Arguments stand in order; those of a fn of the file may be given by name, and may be left out where it has a
default:

    fn net(x: float, rate: float = 0.2) => x * (1 - rate)
    derive a = net(price), b = net(price, rate: 0.1)`,
    message: (p) => `${p.name} ${p.why}`,
  }),
  badParamValue: entry<{ name: string; type: string; value: string }>({
    code: 'FLOW3012',
    title: 'A parameter whose value does not fit its type',
    explanation: `The text behind -p name= is read as the type that the file declares: a date as 2024-05-01, a bool as true or
false, a number in digits.`,
    message: (p) => `"${p.value}" is no ${p.type}, as the parameter \`${p.name}\` needs`,
  }),
  nestedAggregate: entry<{ name: string }>({
    code: 'FLOW3013',
    title: 'An aggregate inside of an aggregate',
    explanation: `The argument of an aggregate is evaluated on each row. Summarize twice for an aggregate of aggregates:

    summarize daily = sum(amount) by day
    | summarize best = max(daily)`,
    message: (p) => `${p.name} stands inside of another aggregate`,
  }),
  nullLint: entry<{ op: string; column: string }>({
    code: 'FLOW3014',
    severity: 'warning',
    title: 'A negation that also drops nulls',
    explanation: `A comparison with null gives null, and so does its negation; where keeps only rows for which the condition is
true. So where status != "test" also drops the rows without a status. To keep those, say remove, or compare null-safe:

    remove status == "test"
    where status is not "test"`,
    message: (p) => `\`${p.op}\` also drops the rows where \`${p.column}\` is null`,
  }),
  badCount: entry<{ what: string; expected: string }>({
    code: 'FLOW3015',
    title: 'A constant outside of its range',
    explanation: `Counts of rows are whole numbers and not negative, rows count from 1, shares lie between 0 and 1:

    take 20
    take 11..20
    split tr 0.8, te rest seed 42`,
    message: (p) => `${p.what} is ${p.expected}`,
  }),
  constantFails: entry<{ why: string }>({
    code: 'FLOW3016',
    title: 'A constant that cannot be evaluated',
    explanation: `The expression holds no columns, so it was evaluated at once, and that failed.`,
    message: (p) => p.why,
  }),
  badTypeArguments: entry<{ type: string; why: string }>({
    code: 'FLOW3017',
    title: 'A type whose arguments do not fit',
    explanation: `decimal takes two numbers, its digits (1 to 38) and those behind the point; timestamp may take a time zone. No
other type takes any.

    amount: decimal(12, 2)
    at: timestamp("Europe/Paris")`,
    message: (p) => `${p.type} ${p.why}`,
  }),
  misplaced: entry<{ what: string; where: string }>({
    code: 'FLOW3018',
    title: 'An expression in the wrong place',
    explanation: `Some expressions only stand in certain places: a range in take, in and over, a lambda as an argument, onehot in
the features of a model.`,
    message: (p) => `${p.what} cannot stand ${p.where}`,
  }),
  notIndexable: entry<{ type: string }>({
    code: 'FLOW3019',
    title: 'An index into something that has none',
    explanation: `[ ] reads an item of a list, counted from 0, the value of a key in a map, or a part of a json value. A field of a
struct is read with a point.`,
    message: (p) => `${p.type} has no items to index`,
  }),
});
