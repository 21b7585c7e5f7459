// Golden scripts: a flow, then what each phase makes of it, in tagged sections.
//
//   # a comment
//   [flow]      the text of the flow; paths are relative to tests/golden
//   [options]   optional: name=value for the planner, one a line
//   [plan]      the bound logical plan
//   [opt]       the rules that fired, and the plan they made
//   [tasks]     the task graph
//   [rows]      the rows as CSV: the same for any number of workers, any memory limit and any size of batches
//   [values]    the same, a line for each column
//   [mermaid], [dot]   the task graph as a drawing
//
// Only the sections that are there are compared; a script of a flow alone gets the first four.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { explain } from '../../compiler/explain/index.ts';
import { logicalText } from '../../compiler/explain/logical_text.ts';
import { valuesOf } from '../../engine/batch/access.ts';
import { formatValue } from '../../engine/functions/format.ts';
import { T } from '../../engine/types.ts';
import { type Compiled, check, type Engine, encodeRows, type PhysicalPlan, plan } from '../../index.ts';

export const DEFAULT_SECTIONS = ['plan', 'opt', 'tasks', 'rows'];

export interface Script {
  readonly head: string;
  readonly sections: ReadonlyMap<string, string>;
}

export function readScript(path: string): Script {
  const [head = '', ...parts] = readFileSync(path, 'utf8').split(/^\[(\w+)\]\n/m);
  const sections = new Map<string, string>();
  for (let i = 0; i < parts.length; i += 2) sections.set(parts[i] ?? '', (parts[i + 1] ?? '').trimEnd());
  return { head, sections };
}

export function writeScript({ head, sections }: Script): string {
  return `${head}${[...sections].map(([tag, text]) => `[${tag}]\n${text}\n`).join('\n')}`;
}

/** What the sections of a script should say now. */
export async function play(script: Script, engines: readonly Engine[], cwd: string): Promise<Script> {
  const flow = script.sections.get('flow') ?? '';
  const options = Object.fromEntries(
    (script.sections.get('options') ?? '')
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const [name = '', value = ''] = line.split('=');
        return [name, Number(value)];
      }),
  );
  const bound = await check(flow, join(cwd, 'golden.flow'), { cwd });
  if (bound.plan === null) throw new Error(bound.diagnostics.map((d) => `${d.code} ${d.message}`).join('\n'));
  const compiled = await plan(bound.plan, options);
  const sections = new Map<string, string>();
  for (const [tag, text] of script.sections) if (tag === 'flow' || tag === 'options') sections.set(tag, text);
  const wanted = [...script.sections.keys()].filter((tag) => !sections.has(tag));
  for (const tag of wanted.length > 0 ? wanted : DEFAULT_SECTIONS) {
    // Outputs have absolute paths.
    sections.set(tag, (await section(tag, compiled, engines)).trimEnd().replaceAll(join(cwd, '/'), ''));
  }
  return { head: script.head, sections };
}

async function section(tag: string, c: Compiled, engines: readonly Engine[]): Promise<string> {
  switch (tag) {
    case 'plan':
      return logicalText(c.logical);
    case 'opt':
      return `${c.fired.map((rule) => `# ${rule}\n`).join('')}${logicalText(c.optimized)}`;
    case 'tasks':
      return explain(c, 'text').split('Task graph\n')[1] ?? '';
    case 'mermaid':
    case 'dot':
      return explain(c, tag);
    case 'rows':
      return rowsEverywhere(c.physical, engines, rows);
    case 'values':
      return rowsEverywhere(c.physical, engines, values);
    default:
      throw new Error(`a golden script has no section [${tag}]`);
  }
}

type Render = (physical: PhysicalPlan, engine: Engine) => Promise<string>;

async function rowsEverywhere(physical: PhysicalPlan, engines: readonly Engine[], render: Render): Promise<string> {
  const all: string[] = [];
  for (const engine of engines) all.push(await render(physical, engine));
  const [first = '', ...others] = all;
  others.forEach((other, i) => {
    const engine = engines[i + 1];
    if (other !== first)
      throw new Error(`other rows with ${engine?.workers} workers and ${engine?.memory} bytes:\n${first}\n${other}`);
  });
  return first;
}

export async function rows(physical: PhysicalPlan, engine: Engine): Promise<string> {
  const run = await engine.run(physical);
  return run.results
    .map((r) => {
      // The writer hands out memory that it uses again.
      const parts: Buffer[] = [];
      for (const b of encodeRows(r.schema, r.batches(), 'csv')) parts.push(Buffer.from(b));
      const text = Buffer.concat(parts).toString('utf8');
      r.release();
      return text;
    })
    .join('\n');
}

/** `name = value, value`: of each column the values of all rows. */
async function values(physical: PhysicalPlan, engine: Engine): Promise<string> {
  const run = await engine.run(physical);
  const lines = run.results.flatMap((r) => {
    const columns = r.schema.map((f) => ({ f, shown: [] as string[] }));
    for (const b of r.batches()) {
      b.columns.forEach((column, i) => {
        const one = columns[i];
        const texts = valuesOf(column).map((v) =>
          v === null ? 'null' : formatValue(b.schema[i]?.type ?? T.string, v),
        );
        one?.shown.push(...texts.map((text) => (/^[^\p{Cc}]*$/u.test(text) ? text : JSON.stringify(text))));
      });
    }
    r.release();
    return columns.map(({ f, shown }) => `${f.name} = ${shown.join(', ')}`);
  });
  return lines.join('\n');
}

/** The lines that differ, with a line before them. */
export function diff(before: string, after: string): string {
  const [a, b] = [before.split('\n'), after.split('\n')];
  let from = 0;
  while (from < a.length && from < b.length && a[from] === b[from]) from++;
  let end = 0;
  while (end < a.length - from && end < b.length - from && a.at(-1 - end) === b.at(-1 - end)) end++;
  const lines = (xs: string[], mark: string): string[] => xs.slice(from, xs.length - end).map((l) => `${mark} ${l}`);
  return [...a.slice(Math.max(0, from - 1), from).map((l) => `  ${l}`), ...lines(a, '-'), ...lines(b, '+')].join('\n');
}
