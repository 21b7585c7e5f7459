import type { Diagnostic } from '../grammar/diagnostics.ts';
import { position, renderDiagnostic } from '../grammar/frame.ts';
import { sourceReader } from '../grammar/source_reader.ts';
import type { SourceText } from './io.ts';
import type { Style } from './style.ts';

/** Diagnostics with their frames, an empty line between two, and how many there were if more than one. */
export function diagnosticsText(list: readonly Diagnostic[], source: SourceText, style: Style): string {
  const options = { color: style.enabled, source: sourceReader(source.path, source.text) };
  const blocks = list.map((diagnostic) => `${renderDiagnostic(diagnostic, options)}\n`);
  const errors = list.filter((diagnostic) => diagnostic.severity === 'error').length;
  if (errors > 1) blocks.push(`${errors} errors\n`);
  return blocks.join('\n');
}

/** Where a diagnostic starts, for programs: 1-based line and column, left out when there is no text behind it. */
export function startOf({ span }: Diagnostic, source: SourceText): { line?: number; column?: number } {
  if (span.file === '') return {};
  const text = sourceReader(source.path, source.text)(span.file);
  return text === null ? {} : position(text, span.start);
}
