import { EngineBug, RunError } from '../errors.ts';
import { PAGE } from '../memory/pages.ts';
import { checksums } from './checksum.ts';
import type { FileTable } from './file_table.ts';
import { retried } from './retry.ts';
import { BLOCK } from './targets/past_cache.ts';
import type { SpillTarget } from './targets/target.ts';

/**
 * Bytes under one checksum. A read of a range reads and checks whole chunks. Larger chunks would not make the checksums much
 * cheaper, and the many small reads of a merge much longer: a piece of 16 KiB reads 20 KiB, with chunks of 16 KiB 32.
 */
export const CHUNK = 4 << 10;
const ALIGN = 64;
/** Objects of this size on start at whole blocks of a file and fill them, checksums too: they can go past the system's cache. */
const LARGE = 256 << 10;
const WASM_PAGE = 65536;
/** A place that failed gets no new file for so long, while another one takes them. */
const AVOID_MS = 10_000;
const REMOVE_RETRIES = 3;

/** An object's place on disk. */
export interface SpillPlace {
  readonly file: number;
  readonly offset: number;
  /** Of the object. */
  readonly bytes: number;
}

/**
 * What lies in spill files: objects one after another, each as its bytes, then (at a multiple of 64 bytes, of large objects at a whole block) a checksum for each chunk of it. Which targets
 * the files lie on is by file number. Nothing here is called under the lock.
 */
export class SpillFiles {
  readonly table: FileTable;
  readonly #targets: readonly SpillTarget[];
  readonly #folder: string;
  readonly #retries: number;
  /** By target: until when it is avoided. */
  readonly #avoided: number[];

  /** `targets`: as many as the table has places. `folder`: name of the store's folder in each, for messages. */
  constructor(table: FileTable, targets: readonly SpillTarget[], folder: string, retries: number) {
    this.table = table;
    this.#targets = targets;
    this.#folder = folder;
    this.#retries = retries;
    this.#avoided = targets.map(() => 0);
  }

  targetOf(file: number): SpillTarget {
    return this.#targets[file % this.#targets.length] as SpillTarget;
  }

  get places(): number {
    return this.#targets.length;
  }

  /** For messages. */
  path(file: number): string {
    return `${this.targetOf(file).place}/${this.#folder}/${nameOf(file)}`;
  }

  /** For FileTable.beginHeld. */
  readonly avoid = (place: number): boolean => (this.#avoided[place] as number) > performance.now();

  /**
   * Appends objects; returns each one's offset, and the end. Tries again when that fails, then throws the target's error and avoids the target for a while; the
   * file is then as long as it was.
   */
  append(file: number, offset: number, objects: readonly Uint8Array[]): { offsets: number[]; end: number } {
    const offsets: number[] = [];
    const views: Uint8Array[] = [];
    const sums = new Sums(objects);
    // A file that begins with a large object, or goes on with one, goes on at a whole block.
    const start = aligned(offset, unitOf(objects[0]?.length ?? 0));
    let at = start;
    for (const o of objects) {
      const unit = unitOf(o.length);
      if (aligned(at, unit) > at) views.push(ZEROS.subarray(0, aligned(at, unit) - at));
      at = aligned(at, unit);
      offsets.push(at);
      views.push(...padded(o, unit), ...sums.of(o));
      at += spanOf(o.length);
    }
    this.#write(
      file,
      start,
      views.filter((v) => v.length > 0),
    );
    return { offsets, end: at };
  }

  #write(file: number, offset: number, views: readonly Uint8Array[]): void {
    const target = this.targetOf(file);
    try {
      retried(this.#retries, () => {
        if (this.table.closed) throw new EngineBug('the store is closed');
        target.write(nameOf(file), offset, views);
      });
    } catch (e) {
      this.#avoided[file % this.#targets.length] = performance.now() + AVOID_MS;
      throw e;
    }
  }

  /**
   * Appends objects of another file as they are, checksums included. `buffer`: memory to copy through; a file on a target that cannot append takes all in one
   * piece, so the buffer must then hold all (the sum of spanOf). Throws the target's error; what is in the file behind `offset` is then garbage.
   */
  copy(
    from: number,
    places: readonly SpillPlace[],
    file: number,
    offset: number,
    buffer: Uint8Array,
  ): { offsets: number[]; end: number } {
    const source = this.targetOf(from);
    const offsets: number[] = [];
    let at = offset;
    let filled = 0;
    const flush = (): void => {
      if (filled > 0) this.#write(file, at, [buffer.subarray(0, filled)]);
      at += filled;
      filled = 0;
    };
    for (const p of places) {
      offsets.push(at + filled);
      const span = spanOf(p.bytes);
      for (let done = 0; done < span; ) {
        if (filled === buffer.length) flush();
        const n = Math.min(buffer.length - filled, span - done);
        const part = buffer.subarray(filled, filled + n);
        retried(this.#retries, () => source.read(nameOf(from), p.offset + done, part));
        done += n;
        filled += n;
      }
    }
    flush();
    return { offsets, end: at };
  }

  /** Closes what this thread has open and removes all files of all threads, which may still run, and keeps them from making more. */
  removeAll(): void {
    this.table.close();
    for (const target of this.#targets) target.removeAll();
  }

  /**
   * Reads the chunks that cover bytes [from, to) of an object into `into`, which has room for them: it starts at chunkStart(from). A
   * whole object is read by one call when `into` has room for the checksums too (spanOf); with room for whole blocks, a large one can come past the system's cache. Tries again when that fails; then throws RunError FLOW7008: the file is gone, short or corrupt.
   */
  read(place: SpillPlace, from: number, to: number, into: Uint8Array): void {
    const path = this.path(place.file);
    try {
      retried(this.#retries, () => this.#readOnce(place, from, to, into));
    } catch (e) {
      if (e instanceof EngineBug) throw e;
      if (e instanceof RunError) throw e.at({ file: path });
      if (e instanceof Corrupt) {
        throw new RunError(
          'FLOW7008',
          `spilled data in ${path} is corrupt (${e.message})`,
          { file: path },
          `Check the disk under ${this.targetOf(place.file).place}, or give another directory with --spill-dir.`,
        );
      }
      throw new RunError(
        'FLOW7008',
        `cannot read back spilled data from ${path}: ${e instanceof Error ? e.message : String(e)}`,
        { file: path },
        'The spill directory must not be touched while a run goes on.',
      );
    }
  }

  #readOnce(place: SpillPlace, from: number, to: number, into: Uint8Array): void {
    const target = this.targetOf(place.file);
    const file = nameOf(place.file);
    const start = chunkStart(from);
    const end = chunkEnd(to, place.bytes);
    const unit = unitOf(place.bytes);
    const first = start / CHUNK;
    const count = Math.ceil(end / CHUNK) - first;
    const sumsAt = aligned(place.bytes, unit) + first * 4;
    const span = spanOf(place.bytes);
    let sums: Uint8Array;
    if (start === 0 && end === place.bytes && into.length >= span) {
      target.read(file, place.offset, into.subarray(0, span));
      sums = into.subarray(sumsAt, sumsAt + count * 4);
    } else {
      sums = new Uint8Array(count * 4);
      const blocks = aligned(end - start, unit);
      target.read(file, place.offset + start, into.subarray(0, into.length >= blocks ? blocks : end - start));
      target.read(file, place.offset + sumsAt, sums);
    }
    const words = new DataView(sums.buffer, sums.byteOffset);
    checksums(into.subarray(0, end - start), CHUNK).forEach((sum, i) => {
      if (sum !== words.getUint32(i * 4, true))
        throw new Corrupt(`checksum mismatch at byte ${place.offset + start + i * CHUNK}`);
    });
  }

  /**
   * Removes a file nobody needs. One that cannot be removed now is remembered in the table as disk space in use, and goes with the store's
   * folder when the store is closed: not being able to is no error of a run.
   */
  remove(file: number): void {
    try {
      retried(REMOVE_RETRIES, () => this.targetOf(file).remove(nameOf(file)));
    } catch {
      this.table.markLeft(file);
    }
  }
}

class Corrupt extends Error {}

const nameOf = (file: number): string => `${file}.spill`;

export function chunkStart(from: number): number {
  return Math.floor(from / CHUNK) * CHUNK;
}

/** End of the chunks that cover an object of `bytes` bytes up to `to`. */
export function chunkEnd(to: number, bytes: number): number {
  return Math.min(bytes, Math.ceil(to / CHUNK) * CHUNK);
}

/** Bytes in a file that an object of `bytes` bytes takes. */
export function spanOf(bytes: number): number {
  const unit = unitOf(bytes);
  return aligned(bytes, unit) + aligned(sumsBytes(bytes), unit);
}

/** What an object of `bytes` bytes, and its checksums, start and end at a multiple of. */
function unitOf(bytes: number): number {
  return bytes >= LARGE ? BLOCK : ALIGN;
}

function sumsBytes(bytes: number): number {
  return Math.ceil(bytes / CHUNK) * 4;
}

function aligned(bytes: number, unit: number): number {
  return Math.ceil(bytes / unit) * unit;
}

const ZEROS = new Uint8Array(BLOCK);

/** Bytes up to a multiple of the unit. Those behind a large object that lies in pages of its own are what happens to lie there. */
function padded(bytes: Uint8Array, unit: number): Uint8Array[] {
  const { buffer, byteOffset, length } = bytes;
  const end = aligned(length, unit);
  if (unit === PAGE && byteOffset % PAGE === 0 && byteOffset + end <= buffer.byteLength)
    return [new Uint8Array(buffer, byteOffset, end)];
  return [bytes, ZEROS.subarray(0, end - length)];
}

/** The checksums of objects that are written together; those of large ones at whole blocks of memory, which is used again. */
class Sums {
  static #memory: WebAssembly.Memory | null = null;
  #blocks: Uint8Array;
  #at = 0;

  constructor(objects: readonly Uint8Array[]) {
    const large = objects.filter((o) => unitOf(o.length) === BLOCK);
    const bytes = large.reduce((n, o) => n + aligned(sumsBytes(o.length), BLOCK), 0);
    this.#blocks = bytes === 0 ? ZEROS : Sums.#room(bytes);
  }

  /** Memory of its own kind: of an ordinary buffer nobody knows where it starts. */
  static #room(bytes: number): Uint8Array {
    const pages = Math.ceil(bytes / WASM_PAGE);
    Sums.#memory ??= new WebAssembly.Memory({ initial: pages });
    const missing = pages - Sums.#memory.buffer.byteLength / WASM_PAGE;
    if (missing > 0) Sums.#memory.grow(missing);
    return new Uint8Array(Sums.#memory.buffer, 0, bytes);
  }

  of(object: Uint8Array): Uint8Array[] {
    const sums = checksums(object, CHUNK);
    const bytes = new Uint8Array(sums.buffer, sums.byteOffset, sums.byteLength);
    if (unitOf(object.length) === ALIGN) return padded(bytes, ALIGN);
    const own = this.#blocks.subarray(this.#at, this.#at + aligned(bytes.length, BLOCK));
    this.#at += own.length;
    own.set(bytes);
    own.fill(0, bytes.length);
    return [own];
  }
}
