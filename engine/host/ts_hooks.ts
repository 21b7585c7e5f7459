/** Module hooks for versions of Node.js that do not strip types themselves: a `.ts` file is loaded as the JavaScript that is left of it, lines and columns as they were. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

interface Loaded {
  readonly format: string;
  readonly source: string;
  readonly shortCircuit: true;
}

export async function load(
  url: string,
  context: unknown,
  next: (url: string, context: unknown) => unknown,
): Promise<unknown> {
  const { protocol, pathname } = new URL(url);
  if (protocol !== 'file:' || !/\.m?ts$/.test(pathname)) return next(url, context);
  const { transformSync } = await import('@swc/wasm-typescript');
  const source = await readFile(fileURLToPath(url), 'utf8');
  try {
    const { code } = transformSync(source, { mode: 'strip-only', module: true, filename: pathname }) as {
      code: string;
    };
    return { format: 'module', source: code, shortCircuit: true } satisfies Loaded;
  } catch (e) {
    throw syntaxError(e, url);
  }
}

/** What the parser says, with the place where Node puts it: the first line of the stack. */
function syntaxError(e: unknown, url: string): Error {
  const { message, startLine } = e as { readonly message?: string; readonly startLine?: number };
  const error = new SyntaxError(message ?? String(e));
  error.stack = `${url}${startLine === undefined ? '' : `:${startLine}`}\n${error.stack ?? ''}`;
  return error;
}
