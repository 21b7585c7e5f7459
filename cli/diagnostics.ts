import { readFileSync } from 'node:fs';
import type { Diagnostic } from '../grammar/diagnostics.ts';
import { position, renderDiagnostic } from '../grammar/frame.ts';
import type { SourceText } from './io.ts';
import type { Style } from './style.ts';

/** The text behind a span: of the file in hand, or of one that it imports; null when that cannot be read. */
function sourceReader(source: SourceText): (file: string) => string | null {
  const texts = new Map<string, string | null>([[source.path, source.text]]);
  return (file) => {
    const known = texts.get(file);
    if (known !== undefined) return known;
    let text: string | null = null;
    try {
      text = readFileSync(file, 'utf8');
    } catch {
      // The frame is a help, not the message: without the file's text the diagnostic still names the place.
    }
    texts.set(file, text);
    return text;
  };
}

/** Diagnostics with their frames, an empty line between two, and how many there were if more than one. */
export function diagnosticsText(list: readonly Diagnostic[], source: SourceText, style: Style): string {
  const options = { color: style.enabled, source: sourceReader(source) };
  const blocks = list.map((diagnostic) => `${renderDiagnostic(diagnostic, options)}\n`);
  const errors = list.filter((diagnostic) => diagnostic.severity === 'error').length;
  if (errors > 1) blocks.push(`${errors} errors\n`);
  return blocks.join('\n');
}

/** Where a diagnostic starts, for programs: 1-based line and column, left out when there is no text behind it. */
export function startOf({ span }: Diagnostic, source: SourceText): { line?: number; column?: number } {
  if (span.file === '') return {};
  const text = sourceReader(source)(span.file);
  return text === null ? {} : position(text, span.start);
}
