import { readFileSync } from 'node:fs';

/** The text behind a span: of the file in hand, or of one that it imports; null when that cannot be read. */
export function sourceReader(path: string, text: string): (file: string) => string | null {
  const texts = new Map<string, string | null>([[path, text]]);
  return (file) => {
    const known = texts.get(file);
    if (known !== undefined) return known;
    let read: string | null = null;
    try {
      read = readFileSync(file, 'utf8');
    } catch {
      // The frame is a help, not the message: without the file's text the diagnostic still names the place.
    }
    texts.set(file, read);
    return read;
  };
}
