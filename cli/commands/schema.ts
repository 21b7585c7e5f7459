import { type AccessOptions, accessOf } from '../access.ts';
import type { ParamTexts } from '../args.ts';
import type { Context } from '../context.ts';
import { EXIT, UsageError } from '../exit.ts';
import { readSource } from '../io.ts';
import { reportProblems } from '../report.ts';
import { type UdfOptions, udfOf } from '../udf.ts';

export interface SchemaOptions extends UdfOptions, AccessOptions {
  readonly param?: ParamTexts;
  readonly format?: string;
  readonly with?: string;
  readonly json?: true;
}

/** Prints the columns of a data file, or of every relation of a flow, as `schema` statements. @returns the exit code */
export async function schema(file: string, options: SchemaOptions, context: Context): Promise<number> {
  const flow = options.format === undefined && file.endsWith('.flow');
  if (!flow && options.param !== undefined) throw new UsageError('-p belongs to a .flow file');
  if (flow && options.with !== undefined) throw new UsageError('--with belongs to a data file');
  const source = flow ? readSource(file) : { path: file, text: '' };
  const api = await context.loadApi();
  const access = accessOf(options);
  const outcome = flow
    ? await api.schemasOfFlow({ ...source, params: options.param ?? new Map(), udf: udfOf(options), access })
    : await api.schemaOfData({ path: file, format: options.format, options: options.with, access });
  const code = await reportProblems(outcome, source, context);
  if (outcome.status !== 'done') return code;
  const relations = outcome.value;
  const json = relations.map(({ name, columns }) => ({ name, columns }));
  const text = options.json
    ? `${JSON.stringify(flow ? json : json[0], null, 2)}\n`
    : relations.map(({ name, statement }) => (flow ? `# ${name}\n${statement}` : statement)).join('\n');
  await context.stdout.write(text);
  return EXIT.done;
}
