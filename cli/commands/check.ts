import type { Context } from '../context.ts';
import { readSource } from '../io.ts';
import { reportProblems } from '../report.ts';

export interface CheckOptions {
  readonly param?: ReadonlyMap<string, string>;
}

/** Binds and type-checks a file, and prints the schema of each of its relations. @returns the exit code */
export async function check(file: string, options: CheckOptions, context: Context): Promise<number> {
  const source = readSource(file);
  const api = await context.loadApi();
  const outcome = await api.check({ ...source, params: options.param ?? new Map() });
  const code = await reportProblems(outcome, source, context);
  if (outcome.status !== 'done') return code;
  const lines = outcome.value.relations.map(
    ({ name, columns }) => `${name}: ${columns.map((column) => `${column.name} ${column.type}`).join(', ')}`,
  );
  await context.stdout.write([...lines, `${source.path}: no errors`, ''].join('\n'));
  return code;
}
