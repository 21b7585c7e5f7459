/**
 * The grammar of the language: text to AST and back. Importing this loads the parser (chevrotain); what needs none of
 * it imports ast.ts, walk.ts, diagnostics.ts, suggest.ts, frame.ts, print.ts or words.ts directly.
 */
import { parseFile, type ParseResult } from './parse.ts';

export type { ParseResult } from './parse.ts';

/** Parses a whole file; `file` is the name that spans carry. Never throws: what is wrong comes as diagnostics. */
export function parse(text: string, file: string): ParseResult {
  return parseFile(text, file);
}
