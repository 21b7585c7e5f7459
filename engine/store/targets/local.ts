import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { makeSpillFolder, removeSpillFolder } from '../spill_dir.ts';
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
  /** The file this thread appends to. */
  #own: OpenFile | null = null;

  constructor(folder: string, write: WriteVector) {
    this.place = dirname(folder);
    this.#folder = folder;
    this.#write = write;
  }

  write(file: string, offset: number, views: readonly Uint8Array[]): void {
    const fd = this.#openOwn(file, offset);
    try {
      let at = offset;
      for (let i = 0; i < views.length; i += MAX_VECTORS) at = this.#writeAll(fd, views.slice(i, i + MAX_VECTORS), at);
    } catch (e) {
      fs.ftruncateSync(fd, offset);
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

  #openOwn(file: string, offset: number): number {
    if (this.#own?.file === file) return this.#own.fd;
    this.#closeOwn();
    if (!fs.existsSync(this.#folder)) makeSpillFolder(this.#folder);
    // What exists beyond an offset of 0 must be there still: a hole would read as zeros.
    const fd = fs.openSync(join(this.#folder, file), offset === 0 ? 'w+' : 'r+');
    this.#own = { file, fd };
    return fd;
  }

  #closeOwn(): void {
    if (this.#own !== null) fs.closeSync(this.#own.fd);
    this.#own = null;
  }

  read(file: string, offset: number, into: Uint8Array): void {
    const fd = this.#openReader(file);
    for (let done = 0; done < into.length; ) {
      const n = fs.readSync(fd, into, done, into.length - done, offset + done);
      if (n === 0) throw new Error(`the file ends at byte ${offset + done}`);
      done += n;
    }
  }

  #openReader(file: string): number {
    if (this.#own?.file === file) return this.#own.fd;
    const known = this.#readers.findIndex((r) => r.file === file);
    const reader =
      known >= 0
        ? (this.#readers.splice(known, 1)[0] as OpenFile)
        : { file, fd: fs.openSync(join(this.#folder, file), 'r') };
    this.#readers.push(reader);
    if (this.#readers.length > OPEN_FILES) fs.closeSync((this.#readers.shift() as OpenFile).fd);
    return reader.fd;
  }

  remove(file: string): void {
    const known = this.#readers.findIndex((r) => r.file === file);
    if (known >= 0) fs.closeSync((this.#readers.splice(known, 1)[0] as OpenFile).fd);
    if (this.#own?.file === file) this.#closeOwn();
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
    this.#closeOwn();
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
