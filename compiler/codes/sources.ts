/** FLOW5xxx: sources and sinks. */
import { defineDiagnostics, entry } from '../../grammar/diagnostics.ts';

export const sourceCodes = defineDiagnostics({
  unreadable: entry<{ why: string }>({
    code: 'FLOW5001',
    title: 'A source that cannot be read',
    explanation: `The schema of a source is taken from its files before anything runs, and that failed: a file is missing, may not
be read, or is not what its format says. Paths are relative to the folder in which the command runs.`,
    message: (p) => p.why,
  }),
  unknownFormat: entry<{ name: string }>({
    code: 'FLOW5002',
    title: 'An unknown format',
    explanation: `A source or sink is written as its format with the path: csv("orders.csv"). The message lists the formats.`,
    message: (p) => `there is no format \`${p.name}\``,
  }),
  formatDirection: entry<{ format: string; verb: string }>({
    code: 'FLOW5003',
    title: 'A format that does not go this way',
    explanation: 'Some formats can only be read, and some only be written.',
    message: (p) => `${p.format} cannot be ${p.verb}`,
  }),
  unknownOption: entry<{ format: string; name: string; use: string }>({
    code: 'FLOW5004',
    title: 'An unknown option of a format',
    explanation: `Options stand behind the path, by name: csv("orders.csv", delimiter: ";", nulls: ["", "NA"]). Some belong only to
reading, some only to writing.`,
    message: (p) => `${p.format} has no option \`${p.name}\` for ${p.use}`,
  }),
  badOption: entry<{ format: string; name: string; expected: string; found: string }>({
    code: 'FLOW5005',
    title: 'An option with a value that does not fit',
    explanation: 'Every option of a format has a type, and some have a list of values. The message names them.',
    message: (p) => `${p.format}: \`${p.name}\` is ${p.expected}, and this is ${p.found}`,
  }),
  badPath: entry<{ format: string; why: string }>({
    code: 'FLOW5006',
    title: 'A source or sink without its path',
    explanation: `The first argument of a format is the path, as text; a source may have wildcards, and - is standard input or
output.

    from csv("orders-*.csv") | write parquet("orders.parquet")`,
    message: (p) => `${p.format} ${p.why}`,
  }),
  notASchema: entry<{ type: string }>({
    code: 'FLOW5007',
    title: 'A schema that is no list of columns',
    explanation: `Behind as stands a schema of the file, or its columns in braces:

    from csv("orders.csv") as { id: int, placed_at: timestamp, amount: decimal(12, 2)? }`,
    message: (p) => `${p.type} is not a list of columns`,
  }),
  notAllowed: entry<{ message: string }>({
    code: 'FLOW5008',
    title: 'A file outside of what is allowed',
    explanation: `With --allow-read and --allow-write (in TypeScript allowRead and allowWrite) a flow reads and writes only within the
folders they name: sources, sinks, models, imports, and the modules of use. Links and .. are followed before it is looked at: what
counts is where a path leads.

    flowc run report.flow --allow-read data --allow-write out`,
    message: (p) => p.message,
  }),
});
