/** FLOW6xxx: what runs as written, and is likely not meant or of no use. Only `flowc check --lint` says it. */
import { defineDiagnostics, entry } from '../../grammar/diagnostics.ts';

export const lintCodes = defineDiagnostics({
  unusedColumn: entry<{ name: string }>({
    code: 'FLOW6001',
    severity: 'warning',
    title: 'A column that is computed and read by nothing',
    explanation: `Nothing behind this step reads the column, and no result holds it, so that it is not even computed. A summarize, a
select or a drop left it out, or another step replaced it.

    from orders | derive tax = amount * 0.2 | summarize total = sum(amount)   # tax is read by nothing`,
    message: (p) => `nothing reads \`${p.name}\``,
  }),
  lostOrder: entry<{ by: string }>({
    code: 'FLOW6002',
    severity: 'warning',
    title: 'A sort whose order is lost',
    explanation: `The groups of a summarize, the rows of a distinct and of a join come in an order of their own, so that a sort before
them has no effect. Sort behind them:

    from orders | summarize total = sum(amount) by customer | sort total desc`,
    message: (p) => `the order of this sort is lost in \`${p.by}\``,
  }),
  unorderedTake: entry<{ after: string }>({
    code: 'FLOW6003',
    severity: 'warning',
    title: 'A take of rows whose order is not fixed',
    explanation: `Behind summarize, distinct and a join, rows come in an order that depends on the data, but has no meaning. The first of
them are any of them, though the same at each run. Say which ones are wanted:

    | summarize total = sum(amount) by customer
    | take 10 sort total desc`,
    message: (p) => `the rows behind \`${p.after}\` have no order: which ones this takes has no meaning`,
  }),
  crossByAccident: entry<Record<never, never>>({
    code: 'FLOW6004',
    severity: 'warning',
    title: 'A join that compares every row with every row',
    explanation: `The condition of this join has no equality between a column of the left side and one of the right, so that every pair
of rows is made and tested: a thousand rows on each side are a million pairs. Where that is meant, say cross:

    from days | join cross products as p`,
    message: () => 'this join has no equality between its sides: it makes every pair of rows',
  }),
  constantCondition: entry<{ value: string; why: string }>({
    code: 'FLOW6005',
    severity: 'warning',
    title: 'A condition that is always the same',
    explanation: `The condition does not depend on the rows: it compares constants, or a value with itself, or asks for null where none
can be. Steps that keep all rows can go; one that keeps none is a mistake.

    where 1 == 1
    where amount == amount
    where n is null        # n is a count, and never null`,
    message: (p) => `this is always ${p.value}: ${p.why}`,
  }),
  shadowedName: entry<{ what: string; name: string; hidden: string }>({
    code: 'FLOW6006',
    severity: 'warning',
    title: 'A name that hides another one',
    explanation: `A fn of the file goes before a function of the library, the alias of a join before a column, and the parameter of a
lambda before a column, or a parameter around it, of the same name. Where both are in use, one reads the wrong one
easily: choose another name.`,
    message: (p) => `the ${p.what} \`${p.name}\` hides ${p.hidden}`,
  }),
  unusedFunction: entry<{ what: string; name: string }>({
    code: 'FLOW6007',
    severity: 'warning',
    title: 'A fn or schema that nothing uses',
    explanation: `Nothing in the file calls this function, or names this schema. In a file that others import from, that is as it should
be; elsewhere remove it.`,
    message: (p) => `nothing uses the ${p.what} \`${p.name}\``,
  }),
  neverNull: entry<{ what: string }>({
    code: 'FLOW6008',
    severity: 'warning',
    title: 'A value for a null that cannot be',
    explanation: `The left side of ?? is never null, so that the right side is never used. Undeclared columns can be null, declared ones
only with a ? behind their type.`,
    message: (p) => `${p.what} is never null: the right side of \`??\` is not used`,
  }),
  constantKey: entry<{ verb: string; text: string }>({
    code: 'FLOW6009',
    severity: 'warning',
    title: 'A key that is the same for all rows',
    explanation: `A number behind sort or by is that number, and not the place of a column as in SQL. All rows have the same key then.

    sort total desc
    summarize n = count() by country`,
    message: (p) => `\`${p.verb}\` by ${p.text} is the same for all rows: columns are named, not counted`,
  }),
  noEffect: entry<{ what: string }>({
    code: 'FLOW6010',
    severity: 'warning',
    title: 'A step or an item without effect',
    explanation: `It leaves the rows as they are: a column that is set to itself, a name that is given again, skip 0, or distinct behind a
summarize, whose rows differ by their keys.`,
    message: (p) => `${p.what}`,
  }),
  plainPattern: entry<{ op: string; instead: string }>({
    code: 'FLOW6011',
    severity: 'warning',
    title: 'A pattern without wildcards',
    explanation: `In a like pattern % stands for any text and _ for one character. Without either, it is an equality, which says so
better and is faster:

    where name == "Ada"`,
    message: (p) => `this pattern has no wildcard: \`${p.op}\` is \`${p.instead}\` here`,
  }),
  emptyRange: entry<{ low: string; high: string }>({
    code: 'FLOW6012',
    severity: 'warning',
    title: 'A between whose bounds are swapped',
    explanation: `between takes the smaller bound first, both included. With the greater one first, no value lies between them.

    where age between 18 and 65`,
    message: (p) => `nothing lies between ${p.low} and ${p.high}`,
  }),
  looseDefault: entry<{ written: string }>({
    code: 'FLOW6013',
    severity: 'warning',
    title: 'A ?? that takes in more than it seems to',
    explanation: `?? binds less than every operator of arithmetic, so that its left side is the whole sum before it. Parentheses say which
is meant:

    derive gross = salary + (tax ?? 0)      # a missing tax counts as 0
    derive gross = (salary + tax) ?? 0      # the whole is 0 where one is missing`,
    message: (p) => `this is read as \`${p.written}\``,
  }),
});
