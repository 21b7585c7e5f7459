import { decodeBatch, encodeBatch, encodedSize } from '../batch/codec.ts';
import type { Batch } from '../batch/column.ts';
import { EngineBug, RunError } from '../errors.ts';
import { C } from '../memory/control.ts';
import { PAGE } from '../memory/pages.ts';
import type { Block } from '../memory/types.ts';
import type { Schema } from '../types.ts';
import type { StoreParts } from './parts.ts';
import { add, destroy, Pressure, S } from './pressure.ts';
import { chunkEnd, chunkStart } from './spill_files.ts';
import { STATE } from './table.ts';
import type { BatchLease, BatchRef, ObjectId, ObjectWriter, Store, StoreStats } from './types.ts';

/** Share of the limit from which on small parts of objects are copied out instead of pinned. */
const SHORT_SHARE = 0.5;

interface BytesLease {
  readonly view: Uint8Array;
  release(): void;
}

/** The object store as one thread sees it: all state that matters lies in shared memory (arena, object table, spill file table). */
export class SharedStore implements Store {
  protected readonly parts: StoreParts;
  readonly #pressure: Pressure;
  /** Entries of the objects the running task sealed; null between tasks. */
  #made: number[] | null = null;

  constructor(parts: StoreParts) {
    this.parts = parts;
    this.#pressure = new Pressure(parts);
    parts.arena.onRepair = () => this.#repairHeld();
  }

  get limit(): number {
    return this.parts.arena.limit;
  }

  beginTask(): void {
    this.parts.arena.threads.setIdle(this.parts.arena.slot, false);
    this.#made = [];
  }

  endTask(keep: boolean): void {
    const { arena } = this.parts;
    const made = this.#made ?? [];
    this.#made = null;
    const gone = arena.locked(() => made.map((e) => this.#handOverHeld(e, arena.slot, keep)));
    for (const file of gone) this.#unlink(file);
    arena.threads.setIdle(arena.slot, true);
  }

  /** Under the lock: an object the thread's task made becomes its caller's, or goes. Returns the spill file to unlink, or -1. */
  #handOverHeld(e: number, thread: number, keep: boolean): number {
    const { table } = this.parts;
    // The entry may stand for another object by now: one that was released and whose place was taken.
    if (table.maker[e] !== thread + 1) return -1;
    table.maker[e] = 0;
    if (keep) return -1;
    table.refs[e] = 0;
    return this.#collectHeld(e);
  }

  /** Page number from `take` (called under the lock, -1 = none now), after making room as needed. */
  #obtain(bytes: number, owner: string, take: () => number): number {
    const { arena } = this.parts;
    if (bytes > arena.maxBlock) throw this.#pressure.outOfMemory(bytes, owner);
    this.#pressure.calm();
    for (;;) {
      const event = this.#pressure.event;
      const got = arena.locked(take);
      if (got >= 0) return got;
      if (!this.#pressure.relieve(bytes)) this.#pressure.wait(event, bytes, owner);
    }
  }

  allocate(bytes: number, owner: string): Block {
    const { arena } = this.parts;
    const page = this.#obtain(bytes, owner, () => arena.allocHeld(bytes, arena.slot, owner));
    return arena.block(page, bytes);
  }

  tryAllocate(bytes: number, owner: string): Block | null {
    const { arena } = this.parts;
    if (bytes > arena.maxBlock) return null;
    for (;;) {
      const page = arena.locked(() => arena.allocHeld(bytes, arena.slot, owner));
      if (page >= 0) return arena.block(page, bytes);
      try {
        if (!this.#pressure.relieve(bytes)) return null;
      } catch (e) {
        if (e instanceof RunError) return null;
        throw e;
      }
    }
  }

  free(block: Block): void {
    this.parts.arena.free(block);
  }

  create(bytes: number): ObjectWriter {
    const { arena, table } = this.parts;
    let e = -1;
    const page = this.#obtain(bytes, 'a new object', () => {
      const p = arena.allocHeld(bytes, arena.slot, null);
      if (p < 0) return -1;
      e = table.add(p, bytes, arena.slot);
      if (e < 0) arena.freeHeld(p);
      return p;
    });
    if (e < 0)
      throw new RunError(
        'FLOW7007',
        'out of memory: the object table is full',
        {},
        'Raise the limit with --memory: objects then get larger and fewer.',
      );
    let open = true;
    const end = (): void => {
      if (!open) throw new EngineBug('an object writer was ended twice');
      open = false;
    };
    return {
      view: arena.view(page * PAGE, bytes),
      seal: (keep = bytes) => {
        end();
        return this.#seal(e, page, keep);
      },
      abort: () => {
        end();
        arena.locked(() => {
          table.remove(e);
          arena.freeHeld(page);
        });
      },
    };
  }

  #seal(e: number, page: number, bytes: number): ObjectId {
    const { arena, table } = this.parts;
    return arena.locked(() => {
      if (bytes > (table.bytes[e] as number))
        throw new EngineBug(`an object of ${table.bytes[e]} bytes is sealed with ${bytes}`);
      table.bytes[e] = bytes;
      arena.shrinkHeld(page, bytes);
      arena.giveToStoreHeld(page);
      table.refs[e] = 1;
      if (this.#made !== null) {
        table.maker[e] = arena.slot + 1;
        this.#made.push(e);
      }
      table.state[e] = STATE.SEALED;
      table.enlist(e);
      arena.eventHeld();
      return table.id(e);
    });
  }

  size(id: ObjectId): number {
    const { arena, table } = this.parts;
    return arena.locked(() => table.bytes[table.entry(id)] as number);
  }

  retain(id: ObjectId, count = 1): void {
    const { arena, table } = this.parts;
    arena.locked(() => {
      (table.refs[table.entry(id)] as number) += count;
    });
  }

  release(id: ObjectId, count = 1): void {
    const { arena, table } = this.parts;
    this.#unlink(
      arena.locked(() => {
        const e = table.entry(id);
        const left = (table.refs[e] as number) - count;
        if (left < 0) throw new EngineBug(`object ${id} is released more often than retained`);
        table.refs[e] = left;
        return left === 0 ? this.#collectHeld(e) : -1;
      }),
    );
  }

  /** Under the lock: destroys an object nobody refers to or looks at. Returns the spill file to unlink, or -1. */
  #collectHeld(e: number): number {
    const { table } = this.parts;
    if ((table.refs[e] as number) > 0 || (table.pins[e] as number) > 0 || table.state[e] !== STATE.SEALED) return -1;
    return destroy(this.parts, e, (table.page[e] as number) > 0);
  }

  #unlink(file: number): void {
    if (file >= 0) this.parts.files.unlink(file);
  }

  readBytes(id: ObjectId, offset: number, bytes: number): BytesLease {
    const { arena, table } = this.parts;
    const found = arena.locked(() => {
      const e = table.entry(id);
      const size = table.bytes[e] as number;
      if (table.state[e] === STATE.WRITING || offset < 0 || offset + bytes > size) {
        throw new EngineBug(`bytes ${offset}+${bytes} of object ${id} (${size} bytes) cannot be read`);
      }
      const page = (table.page[e] as number) - 1;
      table.pin(e, arena.slot);
      arena.threads.addPins(arena.slot, 1);
      if (page >= 0 && table.state[e] === STATE.SEALED) {
        table.unlist(e);
        table.enlist(e);
      }
      return { e, page, file: (table.file[e] as number) - 1, offset: table.offset[e] as number, bytes: size };
    });
    if (found.page < 0) {
      try {
        return this.#restore(found, offset, bytes);
      } finally {
        this.#unpin(found.e);
      }
    }
    const view = arena.view(found.page * PAGE + offset, bytes);
    if (bytes <= found.bytes / 2 && this.#short) {
      const copy = this.tryAllocate(bytes, 'data read back');
      if (copy !== null) {
        copy.view.set(view);
        this.#unpin(found.e);
        return { view: copy.view, release: once(() => this.free(copy)) };
      }
    }
    return { view, release: once(() => this.#unpin(found.e)) };
  }

  /** Memory is short enough that a look at a small part of an object must not keep the rest of it from being spilled. */
  get #short(): boolean {
    const { arena } = this.parts;
    return (arena.words[C.USED] as number) * PAGE > arena.limit * SHORT_SHARE;
  }

  #unpin(e: number): void {
    const { arena, table } = this.parts;
    this.#unlink(
      arena.locked(() => {
        table.unpin(e, arena.slot);
        arena.threads.addPins(arena.slot, -1);
        if (table.pins[e] !== 0) return -1;
        arena.eventHeld();
        return this.#collectHeld(e);
      }),
    );
  }

  #restore(
    place: { readonly file: number; readonly offset: number; readonly bytes: number },
    offset: number,
    bytes: number,
  ): BytesLease {
    const { arena, files, counters } = this.parts;
    const start = chunkStart(offset);
    const span = chunkEnd(offset + bytes, place.bytes) - start;
    const block = this.allocate(span, 'data read back');
    const started = performance.now();
    try {
      files.read(place, offset, offset + bytes, block.view);
    } catch (e) {
      this.free(block);
      throw e;
    }
    const ms = performance.now() - started;
    arena.locked(() => {
      add(counters, S.RESTORED_BYTES, span);
      add(counters, S.RESTORED_OBJECTS, 1);
      add(counters, S.RESTORE_MS, ms);
    });
    const at = offset - start;
    return { view: block.view.subarray(at, at + bytes), release: once(() => this.free(block)) };
  }

  readBatch(ref: BatchRef, schema: Schema): BatchLease {
    const lease = this.readBytes(ref.object, ref.offset, ref.bytes);
    try {
      return { batch: decodeBatch(lease.view, schema), release: lease.release };
    } catch (e) {
      lease.release();
      throw e;
    }
  }

  putBatch(batch: Batch): BatchRef {
    const writer = this.create(encodedSize(batch));
    let bytes: number;
    try {
      bytes = encodeBatch(batch, writer.view);
    } catch (e) {
      writer.abort();
      throw e;
    }
    return { object: writer.seal(bytes), offset: 0, bytes, rows: batch.rows };
  }

  stats(): StoreStats {
    const { arena, table, files, counters: c } = this.parts;
    const at = (i: number): number => c[i] as number;
    return arena.locked(() => {
      const words = arena.words;
      const objectBytes = (words[C.OBJECT_PAGES] as number) * PAGE;
      return {
        limit: arena.limit,
        objectBytes,
        workingBytes: (words[C.USED] as number) * PAGE - objectBytes,
        peakBytes: (words[C.PEAK] as number) * PAGE,
        objects: table.objects,
        spilledBytes: at(S.SPILLED_BYTES),
        spilledObjects: at(S.SPILLED_OBJECTS),
        spillMs: at(S.SPILL_MS),
        restoredBytes: at(S.RESTORED_BYTES),
        restoredObjects: at(S.RESTORED_OBJECTS),
        restoreMs: at(S.RESTORE_MS),
        diskBytes: files.diskBytesHeld(),
      };
    });
  }

  /** Frees what a thread that died held: working memory, pins, objects it was writing or spilling. */
  releaseThread(thread: number): void {
    const { arena, table, files } = this.parts;
    arena.threads.setDying(thread);
    arena.breakLock(thread);
    const gone: number[] = [];
    arena.locked(() => {
      table.each((e) => {
        gone.push(this.#handOverHeld(e, thread, false));
        if (table.thread[e] !== thread) return;
        if (table.state[e] === STATE.WRITING) destroy(this.parts, e, false);
        else if (table.state[e] === STATE.SPILLING) {
          table.state[e] = STATE.SEALED;
          if ((table.page[e] as number) > 0) table.enlist(e);
          gone.push(this.#collectHeld(e));
        }
      });
      table.dropPins(thread, (e) => gone.push(this.#collectHeld(e)));
      const blocks: number[] = [];
      arena.blocksHeld((first, slot) => {
        if (slot === thread) blocks.push(first);
      });
      for (const first of blocks) arena.freeHeld(first);
      gone.push(...files.closeFilesHeld(thread));
      arena.threads.drop(thread);
      arena.eventHeld();
    });
    for (const file of gone) this.#unlink(file);
  }

  /** Under the lock, after a thread died in the middle of a change: what is derived is made anew, memory of no object is freed. */
  #repairHeld(): void {
    const { arena, table, files } = this.parts;
    table.rebuild((thread, pins) => arena.threads.addPins(thread, pins));
    files.resetCountsHeld();
    const used = new Set<number>();
    table.each((e) => {
      if ((table.page[e] as number) > 0) used.add((table.page[e] as number) - 1);
      if ((table.file[e] as number) > 0) files.addObjectHeld((table.file[e] as number) - 1, table.bytes[e] as number);
    });
    const lost: number[] = [];
    arena.blocksHeld((first, slot) => {
      if (slot < 0 && !used.has(first)) lost.push(first);
    });
    for (const first of lost) arena.freeHeld(first);
  }
}

function once(f: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    f();
  };
}
