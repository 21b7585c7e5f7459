import { formatByExtension } from '../engine/formats/registry.ts';
import { escapeText } from '../grammar/literals.ts';
import { type Bound, type CompileOptions, check } from './compile.ts';

/**
 * The columns of a data file, as `from` sees them: `format` by the ending of its name when left out, `options` as they stand in a flow
 * (`delimiter: ";"`). Null when the ending names no format.
 */
export function checkData(
  path: string,
  format: string | undefined,
  options: string | undefined,
  compile: CompileOptions = {},
): Promise<Bound> | null {
  const name = format ?? formatByExtension(path)?.name;
  if (name === undefined) return null;
  return check(`from ${name}("${escapeText(path, '"')}"${options === undefined ? '' : `, ${options}`})`, path, compile);
}
