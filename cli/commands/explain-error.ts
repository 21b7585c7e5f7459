import { suggest } from '../../grammar/suggest.ts';
import type { Context } from '../context.ts';
import { EXIT, UsageError } from '../exit.ts';

/** Prints the page of an error code; `flow2001` and `2001` will do too. Without one, lists all codes. @returns the exit code */
export async function explainError(code: string | undefined, context: Context): Promise<number> {
  const { errorPages } = await context.loadApi();
  if (code === undefined) {
    const sorted = [...errorPages].sort((a, b) => (a.code < b.code ? -1 : 1));
    await context.stdout.write(sorted.map((page) => `${page.code}  ${page.title}\n`).join(''));
    return EXIT.done;
  }
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
