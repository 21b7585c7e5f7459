import { type AccessOptions, accessOf } from '../access.ts';
import type { ExplainFormat } from '../api.ts';
import type { ParamTexts } from '../args.ts';
import type { Context } from '../context.ts';
import { readSource } from '../io.ts';
import { reportProblems } from '../report.ts';
import { type UdfOptions, udfOf } from '../udf.ts';

export interface ExplainOptions extends UdfOptions, AccessOptions {
  readonly param?: ParamTexts;
  readonly format: ExplainFormat;
  readonly kernels?: boolean;
}

/** Plans a file and prints the plans. @returns the exit code */
export async function explain(file: string, options: ExplainOptions, context: Context): Promise<number> {
  const source = readSource(file);
  const api = await context.loadApi();
  const { param: params = new Map(), format, kernels = false } = options;
  const outcome = await api.explain({
    ...source,
    params,
    format,
    kernels,
    udf: udfOf(options),
    access: accessOf(options),
  });
  const code = await reportProblems(outcome, source, context);
  if (outcome.status !== 'done') return code;
  await context.stdout.write(outcome.value.endsWith('\n') ? outcome.value : `${outcome.value}\n`);
  return code;
}
