import type { Validity } from '../batch/bitmap.ts';
import { ALL_VALID } from '../batch/bitmap.ts';
import type { Column } from '../batch/column.ts';
import type { Scratch } from '../memory/types.ts';
import type { Store } from '../store/types.ts';
import type { ArrowField, ArrowType, TimeUnit } from './arrow_types.ts';
import { logicalType } from './arrow_types.ts';
import { type Cursor, isCoded, PLAIN, RLE, reach, STATE_WORDS, startRuns, type Values } from './parquet_cursor.ts';
import type { Chunk, Leaf } from './parquet_footer.ts';
import { PlainValues } from './parquet_other.ts';
import { Declined, type Page, type PageReader, type Span } from './parquet_pages.ts';
import { isText } from './parquet_stats.ts';
import { TextValues } from './parquet_texts.ts';
import { BoolValues, type FixedForm, FixedValues, WIDTH } from './parquet_values.ts';

/** Words of memory that a chunk's reader works in: states of levels, of codes, and of other encodings. */
export const CHUNK_WORDS = 3 * STATE_WORDS;
const MAX_BITS = 32;

/** How values of a leaf are read, by what they are as Arrow; null when they are not read here. */
export function formOf(leaf: Leaf, type: ArrowType): FixedForm | 'bool' | 'text' | null {
  const { physical } = leaf;
  switch (type.kind) {
    case 'bool':
      return physical === 'BOOLEAN' ? 'bool' : null;
    case 'int':
      if (!type.signed) return null;
      if (type.bits === 64) return physical === 'INT64' ? 'i64' : null;
      return physical === 'INT32' ? 'i32' : null;
    case 'decimal':
      if (type.scale < 0) return null;
      return physical === 'INT64' ? 'i64' : physical === 'INT32' ? 'i32' : null;
    case 'date':
      return physical === 'INT32' && type.unit === 'day' ? 'i32' : null;
    case 'time':
    case 'timestamp':
      return physical === 'INT64' ? 'time' : null;
    case 'float':
      return physical === 'DOUBLE' ? 'f64' : physical === 'FLOAT' ? 'f32' : null;
    case 'binary':
      return physical === 'BYTE_ARRAY' ? 'text' : null;
    default:
      return null;
  }
}

/** Reads the column of one chunk, batch after batch, each of as many rows as are asked for. Declined where it cannot. */
export class ChunkReader {
  readonly #pages: PageReader;
  readonly #nullable: boolean;
  readonly #words: Int32Array;
  readonly #values: Values;
  readonly #plain: PlainValues;
  #cursor: Cursor | null = null;
  /** Rows left of the page. */
  #left = 0;

  /** `words`: CHUNK_WORDS of them, of the reader's own. `field`: of a type that formOf knows. */
  constructor(pages: PageReader, chunk: Chunk, leaf: Leaf, field: ArrowField, words: Int32Array, store: Store) {
    this.#pages = pages;
    this.#nullable = field.nullable;
    this.#words = reach(pages.kernels, words);
    this.#values = valuesOf(pages, chunk, leaf, field.type, store);
    this.#plain = new PlainValues(pages.kernels, store, widthOf(leaf, field.type), words.subarray(2 * STATE_WORDS));
  }

  take(rows: number, scratch: Scratch): Column {
    const { kernels } = this.#pages;
    const values = this.#values;
    const bits = this.#nullable ? reach(kernels, scratch.bitmap(rows, false)) : null;
    let nulls = 0;
    while (this.#left === 0) this.#open();
    values.begin(rows, scratch);
    for (let from = 0; from < rows; ) {
      while (this.#left === 0) this.#open();
      const n = Math.min(this.#left, rows - from);
      const valid = bits === null ? n : kernels.parquet_levels(this.#words.byteOffset, n, bits.byteOffset, from);
      if (valid < 0) throw new Declined('levels that make no sense');
      values.add(this.#cursor as Cursor, { from, rows: n, valid, bits });
      nulls += n - valid;
      this.#left -= n;
      from += n;
    }
    const valid: Validity = bits === null || nulls === 0 ? ALL_VALID : { validity: bits, nullCount: nulls };
    return values.end(valid);
  }

  /** Leaves out the next `rows` rows. Whole pages are not even decompressed. */
  skip(rows: number, scratch: Scratch): void {
    for (let left = rows; left > 0; ) {
      if (this.#left === 0) {
        left -= this.#pages.skip(left);
        if (left === 0) return;
        this.#open();
        // The dictionary came first: pages behind it may be left out whole.
        if (this.#left === 0) continue;
      }
      const n = Math.min(this.#left, left);
      this.take(n, scratch);
      left -= n;
    }
  }

  free(): void {
    this.#values.free();
    this.#plain.free();
  }

  /** Goes to the next page; there are rows left when it has any. */
  #open(): void {
    const page = this.#pages.next();
    if (page === null) throw new Declined('rows are missing');
    if (page.dictionary) {
      if (page.encoding !== PLAIN && !isCoded(page.encoding)) throw new Declined('a dictionary that is not plain');
      this.#values.dictionary(page);
    } else if (page.values > 0) this.#begin(page);
  }

  #begin(page: Page): void {
    const { levels, at } = this.#levels(page);
    if (this.#nullable) startRuns(this.#words.subarray(0, STATE_WORDS), levels, 1);
    const { end } = page.body;
    const state = this.#words.subarray(STATE_WORDS, 2 * STATE_WORDS);
    const coded = isCoded(page.encoding);
    if (coded) {
      // A page of nulls alone may have no codes at all.
      const width = at < end ? (this.#pages.bytes(at, 1)[0] as number) : 0;
      if (width > MAX_BITS) throw new Declined('codes that are too wide');
      startRuns(state, { at: Math.min(at + 1, end), end }, width);
    } else if (page.encoding === RLE) startRuns(state, this.#counted({ at, end }), 1);
    const body = this.#plain.plain(page.encoding, { at, end });
    this.#cursor =
      body === null
        ? { page, coded, state: state.byteOffset, at, taken: 0 }
        : { page: { ...page, encoding: PLAIN, body }, coded, state: state.byteOffset, at: body.at, taken: 0 };
    this.#left = page.values;
  }

  /** Where the levels are, and where the values begin. */
  #levels(page: Page): { readonly levels: Span; readonly at: number } {
    if (!page.counted) return { levels: page.levels, at: page.body.at };
    if (!this.#nullable) return { levels: page.levels, at: page.body.at };
    const levels = this.#counted(page.body);
    return { levels, at: levels.end };
  }

  /** What lies behind its length, a word, at the start of a span. */
  #counted({ at, end }: Span): Span {
    if (end - at < 4) throw new Declined('a page is too short');
    const b = this.#pages.bytes(at, 4);
    const length =
      (b[0] as number) + (b[1] as number) * 2 ** 8 + (b[2] as number) * 2 ** 16 + (b[3] as number) * 2 ** 24;
    if (length > end - at - 4) throw new Declined('levels are cut off');
    return { at: at + 4, end: at + 4 + length };
  }
}

/** Bytes of a value as a page has it; 0 for texts, null for truth values. */
function widthOf(leaf: Leaf, type: ArrowType): 0 | 4 | 8 | null {
  const form = formOf(leaf, type);
  if (form === 'text') return 0;
  return form === null || form === 'bool' ? null : WIDTH[form];
}

function valuesOf(pages: PageReader, chunk: Chunk, leaf: Leaf, type: ArrowType, store: Store): Values {
  const { kernels } = pages;
  const form = formOf(leaf, type);
  const logical = logicalType(type);
  if (form === null || logical === null) throw new Declined('a type that is not read here');
  if (form === 'bool') return new BoolValues(kernels, logical);
  if (form === 'text') return new TextValues(kernels, store, logical, chunk.dictionary && isText(leaf));
  const unit: TimeUnit = type.kind === 'time' || type.kind === 'timestamp' ? type.unit : 'us';
  return new FixedValues(kernels, store, logical, form, unit);
}
