/** Formatted strings: finding their end, and cutting them into text and interpolations. Knows no tokens. */

/** Nested literals are only followed so far; behind that the literal counts as unclosed. */
const maxNesting = 20;

/** The offset behind the closing quote of an f-string whose text begins at `from`, or -1 when its line ends first. */
export function scanFString(text: string, from: number, depth = 0): number {
  if (depth > maxNesting) return -1;
  let i = from;
  while (i < text.length) {
    const char = text[i];
    if (char === '\n' || char === '\r') return -1;
    if (char === '"') return i + 1;
    if (char === '\\') i += escapeLength(text, i);
    else if (char === '{' && text[i + 1] === '{') i += 2;
    else if (char === '{') {
      const close = closingBrace(text, i + 1, depth);
      if (close === -1) return -1;
      i = close + 1;
    } else i++;
  }
  return -1;
}

/** The offset of the `}` that closes an interpolation whose expression begins at `from`, or -1. */
function closingBrace(text: string, from: number, depth: number): number {
  let braces = 1;
  for (let i = from; i < text.length; i++) {
    const char = text[i];
    if (char === '\n' || char === '\r') return -1;
    if (char === '{') braces++;
    else if (char === '}') {
      braces--;
      if (braces === 0) return i;
    } else if (char === '"') {
      const prefix = text[i - 1];
      const end = prefix === 'f' ? scanFString(text, i + 1, depth + 1) : scanString(text, i + 1, prefix === 'r');
      if (end === -1) return -1;
      i = end - 1;
    } else if (char === '`') {
      const end = scanString(text, i + 1, false, '`');
      if (end === -1) return -1;
      i = end - 1;
    }
  }
  return -1;
}

function scanString(text: string, from: number, raw: boolean, quote = '"'): number {
  for (let i = from; i < text.length; i++) {
    const char = text[i];
    if (char === '\n' || char === '\r') return -1;
    if (char === quote) return i + 1;
    if (char === '\\' && !raw) i++;
  }
  return -1;
}

/** `\u{…}` holds braces of its own. */
function escapeLength(text: string, at: number): number {
  return /^\\u\{[0-9a-fA-F]{1,8}\}/.exec(text.slice(at, at + 12))?.[0].length ?? 2;
}

/** A piece of an f-string; `start` counts from the `f`. `text` still has its escapes and doubled braces. */
export interface FStringPiece {
  readonly kind: 'text' | 'expression';
  readonly text: string;
  readonly start: number;
}

/** Cuts a complete `f"…"` into its pieces; `strayBrace` is the offset of the first `}` that closes nothing. */
export function splitFString(image: string): { pieces: FStringPiece[]; strayBrace: number | null } {
  const pieces: FStringPiece[] = [];
  let strayBrace: number | null = null;
  const end = image.length - 1;
  let start = 2;
  let i = 2;
  const flush = (): void => {
    if (i > start) pieces.push({ kind: 'text', text: image.slice(start, i), start });
  };
  while (i < end) {
    const char = image[i];
    if (char === '\\') i += escapeLength(image, i);
    else if ((char === '{' || char === '}') && image[i + 1] === char) i += 2;
    else if (char === '{') {
      flush();
      const close = closingBrace(image, i + 1, 0);
      pieces.push({ kind: 'expression', text: image.slice(i + 1, close), start: i + 1 });
      i = close + 1;
      start = i;
    } else {
      if (char === '}') strayBrace ??= i;
      i++;
    }
  }
  flush();
  return { pieces, strayBrace };
}
