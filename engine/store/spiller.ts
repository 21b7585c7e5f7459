import { EngineBug, type RunError } from '../errors.ts';
import { PAGE } from '../memory/pages.ts';
import { collect, dropFromMemory } from './objects.ts';
import type { StoreParts } from './parts.ts';
import { cannotSpill, spillFailure } from './spill_dir.ts';
import { spanOf } from './spill_files.ts';
import { STATE } from './table.ts';

/** Under the lock: objects chosen to be written, oldest first. They are the calling thread's until written or kept. */
export class Victims {
  readonly entries: number[] = [];
  /** Bytes of the objects, and of what they take on disk. */
  bytes = 0;
  span = 0;
  readonly #p: StoreParts;
  readonly #room: number;

  constructor(parts: StoreParts) {
    this.#p = parts;
    const { table } = parts.files;
    this.#room = parts.settings.diskCap - table.diskBytesHeld() - table.pendingHeld();
  }

  /** False when the cap on spill files does not allow it. */
  takeHeld(e: number): boolean {
    const { arena, table } = this.#p;
    const span = spanOf(table.bytes[e] as number);
    if (this.span + span > this.#room) return false;
    table.thread[e] = arena.slot;
    table.state[e] = STATE.SPILLING;
    this.entries.push(e);
    this.bytes += table.bytes[e] as number;
    this.span += span;
    return true;
  }

  /** Nothing more is taken. */
  doneHeld(): void {
    const { arena, files } = this.#p;
    arena.threads.setSpilling(arena.slot, this.entries.length > 0);
    files.table.setPendingHeld(arena.slot, this.span);
  }
}

/**
 * Writes the victims to a spill file, in another place when one fails; then they leave memory, or with `keep` stay as copies that need no writing
 * any more. Throws RunError FLOW7008 when no place takes them: they stay in memory, and valid.
 */
export function spill(p: StoreParts, victims: Victims, keep: boolean): void {
  const { arena, table, files, accounts } = p;
  const views = victims.entries.map((e) =>
    arena.view(((table.page[e] as number) - 1) * PAGE, table.bytes[e] as number),
  );
  const started = performance.now();
  let failure: RunError | null = null;
  for (let tries = 0; tries < files.places; tries++) {
    const begun = arena.locked(() => files.table.beginHeld(arena.slot, files.avoid));
    if (begun === null) break;
    try {
      const { offsets, end } = files.append(begun.file, begun.offset, views);
      const ms = performance.now() - started;
      finish(p, victims, { file: begun.file, offsets, end, ms, keep });
      accounts.event('spill', started, ms, victims.bytes, victims.entries.length);
      return;
    } catch (e) {
      if (arena.locked(() => files.table.endHeld(begun.file, begun.offset, true))) files.remove(begun.file);
      if (e instanceof EngineBug) {
        giveBack(p, victims);
        throw e;
      }
      failure = spillFailure(e, files.targetOf(begun.file).place, victims.span);
    }
  }
  giveBack(p, victims);
  throw failure ?? cannotSpill(files.targetOf(0).place, 'there are too many spill files');
}

/** What could not be spilled stays in memory. */
function giveBack(p: StoreParts, { entries }: Victims): void {
  const { arena, table, files } = p;
  arena.locked(() => {
    for (const e of entries) {
      table.state[e] = STATE.SEALED;
      collect(p, e);
    }
    arena.threads.setSpilling(arena.slot, false);
    files.table.setPendingHeld(arena.slot, 0);
    arena.eventHeld();
  });
}

interface Written {
  readonly file: number;
  readonly offsets: readonly number[];
  readonly end: number;
  readonly ms: number;
  readonly keep: boolean;
}

function finish(p: StoreParts, { entries, bytes }: Victims, { file, offsets, end, ms, keep }: Written): void {
  const { arena, table, files, accounts } = p;
  const close = !files.targetOf(file).appendable;
  const gone = arena.locked(() => {
    for (const [i, e] of entries.entries()) {
      const own = table.bytes[e] as number;
      table.setPlace(e, file, offsets[i] as number);
      files.table.addObjectHeld(file, own);
      accounts.addHeld('spill', table.label[e] as number, own, 1, bytes > 0 ? (ms * own) / bytes : 0);
      if (!keep && table.pins[e] === 0) dropFromMemory(p, e);
      table.state[e] = STATE.SEALED;
      collect(p, e);
    }
    arena.threads.setSpilling(arena.slot, false);
    files.table.setPendingHeld(arena.slot, 0);
    arena.eventHeld();
    return files.table.endHeld(file, end, close);
  });
  if (gone) files.remove(file);
}
