import type { LiteralValue } from '../../engine/expr.ts';
import { AGGREGATE_CASES } from './aggregate_cases.ts';
import { WITHOUT_COUNTERPART } from './cases.ts';
import type { Difference, Named } from './difference.ts';
import { NESTED_DIFFERENCES } from './nested_differences.ts';

const num = (v: LiteralValue | undefined): number => Number(v);
const text = (row: Named): string => `${row.s ?? ''}${row.t ?? ''}`;
const beyondAscii = (row: Named): boolean => /[^\0-\x7f]/.test(text(row));
const huge = (v: LiteralValue | undefined): boolean => Math.abs(num(v)) > 9.2e18;

export const DIFFERENCES: readonly Difference[] = [
  {
    functions: ['intdiv', 'mod'],
    here: 'Division of an int or decimal by zero is an error.',
    there: 'It is null.',
    why: 'A null that came from nowhere is found late. `nullif(x, 0)` as the divisor asks for it.',
    where: (r) => num(r.j ?? r.e) === 0,
  },
  {
    functions: ['mod'],
    here: 'The least int modulo -1 is 0.',
    there: 'It is an error.',
    why: 'The remainder is there, only the quotient is not.',
    where: (r) => huge(r.i) && num(r.j) === -1,
  },
  {
    functions: ['add', 'sub', 'mul'],
    here: 'A sum or product of decimals has as many digits as it needs, to 38.',
    there: 'Results of up to 18 digits stay there, and more is an error.',
    why: "How a number is held is not the user's business.",
    where: (r) => 'd' in r,
  },
  {
    functions: ['sign'],
    here: 'The sign of nan is nan.',
    there: 'It is 0.',
    why: 'nan is not known to be 0.',
    where: (r) => Number.isNaN(num(r.x)),
  },
  {
    functions: ['round'],
    here: 'A float is rounded as the decimal number it is written as: 1.005 to two places is 1.01.',
    there: 'It is scaled in binary: 1.0.',
    why: 'Who writes 1.005 means it.',
    where: (r) => 'x' in r,
  },
  {
    functions: ['round'],
    here: 'Ints that rounding takes beyond 64 bits are an error.',
    there: 'They come out wrong, some with the other sign.',
    why: 'An int is exact, or an error.',
    where: (r) => Math.abs(num(r.i)) > 2 ** 52,
  },
  {
    functions: ['sqrt', 'ln', 'log2', 'log10', 'log', 'sin', 'cos', 'tan', 'cot', 'asin', 'acos', 'atanh'],
    here: 'Beyond its domain a function is nan, or infinite, as IEEE 754 has it.',
    there: 'It is an error.',
    why: 'One odd row does not end a run of millions; `isfinite` finds it. `/` does the same.',
    where: (r) => !(num(r.x) > 0 && num(r.x) < 1 && (!('y' in r) || num(r.y) > 0)),
  },
  {
    functions: ['bitshiftleft'],
    here: 'The bits of negative numbers may be moved, as long as the result fits.',
    there: 'It is an error.',
    why: 'It is a multiplication by a power of two.',
    where: (r) => num(r.i) <= 0,
  },
  {
    functions: ['bitshiftright'],
    here: 'Moving bits by less than 0 places is an error.',
    there: 'It is 0.',
    why: 'It is a mistake.',
    where: (r) => num(r.n) < 0,
  },
  {
    functions: ['bitshiftright'],
    here: 'Beyond 63 places only the sign is left.',
    there: 'It is 0.',
    why: '-1 moved on and on stays -1.',
    where: (r) => num(r.n) >= 64,
  },
  {
    functions: ['lower', 'upper'],
    here: 'The full mappings of Unicode: `upper("ß")` is `SS`.',
    there: 'One character for one: `ẞ`.',
    why: 'It is what the language of the text does.',
    where: beyondAscii,
  },
  {
    functions: ['trim', 'rtrim', 'ltrim'],
    here: 'Blanks are spaces, tabs, line ends and their kin.',
    there: 'Only spaces.',
    why: 'Who trims wants to be rid of what is not seen.',
    where: (r) => /\s/.test(String(r.s)),
  },
  {
    functions: ['split'],
    here: 'Null as the separator gives null; empty text has no characters.',
    there: 'The text as the only piece.',
    why: 'A function is null where an argument is, here as everywhere.',
    where: (r) => r.t === null || r.s === '',
  },
  {
    functions: [
      'levenshtein',
      'damerau_levenshtein',
      'hamming',
      'jaro_similarity',
      'jaro_winkler_similarity',
      'jaccard',
    ],
    here: 'Texts are compared by character.',
    there: 'By byte of their UTF-8.',
    why: 'An umlaut is one letter.',
    where: beyondAscii,
  },
  {
    functions: ['hamming', 'jaro_similarity', 'jaro_winkler_similarity', 'jaccard'],
    here: 'Two empty texts are equal; an empty one shares nothing with another.',
    there: 'An error, or 0.',
    why: 'Empty text is text.',
    where: (r) => r.s === '' || r.t === '',
  },
  {
    functions: ['format', 'printf'],
    here: 'All digits of huge floats are exact.',
    there: 'Zeros behind the first 35 or so.',
    why: 'It is the value.',
    where: (r) => Math.abs(num(r.x)) > 1e30,
  },
  {
    functions: ['format_bytes'],
    here: 'The size is rounded.',
    there: 'It is cut.',
    why: '1.99 GiB is nearer to 2.0 than to 1.9.',
    where: (r) => Math.abs(num(r.i)) >= 1024,
  },
  {
    functions: ['to_base'],
    here: 'Negative numbers have a minus.',
    there: 'They are an error.',
    why: 'So they are written.',
    where: (r) => num(r.i) < 0,
  },
  {
    functions: ['epoch_ms'],
    here: 'Milliseconds are rounded down.',
    there: 'Toward zero.',
    why: 'An instant before 1970 does not lie in the millisecond after it.',
    where: (r) => num(r.a) < 0,
  },
  {
    functions: ['date_diff'],
    here: 'Weeks are counted by the Mondays between the days.',
    there: 'By sevens of days from 1970-01-01.',
    why: 'As for the other units, boundaries are counted.',
  },
  {
    functions: ['from_epoch_us'],
    here: 'The greatest and the least 64-bit number are instants like others.',
    there: 'They stand for infinity.',
    why: 'There are no infinite timestamps.',
    where: (r) => huge(r.i),
  },
  ...NESTED_DIFFERENCES,
];

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

function aggregateTable(): string {
  const byWhy = new Map<string, Set<string>>();
  for (const c of AGGREGATE_CASES) {
    if (c.except === undefined) continue;
    const why = c.except[1];
    byWhy.set(why, (byWhy.get(why) ?? new Set()).add(`\`${c.fn}\``));
  }
  return [
    row(['Aggregates', 'Difference']),
    row(['---', '---']),
    ...Array.from(byWhy, ([why, names]) => row([[...names].join(', '), `${why[0]?.toUpperCase()}${why.slice(1)}.`])),
  ].join('\n');
}

/** docs/differences.md. */
export function differencesPage(): string {
  return `# Differences from SQL

Functions, aggregates and windows have the names and meanings of SQL where SQL has them. \`tests/oracle\` runs all of them beside DuckDB over values at the edges of types (nulls, empty and
combining text, nan, infinities, -0, leap days, changes of zone, the least and greatest ints, decimals of 38 digits, nested lists, maps without a key, JSON of every kind, frames without a row).
What the database has no function for stands beside an expression of several. Where results differ, it is on purpose: this page is made from the tables of those tests, which fail where a
difference is not listed here, and where a listed one no longer shows. Functions that are missing here, and all functions of windows, agree on all of these values.

## Functions

${[
  row(['Functions', 'Here', 'There', 'Why']),
  row(['---', '---', '---', '---']),
  ...DIFFERENCES.map((d) => row([d.functions.map((f) => `\`${f}\``).join(', '), d.here, d.there, d.why])),
].join('\n')}

## Aggregates

${aggregateTable()}

## Without a counterpart

The database has nothing to set beside these, so something else tests them.

${[row(['Function', 'Tested by']), row(['---', '---']), ...Object.entries(WITHOUT_COUNTERPART).map(([fn, by]) => row([`\`${fn}\``, by]))].join('\n')}
`;
}
