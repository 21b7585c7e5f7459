import { ThriftError } from './parquet_thrift.ts';

/**
 * Integers and flags of a struct of Thrift by their ids, up to MOST_ID. All else is passed over: there are too many pages to make a tree of each header, with the statistics that
 * some writers put there.
 */
export type HeaderFields = readonly number[];

/** What stands for no number is below all that a header may say. */
export const ABSENT = -Infinity;
export const TRUE = -(2 ** 80);
export const FALSE = -(2 ** 81);
const MOST_ID = 8;
const MAX_DEPTH = 64;

export interface PageHeader {
  readonly fields: HeaderFields;
  /** Of data, of a dictionary, of data of the second version: structs 5, 7 and 8. */
  readonly data: HeaderFields | null;
  readonly dictionary: HeaderFields | null;
  readonly data2: HeaderFields | null;
  /** Where it ends. */
  readonly end: number;
}

/** The header of a page that begins at `at`. ThriftError where it makes no sense, or is cut off. */
export function parseHeader(bytes: Uint8Array, at: number): PageHeader {
  const reader = new Reader(bytes, at);
  const structs: (HeaderFields | null)[] = [];
  const fields = reader.fields((id) => {
    structs[id] = reader.fields(null);
  });
  return {
    fields,
    data: structs[5] ?? null,
    dictionary: structs[7] ?? null,
    data2: structs[8] ?? null,
    end: reader.at,
  };
}

class Reader {
  readonly #bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  /** `struct`: reads the struct within this one that has this id; null: they are passed over. */
  fields(struct: ((id: number) => void) | null): HeaderFields {
    const found: number[] = new Array(MOST_ID + 1).fill(ABSENT);
    let id = 0;
    for (let head = this.#byte(); head !== 0; head = this.#byte()) {
      const wire = head & 15;
      id = head >> 4 === 0 ? this.#zigzag() : id + (head >> 4);
      if (wire === 12 && struct !== null) struct(id);
      else {
        const value = this.#value(wire, 0);
        if (id > 0 && id <= MOST_ID) found[id] = value;
      }
    }
    return found;
  }

  /** ABSENT for what is neither an integer nor a flag. */
  #value(wire: number, depth: number): number {
    switch (wire) {
      case 1:
        return TRUE;
      case 2:
        return FALSE;
      case 3:
        return (this.#byte() << 24) >> 24;
      case 4:
      case 5:
      case 6:
        return this.#zigzag();
      case 7:
        this.#pass(8);
        return ABSENT;
      case 8:
        this.#pass(this.#varint());
        return ABSENT;
      default:
        this.#nested(wire, depth + 1);
        return ABSENT;
    }
  }

  #nested(wire: number, depth: number): void {
    if (depth > MAX_DEPTH) throw new ThriftError('it is nested too deeply');
    if (wire === 12) {
      for (let head = this.#byte(); head !== 0; head = this.#byte()) {
        if (head >> 4 === 0) this.#zigzag();
        this.#value(head & 15, depth);
      }
      return;
    }
    if (wire !== 9 && wire !== 10) throw new ThriftError(`it holds the unknown type ${wire}`);
    const head = this.#byte();
    const element = head & 15;
    const flags = element === 1 || element === 2;
    for (let left = head >> 4 === 15 ? this.#varint() : head >> 4; left > 0; left--) {
      // In a list, flags have a byte each.
      if (flags) this.#pass(1);
      else this.#value(element, depth);
    }
  }

  #byte(): number {
    const b = this.#bytes[this.at++];
    if (b === undefined) throw new ThriftError('it ends too early');
    return b;
  }

  #pass(bytes: number): void {
    this.at += bytes;
    if (this.at > this.#bytes.length) throw new ThriftError('it ends too early');
  }

  /** Exact below 2^53; no header has more. */
  #varint(): number {
    let value = 0;
    let scale = 1;
    for (let k = 0; k < 10; k++) {
      const b = this.#byte();
      value += (b & 127) * scale;
      if (b < 128) return value;
      scale *= 128;
    }
    throw new ThriftError('a number is too long');
  }

  #zigzag(): number {
    const v = this.#varint();
    return v % 2 === 0 ? v / 2 : -(v + 1) / 2;
  }
}
