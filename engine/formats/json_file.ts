import { RunError } from '../errors.ts';
import { gzipDamaged } from './csv_file.ts';
import { JsonFault, JsonScanner, NEED_MORE, valueEnd } from './json_scanner.ts';
import { didYouMean } from './nearest.ts';
import { fileFacts, GzipDamage, openSource } from './source.ts';
import { localPath } from './stdin.ts';
import { heapMemory, MAX_RECORD_BYTES, recordTooLong, TextWindow } from './window.ts';

/**
 * How values lie in a file. lines: one a line (may be cut anywhere behind a line end). list: the elements of one JSON list. values: one after
 * another, over any number of lines.
 */
export type JsonLayoutKind = 'lines' | 'list' | 'values';

export interface JsonLayout {
  readonly path: string;
  readonly local: string;
  readonly size: number;
  readonly gzip: boolean;
  readonly kind: JsonLayoutKind;
  /** Byte (of the decompressed content) where the first value stands, blanks aside. */
  readonly start: number;
  /** The values are a part of a larger one: other text may follow them. */
  readonly inside: boolean;
}

const HEAD_BYTES = 1 << 16;

/** Finds out how the file is laid out. `inner`: names, joined by dots, that lead from the file's one object to the list to read. */
export async function jsonLayout(path: string, inner: string | null): Promise<JsonLayout> {
  const local = localPath(path);
  const { size, gzip } = fileFacts(local, path);
  const window = new TextWindow(openSource(local, path, 0, gzip), 0, HEAD_BYTES, heapMemory, MAX_RECORD_BYTES);
  try {
    await window.advance(0);
    const { bytes, length } = window;
    if (length >= 2 && ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))) {
      throw new RunError('FLOW7003', `"${path}" is UTF-16 text`, { file: path }, 'convert it to UTF-8 first');
    }
    const start = afterBlanks(window, bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0);
    const found = inner === null ? await layoutAt(window, start) : await layoutInside(window, start, inner, path);
    return { path, local, size, gzip, inside: inner !== null, ...found };
  } catch (e) {
    if (e instanceof GzipDamage) throw gzipDamaged(path, e, 0);
    if (e instanceof JsonFault)
      throw new RunError('FLOW7003', `"${path}" is no JSON: ${e.message} (byte ${e.at})`, { file: path });
    throw e;
  } finally {
    window.close();
  }
}

type Found = Pick<JsonLayout, 'kind' | 'start'>;

function afterBlanks(window: TextWindow, from: number): number {
  let p = from;
  while (p < window.length && window.bytes[p]! <= 32) p++;
  return p;
}

async function layoutAt(window: TextWindow, start: number): Promise<Found> {
  const first = window.bytes[start];
  if (start >= window.length || (first !== 91 && first !== 123)) return { kind: 'lines', start };
  for (;;) {
    const { bytes, text, length, final } = window;
    const end = valueEnd(bytes, start, length, final);
    const newline = text.subarray(0, length).indexOf(10, start);
    if (end === NEED_MORE) {
      // A long list is read element by element; an object's end decides, unless a line end stands inside it.
      if (first === 91) return { kind: 'list', start: start + 1 };
      if (newline >= 0) return { kind: 'values', start };
      if (await window.grow()) continue;
      return { kind: 'values', start };
    }
    const alone = afterBlanks(window, end) >= length && final;
    if (first === 91 && (alone || (newline >= 0 && newline < end))) return { kind: 'list', start: start + 1 };
    return { kind: newline >= 0 && newline < end ? 'values' : 'lines', start };
  }
}

async function layoutInside(window: TextWindow, start: number, inner: string, path: string): Promise<Found> {
  let at = start;
  for (const name of inner.split('.')) at = await memberAt(window, at, name, path);
  return window.bytes[at] === 91 ? { kind: 'list', start: at + 1 } : { kind: 'values', start: at };
}

/** Where the value of the member `name` of the object at `from` starts. */
async function memberAt(window: TextWindow, from: number, name: string, path: string): Promise<number> {
  const seen: string[] = [];
  const s = new JsonScanner();
  for (;;) {
    const { bytes, text, length, final } = window;
    seen.length = 0;
    s.over(bytes, text, from, length);
    try {
      const found = searchMember(s, name, seen, final, length);
      if (found !== NEED_MORE) return found;
    } catch (e) {
      // Cut off by the window's end, maybe.
      if (!(e instanceof JsonFault) || final) throw e;
    }
    if (!(await window.grow()))
      throw recordTooLong(
        path,
        MAX_RECORD_BYTES,
        undefined,
        `the member "${name}" must begin within the first part of the file`,
      );
  }

  function searchMember(scanner: JsonScanner, wanted: string, names: string[], final: boolean, length: number): number {
    if (scanner.peek() !== 'object') {
      throw new RunError('FLOW7003', `"${path}": there is no object that could have a member "${wanted}"`, {
        file: path,
      });
    }
    if (scanner.open()) {
      do {
        scanner.key();
        const key = scanner.stringValue();
        scanner.blanks();
        if (key === wanted) {
          scanner.peek();
          return scanner.pos;
        }
        names.push(key);
        const end = valueEnd(scanner.u8, scanner.pos, length, final);
        if (end === NEED_MORE) return NEED_MORE;
        scanner.pos = end;
      } while (scanner.more(false));
    }
    const hint =
      didYouMean(wanted, names) ??
      `its members: ${names
        .slice(0, 8)
        .map((n) => `"${n}"`)
        .join(', ')}`;
    throw new RunError('FLOW7003', `"${path}" has no member "${wanted}"`, { file: path }, hint);
  }
}
