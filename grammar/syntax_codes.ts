/** The diagnostics of the lexer (FLOW10xx) and of the parser (FLOW11xx). */
import { defineDiagnostics, entry } from './diagnostics.ts';

export const syntax = defineDiagnostics({
  unknownCharacter: entry<{ text: string }>({
    code: 'FLOW1001',
    title: 'A character that means nothing here',
    explanation: `The file holds a character that no part of the language begins with. Names of columns with odd
characters go between backticks:

    derive total = \`unit price (€)\` * quantity`,
    message: (p) => `${p.text} means nothing in a flow file`,
  }),
  unclosedString: entry<{ form: string }>({
    code: 'FLOW1002',
    title: 'A string that is not closed',
    explanation: `A string ends on the line it begins on, with the quote it began with. Write \\n for a line end
inside of it, and \\" for a quote. Only sql """ … """ may span lines.

    from csv("orders.csv")`,
    message: (p) => `this ${p.form} is not closed`,
  }),
  unclosedName: entry<Record<never, never>>({
    code: 'FLOW1003',
    title: 'A backtick that is not closed',
    explanation: `A quoted name stands between two backticks on one line:

    select \`unit price\``,
    message: () => 'this quoted name is not closed: a second backtick is missing',
  }),
  badEscape: entry<{ escape: string }>({
    code: 'FLOW1004',
    title: 'An escape that does not exist',
    explanation: `In a string, a backslash begins one of \\n \\r \\t \\0 \\\\ \\" \\' \\xHH \\uHHHH \\u{HEX}. To mean the
backslash itself, double it, or write a raw string, which has no escapes and suits patterns:

    where name matches r"^\\d+$"`,
    message: (p) => `there is no escape ${p.escape} in a string`,
  }),
  badNumber: entry<{ text: string; why: string }>({
    code: 'FLOW1005',
    title: 'A number or duration that cannot be read',
    explanation: `Numbers: 42, 1_000, 0.5, 1e-3. Durations: whole numbers with a unit out of y mo w d h m s ms us ns,
one behind the other: 90d, 3mo, 1h30m. A name cannot begin with a digit unless it is in backticks.`,
    message: (p) => `${p.text} is not a number: ${p.why}`,
  }),
  badDate: entry<{ text: string; why: string }>({
    code: 'FLOW1006',
    title: 'A date or time that cannot be read',
    explanation: `Dates, times and timestamps begin with @ and are written as ISO 8601 has them:

    @2024-05-01   @12:30:00   @2024-05-01T12:30:00Z   @2024-05-01T12:30:00+02:00`,
    message: (p) => `${p.text} is not a date or time: ${p.why}`,
  }),
  singleQuotes: entry<Record<never, never>>({
    code: 'FLOW1007',
    title: 'A string in single quotes',
    explanation: `Strings stand in double quotes; single quotes have no meaning. Names with odd characters stand in
backticks.

    where country == "US"`,
    message: () => 'strings stand in double quotes',
  }),
  semicolon: entry<Record<never, never>>({
    code: 'FLOW1008',
    title: 'A semicolon',
    explanation: `Statements need no separator: each begins with its own word (let, fn, param, use, import, schema,
from, sql), and every step with |. Remove the semicolon.`,
    message: () => 'there is no `;` in this language: statements need no separator',
  }),
  foreignOperator: entry<{ operator: string; instead: string }>({
    code: 'FLOW1009',
    title: 'An operator of another language',
    explanation: `Equality is ==, inequality !=, the logical operators are the words and, or, not, a step begins with a
single |, and a power is the function pow(x, y). The null-safe comparisons are is and is not.`,
    message: (p) => `there is no operator ${p.operator}: ${p.instead}`,
  }),
  emptyName: entry<Record<never, never>>({
    code: 'FLOW1010',
    title: 'An empty quoted name',
    explanation: 'A name between backticks has at least one character.',
    message: () => 'a name cannot be empty',
  }),
  badInterpolation: entry<{ why: string }>({
    code: 'FLOW1011',
    title: 'A formatted string that cannot be read',
    explanation: `In f"…", every { begins an expression that ends with its }. Doubled braces stand for themselves:

    derive label = f"{first} {last}: {{{id}}}"`,
    message: (p) => `in this formatted string, ${p.why}`,
  }),
  foreignComment: entry<{ form: string }>({
    code: 'FLOW1012',
    title: 'A comment of another language',
    explanation: `A comment begins with # and ends with its line. -- … and /* … */ are not comments; a double negation is written
a - -b, with a blank.

    # the large orders
    from csv("orders.csv") | where amount > 100   # in euros`,
    message: (p) => `${p.form} is no comment here`,
  }),
  unexpected: entry<{ expected: string; found: string }>({
    code: 'FLOW1101',
    title: 'Something else was expected',
    explanation: `At this place the language allows something else than what stands there. The message names both. If a
step is new to you, the language reference shows the clauses of every verb with an example.`,
    message: (p) => `expected ${p.expected}, found ${p.found}`,
  }),
  unclosedBracket: entry<{ bracket: string; closing: string }>({
    code: 'FLOW1102',
    title: 'A bracket that is not closed',
    explanation: `Every ( [ { has its closing counterpart before the step ends; a | begins the next step, except in a
pipeline that stands in parentheses of its own:

    join semi (from csv("vip.csv") | where active) as v on customer_id == v.id`,
    message: (p) => `this ${p.bracket} is not closed: a ${p.closing} is missing`,
  }),
  strayBracket: entry<{ bracket: string }>({
    code: 'FLOW1103',
    title: 'A closing bracket without its opening one',
    explanation:
      'There is one closing bracket more than there are opening ones, or it closes a bracket of another kind.',
    message: (p) => `nothing opens for this ${p.bracket}`,
  }),
  unknownVerb: entry<{ name: string }>({
    code: 'FLOW1104',
    title: 'An unknown verb',
    explanation: `Behind | stands a verb: where remove derive select drop rename summarize sort take skip distinct join
union except intersect explode pivot unpivot sample split expect repartition shuffle map map_batches fill train predict
evaluate tune write. A pipe function of the file is called with parentheses:

    fn dedupe(key: string, ts: timestamp) => | sort ts desc | take 1 by key
    from events | dedupe(user_id, ts)`,
    message: (p) => `there is no verb ${p.name}`,
  }),
  missingPipe: entry<{ verb: string }>({
    code: 'FLOW1105',
    title: 'A missing |',
    explanation: `Every step begins with |, also the first one on a line:

    from orders
    | where amount > 10
    | sort amount desc`,
    message: (p) => `a | is missing before ${p.verb}`,
  }),
  emptyStep: entry<Record<never, never>>({
    code: 'FLOW1106',
    title: 'A | without a step',
    explanation: 'Behind | stands a verb and what it needs. Remove the |, or write the step.',
    message: () => 'a step is missing behind this |',
  }),
  bareEquals: entry<Record<never, never>>({
    code: 'FLOW1107',
    title: 'A single = in an expression',
    explanation: `= names a column (derive gross = salary + tax), a default or a binding. Comparing is ==, and the
null-safe comparison is the word is:

    where status == "open" and parent is null`,
    message: () => '`=` gives a name, it does not compare',
  }),
  reservedName: entry<{ word: string; expected: string }>({
    code: 'FLOW1108',
    title: 'A reserved word as a name',
    explanation: `These words are reserved: let fn param use import schema sql from and or not in is like between case
when then else end null true false. As a name each stands in backticks; behind a . it needs none.

    derive length = \`end\` - start`,
    message: (p) => `\`${p.word}\` is a reserved word: expected ${p.expected}`,
  }),
  tooDeep: entry<{ limit: number }>({
    code: 'FLOW1109',
    title: 'Nested too deeply',
    explanation: `Brackets, nested pipelines, types and chains of operators are limited in depth, so that no file can bring
the compiler down. Name the parts: derive in several steps, let for pipelines, in [ … ] for long chains of or.`,
    message: (p) => `this is nested more than ${p.limit} levels deep`,
  }),
  chainedComparison: entry<{ first: string; second: string }>({
    code: 'FLOW1110',
    title: 'A comparison of a comparison',
    explanation: `A comparison has two sides. Write both comparisons with and, or use between:

    where 0 <= x and x < 10
    where x between 0 and 9`,
    message: (p) => `comparisons do not chain: ${p.first} … ${p.second}`,
  }),
  pipeInExpression: entry<Record<never, never>>({
    code: 'FLOW1111',
    title: 'A | inside of an expression',
    explanation: `| begins a step. Inside of an expression, or is the logical operator; a relation is used through
scalar(from …), in (from …), or a join.`,
    message: () => 'a | begins a step and cannot stand inside of an expression',
  }),
  starArgument: entry<{ name: string }>({
    code: 'FLOW1112',
    title: 'A * as an argument',
    explanation: 'count() counts rows, count(x) counts the values of x that are not null. No function takes *.',
    message: (p) => `${p.name} does not take *`,
  }),
  duplicateClause: entry<{ clause: string }>({
    code: 'FLOW1113',
    title: 'A clause written twice',
    explanation: 'Each clause of a step is written once; a list behind it holds several items, with commas.',
    message: (p) => `\`${p.clause}\` is written twice in this step`,
  }),
  noStatement: entry<{ found: string }>({
    code: 'FLOW1114',
    title: 'Not the beginning of a statement',
    explanation: `A file is a list of statements. Each begins with one of let, fn, param, use, import, schema, from, sql; a
pipeline begins with from.

    from csv("orders.csv") | take 10`,
    message: (p) => `a statement cannot begin with ${p.found}`,
  }),
  endOfStatement: entry<{ found: string; expected: string }>({
    code: 'FLOW1115',
    title: 'Something stands behind a complete statement or step',
    explanation: `What stands there is complete, and something follows that cannot go on from it: a missing comma or operator,
a missing |, or a clause this step does not have.`,
    message: (p) => `expected ${p.expected}, found ${p.found}`,
  }),
  overWithoutCall: entry<Record<never, never>>({
    code: 'FLOW1116',
    title: '`over` without a function',
    explanation: `over (…) follows a call:

    derive running = sum(amount) over (by account sort day rows ..0)`,
    message: () => '`over` follows a function call, and nothing else',
  }),
  bareSubquery: entry<Record<never, never>>({
    code: 'FLOW1117',
    title: 'A pipeline where a value is expected',
    explanation: `A pipeline in parentheses stands behind from, join, union, except, intersect and in. As a value it is written
scalar(from …): one row, one column.`,
    message: () => 'a pipeline is not a value',
  }),
  duplicateName: entry<{ name: string; what: string }>({
    code: 'FLOW1118',
    title: 'The same name twice in one list',
    explanation: 'Within a struct, a schema, a list of parameters or a destructuring, every name stands once.',
    message: (p) => `${p.what} \`${p.name}\` is written twice`,
  }),
  emptyStatement: entry<{ what: string }>({
    code: 'FLOW1119',
    title: 'A statement without its body',
    explanation: `fn needs an expression or steps behind =>, and let a pipeline behind =:

    fn net(x: float) => x * 0.8
    fn newest(key: string) => | sort ts desc | take 1 by key`,
    message: (p) => `${p.what}`,
  }),
  stepsOnStatement: entry<{ statement: string }>({
    code: 'FLOW1120',
    title: 'A step behind a statement that is not a pipeline',
    explanation: 'Steps follow from …, sql …, let x = … and fn f(…) =>. A param, schema, use or import has none.',
    message: (p) => `a step cannot follow ${p.statement}: a pipeline begins with from`,
  }),
  tooLong: entry<{ what: string }>({
    code: 'FLOW1121',
    title: 'A file that is too long',
    explanation: `A file has at most 2 MiB, and 250000 words and signs: more is data that has got into the text. A long list of values
stands in a file of its own:

    from csv("orders.csv") | where id in (from csv("wanted.csv") | select id)`,
    message: (p) => `the file has ${p.what}`,
  }),
});

/** UTF-16 units of a file, and its tokens: a tree of more of them does not fit into memory everywhere. */
export const maxText = 2 << 20;
export const maxTokens = 250_000;
/** Depth to which brackets, nested pipelines and types may nest. */
export const maxNesting = 100;
/** Length of one chain of operators (`a or b or …`), and depth of one expression. */
export const maxChain = 1000;
