/** Allocation unit of the arena, bytes. */
export const PAGE = 4096;
/** Pages are numbered segment * SEGMENT_PAGES + page within the segment. */
export const SEGMENT_PAGES = 1 << 20;

const ALL = -1;

/**
 * Which pages are in use: one bit a page. First fit at low addresses, so that freed (warm) memory is taken again before
 * untouched memory, whose first touch is slow. The caller holds the lock.
 */
export class PageMap {
  readonly #bits: Int32Array;
  /** One word: all words of the map before it are full. */
  readonly #hint: Int32Array;
  readonly #pages: number;

  /** `bits` covers `pages` pages; `hint` has one word. */
  constructor(bits: Int32Array, hint: Int32Array, pages: number) {
    this.#bits = bits;
    this.#hint = hint;
    this.#pages = pages;
  }

  static words(pages: number): number {
    return Math.ceil(pages / 32);
  }

  /** Marks everything free, except what lies behind the last page. */
  clear(): void {
    this.#bits.fill(0);
    this.#hint[0] = 0;
    const tail = this.#pages & 31;
    if (tail !== 0) this.#bits[this.#bits.length - 1] = ALL << tail;
  }

  /** First page of a free run that lies within one segment and below page `end`; -1 when there is none. */
  find(pages: number, end: number = this.#pages): number {
    const bits = this.#bits;
    const words = bits.length;
    let w = this.#hint[0] as number;
    while (w < words && bits[w] === ALL) w++;
    this.#hint[0] = w;
    const segmentWords = SEGMENT_PAGES / 32;
    let run = 0;
    let start = 0;
    for (; w < words; w++) {
      if (w % segmentWords === 0) run = 0;
      const x = bits[w] as number;
      if (x === ALL) {
        run = 0;
        continue;
      }
      if (x === 0) {
        if (run === 0) start = w * 32;
        run += 32;
        if (run >= pages) return start + pages <= end ? start : -1;
        continue;
      }
      for (let b = 0; b < 32; b++) {
        if ((x >>> b) & 1) {
          run = 0;
          continue;
        }
        if (run === 0) start = w * 32 + b;
        if (++run >= pages) return start + pages <= end ? start : -1;
      }
    }
    return -1;
  }

  mark(first: number, pages: number, used: boolean): void {
    const bits = this.#bits;
    const end = first + pages;
    for (let p = first; p < end; ) {
      const w = p >>> 5;
      const from = p & 31;
      const count = Math.min(32 - from, end - p);
      const mask = count === 32 ? ALL : ((1 << count) - 1) << from;
      bits[w] = used ? (bits[w] as number) | mask : (bits[w] as number) & ~mask;
      p += count;
    }
    const w = first >>> 5;
    if (!used && w < (this.#hint[0] as number)) this.#hint[0] = w;
  }
}
