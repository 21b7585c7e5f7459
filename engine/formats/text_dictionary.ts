import type { Utf8Column } from '../batch/column.ts';
import type { Scratch } from '../memory/types.ts';
import type { DataType } from '../types.ts';

/** A dictionary holds at most this many entries and fewer than a quarter of the rows. */
const MAX_ENTRIES = 4096;
const SLOTS = 16384;
/** With fewer rows a dictionary is not worth it. */
const MIN_ROWS = 8;

/**
 * The distinct texts of a batch's column while they are few: decided from the values alone, and given up early, so that a column of
 * distinct values costs a few hundred look-ups.
 */
export class TextDictionary {
  readonly #slots = new Int32Array(SLOTS);
  readonly #hashes = new Int32Array(MAX_ENTRIES + 1);
  readonly #ends = new Int32Array(MAX_ENTRIES + 1);
  #bytes = new Uint8Array(1 << 16);
  #entries = 0;
  #last = -1;
  #limit = 0;
  #check = 0;

  /** False when so few rows need no dictionary. */
  begin(rows: number): boolean {
    this.#slots.fill(-1);
    this.#entries = 0;
    this.#last = -1;
    this.#limit = Math.min(MAX_ENTRIES, Math.ceil(rows / 4) - 1);
    this.#check = 256;
    return rows >= MIN_ROWS;
  }

  /** Code of source[from, to), which stands in row `row`; -1 when the texts are too many. */
  code(row: number, source: Uint8Array, from: number, to: number): number {
    // Runs of one value are common.
    if (this.#last >= 0 && this.#isEntry(this.#last, source, from, to)) return this.#last;
    const entry = this.#find(source, from, to);
    if (entry >= this.#limit) return -1;
    this.#last = entry;
    if (row >= this.#check) {
      if (this.#entries * 2 > row) return -1;
      this.#check *= 2;
    }
    return entry;
  }

  /** The entries in order of their codes; at least one, for the codes of null rows. */
  finish(type: DataType, scratch: Scratch): Utf8Column {
    const length = Math.max(1, this.#entries);
    if (this.#entries === 0) this.#ends[0] = 0;
    const offsets = scratch.i32(length + 1);
    offsets[0] = 0;
    for (let i = 0; i < length; i++) offsets[i + 1] = this.#ends[i]!;
    const bytes = scratch.u8(offsets[length]!);
    bytes.set(this.#bytes.subarray(0, offsets[length]));
    return { type, phys: 'utf8', length, nullCount: 0, validity: null, offsets, bytes };
  }

  #isEntry(entry: number, source: Uint8Array, from: number, to: number): boolean {
    const start = entry === 0 ? 0 : this.#ends[entry - 1]!;
    if (this.#ends[entry]! - start !== to - from) return false;
    const bytes = this.#bytes;
    for (let i = from, k = start; i < to; i++, k++) if (source[i] !== bytes[k]) return false;
    return true;
  }

  #find(source: Uint8Array, from: number, to: number): number {
    const slots = this.#slots;
    let hash = to - from;
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ source[i]!, 0x01000193);
    hash ^= hash >>> 15;
    let slot = hash & (SLOTS - 1);
    for (;;) {
      const entry = slots[slot]!;
      if (entry < 0) break;
      if (this.#hashes[entry] === hash && this.#isEntry(entry, source, from, to)) return entry;
      slot = (slot + 1) & (SLOTS - 1);
    }
    const entry = this.#entries;
    if (entry >= this.#limit) return entry;
    slots[slot] = entry;
    this.#hashes[entry] = hash;
    this.#add(entry, source, from, to);
    return entry;
  }

  #add(entry: number, source: Uint8Array, from: number, to: number): void {
    const start = entry === 0 ? 0 : this.#ends[entry - 1]!;
    const end = start + to - from;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(2 * end);
      grown.set(this.#bytes.subarray(0, start));
      this.#bytes = grown;
    }
    const bytes = this.#bytes;
    for (let i = from, k = start; i < to; i++, k++) bytes[k] = source[i]!;
    this.#ends[entry] = end;
    this.#entries++;
  }
}
