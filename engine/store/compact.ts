import type { StoreParts } from './parts.ts';
import { STATE } from './table.ts';

/**
 * Moves the objects of one mostly empty spill file to the file this thread appends to, so that a few long-lived objects do not keep a
 * large file. Objects being read stay where they are, and the file with them. Never fails: what cannot be moved stays.
 */
export function compact(p: StoreParts): void {
  const { arena, table, files, diskCap } = p;
  const plan = arena.locked(() => {
    const file = files.sparseHeld(arena.slot);
    if (file < 0) return null;
    const moves: { e: number; id: number; file: number; offset: number; bytes: number }[] = [];
    let bytes = 0;
    table.each((e) => {
      if (table.file[e] !== file + 1) return;
      moves.push({ e, id: table.id(e), file, offset: table.offset[e] as number, bytes: table.bytes[e] as number });
      bytes += table.bytes[e] as number;
    });
    const to = files.diskBytesHeld() + bytes > diskCap ? null : files.beginHeld(arena.slot);
    if (to === null) files.endCompactHeld(file);
    return to === null ? null : { file, moves, to };
  });
  if (plan === null) return;
  const { file, moves, to } = plan;
  let copied: { offsets: number[]; end: number } | null = null;
  try {
    copied = files.copy(file, moves, to.file, to.offset);
  } catch {
    // A full disk or a file that cannot be read: reported when the data is needed.
  }
  const gone = arena.locked(() => {
    if (copied === null)
      return [files.endHeld(to.file, to.offset, true) ? to.file : -1, files.endCompactHeld(file) ? file : -1];
    moves.forEach((m, i) => {
      const same = table.state[m.e] !== STATE.FREE && table.id(m.e) === m.id && table.file[m.e] === file + 1;
      if (!same || (table.pins[m.e] as number) > 0) return;
      table.offset[m.e] = copied.offsets[i] as number;
      table.file[m.e] = to.file + 1;
      files.addObjectHeld(to.file, m.bytes);
      files.dropObjectHeld(file, m.bytes);
    });
    return [files.endHeld(to.file, copied.end, false) ? to.file : -1, files.endCompactHeld(file) ? file : -1];
  });
  for (const f of gone) if (f >= 0) files.unlink(f);
}
