/** Renders a diagnostic with its source line: plain text, coloured only when asked. Loads nothing. */
import type { Span } from './ast.ts';
import type { Diagnostic } from './diagnostics.ts';

export interface FrameOptions {
  /** Use ANSI colours. */
  readonly color?: boolean;
  /** The text of a file that a span names; null when it cannot be had (then no source line is shown). */
  readonly source: (file: string) => string | null;
}

/** 1-based line and column (in UTF-16 units) of an offset. An offset behind the end is taken as the end. */
export function position(text: string, offset: number): { line: number; column: number } {
  const at = Math.max(0, Math.min(offset, text.length));
  let line = 1;
  let start = 0;
  for (let i = text.indexOf('\n'); i !== -1 && i < at; i = text.indexOf('\n', i + 1)) {
    line++;
    start = i + 1;
  }
  return { line, column: at - start + 1 };
}

/** `file:line:column`, or the file's name alone when its text cannot be had. */
export function location(span: Span, source: FrameOptions['source']): string {
  const text = source(span.file);
  if (text === null) return span.file;
  const { line, column } = position(text, span.start);
  return `${span.file}:${line}:${column}`;
}

/** The whole diagnostic, several lines, without a line end behind the last one. */
export function renderDiagnostic(diagnostic: Diagnostic, options: FrameOptions): string {
  const paint = options.color === true ? ansi : plain;
  const tint = diagnostic.severity === 'error' ? paint.red : paint.yellow;
  const lines = [
    `${tint(`${diagnostic.severity}[${diagnostic.code}]`)}${paint.bold(`: ${visible(diagnostic.message)}`)}`,
    ...frame(diagnostic.span, tint, paint, options.source),
  ];
  for (const note of diagnostic.notes ?? []) lines.push(`  ${paint.dim('note:')} ${visible(note)}`);
  for (const related of diagnostic.related ?? []) {
    lines.push(`  ${paint.dim('note:')} ${visible(related.message)}`);
    lines.push(...frame(related.span, paint.dim, paint, options.source));
  }
  if (diagnostic.suggestion !== undefined)
    lines.push(`  ${paint.green('help:')} ${visible(diagnostic.suggestion.text)}`);
  return lines.join('\n');
}

type Paint = (text: string) => string;
interface Palette {
  readonly red: Paint;
  readonly yellow: Paint;
  readonly green: Paint;
  readonly dim: Paint;
  readonly bold: Paint;
}

const same: Paint = (text) => text;
const plain: Palette = { red: same, yellow: same, green: same, dim: same, bold: same };
const code =
  (n: number): Paint =>
  (text) =>
    `\u001b[${n}m${text}\u001b[0m`;
const ansi: Palette = { red: code(31), yellow: code(33), green: code(32), dim: code(2), bold: code(1) };

/** A line longer than this is shown in part, around the span. */
const maxWidth = 160;

function frame(span: Span, tint: Paint, paint: Palette, source: FrameOptions['source']): string[] {
  if (span.file === '') return [];
  const text = source(span.file);
  if (text === null) return [`  ${paint.dim('-->')} ${span.file}`];
  const { line, column } = position(text, span.start);
  const start = span.start - (column - 1);
  const newline = text.indexOf('\n', Math.min(span.start, text.length));
  const whole = text.slice(Math.min(start, text.length), newline === -1 ? text.length : newline).replace(/\r$/, '');
  const from = column - 1 > maxWidth - 40 ? column - 1 - 40 : 0;
  const shown = visible(whole.slice(from, from + maxWidth));
  const length = Math.max(
    1,
    Math.min(span.end - span.start, whole.length - (column - 1), from + maxWidth - (column - 1)),
  );
  // Tabs stay tabs in the padding, so that the caret stands under its character whatever a tab's width is.
  const pad = shown.slice(0, column - 1 - from).replace(/[^\t]/g, ' ');
  const gutter = String(line);
  const blank = ' '.repeat(gutter.length);
  return [
    `${blank} ${paint.dim('-->')} ${span.file}:${line}:${column}`,
    `${paint.dim(`${gutter} |`)} ${shown}`,
    `${paint.dim(`${blank} |`)} ${pad}${tint('^'.repeat(length))}`,
  ];
}

/** Control characters as one visible character each, so that a hostile file cannot drive the terminal. */
export function visible(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}
