import { valueReader } from '../batch/access.ts';
import { type Batch, type Column, MORSEL_ROWS } from '../batch/column.ts';
import { gatherBatch } from '../batch/gather.ts';
import { widthOf } from '../batch/width.ts';
import { arenaScratch } from '../memory/scratch.ts';
import type { StepRef } from '../plan.ts';
import type { Schema } from '../types.ts';
import type { OperatorDef, TaskContext } from './def.ts';
import type { RepeatParams } from './params.ts';

/** Bytes of one batch that is given out; a single row may take more. */
const BATCH_BYTES = 8 << 20;
const BATCH_SHARE = 32;

async function* repeated(
  { count }: RepeatParams,
  step: StepRef,
  source: AsyncIterable<Batch>,
  ctx: TaskContext,
): AsyncIterable<Batch> {
  const at = step.input.findIndex((f) => f.name === count);
  const kept = step.input.map((_, i) => i).filter((i) => i !== at);
  const fixed = arenaScratch(ctx.store, 'repeat');
  const out = arenaScratch(ctx.store, 'repeat');
  const rows = fixed.u32(MORSEL_ROWS);
  const most = Math.min(BATCH_BYTES, ctx.store.limit / BATCH_SHARE);
  try {
    for await (const batch of source) {
      const times = valueReader(batch.columns[at] as Column);
      const width = widthOf(kept.map((i) => batch.columns[i] as Column));
      let n = 0;
      let bytes = 0;
      function* flush(): Generator<Batch> {
        if (n > 0) yield { ...gatherBatch(batch, rows, n, out, kept), schema: step.output };
        out.reset();
        n = 0;
        bytes = 0;
      }
      for (let row = 0; row < batch.rows; row++) {
        const each = Math.max(1, width(row));
        for (let left = Number(times(row) ?? 0); left > 0; ) {
          ctx.check();
          const take = Math.min(left, rows.length - n, Math.max(1, Math.floor((most - bytes) / each)));
          rows.fill(row, n, n + take);
          n += take;
          bytes += take * each;
          left -= take;
          if (n === rows.length || bytes >= most) yield* flush();
        }
      }
      yield* flush();
    }
  } finally {
    fixed.release();
    out.release();
  }
}

export const repeat: OperatorDef<RepeatParams> = {
  name: 'repeat',
  traits: { shape: 'map', ordered: true },
  schema: ({ count }, [input]) => (input as Schema).filter((f) => f.name !== count),
  /** Each row as often as a column says, without that column. */
  map: (params, step, ctx) => (source) => repeated(params, step, source, ctx),
};
