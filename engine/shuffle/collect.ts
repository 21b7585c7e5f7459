import { encodedSize } from '../batch/codec.ts';
import type { Batch } from '../batch/column.ts';
import { Layout } from '../batch/layout.ts';
import { layoutOfParts } from '../batch/parts.ts';
import { EngineBug } from '../errors.ts';
import { arenaScratch } from '../memory/scratch.ts';
import type { BatchRef } from '../store/types.ts';
import type { Schema } from '../types.ts';
import { ObjectOutput } from './output.ts';
import { Stage } from './stage.ts';
import type { WriterContext } from './types.ts';

/** Batches below both are put together: what follows works batch by batch. */
const SMALL_ROWS = 16384;
const SMALL_BYTES = 512 << 10;

export interface CollectWriter {
  add(batch: Batch): void;
  /** The batches in order; their objects belong to the caller. */
  finish(): BatchRef[];
  /** Gives back working memory and, without finish, the objects. */
  free(): void;
}

/** Keeps all rows in order as objects of the store, small batches fused. */
export function collectWriter(ctx: WriterContext, schema: Schema): CollectWriter {
  const smallBytes = Math.min(SMALL_BYTES, ctx.grant / 4);
  const stage = new Stage(ctx.store, 'collect');
  const scratch = arenaScratch(ctx.store, 'collect');
  const output = new ObjectOutput(ctx.store);
  const refs: BatchRef[] = [];
  let kept: Batch[] = [];
  let keptRows = 0;
  let rowsIn = 0;

  function flush(): void {
    if (kept.length === 0) return;
    refs.push(
      ...output.put([
        layoutOfParts(
          kept.map((batch) => ({ batch, from: 0, to: batch.rows })),
          schema,
          scratch,
        ),
      ]),
    );
    kept = [];
    keptRows = 0;
    stage.reset();
    scratch.reset();
  }

  return {
    add(batch) {
      if (batch.rows === 0) return;
      rowsIn += batch.rows;
      const bytes = encodedSize(batch);
      if (batch.rows >= SMALL_ROWS || bytes >= smallBytes) {
        flush();
        refs.push(...output.put([Layout.of(batch)]));
        return;
      }
      kept.push(stage.keep(batch));
      keptRows += batch.rows;
      if (keptRows >= SMALL_ROWS || stage.used >= smallBytes) flush();
    },
    finish() {
      flush();
      const rowsOut = refs.reduce((n, r) => n + r.rows, 0);
      if (rowsOut !== rowsIn) throw new EngineBug(`a writer took ${rowsIn} rows and kept ${rowsOut}`);
      output.handOver();
      return refs;
    },
    free() {
      output.drop();
      stage.free();
      scratch.release();
    },
  };
}
