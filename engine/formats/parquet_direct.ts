import type { Column } from '../batch/column.ts';
import { RunError } from '../errors.ts';
import type { Scratch } from '../memory/types.ts';
import { i32Vector } from '../memory/vector.ts';
import type { TaskContext } from '../operators/def.ts';
import type { ArrowField } from './arrow_types.ts';
import { CHUNK_WORDS, ChunkReader, formOf } from './parquet_chunk.ts';
import type { Chunk, Leaf, ParquetFooter, RowGroup } from './parquet_footer.ts';
import { bytesNeeded, CODECS_READ, Declined, PageReader, WrongChecksum } from './parquet_pages.ts';
import { ThriftError } from './parquet_thrift.ts';

/** Share of a task's grant that buffers of pages may take, and the most they ever do. */
const SHARE = 0.25;
const MOST_BYTES = 64 << 20;
/** A page, or a part of it, may be larger than it is as a rule, but not by more than this. */
const PAGE_BYTES = 16 << 20;

interface Wanted {
  readonly field: ArrowField;
  readonly leaf: Leaf;
  readonly chunk: Chunk;
}

/**
 * Reads columns of a row group by kernels, straight into the arena: flat columns in the usual encodings. What it does not know, and all that is wrong with a
 * file, it declines: the complete decoder goes on from there.
 */
export class DirectColumns {
  readonly names: readonly string[];
  readonly #pages: PageReader[] = [];
  readonly #readers: ChunkReader[] = [];
  readonly #words: ReturnType<typeof i32Vector>;

  private constructor(fd: number, path: string, wanted: readonly Wanted[], ctx: Pick<TaskContext, 'store' | 'grant'>) {
    this.names = wanted.map((w) => w.field.name);
    this.#words = i32Vector(ctx.store, 'parquet');
    try {
      this.#words.reserve(wanted.length * CHUNK_WORDS);
      const most = Math.min(PAGE_BYTES, ctx.grant * SHARE);
      wanted.forEach(({ field, leaf, chunk }, i) => {
        const words = this.#words.data.subarray(i * CHUNK_WORDS, (i + 1) * CHUNK_WORDS);
        const pages = new PageReader(fd, path, field.name, chunk, ctx.store, most);
        this.#pages.push(pages);
        this.#readers.push(new ChunkReader(pages, chunk, leaf, field, words, ctx.store));
      });
    } catch (e) {
      this.free();
      throw e;
    }
  }

  /** Those of the columns that can be tried; null when there are none. */
  static open(
    fd: number,
    footer: ParquetFooter,
    group: RowGroup,
    names: readonly string[],
    fields: readonly ArrowField[],
    ctx: Pick<TaskContext, 'store' | 'grant'>,
  ): DirectColumns | null {
    let left = Math.min(ctx.grant * SHARE, MOST_BYTES);
    const wanted: Wanted[] = [];
    footer.leaves.forEach((leaf, i) => {
      const [name] = leaf.path;
      const chunk = group.chunks[i];
      const field = fields.find((f) => f.name === name);
      if (chunk === undefined || field === undefined || name === undefined || !names.includes(name)) return;
      if (leaf.path.length !== 1 || !CODECS_READ.has(chunk.codec) || formOf(leaf, field.type) === null) return;
      const bytes = bytesNeeded(chunk);
      if (bytes > left) return;
      left -= bytes;
      wanted.push({ field, leaf, chunk });
    });
    if (wanted.length === 0) return null;
    try {
      return new DirectColumns(fd, footer.path, wanted, ctx);
    } catch (e) {
      if (declines(e)) return null;
      throw e;
    }
  }

  /** The next `rows` rows of the columns of `names`; null when another must read them, and all that follow. */
  take(rows: number, scratch: Scratch): readonly Column[] | null {
    try {
      return this.#readers.map((r) => r.take(rows, scratch));
    } catch (e) {
      if (declines(e)) return null;
      throw e;
    }
  }

  /** Leaves out the next `rows` rows; false as `take`. */
  skip(rows: number, scratch: Scratch): boolean {
    try {
      for (const r of this.#readers) r.skip(rows, scratch);
      return true;
    } catch (e) {
      if (declines(e)) return false;
      throw e;
    }
  }

  free(): void {
    for (const r of this.#readers) r.free();
    for (const p of this.#pages) p.free();
    this.#words.free();
  }
}

function declines(e: unknown): boolean {
  if (e instanceof WrongChecksum) return false;
  return e instanceof Declined || e instanceof ThriftError || e instanceof RunError;
}
