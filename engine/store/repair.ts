import { collect, destroy } from './objects.ts';
import type { StoreParts } from './parts.ts';
import { STATE } from './table.ts';

/** Under the lock, after a thread died in the middle of a change: what is derived is made anew, memory of no object is freed. */
export function repairHeld({ arena, table, files }: StoreParts): void {
  table.rebuild((thread, pins) => arena.threads.addPins(thread, pins));
  files.table.resetCountsHeld();
  const used = new Set<number>();
  table.each((e) => {
    if ((table.page[e] as number) > 0) used.add((table.page[e] as number) - 1);
    if ((table.file[e] as number) > 0)
      files.table.addObjectHeld((table.file[e] as number) - 1, table.bytes[e] as number);
  });
  const lost: number[] = [];
  arena.blocksHeld((first, slot) => {
    if (slot < 0 && !used.has(first)) lost.push(first);
  });
  for (const first of lost) arena.freeHeld(first);
}

/** An object the thread's task made becomes its caller's, or goes. Returns the spill file to remove, or -1. */
export function handOverHeld(p: StoreParts, e: number, thread: number, keep: boolean): number {
  const { table } = p;
  // The entry may stand for another object by now: one that was released and whose place was taken.
  if (table.maker[e] !== thread + 1) return -1;
  table.maker[e] = 0;
  if (keep) return -1;
  table.refs[e] = 0;
  return collect(p, e);
}

/** The object that the entry's thread, which is gone, was writing goes; one that it was spilling or bringing back stays where it was. */
function endAccess(p: StoreParts, e: number): void {
  const { table } = p;
  const state = table.state[e];
  if (state === STATE.WRITING) destroy(p, e, false);
  else if (state === STATE.SPILLING || state === STATE.RESTORING) {
    table.state[e] = STATE.SEALED;
    // What is spilled is on the list all the time.
    if (state === STATE.RESTORING && (table.page[e] as number) > 0) table.enlist(e);
  }
}

/** Frees what a thread that died held: working memory, pins, objects it was writing, spilling or bringing back. */
export function releaseThread(p: StoreParts, thread: number): void {
  const { arena, table, files } = p;
  arena.threads.setDying(thread);
  arena.breakLock(thread);
  const gone: number[] = [];
  arena.locked(() => {
    table.each((e) => {
      gone.push(handOverHeld(p, e, thread, false));
      if (table.thread[e] === thread) endAccess(p, e);
      // Also one that the thread let go of, when it died before it could take it away.
      gone.push(collect(p, e));
    });
    table.dropPins(thread, (e) => gone.push(collect(p, e)));
    const blocks: number[] = [];
    arena.blocksHeld((first, slot) => {
      if (slot === thread) blocks.push(first);
    });
    for (const first of blocks) arena.freeHeld(first);
    gone.push(...files.table.closeFilesHeld(thread));
    arena.threads.drop(thread);
    arena.eventHeld();
  });
  for (const file of gone) if (file >= 0) files.remove(file);
}
