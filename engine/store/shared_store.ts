import { join, resolve } from 'node:path';
import { decodeBatch, encodeBatch, encodedSize } from '../batch/codec.ts';
import type { Batch } from '../batch/column.ts';
import { EngineBug, RunError } from '../errors.ts';
import { makeFolders } from '../io/folders.ts';
import { C } from '../memory/control.ts';
import { PAGE } from '../memory/pages.ts';
import { poison } from '../memory/poison.ts';
import type { Block } from '../memory/types.ts';
import type { Schema } from '../types.ts';
import type { StoreEvent } from './accounts.ts';
import { collect } from './objects.ts';
import type { StoreParts } from './parts.ts';
import { Pressure } from './pressure.ts';
import { type BytesLease, Reads } from './reads.ts';
import { handOverHeld, repairHeld } from './repair.ts';
import { makeSpillFolder } from './spill_dir.ts';
import { STATE } from './table.ts';
import { isRemote } from './targets/open.ts';
import type { BatchLease, BatchRef, ObjectId, ObjectWriter, Store, StoreStats } from './types.ts';

/** The object store as one thread sees it: all state that matters lies in shared memory (arena, object table, spill file table). */
export class SharedStore implements Store {
  protected readonly parts: StoreParts;
  readonly #pressure: Pressure;
  readonly #reads: Reads;
  /** Entries of the objects the running task sealed; null between tasks. */
  #made: number[] | null = null;

  constructor(parts: StoreParts) {
    this.parts = parts;
    this.#pressure = new Pressure(parts);
    this.#reads = new Reads(parts, this);
    parts.arena.onRepair = () => repairHeld(parts);
  }

  folder(name: string): string | null {
    const { spill, spillDirs } = this.parts.settings;
    const dir = spill ? spillDirs.find((one) => !isRemote(one)) : undefined;
    if (dir === undefined) return null;
    const own = join(resolve(dir), this.parts.folder);
    makeSpillFolder(own);
    const made = join(own, `${name}-${this.parts.arena.slot}`);
    makeFolders(made);
    return made;
  }

  get limit(): number {
    return this.parts.arena.limit;
  }

  owner(label: string): void {
    const { arena, accounts } = this.parts;
    accounts.label = label === '' ? 0 : arena.locked(() => arena.names.number(label));
  }

  takeEvents(): StoreEvent[] {
    return this.parts.accounts.takeEvents();
  }

  beginTask(): void {
    this.parts.arena.threads.setIdle(this.parts.arena.slot, false);
    this.#made = [];
  }

  endTask(keep: boolean): void {
    const { arena } = this.parts;
    const made = this.#made ?? [];
    this.#made = null;
    if (!keep) {
      const gone = arena.locked(() => made.map((e) => handOverHeld(this.parts, e, arena.slot, false)));
      for (const file of gone) this.remove(file);
    }
    arena.threads.setIdle(arena.slot, true);
  }

  adopt(ids: Iterable<ObjectId>): void {
    const { arena, table } = this.parts;
    arena.locked(() => {
      for (const id of ids) table.maker[table.entry(id)] = 0;
    });
  }

  /** Page number from `take` (called under the lock, -1 = none now; `beyond`: it must not fail for want of a hole), after making room as needed. */
  #obtain(bytes: number, owner: string, take: (beyond: boolean) => number): number {
    const { arena } = this.parts;
    if (bytes > arena.maxBlock) throw this.#pressure.outOfMemory(bytes, owner);
    this.#pressure.calm();
    for (;;) {
      const event = this.#pressure.event;
      const got = arena.locked(() => take(false));
      if (got >= 0) return got;
      const relief = this.#pressure.relieve(bytes);
      if (relief === 'room' || this.#pressure.wait(event, relief)) continue;
      const last = arena.locked(() => take(true));
      if (last >= 0) return last;
      throw this.#pressure.failure(bytes, owner, relief);
    }
  }

  allocate(bytes: number, owner: string): Block {
    const { arena } = this.parts;
    const page = this.#obtain(bytes, owner, (beyond) => arena.allocHeld(bytes, arena.slot, owner, beyond));
    return arena.block(page, bytes);
  }

  tryAllocate(bytes: number, owner: string): Block | null {
    const { arena } = this.parts;
    if (bytes > arena.maxBlock) return null;
    for (;;) {
      const page = arena.locked(() => arena.allocHeld(bytes, arena.slot, owner));
      if (page >= 0) return arena.block(page, bytes);
      try {
        if (this.#pressure.relieve(bytes) !== 'room') return null;
      } catch (e) {
        if (e instanceof RunError) return null;
        throw e;
      }
    }
  }

  free(block: Block): void {
    poison(block.view);
    this.parts.arena.free(block);
  }

  create(bytes: number): ObjectWriter {
    const { arena, table, accounts } = this.parts;
    let e = -1;
    const page = this.#obtain(bytes, 'a new object', (beyond) => {
      const p = arena.allocHeld(bytes, arena.slot, null, beyond);
      if (p < 0) return -1;
      e = table.add(p, bytes, arena.slot, accounts.label);
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
    const sealed = arena.locked(() => {
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
    this.#pressure.spillAhead();
    return sealed;
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
    this.remove(
      arena.locked(() => {
        const e = table.entry(id);
        const left = (table.refs[e] as number) - count;
        if (left < 0) throw new EngineBug(`object ${id} is released more often than retained`);
        table.refs[e] = left;
        return left === 0 ? collect(this.parts, e) : -1;
      }),
    );
  }

  /** Removes a spill file nobody needs; -1: none. */
  remove(file: number): void {
    if (file >= 0) this.parts.files.remove(file);
  }

  readBytes(id: ObjectId, offset: number, bytes: number): BytesLease {
    return this.#reads.readBytes(id, offset, bytes);
  }

  restore(id: ObjectId): void {
    this.#reads.restore(id);
  }

  prefetch(id: ObjectId): boolean {
    return this.#reads.prefetch(id);
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
    const { arena, table, files, accounts } = this.parts;
    return arena.locked(() => {
      const words = arena.words;
      const objectBytes = (words[C.OBJECT_PAGES] as number) * PAGE;
      return {
        limit: arena.limit,
        objectBytes,
        workingBytes: (words[C.USED] as number) * PAGE - objectBytes,
        peakBytes: (words[C.PEAK] as number) * PAGE,
        objects: table.objects,
        ...accounts.totalsHeld(),
        diskBytes: files.table.diskBytesHeld(),
        operators: accounts.operatorsHeld(),
        owners: arena.names.holders().map((h) => ({ name: h.name, bytes: h.pages * PAGE })),
      };
    });
  }
}
