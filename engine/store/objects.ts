import type { StoreParts } from './parts.ts';
import { STATE } from './table.ts';

/** What happens to single objects under the arena's lock. */

/** The memory of a listed object is free; the copy on disk stays. */
export function dropFromMemory(p: StoreParts, e: number): void {
  const page = p.table.page[e] as number;
  p.table.unlist(e);
  p.table.setPage(e, 0);
  p.arena.freeHeld(page - 1);
}

/** The object is gone. `listed`: it is on the recency list. Returns the spill file that became empty, or -1. */
export function destroy(p: StoreParts, e: number, listed: boolean): number {
  const { table, files, arena } = p;
  const page = table.page[e] as number;
  const file = (table.file[e] as number) - 1;
  const bytes = table.bytes[e] as number;
  if (listed) table.unlist(e);
  table.remove(e);
  if (page > 0) arena.freeHeld(page - 1);
  // Disk space that becomes free may be what others wait for.
  else arena.eventHeld();
  return file >= 0 && files.table.dropObjectHeld(file, bytes) ? file : -1;
}

/** Destroys an object nobody refers to or looks at. Returns the spill file to remove, or -1. */
export function collect(p: StoreParts, e: number): number {
  const { table } = p;
  if ((table.refs[e] as number) > 0 || (table.pins[e] as number) > 0 || table.state[e] !== STATE.SEALED) return -1;
  return destroy(p, e, (table.page[e] as number) > 0);
}
