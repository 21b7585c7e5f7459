/** The words of the language with what the program knows about them, as plain data: for `flowc docs` and for editors. */
import { AGGREGATE_LIST } from '../../engine/aggregates/registry.ts';
import type { FormatDef } from '../../engine/formats/def.ts';
import { FORMATS } from '../../engine/formats/registry.ts';
import { FAMILIES } from '../../engine/functions/families.ts';
import { FUNCTIONS } from '../../engine/functions/registry.ts';
import { ALGORITHMS } from '../../engine/ml/schema.ts';
import { verbs } from '../../grammar/words.ts';
import { VERBS } from './verbs.ts';

export interface ReferenceEntry {
  readonly kind: 'function' | 'operator' | 'aggregate' | 'verb' | 'format' | 'algorithm';
  readonly name: string;
  readonly aliases: readonly string[];
  /** Functions of one kind: `string`, `date`; for the rest, the plural of the kind. */
  readonly family: string;
  /** The family for people: `Text`. */
  readonly heading: string;
  /** How it is written. */
  readonly form: string;
  readonly doc: string;
  readonly examples: readonly string[];
  /** Of a format and an algorithm. */
  readonly options: readonly ReferenceOption[];
}

export interface ReferenceOption {
  readonly name: string;
  readonly values: string;
  readonly default: string | null;
  readonly doc: string;
}

/** Every verb, function, operator, aggregate, format and algorithm, in the order of the documentation. */
export function reference(): readonly ReferenceEntry[] {
  return [...verbEntries(), ...functionEntries(), ...aggregateEntries(), ...formatEntries(), ...algorithmEntries()];
}

function verbEntries(): ReferenceEntry[] {
  return verbs.map((name) => {
    const { form, doc, example } = VERBS[name];
    return entry('verb', name, 'verbs', 'Verbs', form, doc, [example]);
  });
}

function functionEntries(): ReferenceEntry[] {
  const order = Object.keys(FAMILIES);
  return Object.values(FUNCTIONS)
    .sort((a, b) => order.indexOf(a.family) - order.indexOf(b.family))
    .map((def) => ({
      ...entry(
        def.family === 'operator' ? 'operator' : 'function',
        def.name,
        def.family,
        FAMILIES[def.family],
        def.signature,
        def.doc,
        def.examples.map(([expression, result]) => `${expression}  =>  ${result}`),
      ),
      aliases: def.aliases ?? [],
    }));
}

function aggregateEntries(): ReferenceEntry[] {
  return AGGREGATE_LIST.map((def) => ({
    ...entry('aggregate', def.name, 'aggregates', 'Aggregates', def.signature, def.doc, [def.example]),
    aliases: def.aliases ?? [],
  }));
}

function formatEntries(): ReferenceEntry[] {
  return Object.values<FormatDef>(FORMATS).map((def) => {
    const ways = [...(def.reader === null ? [] : ['read']), ...(def.writer === null ? [] : ['written'])];
    const options = def.options.map((option) => ({
      name: option.name,
      values: option.values?.map((value) => JSON.stringify(value)).join(' or ') ?? option.type,
      default: option.default === null ? null : JSON.stringify(option.default),
      doc: `${option.doc}${option.for === 'both' ? '' : ` (for ${option.for === 'read' ? 'reading' : 'writing'})`}`,
    }));
    const form = `${def.name}("path"${options.length === 0 ? '' : ', option: value, …'})`;
    const doc = `${def.doc} It can be ${ways.join(' and ')}.`;
    return { ...entry('format', def.name, 'formats', 'Formats', form, doc, []), options };
  });
}

function algorithmEntries(): ReferenceEntry[] {
  return Object.values(ALGORITHMS).map((def) => {
    const options = def.options.map(({ name, values, type, min, max, default: usual, doc }) => ({
      name,
      values: values?.map((value) => JSON.stringify(value)).join(' or ') ?? `${type}, ${min} to ${max}`,
      default: usual === null ? null : JSON.stringify(usual),
      doc,
    }));
    const form = `train ${def.name}(option: value, …) label … features …`;
    return { ...entry('algorithm', def.name, 'algorithms', 'Algorithms', form, def.doc, []), options };
  });
}

function entry(
  kind: ReferenceEntry['kind'],
  name: string,
  family: string,
  heading: string,
  form: string,
  doc: string,
  examples: readonly string[],
): ReferenceEntry {
  return { kind, name, aliases: [], family, heading, form, doc, examples, options: [] };
}
