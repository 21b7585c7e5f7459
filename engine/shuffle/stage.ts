import { decodeBatch, encodeBatch, encodedSize } from '../batch/codec.ts';
import type { Batch, Column, Utf8Column } from '../batch/column.ts';
import { bytesOf, shift } from '../batch/layout.ts';
import { copyInto } from '../kernels/copy.ts';
import type { MeasuredScratch } from '../memory/bump.ts';
import { arenaScratch } from '../memory/scratch.ts';
import type { Store } from '../store/types.ts';
import type { Schema } from '../types.ts';

/** Dictionaries compared against a new one. */
const REMEMBERED = 8;

/** Working memory in which a writer keeps rows of past batches until it has enough of them. */
export class Stage {
  readonly scratch: MeasuredScratch;
  #dictionaries: Utf8Column[] = [];

  constructor(store: Store, owner: string) {
    this.scratch = arenaScratch(store, owner);
  }

  get used(): number {
    return this.scratch.used;
  }

  /** A copy that outlives the batch. */
  keep(batch: Batch): Batch {
    const into = this.scratch.u8(encodedSize(batch));
    encodeBatch(batch, into);
    return this.#adopt(decodeBatch(into, batch.schema));
  }

  /** A copy of an encoded batch. */
  keepEncoded(bytes: Uint8Array, schema: Schema): Batch {
    const into = this.scratch.u8(bytes.length);
    into.set(bytes);
    return this.#adopt(decodeBatch(into, schema));
  }

  #adopt(copy: Batch): Batch {
    return {
      ...copy,
      columns: copy.columns.map((c) => withDictionaries(c, (d) => this.#known(d) ?? this.#remember(d))),
    };
  }

  /** The column with its dictionaries, which gathered columns share with their source, copied here. One that is kept already is used again. */
  ownDictionaries(c: Column): Column {
    return withDictionaries(c, (d) => this.#known(d) ?? this.#remember(this.#copy(d)));
  }

  #known(d: Utf8Column): Utf8Column | undefined {
    return this.#dictionaries.find((known) => known === d || equalDictionary(known, d));
  }

  #remember(d: Utf8Column): Utf8Column {
    this.#dictionaries.push(d);
    if (this.#dictionaries.length > REMEMBERED) this.#dictionaries.shift();
    return d;
  }

  #copy(d: Utf8Column): Utf8Column {
    const first = d.offsets[0] as number;
    const bytes = this.scratch.u8((d.offsets[d.length] as number) - first);
    copyInto(bytes, d.bytes.subarray(first, d.offsets[d.length]));
    const offsets = this.scratch.i32(d.length + 1);
    shift(d.offsets, 0, d.length + 1, -first, offsets, 0);
    return { ...d, offsets, bytes };
  }

  reset(): void {
    this.scratch.reset();
    this.#dictionaries = [];
  }

  free(): void {
    this.scratch.release();
    this.#dictionaries = [];
  }
}

function withDictionaries(c: Column, f: (d: Utf8Column) => Utf8Column): Column {
  if (c.phys === 'dict') return { ...c, dictionary: f(c.dictionary) };
  if (c.phys === 'list') return { ...c, child: withDictionaries(c.child, f) };
  if (c.phys === 'struct') return { ...c, children: c.children.map((k) => withDictionaries(k, f)) };
  return c;
}

function equalDictionary(a: Utf8Column, b: Utf8Column): boolean {
  const n = a.length;
  if (b.length !== n || b.offsets[0] !== 0 || a.offsets[n] !== b.offsets[n]) return false;
  const end = a.offsets[n] as number;
  return (
    same(bytesOf(a.offsets, 0, n + 1), bytesOf(b.offsets, 0, n + 1)) &&
    same(a.bytes.subarray(0, end), b.bytes.subarray(0, end))
  );
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
