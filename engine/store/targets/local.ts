import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { makeSpillFolder, removeSpillFolder } from '../spill_dir.ts';
import { isWhole, PastCache } from './past_cache.ts';
import type { SpillTarget } from './target.ts';

/** Files a thread keeps open to read from. */
const OPEN_FILES = 16;
/** Buffers a system call takes at once. */
const MAX_VECTORS = 512;

/** The system call that tests replace to see a disk fail. */
export type WriteVector = (fd: number, views: readonly Uint8Array[], position: number) => number;

interface OpenFile {
  readonly file: string;
  readonly fd: number;
  /** The flag it was opened with besides those of its mode: 0, or to go past the cache. */
  readonly flag: number;
}

/** Files in a folder of this machine; `folder` is the store's own, made with the first file. */
export function localTarget(folder: string, write?: WriteVector): SpillTarget {
  return new LocalTarget(folder, write ?? ((fd, views, position) => fs.writevSync(fd, views, position)));
}

class LocalTarget implements SpillTarget {
  readonly place: string;
  readonly appendable = true;
  readonly #folder: string;
  readonly #write: WriteVector;
  /** Least recently used first. */
  readonly #readers: OpenFile[] = [];
  /** The file this thread appends to, by way: through the cache, and past it. */
  readonly #own: [OpenFile | null, OpenFile | null] = [null, null];
  readonly #writes = new PastCache();
  readonly #reads = new PastCache();

  constructor(folder: string, write: WriteVector) {
    this.place = dirname(folder);
    this.#folder = folder;
    this.#write = write;
  }

  write(file: string, offset: number, views: readonly Uint8Array[]): void {
    let fd = -1;
    const transfer = (flag: number): void => {
      fd = this.#openOwn(file, offset, flag);
      let at = offset;
      for (let i = 0; i < views.length; i += MAX_VECTORS) at = this.#writeAll(fd, views.slice(i, i + MAX_VECTORS), at);
    };
    try {
      measured(this.#writes, offset, views, transfer);
    } catch (e) {
      if (fd >= 0) fs.ftruncateSync(fd, offset);
      throw e;
    }
  }

  /** Writes all of the views; returns where they end. */
  #writeAll(fd: number, views: Uint8Array[], position: number): number {
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
    return at;
  }

  #openOwn(file: string, offset: number, flag: number): number {
    const way = flag === 0 ? 0 : 1;
    const own = this.#own[way];
    if (own?.file === file) return own.fd;
    for (const w of [0, 1] as const) if (this.#own[w]?.file !== file) this.#closeOwn(w);
    if (!fs.existsSync(this.#folder)) makeSpillFolder(this.#folder);
    const path = join(this.#folder, file);
    // What exists beyond an offset of 0 must be there still: a hole would read as zeros.
    const fresh = offset === 0 ? fs.constants.O_CREAT | fs.constants.O_TRUNC : 0;
    const fd = fs.openSync(path, fs.constants.O_RDWR | fresh | flag);
    this.#own[way] = { file, fd, flag };
    return fd;
  }

  #closeOwn(way: 0 | 1): void {
    const own = this.#own[way];
    if (own !== null) fs.closeSync(own.fd);
    this.#own[way] = null;
  }

  read(file: string, offset: number, into: Uint8Array): void {
    measured(this.#reads, offset, [into], (flag) => {
      const fd = this.#openReader(file, flag);
      for (let done = 0; done < into.length; ) {
        const n = fs.readSync(fd, into, done, into.length - done, offset + done);
        if (n === 0) throw new Error(`the file ends at byte ${offset + done}`);
        done += n;
      }
    });
  }

  #openReader(file: string, flag: number): number {
    const own = this.#own[flag === 0 ? 0 : 1];
    if (own?.file === file) return own.fd;
    const known = this.#readers.findIndex((r) => r.file === file && r.flag === flag);
    const open = (): OpenFile => ({
      file,
      flag,
      fd: fs.openSync(join(this.#folder, file), fs.constants.O_RDONLY | flag),
    });
    const reader = known >= 0 ? (this.#readers.splice(known, 1)[0] as OpenFile) : open();
    this.#readers.push(reader);
    if (this.#readers.length > OPEN_FILES) fs.closeSync((this.#readers.shift() as OpenFile).fd);
    return reader.fd;
  }

  remove(file: string): void {
    for (let i = this.#readers.length - 1; i >= 0; i--) {
      if (this.#readers[i]?.file === file) fs.closeSync((this.#readers.splice(i, 1)[0] as OpenFile).fd);
    }
    for (const way of [0, 1] as const) if (this.#own[way]?.file === file) this.#closeOwn(way);
    const path = join(this.#folder, file);
    try {
      // A thread that still has it open would keep its space otherwise.
      fs.truncateSync(path, 0);
    } catch {
      // Never made: its first write failed.
    }
    fs.rmSync(path, { force: true, maxRetries: 3 });
  }

  close(): void {
    this.#closeOwn(0);
    this.#closeOwn(1);
    for (const r of this.#readers.splice(0)) fs.closeSync(r.fd);
  }

  removeAll(): void {
    this.close();
    try {
      removeSpillFolder(this.#folder);
      // A thread may have been between looking at the mark of a closed store and making its file.
      if (fs.existsSync(this.#folder)) removeSpillFolder(this.#folder);
    } catch {
      // Taken away or locked by somebody else: the next store made here cleans up.
    }
  }
}

/** Makes a transfer by the way that has been faster, through the cache where the file system knows no other, and remembers what it took. */
function measured(
  choice: PastCache,
  offset: number,
  views: readonly Uint8Array[],
  transfer: (flag: number) => void,
): void {
  if (!isWhole(offset, views)) {
    transfer(0);
    return;
  }
  const flag = choice.flag();
  const started = performance.now();
  try {
    transfer(flag);
  } catch (e) {
    if (!choice.refused(flag, e)) throw e;
    transfer(0);
    return;
  }
  const bytes = views.reduce((n, v) => n + v.length, 0);
  choice.took(flag, bytes, performance.now() - started);
}
