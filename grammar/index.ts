/**
 * The grammar of the language: text to AST and back. Importing this loads the parser (chevrotain); what needs none of
 * it imports ast.ts, walk.ts, diagnostics.ts, suggest.ts, frame.ts, print.ts or words.ts directly.
 */
import { type Diagnostic, hasErrors } from './diagnostics.ts';
import { type ParseResult, parseFile } from './parse.ts';
import { printFile } from './print.ts';

export type { ParseResult } from './parse.ts';

/** Parses a whole file; `file` is the name that spans carry. Never throws: what is wrong comes as diagnostics. */
export function parse(text: string, file: string): ParseResult {
  return parseFile(text, file);
}

export interface FormatResult {
  /** The file in its standard form; null when it has syntax errors, which are never "repaired" by formatting. */
  readonly text: string | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** The text in its standard form, comments kept. Formatting what has been formatted changes nothing. */
export function format(text: string, file: string): FormatResult {
  const { ast, comments, diagnostics } = parseFile(text, file);
  if (hasErrors(diagnostics)) return { text: null, diagnostics };
  return { text: printFile(ast, { comments, source: text }), diagnostics };
}
