import { PAGE } from '../memory/pages.ts';
import type { StoreParts } from './parts.ts';
import { type SpillPlace, spanOf } from './spill_files.ts';
import { STATE } from './table.ts';

const COPY_BYTES = 256 << 10;

interface Move extends SpillPlace {
  readonly e: number;
  readonly id: number;
}

interface Plan {
  readonly file: number;
  readonly moves: readonly Move[];
  readonly to: { readonly file: number; readonly offset: number };
  /** Bytes that are copied. */
  readonly bytes: number;
  /** Memory for all of them where the target takes them in one piece only; -1: they go through a small buffer. */
  readonly page: number;
}

/**
 * Moves the objects of one mostly empty spill file to the file this thread appends to, so that a few long-lived objects do not keep a
 * large file. Objects being read stay where they are, and the file with them. On a target that cannot append they go into a file of their own, written from
 * memory in one piece, if so much is free. Never fails: what cannot be moved stays.
 */
export function compact(p: StoreParts): void {
  const { arena, files } = p;
  const gone: number[] = [];
  const plan = arena.locked(() => planHeld(p, gone));
  if (plan !== null) {
    const { file, moves, to } = plan;
    let copied: { offsets: number[]; end: number } | null = null;
    try {
      const buffer = plan.page < 0 ? new Uint8Array(COPY_BYTES) : arena.view(plan.page * PAGE, plan.bytes);
      copied = files.copy(file, moves, to.file, to.offset, buffer);
    } catch {
      // A full disk or a file that cannot be read: reported when the data is needed.
    }
    gone.push(...arena.locked(() => finishHeld(p, plan, copied)));
  }
  for (const f of gone) if (f >= 0) files.remove(f);
}

function planHeld({ arena, table, files, settings }: StoreParts, gone: number[]): Plan | null {
  const fileTable = files.table;
  const file = fileTable.sparseHeld(arena.slot);
  if (file < 0) return null;
  const moves: Move[] = [];
  let bytes = 0;
  table.each((e) => {
    if (table.file[e] !== file + 1) return;
    moves.push({ e, id: table.id(e), file, offset: table.offset[e] as number, bytes: table.bytes[e] as number });
    bytes += spanOf(table.bytes[e] as number);
  });
  const room = fileTable.diskBytesHeld() + fileTable.pendingHeld() + bytes <= settings.diskCap;
  const to = room && bytes > 0 ? fileTable.beginHeld(arena.slot, files.avoid) : null;
  if (to !== null) {
    const { appendable } = files.targetOf(to.file);
    const page = appendable ? -1 : arena.allocHeld(bytes, arena.slot, 'compaction');
    if (appendable || page >= 0) {
      fileTable.setPendingHeld(arena.slot, bytes);
      return { file, moves, to, bytes, page };
    }
    if (fileTable.endHeld(to.file, to.offset, false)) gone.push(to.file);
  }
  if (fileTable.endCompactHeld(file)) gone.push(file);
  return null;
}

/** Returns the files to remove. */
function finishHeld(
  { arena, table, files }: StoreParts,
  { file, moves, to, page, bytes }: Plan,
  copied: { readonly offsets: readonly number[]; readonly end: number } | null,
): number[] {
  const fileTable = files.table;
  if (page >= 0) arena.freeHeld(page);
  fileTable.setPendingHeld(arena.slot, 0);
  moves.forEach((m, i) => {
    if (copied === null) return;
    const same = table.state[m.e] !== STATE.FREE && table.id(m.e) === m.id && table.file[m.e] === file + 1;
    if (!same || (table.pins[m.e] as number) > 0) return;
    table.offset[m.e] = copied.offsets[i] as number;
    table.file[m.e] = to.file + 1;
    fileTable.addObjectHeld(to.file, m.bytes);
    fileTable.dropObjectHeld(file, m.bytes);
  });
  const gone: number[] = [];
  // What a failed copy left behind the end takes disk space until the file goes.
  const end = copied === null ? to.offset + bytes : copied.end;
  const close = copied === null || !files.targetOf(to.file).appendable;
  if (fileTable.endHeld(to.file, end, close)) gone.push(to.file);
  if (fileTable.endCompactHeld(file)) gone.push(file);
  return gone;
}
