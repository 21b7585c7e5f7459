/** FLOW2xxx: names that are unknown, missing or given twice. */
import { defineDiagnostics, entry } from '../../grammar/diagnostics.ts';

export const nameCodes = defineDiagnostics({
  unknownRelation: entry<{ name: string }>({
    code: 'FLOW2001',
    title: 'An unknown relation',
    explanation: `Behind from, join, union, predict and evaluate stands the name of a let of this file, a source with its
format, or a pipeline in parentheses. A let may stand behind its use.

    let orders = from csv("orders.csv")
    from orders | take 10`,
    message: (p) => `there is no relation \`${p.name}\``,
  }),
  unknownColumn: entry<{ name: string }>({
    code: 'FLOW2002',
    title: 'An unknown column',
    explanation: `A bare name in an expression is a column of the rows that enter the step. The step before decides which those
are: select and drop narrow them, summarize leaves its keys and results. Parameters are written with $, text in double
quotes, and names with odd characters in backticks:

    where country == "US" and placed_at >= $since
    derive total = \`unit price\` * quantity`,
    message: (p) => `there is no column \`${p.name}\` here`,
  }),
  unknownFunction: entry<{ name: string }>({
    code: 'FLOW2003',
    title: 'An unknown function',
    explanation: `A name with parentheses is a function of the library, or a fn of this file:

    fn net(x: float, rate: float = 0.2) => x * (1 - rate)
    from sales | derive n = net(amount), label = upper(name)`,
    message: (p) => `there is no function \`${p.name}\``,
  }),
  unknownParam: entry<{ name: string }>({
    code: 'FLOW2004',
    title: 'An unknown parameter',
    explanation: `$name is a parameter, which the file declares with its type and perhaps a default:

    param since: date = @2024-01-01
    from csv("orders.csv") | where placed_at >= $since`,
    message: (p) => `there is no parameter \`$${p.name}\``,
  }),
  unknownType: entry<{ name: string }>({
    code: 'FLOW2005',
    title: 'An unknown type',
    explanation: `The types are bool, int, float, decimal(p, s), string, bytes, date, time, timestamp, interval, json,
list<T>, map<K, V>, { name: T, … }, and the schemas of the file. A ? behind a type allows null.`,
    message: (p) => `there is no type \`${p.name}\``,
  }),
  declaredTwice: entry<{ what: string; name: string }>({
    code: 'FLOW2006',
    title: 'A name declared twice',
    explanation: `Within a file every relation, parameter, schema and function has a name of its own. A let, a param, a schema
and a fn may share one, since each is written in its own way.`,
    message: (p) => `the ${p.what} \`${p.name}\` is declared twice`,
  }),
  cycle: entry<{ what: string; path: readonly string[] }>({
    code: 'FLOW2007',
    title: 'A definition that needs itself',
    explanation: `A file is a graph without cycles: a let cannot read from itself, neither directly nor through others, and a
function cannot call itself.`,
    message: (p) => `the ${p.what} \`${p.path[0] ?? ''}\` needs itself: ${p.path.join(' -> ')}`,
  }),
  unusedLet: entry<{ name: string }>({
    code: 'FLOW2008',
    severity: 'warning',
    title: 'A let that nothing uses',
    explanation: `Nothing that ends in a sink or a result reads from this let, so it does not run. Use it, or remove it.`,
    message: (p) => `nothing uses \`${p.name}\``,
  }),
  duplicateColumn: entry<{ name: string }>({
    code: 'FLOW2009',
    title: 'Two columns of one name',
    explanation: `Every column of a relation has a name of its own. Give one of them another name:

    select id, customer_id = c.id`,
    message: (p) => `the column \`${p.name}\` is given twice`,
  }),
  needsName: entry<{ text: string }>({
    code: 'FLOW2010',
    title: 'A computed column without a name',
    explanation: `A bare column keeps its name; everything else gets one:

    summarize n = count(), avg = mean(delay) by year = year(day)`,
    message: () => 'a computed column needs a name',
  }),
  unknownField: entry<{ name: string; of: string }>({
    code: 'FLOW2011',
    title: 'An unknown field',
    explanation: `A . reads a field of a struct, or a column of a joined relation through its alias:

    join left customers as c on customer_id == c.id add c.tier`,
    message: (p) => `${p.of} has no field \`${p.name}\``,
  }),
  joinCollision: entry<{ names: readonly string[]; alias: string }>({
    code: 'FLOW2012',
    title: 'Both sides of a join have columns of that name',
    explanation: `Without add, all columns of the right side enter, which needs their names to be free (a key of the right side
that equals the left column of the same name is left out). Say which columns you want, and under which names:

    join left customers as c on customer_id == c.id add customer = c.name, c.tier`,
    message: (p) => `both sides have ${p.names.map((name) => `\`${name}\``).join(', ')}`,
  }),
  needsAlias: entry<{ name: string; alias: string }>({
    code: 'FLOW2013',
    title: 'A column of the right side without its alias',
    explanation: `In a join, a bare name is a column of the left side; columns of the right side are written with its alias:

    join fx as f on ccy == f.ccy add f.rate`,
    message: (p) => `\`${p.name}\` is a column of the right side`,
  }),
  paramMissing: entry<{ name: string; type: string }>({
    code: 'FLOW2014',
    title: 'A parameter without a value',
    explanation: `A parameter without a default needs a value when the file runs:

    flowc run report.flow -p region=EU`,
    message: (p) => `the parameter \`${p.name}: ${p.type}\` has no default and was not given`,
  }),
  paramNotDeclared: entry<{ name: string }>({
    code: 'FLOW2015',
    title: 'A value for a parameter the file does not have',
    explanation: `-p name=value sets a parameter that the file declares with param name: type.`,
    message: (p) => `the file has no parameter \`${p.name}\``,
  }),
  unusedParam: entry<{ name: string }>({
    code: 'FLOW2016',
    severity: 'warning',
    title: 'A parameter that nothing uses',
    explanation: `Nothing in the file reads this parameter. Use it as $name, or remove it.`,
    message: (p) => `nothing uses \`$${p.name}\``,
  }),
  patternMatchesNothing: entry<{ pattern: string }>({
    code: 'FLOW2017',
    title: 'A pattern that matches no column',
    explanation: `A pattern stands for all columns whose whole name matches: * is any run of characters, ? is one.

    select id, "score_*"`,
    message: (p) => `no column matches "${p.pattern}"`,
  }),
  notConstant: entry<{ name: string; where: string }>({
    code: 'FLOW2018',
    title: 'A column where a constant is needed',
    explanation: `Arguments of sources and sinks, defaults of parameters, counts and seeds are known before any row is read: they
hold literals, parameters and functions of those, and no columns.

    param day: string
    from csv(f"orders-{$day}.csv") | take 10`,
    message: (p) => `${p.where} is a constant: there are no columns here, such as \`${p.name}\``,
  }),
  grownTooLarge: entry<{ limit: number }>({
    code: 'FLOW2019',
    title: 'Functions that grow too large',
    explanation: `A call is replaced by the body of its function. A function that calls another one twice is twice as large, so that a few
of them on top of each other have no end. Compute the inner value once, and use its name:

    | derive once = inner(x)
    | derive twice = once + once`,
    message: (p) => `functions of this file that call each other make more than ${p.limit} operations`,
  }),
});
