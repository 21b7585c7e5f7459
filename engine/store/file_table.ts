const FILES = 1 << 16;
/** LEFT: no object is in it, and it could not be removed so far. */
const STATUS = { NONE: 0, OPEN: 1, WRITING: 2, CLOSED: 3, COMPACTING: 4, LEFT: 5 } as const;
/** A closed file with less than this share of its bytes in use is worth compacting. */
const SPARSE_SHARE = 0.25;
/** Words of the head: number of the next file; whether the store is closed. */
const NEXT = 0;
const CLOSED = 1;
const HEAD_WORDS = 16;

export interface FileTableHandle {
  readonly sab: SharedArrayBuffer;
  readonly threads: number;
  /** Places files are spread over: file f lies in place f % places. */
  readonly places: number;
  /** A file is closed to new objects once it is this large. */
  readonly fileBytes: number;
}

/**
 * The spill files of all threads, in shared memory: their sizes and how much of each is in use. Each thread appends to a file of its own;
 * a file goes when its last object goes. Methods named Held want the arena's lock. File numbers count up; a row is used again.
 */
export class FileTable {
  readonly handle: FileTableHandle;
  readonly #head: Int32Array;
  /** By file number modulo FILES. */
  readonly #status: Int32Array;
  readonly #live: Int32Array;
  readonly #liveBytes: Float64Array;
  readonly #writer: Int32Array;
  readonly #size: Float64Array;
  /** By thread: bytes it is about to write. */
  readonly #pending: Float64Array;
  #own = -1;

  constructor(handle: FileTableHandle) {
    this.handle = handle;
    const { sab, threads } = handle;
    this.#size = new Float64Array(sab, 0, FILES);
    this.#liveBytes = new Float64Array(sab, FILES * 8, FILES);
    this.#status = new Int32Array(sab, FILES * 16, FILES);
    this.#live = new Int32Array(sab, FILES * 20, FILES);
    this.#writer = new Int32Array(sab, FILES * 24, FILES);
    this.#pending = new Float64Array(sab, FILES * 28, threads);
    this.#head = new Int32Array(sab, FILES * 28 + threads * 8, HEAD_WORDS);
  }

  static create(places: number, fileBytes: number, threads: number): FileTable {
    const sab = new SharedArrayBuffer(FILES * 28 + threads * 8 + HEAD_WORDS * 4);
    return new FileTable({ sab, threads, places, fileBytes });
  }

  get closed(): boolean {
    return Atomics.load(this.#head, CLOSED) !== 0;
  }

  close(): void {
    Atomics.store(this.#head, CLOSED, 1);
  }

  /** Calls `f` for each file that exists, until it returns true. */
  #each(f: (file: number, at: number) => boolean): void {
    const next = this.#head[NEXT] as number;
    for (let file = Math.max(0, next - FILES); file < next; file++) {
      const at = file % FILES;
      if (this.#status[at] !== STATUS.NONE && f(file, at)) return;
    }
  }

  /** Bytes of all files that exist. */
  diskBytesHeld(): number {
    let sum = 0;
    this.#each((_, at) => {
      sum += this.#size[at] as number;
      return false;
    });
    return sum;
  }

  /** Bytes that threads are about to write. */
  pendingHeld(): number {
    return this.#pending.reduce((a, b) => a + b, 0);
  }

  setPendingHeld(thread: number, bytes: number): void {
    this.#pending[thread] = bytes;
  }

  /**
   * The file this thread appends to next, reserved against deletion until endHeld; null when too many files exist. Places that `avoid` names get no
   * new file, unless it names all of them.
   */
  beginHeld(thread: number, avoid: (place: number) => boolean): { file: number; offset: number } | null {
    const { places, fileBytes } = this.handle;
    const own = this.#own;
    const ownAt = own % FILES;
    if (own >= 0 && this.#writer[ownAt] === thread && this.#status[ownAt] === STATUS.OPEN && !avoid(own % places)) {
      if ((this.#size[ownAt] as number) < fileBytes) {
        this.#status[ownAt] = STATUS.WRITING;
        return { file: own, offset: this.#size[ownAt] as number };
      }
    }
    let file = this.#head[NEXT] as number;
    for (let i = 0; i < places && avoid(file % places); i++) file++;
    for (let i = 0; i < FILES && this.#status[file % FILES] === STATUS.LEFT; i++) file += places;
    const at = file % FILES;
    if (this.#status[at] !== STATUS.NONE) return null;
    this.#head[NEXT] = file + 1;
    this.#size[at] = 0;
    this.#live[at] = 0;
    this.#liveBytes[at] = 0;
    this.#writer[at] = thread;
    this.#status[at] = STATUS.WRITING;
    this.#own = file;
    return { file, offset: 0 };
  }

  /** The file has `size` bytes now; `close`: nothing more goes into it. True when it holds no object and must be removed. */
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

  /** True when that was the file's last object and the file must be removed. */
  dropObjectHeld(file: number, bytes: number): boolean {
    const at = file % FILES;
    const status = this.#status[at];
    this.#live[at] = (this.#live[at] as number) - 1;
    this.#liveBytes[at] = (this.#liveBytes[at] as number) - bytes;
    return status !== STATUS.WRITING && status !== STATUS.COMPACTING && this.#goneHeld(at);
  }

  /** A closed file of which little is in use, reserved for compacting until endCompactHeld; -1 when there is none. */
  sparseHeld(thread: number): number {
    let found = -1;
    this.#each((file, at) => {
      if (this.#status[at] !== STATUS.CLOSED) return false;
      if ((this.#liveBytes[at] as number) >= (this.#size[at] as number) * SPARSE_SHARE) return false;
      this.#status[at] = STATUS.COMPACTING;
      this.#writer[at] = thread;
      found = file;
      return true;
    });
    return found;
  }

  /** True when no object is left in the file and it must be removed. */
  endCompactHeld(file: number): boolean {
    this.#status[file % FILES] = STATUS.CLOSED;
    return this.#goneHeld(file % FILES);
  }

  #goneHeld(at: number): boolean {
    if ((this.#live[at] as number) > 0) return false;
    this.#status[at] = STATUS.NONE;
    return true;
  }

  /** The file of a row that was given up is there still, and takes its space. */
  markLeft(file: number): void {
    if ((this.#head[NEXT] as number) - file < FILES)
      Atomics.compareExchange(this.#status, file % FILES, STATUS.NONE, STATUS.LEFT);
  }

  /** Before all objects are counted anew (addObjectHeld). */
  resetCountsHeld(): void {
    this.#live.fill(0);
    this.#liveBytes.fill(0);
  }

  /** Closes the files of a dead thread; returns those without objects, to be removed. */
  closeFilesHeld(thread: number): number[] {
    this.#pending[thread] = 0;
    const gone: number[] = [];
    this.#each((file, at) => {
      const status = this.#status[at];
      if (this.#writer[at] !== thread || status === STATUS.CLOSED || status === STATUS.LEFT) return false;
      this.#status[at] = STATUS.CLOSED;
      if (this.#goneHeld(at)) gone.push(file);
      return false;
    });
    return gone;
  }
}
