// Binds inline .flow text against sources that are plain data, and finds the marked place of a mistake in it.
import * as assert from 'uvu/assert';
import { type BindResult, bind } from '../../compiler/bind/index.ts';
import type { LogicalNode, LogicalOutput } from '../../compiler/logical.ts';
import type { SourceCatalog } from '../../compiler/sources.ts';
import { RunError } from '../../engine/errors.ts';
import type { FormatDef, FormatReader, FormatWriter } from '../../engine/formats/def.ts';
import { formatType, type Schema, T } from '../../engine/types.ts';
import type { Diagnostic } from '../../grammar/diagnostics.ts';
import { parseFile } from '../../grammar/parse.ts';

const f = (name: string, type: Schema[number]['type'], nullable = true) => ({ name, type, nullable });

/** What the fake sources hold, by path. */
export const sources: Readonly<Record<string, Schema>> = {
  'people.csv': [
    f('id', T.int, false),
    f('name', T.string),
    f('age', T.int),
    f('salary', T.float),
    f('active', T.bool),
    f('born', T.date),
    f('country', T.string, false),
  ],
  'orders.csv': [
    f('id', T.int, false),
    f('person', T.int),
    f('amount', T.decimal(12, 2)),
    f('status', T.string),
    f('at', T.timestamp),
    f('tags', T.list(T.string)),
    f('item', T.struct([f('sku', T.string), f('qty', T.int)])),
    f('extra', T.json),
  ],
  'm.json': [f('model', T.bytes, false)],
  'vip.csv': [f('cust', T.int), f('level', T.int)],
  'more.csv': [f('level', T.float), f('cust', T.int, false)],
};

const reader = { infer: async () => [] } as unknown as FormatReader;
const writer = { kind: 'parallel' } as unknown as FormatWriter;
const def = (name: string, extra: Partial<FormatDef> = {}): FormatDef => ({
  name,
  extensions: [name],
  doc: '',
  reader,
  writer,
  options: [
    { name: 'delimiter', type: 'string', default: ',', doc: '', for: 'both' },
    { name: 'header', type: 'bool', default: true, doc: '', for: 'both' },
    { name: 'nulls', type: 'strings', default: [''], doc: '', for: 'read' },
    { name: 'skip', type: 'int', default: 0, doc: '', for: 'read' },
    { name: 'on_error', type: 'string', default: 'fail', values: ['fail', 'reject'], doc: '', for: 'read' },
    { name: 'compression', type: 'string', default: null, values: ['gzip'], doc: '', for: 'write' },
  ],
  ...extra,
});

export const catalog: SourceCatalog = {
  formats: {
    csv: def('csv'),
    parquet: def('parquet', { options: [] }),
    inbox: def('inbox', { writer: null }),
    model: def('model', { options: [] }),
  },
  paths: async (pattern) => (typeof pattern === 'string' ? [pattern] : pattern),
  infer: async (_format, spec) => {
    const schema = sources[spec.paths[0] ?? ''];
    if (schema === undefined)
      throw new RunError('FLOW7001', `no file "${spec.display}"`, { file: spec.display }, 'did you mean "people.csv"?');
    return schema;
  },
  model: async () => ({
    task: 'classification',
    label: { name: 'active', type: T.bool },
    features: [
      { name: 'age', type: T.float },
      { name: 'country', type: T.string },
    ],
  }),
  sqlEngine: async () => null,
  estimate: async () => ({ rows: null, bytes: 0 }),
};

export async function bound(text: string, params: Record<string, string> = {}): Promise<BindResult> {
  const { ast, diagnostics } = parseFile(text, 'test.flow');
  assert.equal(
    diagnostics.filter((d) => d.severity === 'error').map((d) => d.message),
    [],
    `syntax of ${text}`,
  );
  return bind(ast, { params, cwd: process.cwd(), sourceSchemas: catalog });
}

/** The outputs of a file without errors. */
export async function outputs(text: string, params: Record<string, string> = {}): Promise<readonly LogicalOutput[]> {
  const result = await bound(text, params);
  assert.equal(
    result.diagnostics.filter((d) => d.severity === 'error').map((d) => `${d.code} ${d.message}`),
    [],
  );
  assert.ok(result.plan !== null);
  return result.plan?.outputs ?? [];
}

export async function node(text: string, params: Record<string, string> = {}): Promise<LogicalNode> {
  const [first] = await outputs(text, params);
  assert.ok(first !== undefined);
  return (first as LogicalOutput).input;
}

/** `id int, name string?` */
export const shown = (schema: Schema): string =>
  schema.map((c) => `${c.name} ${formatType(c.type, c.nullable)}`).join(', ');

export async function schema(text: string, params: Record<string, string> = {}): Promise<string> {
  return shown((await node(text, params)).schema);
}

/** What the diagnostics say, each with the text they mark: `FLOW2002 <agee> there is no column …`. */
export async function complaints(text: string, params: Record<string, string> = {}): Promise<string[]> {
  const { diagnostics } = await bound(text, params);
  return diagnostics.map((d) => `${d.code} <${text.slice(d.span.start, d.span.end)}> ${d.message}`);
}

/** Marks: `where «agee» > 1` is bound without the marks, and gives exactly one diagnostic, there. */
export async function complaint(
  marked: string,
  code: string,
  message: string | RegExp,
  params: Record<string, string> = {},
): Promise<Diagnostic> {
  const start = marked.indexOf('«');
  const end = marked.indexOf('»') - 1;
  const text = marked.replace('«', '').replace('»', '');
  const { diagnostics, plan } = await bound(text, params);
  assert.is(
    diagnostics.length,
    1,
    `one diagnostic, not ${JSON.stringify(diagnostics.map((d) => `${d.code} ${d.message}`))}`,
  );
  const [found] = diagnostics as [Diagnostic];
  assert.is(found.code, code);
  if (typeof message === 'string') assert.is(found.message, message);
  else assert.match(found.message, message);
  assert.is(text.slice(found.span.start, found.span.end), text.slice(start, end), 'the marked place');
  if (found.severity === 'error') assert.is(plan, null);
  return found;
}

/** The text with the suggestion of the diagnostic applied. */
export function fixed(marked: string, d: Diagnostic): string {
  const text = marked.replace('«', '').replace('»', '');
  const { replacement, span = d.span } = d.suggestion ?? {};
  assert.type(replacement, 'string');
  return text.slice(0, span.start) + replacement + text.slice(span.end);
}
