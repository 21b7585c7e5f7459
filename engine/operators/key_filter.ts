import type { Batch } from '../batch/column.ts';
import { gatherBatch } from '../batch/gather.ts';
import { EngineBug } from '../errors.ts';
import type { StepRef } from '../plan.ts';
import type { OperatorDef, RelationReader, TaskContext } from './def.ts';
import { columnAt, keyColumns } from './join_table.ts';
import { KeySet } from './key_set.ts';
import type { KeyFilterParams } from './params.ts';
import { workingGrant } from './split.ts';

/** Part of its memory that a side may be to a task. A larger one is likely to be spilled, and is not read once more for this; and sets stay until the run ends. */
const SIDE_SHARE = 8;
/** Rows of a worker after which a set that keeps nearly all of them is not asked any more. */
const TRIAL_ROWS = 1 << 17;
/** Share of the rows, from which on moving them all costs less than testing each. */
const NEARLY_ALL = 0.8;

/** The set of a worker, and how it does. Which rows go on does not show in a result, only in how many the join is given. */
class SharedSet {
  readonly set: KeySet | null;
  #tested = 0;
  #kept = 0;

  constructor(set: KeySet | null) {
    this.set = set;
  }

  get pays(): boolean {
    return this.set !== null && (this.#tested < TRIAL_ROWS || this.#kept < this.#tested * NEARLY_ALL);
  }

  note(tested: number, kept: number): void {
    this.#tested += tested;
    this.#kept += kept;
  }

  free(): void {
    this.set?.free();
  }
}

function setOf(side: RelationReader, keys: readonly string[], ctx: TaskContext): KeySet | null {
  if (side.bytes * SIDE_SHARE > workingGrant(ctx)) return null;
  const columns = keys.map((name) => columnAt(side.schema, name));
  return KeySet.of(() => side.batches(), columns, side.rows, ctx.store);
}

async function* filtered(
  params: KeyFilterParams,
  step: StepRef,
  source: AsyncIterable<Batch>,
  ctx: TaskContext,
): AsyncIterable<Batch> {
  const [side] = step.sides;
  if (side === undefined) throw new EngineBug('a key filter without a side');
  const shared = ctx.shared(
    `keys ${side.relation} ${JSON.stringify(params.sideKeys)}`,
    () => new SharedSet(setOf(ctx.side(side), params.sideKeys, ctx)),
  );
  const keys = params.keys.map((name) => columnAt(step.input, name));
  for await (const batch of source) {
    const { set } = shared;
    if (set === null || !shared.pays) {
      yield batch;
      continue;
    }
    const rows = ctx.scratch.u32(batch.rows);
    const kept = set.keep(keyColumns(batch, keys), batch.rows, rows, ctx.scratch);
    shared.note(batch.rows, kept ?? batch.rows);
    if (kept === null || kept === batch.rows) yield batch;
    else if (kept > 0) yield gatherBatch(batch, rows, kept, ctx.scratch);
  }
}

/** Drops rows that a join behind the next exchange would drop, as far as that is known cheaply (semi-join reduction), so that they are not moved. */
export const keyFilter: OperatorDef<KeyFilterParams> = {
  name: 'key_filter',
  traits: { shape: 'map', ordered: true, keepsRows: true, rowwise: true },
  schema: (_, inputs) => inputs[0] ?? [],
  map: (params, step, ctx) => (source) => filtered(params, step, source, ctx),
};
