import { RunError } from '../errors.ts';
import { type DataType, T } from '../types.ts';
import { family, type Resolve, signatures } from './build.ts';
import { chars } from './text.ts';

/** How near two texts are, by character (Unicode code point). */

type Chars = ArrayLike<string>;

/** Edits (insert, delete, replace one character) that turn one text into the other. */
function levenshtein(a: string, b: string): number {
  if (a === b) return 0;
  const [x, y] = [chars(a), chars(b)];
  let previous = Uint32Array.from({ length: y.length + 1 }, (_, k) => k);
  let current = new Uint32Array(y.length + 1);
  for (let i = 1; i <= x.length; i++) {
    current[0] = i;
    for (let j = 1; j <= y.length; j++) {
      const swap = (previous[j - 1] as number) + (x[i - 1] === y[j - 1] ? 0 : 1);
      current[j] = Math.min(swap, (previous[j] as number) + 1, (current[j - 1] as number) + 1);
    }
    [previous, current] = [current, previous];
  }
  return previous[y.length] as number;
}

/** Cells of the table that a distance needs as a whole. */
const MOST_CELLS = 100_000_000;

/** As levenshtein, with neighbours changing places as one edit; characters may be edited again between them. */
function damerau(a: string, b: string): number {
  const [x, y] = [chars(a), chars(b)];
  const width = y.length + 2;
  if ((x.length + 2) * width > MOST_CELLS)
    throw new RunError(
      'FLOW7004',
      `texts of ${x.length} and ${y.length} characters are too long for damerau_levenshtein`,
    );
  const most = x.length + y.length;
  const d = new Uint32Array((x.length + 2) * width);
  const cell = (i: number, j: number): number => d[i * width + j] as number;
  d[0] = most;
  for (let i = 0; i <= x.length; i++) {
    d[(i + 1) * width] = most;
    d[(i + 1) * width + 1] = i;
  }
  for (let j = 0; j <= y.length; j++) {
    d[j + 1] = most;
    d[width + j + 1] = j;
  }
  const lastRow = new Map<string, number>();
  for (let i = 1; i <= x.length; i++) {
    let lastMatch = 0;
    for (let j = 1; j <= y.length; j++) {
      const k = lastRow.get(y[j - 1] as string) ?? 0;
      const l = lastMatch;
      const same = x[i - 1] === y[j - 1];
      if (same) lastMatch = j;
      d[(i + 1) * width + j + 1] = Math.min(
        cell(i, j) + (same ? 0 : 1),
        cell(i + 1, j) + 1,
        cell(i, j + 1) + 1,
        cell(k, l) + (i - k - 1) + 1 + (j - l - 1),
      );
    }
    lastRow.set(x[i - 1] as string, i);
  }
  return cell(x.length + 1, y.length + 1);
}

/** Characters of both that match: equal, and not further apart than half of the longer text. */
function matching(
  x: Chars,
  y: Chars,
): { readonly left: Uint8Array; readonly right: Uint8Array; readonly count: number } {
  const reach = Math.max(0, Math.floor(Math.max(x.length, y.length) / 2) - 1);
  const left = new Uint8Array(x.length);
  const right = new Uint8Array(y.length);
  let count = 0;
  for (let i = 0; i < x.length; i++) {
    const end = Math.min(y.length, i + reach + 1);
    for (let j = Math.max(0, i - reach); j < end; j++) {
      if (right[j] === 1 || x[i] !== y[j]) continue;
      left[i] = 1;
      right[j] = 1;
      count++;
      break;
    }
  }
  return { left, right, count };
}

function jaro(a: string, b: string): number {
  const [x, y] = [chars(a), chars(b)];
  if (x.length === 0 && y.length === 0) return 1;
  const { left, right, count } = matching(x, y);
  if (count === 0) return 0;
  let moved = 0;
  for (let i = 0, j = 0; i < x.length; i++) {
    if (left[i] === 0) continue;
    while (right[j] === 0) j++;
    if (x[i] !== y[j++]) moved++;
  }
  return (count / x.length + count / y.length + (count - Math.floor(moved / 2)) / count) / 3;
}

/** Texts less alike than this get nothing for an equal beginning. */
const BOOST_FROM = 0.7;

function jaroWinkler(a: string, b: string): number {
  const s = jaro(a, b);
  if (s <= BOOST_FROM) return s;
  const [x, y] = [chars(a), chars(b)];
  let prefix = 0;
  while (prefix < Math.min(4, x.length, y.length) && x[prefix] === y[prefix]) prefix++;
  return s + prefix * 0.1 * (1 - s);
}

function jaccard(a: string, b: string): number {
  const [x, y] = [new Set(a), new Set(b)];
  if (x.size === 0 && y.size === 0) return 1;
  let common = 0;
  for (const c of x) if (y.has(c)) common++;
  return common / (x.size + y.size - common);
}

function hamming(a: string, b: string): number {
  const [x, y] = [chars(a), chars(b)];
  if (x.length !== y.length) {
    throw new RunError(
      'FLOW7004',
      `hamming compares texts of one length, got ${x.length} and ${y.length} characters`,
      { value: a },
      'levenshtein compares texts of any length',
    );
  }
  let different = 0;
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) different++;
  return different;
}

const CODES: Readonly<Record<string, string>> = {
  ...Object.fromEntries([...'BFPV'].map((c) => [c, '1'])),
  ...Object.fromEntries([...'CGJKQSXZ'].map((c) => [c, '2'])),
  ...Object.fromEntries([...'DT'].map((c) => [c, '3'])),
  L: '4',
  M: '5',
  N: '5',
  R: '6',
};

/** The American Soundex: H and W do not part equal codes, vowels do. */
function soundex(s: string): string {
  const letters = s
    .normalize('NFD')
    .toUpperCase()
    .replace(/[^A-Z]/g, '');
  if (letters === '') return '';
  let out = letters[0] as string;
  let last = CODES[out];
  for (const c of letters.slice(1)) {
    const code = CODES[c];
    if (code !== undefined && code !== last) out += code;
    if (out.length === 4) break;
    if (c !== 'H' && c !== 'W') last = code;
  }
  return out.padEnd(4, '0');
}

const pair = (call: (a: string, b: string) => number, result: DataType): Resolve =>
  signatures({ params: [T.string, T.string], result, impl: { call } });

export const SIMILARITY = family('string', {
  levenshtein: {
    doc: 'Number of edits (a character put in, left out or replaced) between two texts.',
    signature: 'levenshtein(a, b)',
    aliases: ['editdist'],
    examples: [['levenshtein("kitten", "sitting")', '3']],
    resolve: pair(levenshtein, T.int),
  },
  damerau_levenshtein: {
    doc: 'As levenshtein, two neighbours that change places being one edit.',
    signature: 'damerau_levenshtein(a, b)',
    examples: [
      ['damerau_levenshtein("form", "from")', '1'],
      ['levenshtein("form", "from")', '2'],
    ],
    resolve: pair(damerau, T.int),
  },
  hamming: {
    doc: 'Number of places at which two texts of one length differ; an error when their lengths do.',
    signature: 'hamming(a, b)',
    aliases: ['mismatches'],
    examples: [['hamming("karolin", "kathrin")', '3']],
    resolve: pair(hamming, T.int),
  },
  jaro_similarity: {
    doc: 'Likeness of two texts by Jaro, from 0 to 1: how many characters they share at near places, and in which order.',
    signature: 'jaro_similarity(a, b)',
    aliases: ['jaro'],
    examples: [['round(jaro_similarity("martha", "marhta"), 4)', '0.9444']],
    resolve: pair(jaro, T.float),
  },
  jaro_winkler_similarity: {
    doc: 'As jaro_similarity, raised for texts that begin alike: good for names.',
    signature: 'jaro_winkler_similarity(a, b)',
    aliases: ['jaro_winkler'],
    examples: [['round(jaro_winkler_similarity("martha", "marhta"), 4)', '0.9611']],
    resolve: pair(jaroWinkler, T.float),
  },
  jaccard: {
    doc: 'Share of the different characters of two texts that both have, from 0 to 1; 1 of two empty ones.',
    signature: 'jaccard(a, b)',
    examples: [['jaccard("duck", "luck")', '0.6']],
    resolve: pair(jaccard, T.float),
  },
  soundex: {
    doc: 'The American Soundex code of a name: a letter and three digits, the same for names that sound alike in English; empty without a letter of A to Z.',
    signature: 'soundex(text)',
    examples: [
      ['soundex("Robert")', '"R163"'],
      ['soundex("Rupert")', '"R163"'],
    ],
    resolve: signatures({ params: [T.string], result: T.string, impl: { call: soundex } }),
  },
});
