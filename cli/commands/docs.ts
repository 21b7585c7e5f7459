import { suggestAll } from '../../grammar/suggest.ts';
import type { ReferenceEntry } from '../api.ts';
import type { Context } from '../context.ts';
import { EXIT, UsageError } from '../exit.ts';
import type { Style } from '../style.ts';
import { wrap } from '../width.ts';

export interface DocsOptions {
  readonly json?: true;
}

const WIDTH = 100;

/**
 * Prints what the program knows about a verb, function, aggregate, format or algorithm; about a family of functions, its list; without a name,
 * all families.
 * @returns the exit code
 */
export async function docs(name: string | undefined, options: DocsOptions, context: Context): Promise<number> {
  const entries = (await context.loadApi()).reference();
  const found = name === undefined ? entries : named(entries, name);
  if (found.length === 0) throw unknown(entries, name ?? '');
  const whole = name === undefined || found.every((one) => one.family === name.toLowerCase());
  const style = context.stdoutStyle;
  const text = options.json
    ? `${JSON.stringify(found, null, 2)}\n`
    : name === undefined
      ? contents(entries, style)
      : whole && found.length > 1
        ? list(found, style)
        : found.map((one) => page(one, style)).join('\n');
  await context.stdout.write(text);
  return EXIT.done;
}

/** A name or an alias before a family: `list` is an aggregate. */
function named(entries: readonly ReferenceEntry[], name: string): readonly ReferenceEntry[] {
  const wanted = name.toLowerCase().replace(/\(\)$/, '');
  const exact = entries.filter(
    (one) => one.name === wanted || one.aliases.includes(wanted) || signOf(one).includes(wanted),
  );
  return exact.length > 0 ? exact : entries.filter((one) => one.family === wanted);
}

/** The signs of an operator: `+` of `a + b`. */
function signOf({ kind, form }: ReferenceEntry): readonly string[] {
  return kind === 'operator' ? form.split(/\s+/).filter((word) => !/^\w$/.test(word)) : [];
}

function unknown(entries: readonly ReferenceEntry[], name: string): UsageError {
  const names = [...new Set(entries.flatMap((one) => [one.name, ...one.aliases, one.family]))];
  const near = suggestAll(name.toLowerCase(), names);
  return new UsageError(
    `there is nothing named '${name}'`,
    near.length === 0 ? '`flowc docs` lists everything' : `did you mean ${near.join(' or ')}?`,
  );
}

function families(entries: readonly ReferenceEntry[]): ReadonlyMap<string, readonly ReferenceEntry[]> {
  const out = new Map<string, ReferenceEntry[]>();
  for (const one of entries) out.set(one.family, [...(out.get(one.family) ?? []), one]);
  return out;
}

function contents(entries: readonly ReferenceEntry[], { bold, dim }: Style): string {
  const blocks = [...families(entries)].map(([family, members]) => {
    const heading = `${bold(members[0]?.heading ?? family)} ${dim(`(${family})`)}`;
    return `${heading}\n${wrap(members.map((one) => (one.kind === 'operator' ? signOf(one).join(' ') || one.form : one.name)).join(' '), WIDTH, '  ')}\n`;
  });
  return `${blocks.join('\n')}\nflowc docs NAME says more about one of them, flowc docs FAMILY lists a family.\n`;
}

function list(members: readonly ReferenceEntry[], { bold, dim }: Style): string {
  const heading = bold(members[0]?.heading ?? '');
  return `${heading}\n\n${members.map((one) => `${one.form}\n${dim(wrap(one.doc, WIDTH, '    '))}\n`).join('\n')}`;
}

function page(one: ReferenceEntry, { bold, dim }: Style): string {
  const also = one.aliases.length === 0 ? [] : [`Also called ${one.aliases.join(', ')}.`];
  const options = one.options.map(({ name, values, default: usual, doc }) => {
    const head = `  ${name}: ${values}${usual === null ? '' : `, by default ${usual}`}`;
    return `${head}\n${dim(wrap(doc, WIDTH, '      '))}`;
  });
  return [
    `${bold(one.form)} ${dim(`(${one.kind})`)}`,
    '',
    wrap(one.doc, WIDTH, ''),
    ...also,
    ...(options.length === 0 ? [] : ['', 'Options:', ...options]),
    ...(one.examples.length === 0 ? [] : ['', ...one.examples.map((example) => `    ${example}`)]),
    '',
  ].join('\n');
}
