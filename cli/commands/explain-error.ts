import { suggest } from '../../grammar/suggest.ts';
import type { Context } from '../context.ts';
import { EXIT, UsageError } from '../exit.ts';

/** Prints the page of an error code; `flow2001` and `2001` will do too. @returns the exit code */
export async function explainError(code: string, context: Context): Promise<number> {
  const { errorPages } = await context.loadApi();
  const upper = code.trim().toUpperCase();
  const wanted = /^\d+$/.test(upper) ? `FLOW${upper}` : upper;
  const page = errorPages.find((candidate) => candidate.code === wanted);
  if (page === undefined) {
    const near = suggest(
      wanted,
      errorPages.map((candidate) => candidate.code),
    );
    throw new UsageError(
      `there is no error code '${code}'`,
      near === null ? 'a code stands in brackets behind `error`, such as FLOW2001' : `the nearest code is ${near}`,
    );
  }
  const { bold } = context.stdoutStyle;
  await context.stdout.write(`${bold(`${page.code}: ${page.title}`)}\n\n${page.explanation.trim()}\n`);
  return EXIT.done;
}
