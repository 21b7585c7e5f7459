import { decodeBatch } from '../batch/codec.ts';
import type { Batch, Column } from '../batch/column.ts';
import { isValid } from '../batch/column.ts';
import { concatBatches } from '../batch/concat.ts';
import { Layout } from '../batch/layout.ts';
import { sliceBatch } from '../batch/slice.ts';
import { heapScratch } from '../memory/heap_scratch.ts';
import type { Schema } from '../types.ts';

/** Groups end only at multiples of this many rows (or at the most rows), so that they do not depend on how the rows came in batches. */
const STEP = 8192;
/** A group ends when it holds this many bytes of data. */
const GROUP_BYTES = 64 << 20;

/**
 * Collects rows into groups of at most `maxRows` rows, cut by the data alone: by rows, and for wide rows by bytes. `push` gives the groups that are full,
 * `rest` the last one (null when it is empty). Groups are copies on the heap.
 */
export class RowGroups {
  private readonly schema: Schema;
  private readonly maxRows: number;
  private readonly scratch = heapScratch();
  private pieces: Batch[] = [];
  private rows = 0;
  private bytes = 0;

  constructor(schema: Schema, maxRows: number) {
    this.schema = schema;
    this.maxRows = maxRows;
  }

  *push(rows: Batch): Generator<Batch> {
    const batch = onHeap(rows);
    for (let at = 0; at < batch.rows; ) {
      const take = Math.min(batch.rows - at, STEP - (this.rows % STEP), this.maxRows - this.rows);
      const piece = sliceBatch(batch, at, at + take);
      this.pieces.push(piece);
      this.rows += take;
      this.bytes += batchBytes(piece);
      at += take;
      if (this.rows === this.maxRows || (this.rows % STEP === 0 && this.bytes >= GROUP_BYTES)) {
        const group = this.rest();
        if (group !== null) yield group;
      }
    }
  }

  rest(): Batch | null {
    if (this.rows === 0) return null;
    const group = concatBatches(this.pieces, this.schema, this.scratch);
    this.pieces = [];
    this.rows = 0;
    this.bytes = 0;
    return group;
  }
}

/** A copy whose memory is its own. */
function onHeap(batch: Batch): Batch {
  const layout = Layout.of(batch);
  const bytes = new Uint8Array(layout.bytes);
  layout.write(bytes);
  return decodeBatch(bytes, batch.schema);
}

/** Bytes of the values, whatever form they have now. */
function batchBytes(batch: Batch): number {
  return batch.columns.reduce((n, c) => n + columnBytes(c), 0);
}

function columnBytes(col: Column): number {
  switch (col.phys) {
    case 'utf8':
    case 'dict': {
      const offsets = col.phys === 'dict' ? col.dictionary.offsets : col.offsets;
      if (col.phys === 'utf8' && col.validity === null)
        return 4 * col.length + (offsets[col.length] as number) - (offsets[0] as number);
      let bytes = 4 * col.length;
      for (let i = 0; i < col.length; i++) {
        const at = col.phys === 'dict' ? (col.codes[i] as number) : i;
        if (isValid(col, i)) bytes += (offsets[at + 1] as number) - (offsets[at] as number);
      }
      return bytes;
    }
    case 'list': {
      const items = (col.offsets[col.length] as number) - (col.offsets[0] as number);
      const whole = columnBytes(col.child);
      return 4 * col.length + (col.child.length === 0 ? 0 : Math.round((whole / col.child.length) * items));
    }
    case 'struct':
      return col.children.reduce((n, c) => n + columnBytes(c), 0);
    default:
      return col.length * (col.type.kind === 'decimal' || col.type.kind === 'interval' ? 16 : 8);
  }
}
