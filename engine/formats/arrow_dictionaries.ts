import type { IpcDictionary, IpcIndex, IpcMessage } from './arrow_ipc.ts';
import { readHeader } from './arrow_ipc.ts';
import type { Dictionaries } from './arrow_load.ts';
import { IpcBatch } from './arrow_load.ts';
import type { ArrowArray, ArrowType } from './arrow_types.ts';

/** Dictionaries that were read, by the messages they consist of: the batches of a file mostly share them. */
const loaded = new WeakMap<IpcIndex, Map<string, readonly ArrowArray[]>>();

/** The dictionaries that columns of these types need, as the batch sees them: in a stream, those that came before it. */
export function loadDictionaries(
  fd: number,
  index: IpcIndex,
  batch: IpcMessage,
  types: readonly ArrowType[],
): Dictionaries {
  const found = new Map<number, readonly ArrowArray[]>();
  let known = loaded.get(index);
  if (known === undefined) {
    known = new Map();
    loaded.set(index, known);
  }
  const values = new Map<number, ArrowType>();
  for (const t of types) dictionariesIn(t, values);
  // Inner dictionaries come after the outer ones in `values`, and must be there first.
  for (const [id, type] of [...values].reverse()) {
    const pieces = piecesOf(index, id, batch);
    const key = pieces.map((p) => p.metadataAt).join();
    let arrays = known.get(key);
    if (arrays === undefined) {
      arrays = pieces.map((p) => loadPiece(fd, index, p, type, found));
      known.set(key, arrays);
    }
    if (pieces.length > 0) found.set(id, arrays);
  }
  return found;
}

/** Ids and value types of the dictionaries in a type. */
function dictionariesIn(t: ArrowType, into: Map<number, ArrowType>): void {
  if (t.kind === 'dictionary') {
    into.delete(t.id ?? 0);
    into.set(t.id ?? 0, t.value);
    dictionariesIn(t.value, into);
  } else if (t.kind === 'list' || t.kind === 'fixedList') dictionariesIn(t.item.type, into);
  else if (t.kind === 'map') dictionariesIn(t.entries.type, into);
  else if (t.kind === 'struct') for (const f of t.fields) dictionariesIn(f.type, into);
}

/** The last whole dictionary and what was added to it since. */
function piecesOf(index: IpcIndex, id: number, batch: IpcMessage): IpcDictionary[] {
  const seen = index.dictionaries.filter((d) => d.id === id && (!index.stream || d.metadataAt < batch.metadataAt));
  const last = seen.findLastIndex((d) => !d.delta);
  return seen.slice(Math.max(0, last));
}

function loadPiece(
  fd: number,
  index: IpcIndex,
  piece: IpcDictionary,
  type: ArrowType,
  inner: Dictionaries,
): ArrowArray {
  const header = readHeader(fd, index.path, piece, true);
  const field = { name: 'dictionary', type, nullable: true };
  return new IpcBatch(fd, index, piece, header, [field], inner, null).column(0, 0, header.rows);
}
