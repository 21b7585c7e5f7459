// How many terminal cells a text takes: wide East Asian characters and emoji take two, combining marks none.

/** Made when it is needed: its tables take 6 ms to load. */
let segmenter: Intl.Segmenter | undefined;

function* graphemes(text: string): Generator<string> {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  for (const { segment } of segmenter.segment(text)) yield segment;
}

/** East Asian Wide and Fullwidth ranges (UAX #11), merged where only unassigned code points lie between. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18cff],
  [0x1b000, 0x1b2ff],
  [0x20000, 0x3fffd],
];

function graphemeWidth(grapheme: string): number {
  const code = grapheme.codePointAt(0) ?? 0;
  if (code < 0x300) return code < 32 || (code >= 0x7f && code < 0xa0) ? 0 : 1;
  if (/^\p{Emoji_Presentation}/u.test(grapheme) || grapheme.includes('\ufe0f')) return 2;
  if (WIDE.some(([low, high]) => code >= low && code <= high)) return 2;
  return /^[\p{Mn}\p{Me}\p{Cf}]/u.test(grapheme) ? 0 : 1;
}

const isPlain = (text: string) => /^[\x20-\x7e]*$/.test(text);

/** Terminal cells that `text` takes; it must hold no control characters. */
export function displayWidth(text: string): number {
  if (isPlain(text)) return text.length;
  let width = 0;
  for (const segment of graphemes(text)) width += graphemeWidth(segment);
  return width;
}

/** `text` itself when it fits in `width` cells, else as much as fits with `…` as its last cell. */
export function cutToWidth(text: string, width: number): string {
  if (text.length <= width && isPlain(text)) return text;
  if (isPlain(text)) return width < 1 ? '' : `${text.slice(0, width - 1)}…`;
  if (displayWidth(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const segment of graphemes(text)) {
    const next = graphemeWidth(segment);
    if (used + next > width - 1) break;
    kept += segment;
    used += next;
  }
  return width < 1 ? '' : `${kept}…`;
}

/** Words in lines of at most `width` characters, each behind `indent`. */
export function wrap(text: string, width: number, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && indent.length + line.length + word.length >= width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((one) => indent + one).join('\n');
}
