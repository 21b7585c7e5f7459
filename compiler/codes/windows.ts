/** FLOW31xx: windows. */
import { defineDiagnostics, entry } from '../../grammar/diagnostics.ts';

export const windowCodes = defineDiagnostics({
  misplacedWindow: entry<Record<never, never>>({
    code: 'FLOW3101',
    title: 'A window where none can stand',
    explanation: `A window looks at other rows than its own, so it stands where rows are looked at as a whole: in derive, select, where,
remove and sort. Derive a column first elsewhere:

    derive place = rank() over (by region sort revenue desc)
    | summarize best = min(place) by product`,
    message: () => 'a window cannot stand here',
  }),
  needsOver: entry<{ name: string }>({
    code: 'FLOW3102',
    title: 'A window function without its window',
    explanation: `Functions such as row_number, rank and lag look at the rows around a row: over says which those are, and in which order.

    derive n = row_number() over (by customer sort placed_at), before = lag(amount) over (by customer sort placed_at)`,
    message: (p) => `${p.name} is a window function, and needs \`over (…)\``,
  }),
  notAWindow: entry<{ name: string }>({
    code: 'FLOW3103',
    title: 'A window behind a function that has none',
    explanation: `over stands behind a window function (row_number, rank, lag, first_value, …) or behind an aggregate. A function of
single values computes with their results:

    derive rounded = round(mean(x) over (by k), 2)`,
    message: (p) => `${p.name} is neither a window function nor an aggregate`,
  }),
  needsSort: entry<{ name: string }>({
    code: 'FLOW3104',
    title: 'A window function without an order',
    explanation: `A rank is a place in an order, and a range of values is one of an ordered key: the window has to say which one.

    derive place = rank() over (by region sort revenue desc)`,
    message: (p) => `${p.name} needs an order: a \`sort\` within its window`,
  }),
  badFrame: entry<{ why: string }>({
    code: 'FLOW3105',
    title: 'A frame that means nothing',
    explanation: `A frame is a stretch of rows around the row: rows counts them, range goes by the value of the one sort key, which is a
number, a date, a timestamp or a time. Below 0 is before the row, above 0 behind it, and an end that is not written is open:

    mean(x) over (sort day rows -6..0)
    sum(x) over (by k sort day range -30d..0)
    sum(x) over (sort day rows ..0)
    last_value(x) over (sort day rows ..)

Ranking functions, lag and lead look at the whole partition, and take no frame.`,
    message: (p) => p.why,
  }),
  nestedWindow: entry<Record<never, never>>({
    code: 'FLOW3106',
    title: 'A window inside of a window',
    explanation: `What a window computes with is evaluated on each row. Derive the inner one first:

    derive change = x - (lag(x) over (sort day))
    | derive smooth = mean(change) over (sort day rows -6..0)`,
    message: () => 'a window stands inside of another one',
  }),
});
