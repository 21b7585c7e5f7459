import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { EngineBug, RunError } from '../errors.ts';
import { makeSpillFolder, removeSpillFolder } from './spill_dir.ts';

/** Bytes under one checksum. A read of a range reads and checks whole chunks. */
export const CHUNK = 4 << 10;
const FILES = 1 << 16;
const OPEN_FILES = 16;
const ALIGN = 64;
const MAX_VECTORS = 512;
const COPY_BYTES = 1 << 20;

export interface SpillHandle {
  readonly sab: SharedArrayBuffer;
  /** The store's own folder in each spill directory. */
  readonly folders: readonly string[];
  /** A file is closed to new objects once it is this large. */
  readonly fileBytes: number;
}

/** The system call that tests replace to see a disk fail. */
export type WriteVector = (fd: number, views: readonly Uint8Array[], position: number) => number;

/** An object's place on disk. */
export interface SpillPlace {
  readonly file: number;
  readonly offset: number;
  /** Of the object. */
  readonly bytes: number;
}

interface OpenFile {
  readonly file: number;
  readonly fd: number;
}

const STATUS = { NONE: 0, OPEN: 1, WRITING: 2, CLOSED: 3, COMPACTING: 4 } as const;
/** A closed file with less than this share of its bytes in use is worth compacting. */
const SPARSE_SHARE = 0.25;
/** Words of the head: number of the next file; whether the store is closed. */
const NEXT = 0;
const CLOSED = 1;
const HEAD_WORDS = 16;

/**
 * Spill files: each thread appends objects, many to a file; a file goes when its last object goes. An object is stored as its bytes, then
 * (64-byte aligned) a CRC-32 for each chunk of it. The file table lies in shared memory; methods named Held want the arena's lock.
 */
export class SpillFiles {
  readonly handle: SpillHandle;
  readonly #write: WriteVector;
  readonly #head: Int32Array;
  /** By file number modulo FILES. */
  readonly #status: Int32Array;
  readonly #live: Int32Array;
  readonly #liveBytes: Float64Array;
  readonly #writer: Int32Array;
  readonly #size: Float64Array;
  readonly #readers: OpenFile[] = [];
  #own: OpenFile | null = null;

  constructor(handle: SpillHandle, write: WriteVector = (fd, views, position) => fs.writevSync(fd, views, position)) {
    this.handle = handle;
    this.#write = write;
    this.#size = new Float64Array(handle.sab, 0, FILES);
    this.#liveBytes = new Float64Array(handle.sab, FILES * 8, FILES);
    this.#status = new Int32Array(handle.sab, FILES * 16, FILES);
    this.#live = new Int32Array(handle.sab, FILES * 20, FILES);
    this.#writer = new Int32Array(handle.sab, FILES * 24, FILES);
    this.#head = new Int32Array(handle.sab, FILES * 28, HEAD_WORDS);
  }

  static create(folders: readonly string[], fileBytes: number): SpillFiles {
    return new SpillFiles({ sab: new SharedArrayBuffer(FILES * 28 + HEAD_WORDS * 4), folders, fileBytes });
  }

  path(file: number): string {
    return join(this.folderOf(file), `${file}.spill`);
  }

  folderOf(file: number): string {
    const { folders } = this.handle;
    return folders[file % folders.length] as string;
  }

  /** Bytes of all files that exist. */
  diskBytesHeld(): number {
    let sum = 0;
    const next = this.#head[NEXT] as number;
    for (let f = Math.max(0, next - FILES); f < next; f++)
      if (this.#status[f % FILES] !== STATUS.NONE) sum += this.#size[f % FILES] as number;
    return sum;
  }

  /** The file this thread appends to next, reserved against deletion until endHeld; null when too many files exist. */
  beginHeld(thread: number): { file: number; offset: number } | null {
    const own = this.#own;
    if (own !== null) {
      const at = own.file % FILES;
      if (this.#status[at] === STATUS.OPEN && (this.#size[at] as number) < this.handle.fileBytes) {
        this.#status[at] = STATUS.WRITING;
        return { file: own.file, offset: this.#size[at] as number };
      }
    }
    const file = this.#head[NEXT] as number;
    const at = file % FILES;
    if (this.#status[at] !== STATUS.NONE) return null;
    this.#head[NEXT] = file + 1;
    this.#size[at] = 0;
    this.#live[at] = 0;
    this.#liveBytes[at] = 0;
    this.#writer[at] = thread;
    this.#status[at] = STATUS.WRITING;
    return { file, offset: 0 };
  }

  /** The file has `size` bytes now; `close`: nothing more goes into it. True when it holds no object and must be unlinked. */
  endHeld(file: number, size: number, close: boolean): boolean {
    const at = file % FILES;
    this.#size[at] = size;
    this.#status[at] = close || size >= this.handle.fileBytes ? STATUS.CLOSED : STATUS.OPEN;
    return this.#goneHeld(at);
  }

  /** The file holds one more object, of `bytes` bytes. */
  addObjectHeld(file: number, bytes: number): void {
    const at = file % FILES;
    this.#live[at] = (this.#live[at] as number) + 1;
    this.#liveBytes[at] = (this.#liveBytes[at] as number) + bytes;
  }

  /** True when that was the file's last object and the file must be unlinked. */
  dropObjectHeld(file: number, bytes: number): boolean {
    const at = file % FILES;
    const status = this.#status[at];
    this.#live[at] = (this.#live[at] as number) - 1;
    this.#liveBytes[at] = (this.#liveBytes[at] as number) - bytes;
    return status !== STATUS.WRITING && status !== STATUS.COMPACTING && this.#goneHeld(at);
  }

  /** A closed file of which little is in use, reserved for compacting until endCompactHeld; -1 when there is none. */
  sparseHeld(thread: number): number {
    const next = this.#head[NEXT] as number;
    for (let f = Math.max(0, next - FILES); f < next; f++) {
      const at = f % FILES;
      if (
        this.#status[at] !== STATUS.CLOSED ||
        (this.#liveBytes[at] as number) >= (this.#size[at] as number) * SPARSE_SHARE
      )
        continue;
      this.#status[at] = STATUS.COMPACTING;
      this.#writer[at] = thread;
      return f;
    }
    return -1;
  }

  /** True when no object is left in the file and it must be unlinked. */
  endCompactHeld(file: number): boolean {
    this.#status[file % FILES] = STATUS.CLOSED;
    return this.#goneHeld(file % FILES);
  }

  #goneHeld(at: number): boolean {
    if ((this.#live[at] as number) > 0) return false;
    this.#status[at] = STATUS.NONE;
    this.#size[at] = 0;
    return true;
  }

  /** Before all objects are counted anew (addObjectHeld). */
  resetCountsHeld(): void {
    this.#live.fill(0);
    this.#liveBytes.fill(0);
  }

  /** Closes the files of a dead thread; returns those without objects, to be unlinked. */
  closeFilesHeld(thread: number): number[] {
    const gone: number[] = [];
    const next = this.#head[NEXT] as number;
    for (let f = Math.max(0, next - FILES); f < next; f++) {
      const at = f % FILES;
      const status = this.#status[at];
      if (this.#writer[at] !== thread || status === STATUS.NONE || status === STATUS.CLOSED) continue;
      this.#status[at] = STATUS.CLOSED;
      if (this.#goneHeld(at)) gone.push(f);
    }
    return gone;
  }

  /** Appends objects; returns each one's offset, and the end. Not under the lock. Throws the system's error after cutting the file back. */
  append(file: number, offset: number, objects: readonly Uint8Array[]): { offsets: number[]; end: number } {
    const fd = this.#openOwn(file);
    const offsets: number[] = [];
    let views: Uint8Array[] = [];
    let at = offset;
    let from = offset;
    try {
      for (const o of objects) {
        offsets.push(at);
        const gap = padding(o.length);
        const sums = checksums(o);
        const gap2 = padding(sums.length);
        for (const v of [o, gap, sums, gap2]) if (v.length > 0) views.push(v);
        at += o.length + gap.length + sums.length + gap2.length;
        if (views.length >= MAX_VECTORS) {
          this.#writeAll(fd, views, from);
          views = [];
          from = at;
        }
      }
      this.#writeAll(fd, views, from);
    } catch (e) {
      fs.ftruncateSync(fd, offset);
      throw e;
    }
    return { offsets, end: at };
  }

  /** Appends objects of another file as they are, checksums included; otherwise as `append`. */
  copy(from: number, places: readonly SpillPlace[], file: number, offset: number): { offsets: number[]; end: number } {
    const source = this.#openReader(from, this.path(from));
    const fd = this.#openOwn(file);
    const buffer = new Uint8Array(COPY_BYTES);
    const offsets: number[] = [];
    let at = offset;
    try {
      for (const p of places) {
        offsets.push(at);
        const span = aligned(p.bytes) + aligned(Math.ceil(p.bytes / CHUNK) * 4);
        for (let done = 0; done < span; done += COPY_BYTES) {
          const part = buffer.subarray(0, Math.min(COPY_BYTES, span - done));
          readFully(source, part, p.offset + done);
          this.#writeAll(fd, [part], at + done);
        }
        at += span;
      }
    } catch (e) {
      fs.ftruncateSync(fd, offset);
      throw e;
    }
    return { offsets, end: at };
  }

  #writeAll(fd: number, views: Uint8Array[], position: number): void {
    let at = position;
    let rest = views;
    while (rest.length > 0) {
      let done = this.#write(fd, rest, at);
      at += done;
      let i = 0;
      while (i < rest.length && done >= (rest[i] as Uint8Array).length) done -= (rest[i++] as Uint8Array).length;
      rest = rest.slice(i);
      if (done > 0) rest[0] = (rest[0] as Uint8Array).subarray(done);
    }
  }

  #openOwn(file: number): number {
    if (this.#own?.file === file) return this.#own.fd;
    this.closeOwn();
    if (Atomics.load(this.#head, CLOSED) !== 0) throw new EngineBug('the store is closed');
    if (!fs.existsSync(this.folderOf(file))) makeSpillFolder(this.folderOf(file));
    const fd = fs.openSync(this.path(file), 'w+');
    this.#own = { file, fd };
    return fd;
  }

  closeOwn(): void {
    if (this.#own !== null) fs.closeSync(this.#own.fd);
    this.#own = null;
  }

  /** Removes all files of all threads, which may still run, and keeps them from making more. */
  removeAll(): void {
    Atomics.store(this.#head, CLOSED, 1);
    this.closeOwn();
    for (const r of this.#readers.splice(0)) fs.closeSync(r.fd);
    for (const folder of this.handle.folders) {
      removeSpillFolder(folder);
      // A thread may have been between looking at the mark and making its file.
      if (fs.existsSync(folder)) removeSpillFolder(folder);
    }
  }

  /**
   * Reads the chunks that cover bytes [from, to) of an object into `into`, which has room for them: it starts at chunkStart(from).
   * Throws RunError FLOW7008 when the file is gone, short or corrupt.
   */
  read(place: SpillPlace, from: number, to: number, into: Uint8Array): void {
    const path = this.path(place.file);
    const start = chunkStart(from);
    const end = chunkEnd(to, place.bytes);
    const first = start / CHUNK;
    const count = Math.ceil(end / CHUNK) - first;
    const sums = new Uint8Array(count * 4);
    try {
      const fd = this.#openReader(place.file, path);
      readFully(fd, into.subarray(0, end - start), place.offset + start);
      readFully(fd, sums, place.offset + aligned(place.bytes) + first * 4);
    } catch (e) {
      const why = e instanceof Error ? e.message : String(e);
      throw new RunError(
        'FLOW7008',
        `cannot read back spilled data from ${path}: ${why}`,
        { file: path },
        'The spill directory must not be touched while a run goes on.',
      );
    }
    const words = new DataView(sums.buffer);
    for (let i = 0; i < count; i++) {
      const chunk = into.subarray(i * CHUNK, Math.min((i + 1) * CHUNK, end - start));
      if (crc32(chunk) !== words.getUint32(i * 4, true)) {
        throw new RunError(
          'FLOW7008',
          `spilled data in ${path} is corrupt (checksum mismatch at byte ${place.offset + start + i * CHUNK})`,
          { file: path },
          `Check the disk under ${dirname(path)}, or give another directory with --spill-dir.`,
        );
      }
    }
  }

  #openReader(file: number, path: string): number {
    if (this.#own?.file === file) return this.#own.fd;
    const known = this.#readers.findIndex((r) => r.file === file);
    const reader = known >= 0 ? (this.#readers.splice(known, 1)[0] as OpenFile) : { file, fd: fs.openSync(path, 'r') };
    this.#readers.push(reader);
    if (this.#readers.length > OPEN_FILES) fs.closeSync((this.#readers.shift() as OpenFile).fd);
    return reader.fd;
  }

  /** Removes a file. Truncated first: a thread that still has it open would keep its space otherwise. */
  unlink(file: number): void {
    const known = this.#readers.findIndex((r) => r.file === file);
    if (known >= 0) fs.closeSync((this.#readers.splice(known, 1)[0] as OpenFile).fd);
    if (this.#own?.file === file) this.closeOwn();
    const path = this.path(file);
    try {
      fs.truncateSync(path, 0);
    } catch {
      // Never made: its first write failed.
    }
    fs.rmSync(path, { force: true, maxRetries: 3 });
  }
}

export function chunkStart(from: number): number {
  return Math.floor(from / CHUNK) * CHUNK;
}

/** End of the chunks that cover an object of `bytes` bytes up to `to`. */
export function chunkEnd(to: number, bytes: number): number {
  return Math.min(bytes, Math.ceil(to / CHUNK) * CHUNK);
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGN) * ALIGN;
}

const ZEROS = new Uint8Array(ALIGN);

function padding(bytes: number): Uint8Array {
  return ZEROS.subarray(0, aligned(bytes) - bytes);
}

function checksums(o: Uint8Array): Uint8Array {
  const sums = new DataView(new ArrayBuffer(Math.ceil(o.length / CHUNK) * 4));
  for (let i = 0; i * CHUNK < o.length; i++)
    sums.setUint32(i * 4, crc32(o.subarray(i * CHUNK, Math.min((i + 1) * CHUNK, o.length))), true);
  return new Uint8Array(sums.buffer);
}

function readFully(fd: number, into: Uint8Array, position: number): void {
  for (let done = 0; done < into.length; ) {
    const n = fs.readSync(fd, into, done, into.length - done, position + done);
    if (n === 0) throw new Error(`the file ends at byte ${position + done}`);
    done += n;
  }
}
