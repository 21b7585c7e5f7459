// Spoils bytes and JSON, the same for the same numbers.

/** Numbers of a seed. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 to below `n`. */
  below(n: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % Math.max(1, n);
  }

  pick<V>(list: readonly V[]): V {
    return list[this.below(list.length)] as V;
  }
}

/** Bytes with a meaning in one format or another, and numbers at the edges of their sizes. */
const BYTES = [0, 1, 9, 10, 13, 32, 34, 39, 44, 45, 46, 48, 58, 91, 92, 93, 123, 125, 127, 128, 0xc0, 0xe2, 0xff];
const WORDS = [0, 1, 0x7f, 0x80, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x40000000, 0x10000];
const TEXTS = [
  '"',
  '\\u',
  '\\',
  '{"a":',
  '[',
  ']',
  '}',
  ',,',
  '\r\n',
  '-',
  '1e999',
  '9'.repeat(40),
  'null',
  '\ufeff',
  '\0\0',
  '\u2028',
  'nan',
  '0x',
  '\ud83d',
];

type Mutator = (bytes: Buffer, r: Random, seeds: readonly Buffer[]) => Buffer;

const replaced = (bytes: Buffer, at: number, gone: number, put: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(Math.min(bytes.length, at + gone))]);

const MUTATORS: readonly Mutator[] = [
  // A bit.
  (b, r) => {
    const copy = Buffer.from(b);
    const at = r.below(copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 << r.below(8));
    return copy;
  },
  // A byte.
  (b, r) => {
    const copy = Buffer.from(b);
    copy[r.below(copy.length)] = r.pick(BYTES);
    return copy;
  },
  // A word, aligned or not.
  (b, r) => {
    const copy = Buffer.from(b);
    if (copy.length < 4) return copy;
    const at = r.below(2) === 0 ? r.below(copy.length >> 2) * 4 : r.below(copy.length - 3);
    copy.writeUInt32LE(r.pick(WORDS), Math.min(at, copy.length - 4));
    return copy;
  },
  (b, r) => b.subarray(0, r.below(b.length + 1)),
  (b, r) => replaced(b, r.below(b.length), 1 + r.below(16), Buffer.alloc(0)),
  (b, r) => replaced(b, r.below(b.length), 0, Buffer.from(r.pick(TEXTS))),
  (b, r) => replaced(b, r.below(b.length), r.below(8), Buffer.from([r.pick(BYTES), r.pick(BYTES)])),
  // A part twice, or in another place.
  (b, r) => {
    const at = r.below(b.length);
    return replaced(b, r.below(b.length), r.below(2) * 8, b.subarray(at, at + 1 + r.below(64)));
  },
  // The beginning of one file and the end of another.
  (b, r, seeds) => {
    const other = r.pick(seeds);
    return Buffer.concat([b.subarray(0, r.below(b.length)), other.subarray(r.below(other.length))]);
  },
];

/** One of the seeds, spoiled in one to four places. */
export function spoiled(seeds: readonly Buffer[], r: Random): Buffer {
  let bytes = Buffer.from(r.pick(seeds));
  for (let n = 1 + r.below(4); n > 0; n--) bytes = Buffer.from(r.pick(MUTATORS)(bytes, r, seeds));
  return bytes;
}

const VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1.5,
  2 ** 53,
  1e308,
  '',
  'x',
  '__proto__',
  [],
  [[]],
  {},
  { $: 'map' },
  { kind: 'x' },
];

/** A JSON value with one to four parts of it replaced, removed, doubled or renamed. */
export function spoiledJson(json: unknown, r: Random): unknown {
  let value: unknown = structuredClone(json);
  for (let n = 1 + r.below(4); n > 0; n--) value = spoiledAt(value, r, 2 + r.below(12));
  return value;
}

function spoiledAt(value: unknown, r: Random, depth: number): unknown {
  if (typeof value !== 'object' || value === null || depth === 0) return r.pick(VALUES);
  if (Array.isArray(value)) {
    const at = r.below(value.length);
    const items: unknown[] = [...value];
    if (r.below(8) === 0) items.splice(at, r.below(2), structuredClone(items[r.below(items.length)]));
    else if (items.length > 0) items[at] = spoiledAt(items[at], r, depth - 1);
    return items;
  }
  const entries = Object.entries(value);
  const at = r.below(entries.length);
  const entry = entries[at];
  if (entry === undefined) return r.pick(VALUES);
  const how = r.below(10);
  if (how === 0) entries.splice(at, 1);
  else if (how === 1) entries.push([`${entry[0]}2`, entry[1]]);
  else entries[at] = [entry[0], spoiledAt(entry[1], r, depth - 1)];
  return Object.fromEntries(entries);
}
