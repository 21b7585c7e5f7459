import { type AccessOptions, accessOf } from '../access.ts';
import type { CheckSummary } from '../api.ts';
import type { ParamTexts } from '../args.ts';
import type { Context } from '../context.ts';
import { EXIT, UsageError } from '../exit.ts';
import { readSource } from '../io.ts';
import { reportProblems } from '../report.ts';
import { type UdfOptions, udfOf } from '../udf.ts';

export interface CheckOptions extends UdfOptions, AccessOptions {
  readonly param?: ParamTexts;
  readonly lint?: true;
  readonly quiet?: true;
}

/**
 * Binds and type-checks files, and prints the schema of each of their relations.
 * @returns the exit code: that of the worst file; with `--lint`, 1 where there are only warnings
 */
export async function check(files: readonly string[], options: CheckOptions, context: Context): Promise<number> {
  if (files.length > 1 && files.includes('-')) throw new UsageError('- (standard input) stands alone');
  if (files.length > 1 && options.param !== undefined)
    throw new UsageError('-p belongs to one file', 'check the files one by one');
  const api = await context.loadApi();
  let worst: number = EXIT.done;
  for (const file of files) {
    const source = readSource(file);
    const given = { params: options.param ?? new Map(), udf: udfOf(options), access: accessOf(options) };
    const request = { ...source, ...given, lint: options.lint === true };
    const outcome = await api.check(request);
    const code = await reportProblems(outcome, source, context);
    const warned = options.lint && outcome.status === 'done' && outcome.warnings.length > 0;
    worst = Math.max(worst, warned ? EXIT.failed : code);
    if (outcome.status !== 'done' || options.quiet) continue;
    const lines = files.length > 1 ? [] : relationLines(outcome.value);
    const end = outcome.warnings.length === 0 ? 'no errors' : `no errors, ${counted(outcome.warnings.length)}`;
    await context.stdout.write([...lines, `${source.path}: ${end}`, ''].join('\n'));
  }
  return worst;
}

const counted = (warnings: number) => `${warnings} warning${warnings === 1 ? '' : 's'}`;

function relationLines({ relations }: CheckSummary): string[] {
  return relations.map(
    ({ name, columns }) => `${name}: ${columns.map((column) => `${column.name} ${column.type}`).join(', ')}`,
  );
}
