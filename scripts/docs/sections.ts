// The parts of the documentation that are made from the program's own tables, so that they cannot say anything else.
import { api } from '../../cli/backend.ts';
import { reference } from '../../compiler/reference/index.ts';
import type { AggregateDef } from '../../engine/aggregates/def.ts';
import { AGGREGATE_LIST } from '../../engine/aggregates/registry.ts';
import type { FormatDef, FormatOption } from '../../engine/formats/def.ts';
import { FORMATS } from '../../engine/formats/registry.ts';
import type { FunctionDef, FunctionFamily } from '../../engine/functions/def.ts';
import { FAMILIES } from '../../engine/functions/families.ts';
import { FUNCTIONS } from '../../engine/functions/registry.ts';
import { ALGORITHMS, type AlgorithmOption } from '../../engine/ml/schema.ts';
import type { WindowDef } from '../../engine/windows/def.ts';
import { WINDOW_LIST } from '../../engine/windows/registry.ts';
import { commandHelp } from './help.ts';
import { anchor, code, fenced, page, prose, table } from './markdown.ts';

const alsoCalled = (aliases: readonly string[] | undefined): string =>
  aliases === undefined || aliases.length === 0 ? '' : ` Also called ${aliases.map(code).join(', ')}.`;

function functionEntry(def: FunctionDef): string {
  const examples = def.examples.map(([expression, result]) => `${expression}  =>  ${result}`).join('\n');
  return [
    `### ${def.name}`,
    '',
    `${code(def.signature)}: ${prose(def.doc)}${alsoCalled(def.aliases)}`,
    '',
    fenced('text', examples),
  ].join('\n');
}

interface Family {
  readonly heading: string;
  readonly family: FunctionFamily;
  readonly defs: readonly FunctionDef[];
}

function families(): Family[] {
  const all = Object.values(FUNCTIONS);
  return (Object.keys(FAMILIES) as FunctionFamily[])
    .map((family) => ({ heading: FAMILIES[family], family, defs: all.filter((def) => def.family === family) }))
    .filter(({ defs }) => defs.length > 0);
}

/** Two headings of one text have two anchors: the second one ends in `-1`, in the order of the page. */
function functionsContents(): string {
  const seen = new Map<string, number>();
  const link = (heading: string, shown: string): string => {
    const own = anchor(heading);
    const times = seen.get(own) ?? 0;
    seen.set(own, times + 1);
    return `[${shown}](#${own}${times === 0 ? '' : `-${times}`})`;
  };
  for (const heading of ['Functions and aggregates', 'Aggregates']) link(heading, heading);
  for (const def of AGGREGATE_LIST) link(def.name, def.name);
  link('Window functions', 'Window functions');
  const windowLinks = WINDOW_LIST.map((def) => link(def.name, code(def.name)));
  const others = families().flatMap(({ heading, family, defs }) => {
    const head = link(heading, heading);
    return family === 'operator' ? [] : [`- ${head}: ${defs.map((def) => link(def.name, code(def.name))).join(' ')}`];
  });
  return [`- Window functions: ${windowLinks.join(' ')}`, ...others].join('\n');
}

function functions(): string {
  return families()
    .map(({ heading, family, defs }) =>
      [`## ${heading}`, family === 'operator' ? operatorTable(defs) : defs.map(functionEntry).join('\n\n')].join(
        '\n\n',
      ),
    )
    .join('\n\n');
}

function operatorTable(defs: readonly FunctionDef[]): string {
  return table(
    ['Written', 'Meaning', 'Examples'],
    defs.map((def) => [
      code(def.signature),
      prose(def.doc),
      def.examples.map(([e, r]) => code(`${e} => ${r}`)).join('<br>'),
    ]),
  );
}

function aggregateEntry(def: AggregateDef): string {
  return [
    `### ${def.name}`,
    '',
    `${code(def.signature)}: ${prose(def.doc)}${alsoCalled(def.aliases)}`,
    '',
    fenced('text', def.example),
  ].join('\n');
}

function windowEntry(def: WindowDef): string {
  const examples = def.examples.map(([expression, values]) => `${expression}  =>  ${values}`).join('\n');
  return [
    `### ${def.name}`,
    '',
    `${code(def.signature)}: ${prose(def.doc)}${alsoCalled(def.aliases)}`,
    '',
    fenced('text', examples),
  ].join('\n');
}

function windows(): string {
  return WINDOW_LIST.map(windowEntry).join('\n\n');
}

function aggregates(): string {
  return AGGREGATE_LIST.map(aggregateEntry).join('\n\n');
}

const shown = (value: FormatOption['default']): string => (value === null ? '' : code(JSON.stringify(value)));

function formatEntry(def: FormatDef): string {
  const ways = [...(def.reader === null ? [] : ['read']), ...(def.writer === null ? [] : ['written'])].join(' and ');
  const endings = def.extensions.map((extension) => code(`.${extension}`)).join(', ');
  const types: Readonly<Record<FormatOption['type'], string>> = {
    string: 'string',
    bool: 'bool',
    int: 'int',
    strings: 'list of strings',
  };
  const rows = def.options.map((option) => [
    code(option.name),
    option.values === undefined
      ? types[option.type]
      : option.values.map((value) => code(JSON.stringify(value))).join(', '),
    shown(option.default),
    { read: 'reading', write: 'writing', both: 'both' }[option.for],
    prose(option.doc),
  ]);
  const options =
    rows.length === 0 ? 'It has no options.' : table(['Option', 'Values', 'Default', 'For', 'Meaning'], rows);
  return [
    `## ${def.name}`,
    '',
    `${prose(def.doc)} It can be ${ways}.${endings === '' ? '' : ` Usual endings: ${endings}.`}`,
    '',
    options,
  ].join('\n');
}

function formats(): string {
  return Object.values<FormatDef>(FORMATS).map(formatEntry).join('\n\n');
}

const RANGES: readonly (readonly [prefix: string, heading: string])[] = [
  ['FLOW1', 'Syntax (FLOW1xxx)'],
  ['FLOW2', 'Names (FLOW2xxx)'],
  ['FLOW3', 'Types and values (FLOW3xxx)'],
  ['FLOW4', 'Steps and plans (FLOW4xxx)'],
  ['FLOW5', 'Sources and sinks (FLOW5xxx)'],
  ['FLOW6', 'Lints (FLOW6xxx)'],
  ['FLOW7', 'While running (FLOW7xxx)'],
  ['FLOW8', 'Modules (FLOW8xxx)'],
];

function errorIndex(): string {
  const sorted = [...api.errorPages].sort((a, b) => (a.code < b.code ? -1 : 1));
  const known = sorted.filter(({ code: c }) => RANGES.some(([prefix]) => c.startsWith(prefix)));
  if (known.length !== sorted.length) throw new Error('an error code lies outside of the ranges of docs/errors.md');
  return RANGES.map(([prefix, heading]) => {
    const pages = sorted.filter((one) => one.code.startsWith(prefix));
    const entries = pages.map((one) => [`### ${one.code}: ${prose(one.title)}`, '', page(one.explanation)].join('\n'));
    return [`## ${heading}`, ...entries].join('\n\n');
  }).join('\n\n');
}

function optionRow(option: AlgorithmOption): string[] {
  const { min, max, values, type } = option;
  const bounds =
    values === undefined ? `${type}, ${min} to ${max}` : values.map((value) => code(JSON.stringify(value))).join(', ');
  return [
    code(option.name),
    bounds,
    option.default === null ? '' : code(JSON.stringify(option.default)),
    prose(option.doc),
  ];
}

function algorithms(): string {
  return Object.values(ALGORITHMS)
    .map((def) =>
      [
        `### ${def.name}`,
        '',
        `${prose(def.doc)} Task: ${def.task}.`,
        '',
        table(['Option', 'Values', 'Default', 'Meaning'], def.options.map(optionRow)),
      ].join('\n'),
    )
    .join('\n\n');
}

function verbs(): string {
  const all = reference().filter(({ kind }) => kind === 'verb');
  return table(
    ['Form', 'What it does'],
    all.map(({ form, doc }) => [code(form), prose(doc)]),
  );
}

/** Generated sections by name: in a page, between `<!-- generated: name -->` and `<!-- end generated -->`. */
export const SECTIONS: Readonly<Record<string, () => string | Promise<string>>> = {
  functions,
  'functions contents': functionsContents,
  aggregates,
  windows,
  formats,
  verbs,
  errors: errorIndex,
  algorithms,
  'help flowc': () => commandHelp([]),
  'help run': () => commandHelp(['run']),
  'help check': () => commandHelp(['check']),
  'help schema': () => commandHelp(['schema']),
  'help docs': () => commandHelp(['docs']),
  'help new': () => commandHelp(['new']),
  'help explain': () => commandHelp(['explain']),
  'help fmt': () => commandHelp(['fmt']),
  'help explain-error': () => commandHelp(['explain-error']),
  'help shuffle': () => commandHelp(['shuffle']),
  'help sort-bench': () => commandHelp(['sort-bench']),
};
