import type { Kernels } from '../kernels/load.ts';
import { i32Vector, u8Vector, type Vector } from '../memory/vector.ts';
import type { Store } from '../store/types.ts';
import { reach } from './parquet_cursor.ts';
import { Declined, SLACK, type Span } from './parquet_pages.ts';

/** Encodings of parquet.thrift. */
const DELTA_BINARY_PACKED = 5;
const DELTA_LENGTH_BYTE_ARRAY = 6;
const DELTA_BYTE_ARRAY = 7;
const BYTE_STREAM_SPLIT = 9;

const NONE = 0xffffffff;
/** Values of a page that take more are left to the complete decoder. */
const MOST_BYTES = 64 << 20;

/** Turns values of a page that are packed in other ways into plain ones. Declined where they make no sense. */
export class PlainValues {
  readonly #kernels: Kernels;
  /** Bytes of a value; 0 for texts, null for what is never packed so. */
  readonly #width: 0 | 4 | 8 | null;
  readonly #out: Vector<Uint8Array>;
  readonly #lengths: Vector<Int32Array>;
  readonly #prefixes: Vector<Int32Array>;
  readonly #state: Int32Array;

  /** `state`: two words to work in. */
  constructor(kernels: Kernels, store: Store, width: 0 | 4 | 8 | null, state: Int32Array) {
    this.#kernels = kernels;
    this.#width = width;
    this.#state = state;
    this.#out = u8Vector(store, 'parquet');
    this.#lengths = i32Vector(store, 'parquet');
    this.#prefixes = i32Vector(store, 'parquet');
  }

  /** Where the plain values are, until the next page; null for an encoding that is not one of these. */
  plain(encoding: number, values: Span): Span | null {
    const width = this.#width;
    if (width === 0) {
      if (encoding === DELTA_LENGTH_BYTE_ARRAY) return this.#texts(values, false);
      return encoding === DELTA_BYTE_ARRAY ? this.#texts(values, true) : null;
    }
    if (width === null) return null;
    if (encoding === DELTA_BINARY_PACKED) return this.#packed(values, width);
    return encoding === BYTE_STREAM_SPLIT ? this.#split(values, width) : null;
  }

  #count({ at, end }: Span): number {
    const n = this.#kernels.parquet_delta_count(at, end, this.#state.byteOffset) >>> 0;
    if (n === NONE) throw new Declined('differences that make no sense');
    return n;
  }

  #packed(values: Span, width: 4 | 8): Span {
    const n = this.#count(values);
    const at = this.#room(n * width);
    const k = this.#kernels;
    const unpack = width === 4 ? k.parquet_delta_4 : k.parquet_delta_8;
    if (unpack(values.at, values.end, n, at, this.#state.byteOffset) === 0)
      throw new Declined('differences that make no sense');
    return { at, end: at + n * width };
  }

  #split({ at, end }: Span, width: 4 | 8): Span {
    const n = Math.floor((end - at) / width);
    const out = this.#room(n * width);
    this.#kernels.parquet_join_bytes(at, n, width, out);
    return { at: out, end: out + n * width };
  }

  #texts(values: Span, shared: boolean): Span {
    const k = this.#kernels;
    let from = values.at;
    let prefixes = 0;
    let bytes = 0;
    const n = this.#count(values);
    if (shared) {
      from = this.#unpackLengths({ at: from, end: values.end }, this.#prefixes, n);
      prefixes = this.#prefixes.data.byteOffset;
      bytes += this.#sum(prefixes, n);
    }
    from = this.#unpackLengths({ at: from, end: values.end }, this.#lengths, n);
    const lengths = this.#lengths.data.byteOffset;
    bytes += this.#sum(lengths, n) + 4 * n;
    const at = this.#room(bytes);
    const end = n === 0 ? at : k.parquet_plain_parts(prefixes, lengths, n, from, values.end, at);
    if (end === 0) throw new Declined('texts that make no sense');
    return { at, end };
  }

  /** `n` lengths; where they end. */
  #unpackLengths(values: Span, to: Vector<Int32Array>, n: number): number {
    if (this.#count(values) !== n || 4 * n > MOST_BYTES) throw new Declined('lengths that make no sense');
    to.reserve(n + 1);
    const { byteOffset } = reach(this.#kernels, to.data);
    const end = this.#kernels.parquet_delta_4(values.at, values.end, n, byteOffset, this.#state.byteOffset);
    if (end === 0) throw new Declined('lengths that make no sense');
    return end;
  }

  #sum(lengths: number, n: number): number {
    const sum = this.#kernels.parquet_lengths_sum(lengths, n);
    if (sum < 0) throw new Declined('lengths that make no sense');
    return sum;
  }

  #room(bytes: number): number {
    if (bytes > MOST_BYTES) throw new Declined('a large page');
    this.#out.reserve(bytes + SLACK);
    return reach(this.#kernels, this.#out.data).byteOffset;
  }

  free(): void {
    this.#out.free();
    this.#lengths.free();
    this.#prefixes.free();
  }
}
