import type { MessagePort } from 'node:worker_threads';
import { RunError } from '../errors.ts';
import { IoClient } from '../io/client.ts';
import type { IoHandle } from '../io/protocol.ts';
import { IoThread, ReadAhead } from '../io/start.ts';
import { Arena, type ArenaHandle } from '../memory/arena.ts';
import { NAME_COUNT } from '../memory/control.ts';
import { Accounts } from './accounts.ts';
import { FileTable, type FileTableHandle } from './file_table.ts';
import { type StoreOptions, type StoreSettings, storeSettings } from './options.ts';
import type { StoreParts } from './parts.ts';
import { releaseThread } from './repair.ts';
import { SharedStore } from './shared_store.ts';
import { size, spillFolderName } from './spill_dir.ts';
import { SpillFiles } from './spill_files.ts';
import { ObjectTable, type TableHandle } from './table.ts';
import type { WriteVector } from './targets/local.ts';
import { isRemote, openTarget, prepareTarget, type TargetContext } from './targets/open.ts';
import type { ObjectId, Store } from './types.ts';

export { type StoreOptions, validateStoreOptions } from './options.ts';

/** What `attachStore` needs; structured-cloneable. */
export interface StoreHandle {
  readonly arena: ArenaHandle;
  readonly table: TableHandle;
  readonly files: FileTableHandle;
  readonly accounts: SharedArrayBuffer;
  /** Name of the store's folder in each spill directory. */
  readonly folder: string;
  readonly settings: StoreSettings;
  /** null: no spill directory is remote. */
  readonly io: IoHandle | null;
}

/** The store on the thread that made it. */
export interface MainStore extends Store {
  readonly handle: StoreHandle;
  /** Frees what a thread that is gone for good held; its number may then be given to another. */
  releaseThread(thread: number): void;
  /** Objects that came as the result of a thread's task are the caller's from now on, and do not go with the thread. */
  adopt(ids: Iterable<ObjectId>): void;
  /** To be called before a thread is terminated: should it die holding the lock, others need not wait long to break it. */
  markDying(thread: number): void;
  /** A way for a thread to the I/O thread, to be transferred to it and given to `attachStore`; null where none is needed. */
  ioPort(thread: number): MessagePort | null;
  /** Has spilled objects brought back by a thread of its own, where free memory is there for them. Returns at once, promises nothing. */
  readAhead(ids: readonly ObjectId[]): void;
  /** Removes all spill files. The store cannot be used afterwards. Idempotent. */
  close(): void;
}

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
   * The task is done. `keep`: the objects it left are for whoever gets its result, who adopts them; otherwise they are released, and so they are when the thread
   * dies before they are adopted. Until the next task nobody waits for memory the thread holds.
   */
  endTask(keep: boolean): void;
}

class OwnedStore extends SharedStore implements MainStore {
  readonly handle: StoreHandle;

  readonly #io: IoThread | null;
  readonly #ahead: ReadAhead;

  constructor(handle: StoreHandle, arena: Arena, targets: TargetContext, io: IoThread | null) {
    super(partsOf(handle, arena, targets));
    this.handle = handle;
    this.#io = io;
    const thread = handle.settings.threads - 1;
    this.#ahead = new ReadAhead(
      () => ({ role: 'read ahead', store: handle, thread, port: this.ioPort(thread) }),
      () => {
        if (open.has(this)) this.releaseThread(thread);
      },
    );
    // The driver frees when it is told to, not of its own accord: no thread waits for it.
    arena.threads.setIdle(arena.slot, true);
    if (open.size === 0) process.once('exit', closeAll);
    open.add(this);
  }

  releaseThread(thread: number): void {
    // Before its memory is given to others: a transfer may still write into it.
    this.#io?.cancel(thread);
    releaseThread(this.parts, thread);
  }

  markDying(thread: number): void {
    this.parts.arena.threads.setDying(thread);
  }

  ioPort(thread: number): MessagePort | null {
    return this.#io?.port(thread) ?? null;
  }

  readAhead(ids: readonly ObjectId[]): void {
    if (open.has(this)) this.#ahead.prefetch(ids);
  }

  close(): void {
    if (!open.delete(this)) return;
    if (open.size === 0) process.off('exit', closeAll);
    this.markDying(this.handle.settings.threads - 1);
    this.#ahead.end();
    this.parts.files.removeAll();
    this.#io?.end();
    this.parts.arena.leave();
  }
}

function partsOf(h: StoreHandle, arena: Arena, context: TargetContext): StoreParts {
  const { settings, folder } = h;
  const targets = settings.spill ? settings.spillDirs.map((url) => openTarget(url, context)) : [];
  return {
    arena,
    table: new ObjectTable(h.table),
    files: new SpillFiles(new FileTable(h.files), targets, folder, settings.ioRetries),
    accounts: new Accounts(h.accounts, arena.names),
    settings,
    folder,
  };
}

/**
 * Makes a store; the calling thread is its thread 0. Throws RunError FLOW7016 for a bad option, FLOW7008 when a spill directory cannot be used. `write`
 * replaces the system call that writes spill files (tests).
 */
export function createStore(options: StoreOptions, write?: WriteVector): MainStore {
  const asked = storeSettings(options);
  // One more, which reads ahead.
  const settings = { ...asked, threads: asked.threads + 1 };
  const { threads, spillDirs } = settings;
  const io = settings.spill && spillDirs.some(isRemote) ? new IoThread(threads) : null;
  const targets: TargetContext = { folder: spillFolderName(), thread: 0, client: io?.client ?? null, write };
  try {
    if (settings.spill) for (const dir of spillDirs) prepareTarget(dir, targets);
    const arena = createArena(settings);
    const handle: StoreHandle = {
      arena: arena.handle,
      table: ObjectTable.create(threads).handle,
      files: FileTable.create(spillDirs.length, settings.fileBytes, threads).handle,
      accounts: Accounts.create(NAME_COUNT),
      folder: targets.folder,
      settings,
      io: io?.handle ?? null,
    };
    return new OwnedStore(handle, arena, targets, io);
  } catch (e) {
    io?.end();
    throw e;
  }
}

/** Address space for the whole limit is reserved at once; memory is taken as it is used. */
function createArena({ limit, threads }: StoreSettings): Arena {
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

/**
 * The store from another thread. `thread`: its number, from 1 and below the store's `threads`; not in use by another. `port`: what `ioPort(thread)` gave, where it
 * gave one.
 */
export function attachStore(handle: StoreHandle, thread: number, port?: MessagePort | null): ThreadStore {
  const client =
    handle.io !== null && port !== undefined && port !== null ? new IoClient(port, handle.io, thread) : null;
  const targets: TargetContext = { folder: handle.folder, thread, client };
  return new SharedStore(partsOf(handle, Arena.attach(handle.arena, thread), targets));
}

/** A store for tests: small, in the system's temporary directory. */
export function testStore(limit = 64 << 20): MainStore {
  return createStore({ limit, threads: 8 });
}
