import { tmpdir } from 'node:os';
import { RunError } from '../errors.ts';
import { Arena, type ArenaHandle } from '../memory/arena.ts';
import { S } from './pressure.ts';
import { SharedStore } from './shared_store.ts';
import { checkSpillDir, cleanStale, size, spillFolder } from './spill_dir.ts';
import { SpillFiles, type SpillHandle, type WriteVector } from './spill_files.ts';
import { ObjectTable, type TableHandle } from './table.ts';
import type { Store } from './types.ts';

export interface StoreOptions {
  /** Bytes; the hard limit. */
  readonly limit: number;
  /** Directories for spill files, used in turn; default: the system's for temporary files. */
  readonly spillDirs?: readonly string[];
  /** Threads that may be attached at a time, the creator (number 0) included. */
  readonly threads: number;
  /** Most bytes that spill files may take; default: no cap. */
  readonly diskCap?: number;
  /** Size from which on a spill file takes no more objects. */
  readonly fileBytes?: number;
  /** How long a thread in need of memory waits without a sign of life from any other thread. */
  readonly stallMs?: number;
}

/** What `attachStore` needs; structured-cloneable. */
export interface StoreHandle {
  readonly arena: ArenaHandle;
  readonly table: TableHandle;
  readonly spill: SpillHandle;
  readonly counters: SharedArrayBuffer;
  readonly diskCap: number;
  readonly stallMs: number;
}

/** The store on the thread that made it. */
export interface MainStore extends Store {
  readonly handle: StoreHandle;
  /** Frees what a thread that is gone for good held; its number may then be given to another. */
  releaseThread(thread: number): void;
  /** To be called before a thread is terminated: should it die holding the lock, others need not wait long to break it. */
  markDying(thread: number): void;
  /** Removes all spill files. The store cannot be used afterwards. Idempotent. */
  close(): void;
}

const STALL_MS = 60_000;
const FILE_BYTES = 100 << 20;

const open = new Set<MainStore>();

/** A run that ends by process.exit or an uncaught error leaves no files behind either. */
function closeAll(): void {
  for (const store of open) store.close();
}

/** The store on a thread that runs tasks. */
export interface ThreadStore extends Store {
  /** The thread is at work from now on; the objects it seals belong to the task. */
  beginTask(): void;
  /**
   * The task is done. `keep`: whoever gets its result owns the objects it left; otherwise they are released, and so they are when the thread dies before. Until
   * the next task nobody waits for memory the thread holds.
   */
  endTask(keep: boolean): void;
}

class OwnedStore extends SharedStore implements MainStore {
  readonly handle: StoreHandle;

  constructor(handle: StoreHandle, arena: Arena, write: WriteVector | undefined) {
    super(partsOf(handle, arena, write));
    this.handle = handle;
    // The driver frees when it is told to, not of its own accord: no thread waits for it.
    arena.threads.setIdle(arena.slot, true);
    if (open.size === 0) process.once('exit', closeAll);
    open.add(this);
  }

  markDying(thread: number): void {
    this.parts.arena.threads.setDying(thread);
  }

  close(): void {
    if (!open.delete(this)) return;
    if (open.size === 0) process.off('exit', closeAll);
    this.parts.counters[S.CLOSED] = 1;
    this.parts.files.removeAll();
  }
}

function partsOf(h: StoreHandle, arena: Arena, write?: WriteVector) {
  return {
    arena,
    table: new ObjectTable(h.table),
    files: new SpillFiles(h.spill, write),
    counters: new Float64Array(h.counters),
    diskCap: h.diskCap,
    stallMs: h.stallMs,
  };
}

/**
 * Makes a store; the calling thread is its thread 0. Throws RunError FLOW7008 when a spill directory cannot be used. `write` replaces the
 * system call that writes spill files (tests).
 */
export function createStore(options: StoreOptions, write?: WriteVector): MainStore {
  const dirs = options.spillDirs !== undefined && options.spillDirs.length > 0 ? options.spillDirs : [tmpdir()];
  for (const dir of dirs) {
    checkSpillDir(dir);
    cleanStale(dir);
  }
  const arena = createArena(options);
  const handle: StoreHandle = {
    arena: arena.handle,
    table: ObjectTable.create(options.threads).handle,
    spill: SpillFiles.create(dirs.map(spillFolder), options.fileBytes ?? FILE_BYTES).handle,
    counters: new SharedArrayBuffer(S.WORDS * 8),
    diskCap: options.diskCap ?? Number.POSITIVE_INFINITY,
    stallMs: options.stallMs ?? STALL_MS,
  };
  return new OwnedStore(handle, arena, write);
}

/** Address space for the whole limit is reserved at once; memory is taken as it is used. */
function createArena({ limit, threads }: StoreOptions): Arena {
  try {
    return Arena.create(limit, threads);
  } catch (e) {
    if (!(e instanceof RangeError)) throw e;
    throw new RunError(
      'FLOW7007',
      `the system does not give address space for a memory limit of ${size(limit)}`,
      {},
      'Give less with --memory; a limit on virtual memory (ulimit -v) is in the way of much.',
    );
  }
}

/** The store from another thread. `thread`: its number, from 1 and below the store's `threads`; not in use by another. */
export function attachStore(handle: StoreHandle, thread: number): ThreadStore {
  return new SharedStore(partsOf(handle, Arena.attach(handle.arena, thread)));
}

/** A store for tests: small, in the system's temporary directory. */
export function testStore(limit = 64 << 20): MainStore {
  return createStore({ limit, threads: 8 });
}
