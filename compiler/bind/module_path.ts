import * as path from 'node:path';
import type { Context } from './context.ts';

/** The file that a path of a `use` or an `import` names: relative to the file in which it stands, or to the working folder where that is no file. */
export function resolvePath(ctx: Context, written: string): string {
  return path.resolve(folderOf(ctx.file.span.file, ctx.cwd), written);
}

/** The names that stand for texts without a file. */
function folderOf(file: string, cwd: string): string {
  return file === '' || file === '-' || file.startsWith('<') ? cwd : path.dirname(path.resolve(file));
}
