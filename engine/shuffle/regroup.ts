import type { Batch } from '../batch/column.ts';
import { layoutOfParts } from '../batch/parts.ts';
import { EngineBug } from '../errors.ts';
import { arenaScratch } from '../memory/scratch.ts';
import type { BatchLease, BatchRef } from '../store/types.ts';
import type { Schema } from '../types.ts';
import { ObjectOutput } from './output.ts';
import { fusible, read } from './reader.ts';
import type { PartitionedOutput, WriterContext } from './types.ts';

/**
 * The merge side of a push exchange: pieces of some neighbouring partitions, each partition's in order, become one object with few batches, of the size a reader
 * would put together; rows keep their order. All of them are looked at at a time: the caller sees to it that they fit.
 */
export function regroup(
  ctx: WriterContext,
  schema: Schema,
  partitions: readonly (readonly BatchRef[])[],
): PartitionedOutput {
  const scratch = arenaScratch(ctx.store, 'shuffle');
  const output = new ObjectOutput(ctx.store);
  const leases: BatchLease[] = [];
  try {
    const owner: number[] = [];
    const layouts = partitions.flatMap((pieces, p) =>
      fusible(ctx.store, pieces).map((group) => {
        owner.push(p);
        const batches = group.map((ref): Batch => {
          const lease = read(ctx.store, ref, schema);
          leases.push(lease);
          return lease.batch;
        });
        return layoutOfParts(
          batches.map((batch) => ({ batch, from: 0, to: batch.rows })),
          schema,
          scratch,
        );
      }),
    );
    const pieces: BatchRef[][] = partitions.map(() => []);
    const refs = layouts.length > 0 ? output.put(layouts) : [];
    for (const [i, ref] of refs.entries()) (pieces[owner[i] as number] as BatchRef[]).push(ref);
    const rows = pieces.map(rowsOf);
    if (partitions.some((p, i) => rowsOf(p) !== rows[i])) throw new EngineBug('a merge of a shuffle lost rows');
    output.handOver();
    return { pieces, rows, bytes: pieces.map((p) => p.reduce((n, r) => n + r.bytes, 0)) };
  } finally {
    for (const lease of leases) lease.release();
    output.drop();
    scratch.release();
  }
}

function rowsOf(refs: readonly BatchRef[]): number {
  return refs.reduce((n, r) => n + r.rows, 0);
}
