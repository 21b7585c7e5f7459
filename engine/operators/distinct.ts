import type { Batch, Column } from '../batch/column.ts';
import { MORSEL_ROWS } from '../batch/column.ts';
import { concatBatches } from '../batch/concat.ts';
import { gatherBatch } from '../batch/gather.ts';
import { EngineBug } from '../errors.ts';
import { arenaScratch } from '../memory/scratch.ts';
import type { Scratch } from '../memory/types.ts';
import type { Vector } from '../memory/vector.ts';
import { u32Vector } from '../memory/vector.ts';
import { Stage } from '../shuffle/stage.ts';
import type { Store } from '../store/types.ts';
import type { Field, Schema } from '../types.ts';
import type { OperatorDef, PartitionReader, RelationReader, TaskContext } from './def.ts';
import { GroupTable } from './hash_table.ts';
import type { DistinctParams } from './params.ts';
import { canSplit, isFull, parts, rowsWithin, Splitter, workingGrant } from './split.ts';

/** After this many rows the local half looks at whether it is worth it. */
const TRIAL_ROWS = 2 * MORSEL_ROWS;
/** New keys per row above which it is not. */
const USELESS = 0.9;

/** The key combinations seen so far. */
class SeenKeys {
  readonly table: GroupTable;
  private readonly keys: readonly number[];
  private readonly ids: Vector<Uint32Array>;
  private readonly rows: Vector<Uint32Array>;
  private seen = new Uint8Array(0);

  constructor(store: Store, params: DistinctParams, input: Schema) {
    this.keys = params.keys.map((name) => {
      const at = input.findIndex((f) => f.name === name);
      if (at < 0) throw new EngineBug(`no column ${name} in the input of distinct`);
      return at;
    });
    this.table = new GroupTable(
      store,
      this.keys.map((k) => (input[k] as Field).type),
      'distinct',
    );
    this.ids = u32Vector(store, 'distinct');
    this.rows = u32Vector(store, 'distinct');
  }

  /** Rows that are the first of their key, in order, and the key of each row. */
  firsts(batch: Batch): { rows: Uint32Array; n: number; ids: Uint32Array } {
    this.ids.reserve(batch.rows);
    this.rows.reserve(batch.rows);
    if (this.seen.length < batch.rows) this.seen = new Uint8Array(Math.max(batch.rows, 1024));
    const { seen, table } = this;
    const [ids, rows] = [this.ids.data, this.rows.data];
    const columns = this.keys.map((k) => batch.columns[k] as Column);
    const before = table.groups;
    table.insert(columns, batch.rows, ids);
    // Nothing new is the rule once the keys are known.
    if (table.groups === before) return { rows, n: 0, ids };
    seen.fill(0, 0, table.groups - before);
    let n = 0;
    for (let i = 0; i < batch.rows; i++) {
      const fresh = (ids[i] as number) - before;
      if (fresh < 0 || seen[fresh] === 1) continue;
      seen[fresh] = 1;
      rows[n++] = i;
    }
    return { rows, n, ids };
  }

  free(): void {
    this.table.free();
    this.ids.free();
    this.rows.free();
  }
}

async function* partial(
  params: DistinctParams,
  input: Schema,
  source: AsyncIterable<Batch>,
  ctx: TaskContext,
): AsyncIterable<Batch> {
  const keys = new SeenKeys(ctx.store, params, input);
  const grant = workingGrant(ctx);
  let rows = 0;
  let passing = false;
  try {
    for await (const batch of source) {
      if (passing || batch.rows === 0) {
        yield batch;
        continue;
      }
      const firsts = keys.firsts(batch);
      // Gathered before the table, which holds the row numbers, is let go.
      const kept = firsts.n === batch.rows ? batch : gatherBatch(batch, firsts.rows, firsts.n, ctx.scratch);
      rows += batch.rows;
      const full = isFull(keys.table.bytes(), grant);
      if (full || rows >= TRIAL_ROWS) {
        passing = keys.table.groups > rows * USELESS;
        if (full || passing) {
          keys.free();
          rows = 0;
        }
      }
      if (kept.rows > 0) yield kept;
    }
  } finally {
    keys.free();
  }
}

/** First rows of the keys of one partition. */
class KeptRows {
  readonly keys: SeenKeys;
  readonly stage: Stage;
  readonly batches: Batch[] = [];
  /** Number of the kept row of each key. */
  private readonly rowOf: Vector<Uint32Array>;
  private readonly scratch: Scratch & { release(): void };
  private readonly schema: Schema;
  private rows = 0;

  constructor(store: Store, params: DistinctParams, input: Schema) {
    this.schema = input;
    this.keys = new SeenKeys(store, params, input);
    this.stage = new Stage(store, 'distinct');
    this.rowOf = u32Vector(store, 'distinct');
    this.scratch = arenaScratch(store, 'distinct');
  }

  /** Doubles soon: tables when they grow, and the rows are copied once more when they are put in order. */
  bytes(): number {
    return this.keys.table.bytes() + this.rowOf.bytes + this.stage.used;
  }

  take(batch: Batch): void {
    const { rows, n, ids } = this.keys.firsts(batch);
    if (n === 0) return;
    this.rowOf.reserve(this.keys.table.groups);
    for (let i = 0; i < n; i++) this.rowOf.data[ids[rows[i] as number] as number] = this.rows++;
    this.batches.push(this.stage.keep(n === batch.rows ? batch : gatherBatch(batch, rows, n, this.scratch)));
    this.scratch.reset();
  }

  /** By (hash, first appearance). */
  *ordered(out: Scratch): Generator<Batch> {
    if (this.rows === 0) return;
    const all = concatBatches(this.batches, this.schema, this.scratch);
    const order = this.keys.table.orderByHash();
    const picked = this.scratch.u32(Math.min(MORSEL_ROWS, this.rows));
    for (let at = 0; at < this.rows; at += MORSEL_ROWS) {
      const n = Math.min(MORSEL_ROWS, this.rows - at);
      for (let i = 0; i < n; i++) picked[i] = this.rowOf.data[order[at + i] as number] as number;
      yield gatherBatch(all, picked, n, out);
    }
  }

  free(): void {
    this.keys.free();
    this.rowOf.free();
    this.stage.free();
    this.scratch.release();
  }
}

async function* final(
  params: DistinctParams,
  input: RelationReader,
  bits: number,
  ctx: TaskContext,
): AsyncIterable<Batch> {
  const kept = new KeptRows(ctx.store, params, input.schema);
  const grant = workingGrant(ctx);
  let split: Splitter | null = null;
  try {
    for (const batch of input.batches()) {
      ctx.check();
      for (const part of parts(batch, rowsWithin(grant))) {
        if (split !== null) {
          split.add(part);
          continue;
        }
        kept.take(part);
        if (isFull(kept.bytes(), grant) && kept.keys.table.groups > 1 && canSplit(bits)) {
          split = new Splitter(ctx, input.schema, params.keys, bits);
          for (const b of kept.batches) split.add(b);
          kept.free();
        }
      }
    }
    if (split === null) {
      yield* kept.ordered(ctx.scratch);
      return;
    }
    split.finish();
    for (let p = 0; p < split.count; p++) {
      const part = split.part(p);
      if (part.rows > 0) yield* final(params, part, part.hashBits, ctx);
      split.done(p);
    }
  } finally {
    kept.free();
    split?.free();
  }
}

export const distinct: OperatorDef<DistinctParams> = {
  name: 'distinct',
  traits: { shape: 'exchange', blocking: true },
  schema: (_params, [input]) => input as Schema,
  partialSchema: (_params, [input]) => input as Schema,
  /** Drops rows whose key came before in this task, as far as the grant remembers; the rest go on at once, in order. */
  partial: (params, step, ctx) => (source) => partial(params, step.input, source, ctx),
  /** The first row of each key of one partition, by (hash, first appearance); split by further hash bits where they do not fit the grant. */
  final: (params, _step, inputs, ctx) => {
    const reader = inputs[0] as PartitionReader;
    return final(params, reader, reader.hashBits, ctx);
  },
};
