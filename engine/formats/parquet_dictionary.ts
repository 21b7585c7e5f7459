import type { DictColumn, Utf8Column } from '../batch/column.ts';
import { NO_BITMAP } from '../kernels/load.ts';
import type { Region, Workspace } from './parquet_work.ts';

/** Words of the kernels' state; see engine/kernels/assembly/parquet_entries.ts. */
const STATE_WORDS = 8;
const FIRST_ENTRIES = 512;
const FIRST_BYTES = 4096;

/** Texts that a page has so far: how many, their bytes with their lengths, and with how many it ends. */
export interface TextPage {
  readonly count: number;
  readonly bytes: number;
  readonly enough: number;
}

/** Rows that were taken, and what the page has then. `failed`: the next one has a text for which there is no room. */
interface Entered {
  readonly rows: number;
  readonly count: number;
  readonly bytes: number;
  readonly failed: boolean;
}

type Addresses = [number, number, number, number];

/** The dictionary of a column chunk that is written: values get codes in the order of their first appearance. */
export class ChunkDictionary {
  readonly #ws: Workspace;
  /** Bytes of a value; 0 for texts. */
  readonly #width: 0 | 4 | 8;
  readonly #state: Region;
  readonly #slots: Region;
  readonly #entries: Region;
  readonly #bytes: Region;
  readonly #hashes: Region;
  readonly #known: Region;
  readonly #span: Region;
  readonly #limits: { readonly entries: number; readonly bytes: number };
  #most = 0;
  #room = 0;
  #bytesRoom = 0;
  count = 0;
  /** The dictionary of a column whose codes `#known` tells. */
  #other: Utf8Column | null = null;

  /** `limits`: entries it may have, and bytes of texts. */
  constructor(ws: Workspace, width: 0 | 4 | 8, limits: { readonly entries: number; readonly bytes: number }) {
    this.#ws = ws;
    this.#width = width;
    this.#limits = limits;
    this.#state = ws.region();
    this.#slots = ws.region();
    this.#entries = ws.region();
    this.#bytes = ws.region();
    this.#hashes = ws.region();
    this.#known = ws.region();
    this.#span = ws.region();
    ws.reserve(this.#span, 12);
    ws.reserve(this.#state, 4 * STATE_WORDS);
  }

  /** Forgets everything. `most`: entries it may have until `allowAll`. */
  clear(most: number): void {
    this.#most = Math.min(most, this.#limits.entries);
    this.count = 0;
    this.#other = null;
    this.#room = Math.min(FIRST_ENTRIES, this.#most);
    this.#bytesRoom = FIRST_BYTES;
    this.#fit();
    if (this.#width === 0) this.#ws.words(this.#entries, 1)[0] = 0;
  }

  allowAll(): void {
    this.#most = this.#limits.entries;
  }

  /** Forgets the entries behind the first `count`; nothing may be entered any more. */
  cut(count: number): void {
    this.count = count;
  }

  /** Room as it was decided on, and the slots anew. */
  #fit(): void {
    const ws = this.#ws;
    const slots = this.#slotCount();
    ws.reserve(this.#slots, 4 * slots);
    if (this.#width === 0) {
      ws.reserve(this.#entries, 4 * (this.#room + 1));
      ws.reserve(this.#hashes, 4 * this.#room);
      ws.reserve(this.#bytes, this.#bytesRoom);
    } else ws.reserve(this.#entries, this.#width * this.#room);
    ws.words(this.#slots, slots).fill(0);
    ws.kernels.parquet_enter_again(this.#bind(), this.#width);
  }

  #slotCount(): number {
    return 2 ** Math.ceil(Math.log2(2 * this.#room));
  }

  /** Address of the state, with everything where it is now. */
  #bind(): number {
    const ws = this.#ws;
    const at = [this.#slots, this.#entries, this.#bytes, this.#hashes].map((r) => ws.address(r));
    const [slots, entries, bytes, hashes] = at as [number, number, number, number];
    ws.words(this.#state, STATE_WORDS).set([
      this.count,
      this.#room,
      slots,
      this.#slotCount() - 1,
      entries,
      bytes,
      this.#bytesRoom,
      hashes,
    ]);
    return ws.address(this.#state);
  }

  #took(): void {
    this.count = this.#ws.words(this.#state, 1)[0] as number;
  }

  /** More room, where there may be more. */
  #grow(): boolean {
    if (this.count === this.#room) {
      if (this.#room === this.#most) return false;
      this.#room = Math.min(2 * this.#room, this.#most);
    } else {
      if (this.#bytesRoom === this.#limits.bytes) return false;
      this.#bytesRoom = Math.min(4 * this.#bytesRoom, this.#limits.bytes);
    }
    this.#fit();
    return true;
  }

  /** Codes of `n` values from byte `from` of a region on, behind `filled` codes. False: there is no room for all of them. */
  enterValues(values: Region, from: number, n: number, codes: Region, filled: number): boolean {
    const ws = this.#ws;
    const width = this.#width;
    ws.reserve(codes, 4 * (filled + n));
    for (let done = 0; ; ) {
      const { kernels } = ws;
      const enter = width === 4 ? kernels.parquet_enter_4 : kernels.parquet_enter_8;
      const at = ws.address(values) + from + done * width;
      done += enter(this.#bind(), at, n - done, ws.address(codes) + 4 * (filled + done));
      this.#took();
      if (done === n) return true;
      if (!this.#grow()) return false;
    }
  }

  /** The same of the texts of rows [from, from + n), until the page ends. */
  enterTexts(col: Utf8Column | DictColumn, from: number, n: number, codes: Region, page: TextPage): Entered {
    const ws = this.#ws;
    const coded = col.phys === 'dict';
    const texts = coded ? col.dictionary : col;
    ws.reserve(codes, 4 * (page.count + n));
    if (coded) this.#know(col.dictionary);
    const offsets = coded ? texts.offsets.subarray(0, texts.length + 1) : texts.offsets.subarray(from, from + n + 1);
    const others = coded ? col.codes.subarray(from, from + n) : null;
    // Only what these rows need is copied, if it has to be.
    const base = offsets[0] as number;
    const bytesOf = texts.bytes.subarray(base, offsets[offsets.length - 1]);
    let { count, bytes } = page;
    for (let row = 0; ; ) {
      const [o, b, c, v] = ws.place([offsets, bytesOf, others, col.validity], NO_BITMAP) as Addresses;
      const known = coded ? ws.address(this.#known) : NO_BITMAP;
      const state = this.#bind();
      ws.words(this.#span, 3).set([bytes, page.enough, 0]);
      const at = [ws.address(codes) + 4 * count, ws.address(this.#span)] as const;
      row = ws.kernels.parquet_enter_texts(state, o, b - base, c, known, v, from, row, n, ...at);
      this.#took();
      const told = ws.words(this.#span, 3);
      bytes = told[0] as number;
      count += told[2] as number;
      if (row === n || bytes >= page.enough) return { rows: row, count, bytes, failed: false };
      if (!this.#grow()) return { rows: row, count, bytes, failed: true };
    }
  }

  #know(dictionary: Utf8Column): void {
    if (this.#other === dictionary) return;
    this.#other = dictionary;
    this.#ws.reserve(this.#known, 4 * dictionary.length);
    this.#ws.words(this.#known, dictionary.length).fill(0);
  }

  /** Addresses of the ends and the bytes of texts. */
  texts(): { readonly ends: number; readonly bytes: number } {
    return { ends: this.#ws.address(this.#entries), bytes: this.#ws.address(this.#bytes) };
  }

  /** The entries as a page has them, into a region; how many bytes. */
  plain(out: Region, codes: Region): number {
    const ws = this.#ws;
    const n = this.count;
    if (this.#width > 0) {
      const bytes = n * this.#width;
      ws.reserve(out, bytes);
      ws.bytes(out, 0, bytes).set(ws.bytes(this.#entries, 0, bytes));
      return bytes;
    }
    ws.reserve(codes, 4 * n);
    const all = ws.words(codes, n);
    for (let i = 0; i < n; i++) all[i] = i;
    return this.plainTexts(codes, n, out);
  }

  /** Bytes of the texts that codes stand for, as a page has them. */
  plainSize(codes: Region, n: number): number {
    return this.#ws.kernels.parquet_plain_size(this.texts().ends, this.#ws.address(codes), n);
  }

  plainTexts(codes: Region, n: number, out: Region): number {
    const ws = this.#ws;
    ws.reserve(out, this.plainSize(codes, n));
    const { ends, bytes } = this.texts();
    const at = ws.address(out);
    return ws.kernels.parquet_plain_codes(ends, bytes, ws.address(codes), n, at) - at;
  }
}
