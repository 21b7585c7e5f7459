import type { Column } from '../batch/column.ts';
import type { Scratch } from '../memory/types.ts';
import { type DataType, formatType } from '../types.ts';
import type { JsonScanner } from './json_scanner.ts';

/** A value that does not fit its column: `at` is its byte, `path` leads to it from the column. */
export class JsonMisfit extends Error {
  override readonly name = 'JsonMisfit';
  readonly at: number;
  readonly end: number;
  readonly type: DataType;
  path: string;
  /** A null, or nothing at all, where the type has no null. */
  readonly missing: boolean;

  constructor(at: number, end: number, type: DataType, missing = false) {
    super(
      missing
        ? `null where ${formatType(type)} is declared without "?"`
        : `not ${/^[aeiou]/.test(type.kind) ? 'an' : 'a'} ${formatType(type)}`,
    );
    this.at = at;
    this.end = end;
    this.type = type;
    this.path = '';
    this.missing = missing;
  }
}

/**
 * Turns JSON values into one column, value by value. Its buffers are kept from batch to batch; `finish` copies the column to scratch and starts anew.
 * `read` takes the value at the scanner (never null), or throws JsonMisfit or JsonFault and leaves the column as it was, up to `truncate`.
 */
export abstract class JsonColumn {
  readonly type: DataType;
  readonly nullable: boolean;
  length = 0;
  #nulls = 0;
  /** Kept from the first null on. */
  #bits: Uint8Array = new Uint8Array(0);

  constructor(type: DataType, nullable: boolean) {
    this.type = type;
    this.nullable = nullable;
  }

  /** Appends the value at the scanner, whose first byte is `ch`; it is no null. */
  protected abstract take(s: JsonScanner, ch: number): void;
  /** Appends a placeholder. */
  protected abstract blank(): void;
  protected abstract build(base: ColumnBase, scratch: Scratch): Column;
  /** Drops the values from `length` on. */
  protected abstract cut(length: number): void;

  read(s: JsonScanner): void {
    const ch = s.head();
    if (ch === 110) {
      const at = s.pos;
      s.word('null');
      this.absent(at, s.pos);
      return;
    }
    if (s.lenient && this.nullable) this.#takeOrNull(s, ch);
    else {
      this.take(s, ch);
      this.#mark(true);
    }
  }

  #takeOrNull(s: JsonScanner, ch: number): void {
    const { pos, depth } = s;
    try {
      this.take(s, ch);
      this.#mark(true);
    } catch (e) {
      if (!(e instanceof JsonMisfit)) throw e;
      this.cut(this.length);
      s.pos = pos;
      s.depth = depth;
      s.skip();
      this.putNull();
    }
  }

  /** A null at bytes [at, end), which the column may refuse. */
  absent(at: number, end: number): void {
    if (!this.nullable) throw new JsonMisfit(at, end, this.type, true);
    this.putNull();
  }

  /** A null in any case: below a null parent. */
  putNull(): void {
    this.blank();
    this.#mark(false);
    this.#nulls++;
  }

  truncate(length: number): void {
    this.cut(length);
    for (let i = length; this.#nulls > 0 && i < this.length; i++)
      if ((this.#bits[i >> 3]! & (1 << (i & 7))) === 0) this.#nulls--;
    this.length = length;
  }

  finish(scratch: Scratch): Column {
    let validity: Uint8Array | null = null;
    if (this.#nulls > 0) {
      const bytes = (this.length + 7) >> 3;
      validity = scratch.u8(bytes);
      validity.set(this.#bits.subarray(0, bytes));
    }
    const column = this.build({ type: this.type, length: this.length, nullCount: this.#nulls, validity }, scratch);
    this.length = 0;
    this.#nulls = 0;
    this.cut(0);
    return column;
  }

  #mark(valid: boolean): void {
    const i = this.length++;
    if (valid && this.#nulls === 0) return;
    const at = i >> 3;
    if (at >= this.#bits.length) this.#bits = grown(this.#bits, Math.max(128, at + 1));
    if (this.#nulls === 0) this.#bits.fill(0xff, 0, at + 1);
    const bit = 1 << (i & 7);
    this.#bits[at] = valid ? this.#bits[at]! | bit : this.#bits[at]! & ~bit;
  }
}

export interface ColumnBase {
  readonly type: DataType;
  readonly length: number;
  readonly nullCount: number;
  readonly validity: Uint8Array | null;
}

/** The array with room for `need` elements, at least twice as large. */
export function grown<A extends Uint8Array | Int32Array | Float64Array>(a: A, need: number): A {
  const bigger = new (a.constructor as new (length: number) => A)(Math.max(need, 2 * a.length));
  bigger.set(a);
  return bigger;
}

/** Reads the value, and where it does not fit the type leaves the scanner behind it before throwing. */
export function misfit(s: JsonScanner, type: DataType): JsonMisfit {
  s.blanks();
  const at = s.pos;
  s.skip();
  return new JsonMisfit(at, s.pos, type);
}
