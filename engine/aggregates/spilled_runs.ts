import { encodedSize } from '../batch/codec.ts';
import type { Batch, Column } from '../batch/column.ts';
import { gatherBatch } from '../batch/gather.ts';
import type { SortKey } from '../expr.ts';
import { arenaScratch } from '../memory/scratch.ts';
import { sortIndices } from '../operators/sort_kernel.ts';
import { mergeRuns, releaseAll, rowsOfRun } from '../operators/sort_passes.ts';
import { relationReader } from '../shuffle/reader.ts';
import type { BatchRef } from '../store/types.ts';
import type { Field, Schema } from '../types.ts';
import type { SpillContext } from './def.ts';

/** Small, so that many runs are merged at once. */
const BATCH_BYTES = 128 << 10;

export function ascending(f: Field): SortKey {
  return {
    expr: { kind: 'column', name: f.name, type: f.type, nullable: f.nullable },
    desc: false,
    nullsFirst: false,
  };
}

/** Rows in the store as sorted runs, read back as one sorted stream; equal rows keep the order in which they came. */
export class SpilledRuns {
  readonly ctx: SpillContext;
  private readonly schema: Schema;
  private readonly keys: readonly SortKey[];
  private readonly runs: BatchRef[][] = [];

  /** Sorted by the columns named in `by`. */
  constructor(ctx: SpillContext, schema: Schema, by: readonly string[]) {
    this.ctx = ctx;
    this.schema = schema;
    this.keys = by.map((name) => ascending(schema.find((f) => f.name === name) as Field));
  }

  /** Writes a batch as one run. */
  add(batch: Batch): void {
    if (batch.rows === 0) return;
    const { store } = this.ctx;
    const scratch = arenaScratch(store, 'aggregate');
    const out = arenaScratch(store, 'aggregate');
    const run: BatchRef[] = [];
    this.runs.push(run);
    try {
      const order = sortIndices(batch, this.keys, scratch);
      const step = rowsOfRun(batch.rows, encodedSize(batch), BATCH_BYTES);
      for (let at = 0; at < batch.rows; at += step) {
        const n = Math.min(step, batch.rows - at);
        run.push(store.putBatch(gatherBatch(batch, order.subarray(at, at + n), n, out)));
        out.reset();
      }
    } finally {
      scratch.release();
      out.release();
    }
  }

  /** All rows in order, any number of times. A batch is valid until the next one is asked for. */
  *sorted(): Generator<Batch> {
    const { ctx, schema, keys } = this;
    const scratch = arenaScratch(ctx.store, 'aggregate');
    const readers = this.runs.map((refs) => relationReader(ctx.store, refs, schema));
    const order = { keys, limit: null, schema, batchBytes: BATCH_BYTES };
    const { store, grant } = ctx;
    try {
      for (const b of mergeRuns(readers, order, { store, grant, check: () => ctx.check(), scratch })) {
        yield b;
        scratch.reset();
      }
    } finally {
      scratch.release();
    }
  }

  /** Hands the rows with these numbers (ascending, in sorted order) to `take`, with their column `at`. */
  pick(numbers: Float64Array, at: number, take: (k: number, col: Column, row: number) => void): void {
    let k = 0;
    let base = 0;
    if (numbers.length === 0) return;
    for (const b of this.sorted()) {
      for (; k < numbers.length && (numbers[k] as number) < base + b.rows; k++)
        take(k, b.columns[at] as Column, (numbers[k] as number) - base);
      if (k === numbers.length) return;
      base += b.rows;
    }
  }

  free(): void {
    for (const run of this.runs) releaseAll(run, this.ctx);
    this.runs.length = 0;
  }
}
