import type { Batch, Column } from '../batch/column.ts';
import { hashColumns } from '../batch/hash.ts';
import { Stage } from '../shuffle/stage.ts';
import type { Store } from '../store/types.ts';
import type { Schema } from '../types.ts';
import type { OperatorDef, PartitionReader, RelationReader, TaskContext } from './def.ts';
import { joinBlocks } from './join_blocks.ts';
import type { HashOrder } from './join_left.ts';
import { orderByHash } from './join_left.ts';
import { joinSchema, tableSpec } from './join_output.ts';
import { JoinProbe } from './join_probe.ts';
import { columnAt, gathered, JoinTable } from './join_table.ts';
import { type JoinParams, keepsRight } from './params.ts';
import { canSplit, Splitter, workingGrant } from './split.ts';

/** Bytes in working memory for a byte of input: the rows are copied twice while they are put together. */
const COPIES = 2;
/** Bytes a row for hashes, order and index. */
const ROW_BYTES = 40;
/** Largest input of a side that is put into one batch: offsets are 32-bit. */
const MAX_SIDE = 1 << 30;
/** Most rows of a right side: its index has a place in 31 bits. */
const MAX_ROWS = 1 << 27;

interface JoinTask {
  readonly params: JoinParams;
  readonly output: Schema;
  readonly ctx: TaskContext;
}

function footprint(side: RelationReader): number {
  return side.bytes * COPIES + side.rows * ROW_BYTES;
}

/** Joins one partition: in memory when both sides fit, else by sub-partitions in hash order, else (one hash, too many rows) by blocks. */
async function* joinPartition(
  task: JoinTask,
  left: RelationReader,
  right: RelationReader,
  bits: number,
): AsyncIterable<Batch> {
  const { params, ctx } = task;
  if (left.rows === 0 && (right.rows === 0 || !keepsRight(params.kind))) return;
  const grant = workingGrant(ctx);
  const rightFits = footprint(right) <= grant && right.bytes < MAX_SIDE && right.rows < MAX_ROWS;
  if (rightFits && footprint(left) + footprint(right) <= grant && left.bytes < MAX_SIDE) {
    yield* joinInMemory(task, left, right, bits);
    return;
  }
  // Left rows that all have one hash need no order of their own: they are the output's, as they come.
  const oneHash = !canSplit(bits) || hasOneHash(left, params.leftKeys);
  if (oneHash && rightFits) {
    yield* joinStreamed(task, left, right, bits);
    return;
  }
  if (!canSplit(bits) || (oneHash && hasOneHash(right, params.rightKeys))) {
    yield* joinOneHash(task, left, right, bits);
    return;
  }
  const lefts = new Splitter(ctx, left.schema, params.leftKeys, bits);
  const rights = new Splitter(ctx, right.schema, params.rightKeys, bits);
  try {
    fill(lefts, left, ctx);
    fill(rights, right, ctx);
    for (let p = 0; p < lefts.count; p++) {
      const part = lefts.part(p);
      yield* joinPartition(task, part, rights.part(p), part.hashBits);
      lefts.done(p);
      rights.done(p);
    }
  } finally {
    lefts.free();
    rights.free();
  }
}

function fill(split: Splitter, side: RelationReader, ctx: TaskContext): void {
  for (const b of side.batches()) {
    ctx.check();
    split.add(b);
  }
  split.finish();
}

/** Whether all rows have one hash, so that splitting would only copy them. Reads on only while that is so. */
function hasOneHash(side: RelationReader, names: readonly string[]): boolean {
  const keys = names.map((k) => columnAt(side.schema, k));
  let hashes = new Uint32Array(0);
  let first: number | null = null;
  for (const b of side.batches()) {
    if (hashes.length < b.rows) hashes = new Uint32Array(b.rows);
    hashColumns(
      keys.map((k) => b.columns[k] as Batch['columns'][number]),
      b.rows,
      hashes,
    );
    first ??= hashes[0] as number;
    for (let i = 0; i < b.rows; i++) if (hashes[i] !== first) return false;
  }
  return true;
}

function tableOf({ params, ctx }: JoinTask, right: RelationReader, bits: number): JoinTable {
  return new JoinTable(right.batches(), tableSpec(params, right.schema, ctx.store, bits));
}

function probeOf(task: JoinTask, left: RelationReader, right: RelationReader): JoinProbe {
  return new JoinProbe(task.params, left.schema, right.schema, task.output, task.ctx.store);
}

/** Both sides in memory; the left rows are gone through by (hash, input order). */
async function* joinInMemory(
  task: JoinTask,
  left: RelationReader,
  right: RelationReader,
  bits: number,
): AsyncIterable<Batch> {
  const { ctx } = task;
  const memory = new Stage(ctx.store, 'join');
  const probe = probeOf(task, left, right);
  let table: JoinTable | null = null;
  try {
    table = tableOf(task, right, bits);
    const columns = left.schema.map((_, i) => i);
    const batch = gathered(left.batches(), columns, left.schema, ctx.store, memory);
    const sorted = sortedBy(probe.leftKeyColumns(batch), batch.rows, bits, ctx.store, memory);
    for (const b of probe.all(probe.left(batch, sorted), table)) {
      ctx.check();
      yield b;
    }
    yield* probe.rest(table);
  } finally {
    probe.free();
    table?.free();
    memory.free();
  }
}

function sortedBy(keys: readonly Column[], rows: number, bits: number, store: Store, memory: Stage): HashOrder {
  const work = new Stage(store, 'join');
  try {
    return orderByHash(keys, rows, bits, memory.scratch, work.scratch);
  } finally {
    work.free();
  }
}

/** The right side in memory, the left side as it comes: for left rows that all have one hash. */
async function* joinStreamed(
  task: JoinTask,
  left: RelationReader,
  right: RelationReader,
  bits: number,
): AsyncIterable<Batch> {
  const probe = probeOf(task, left, right);
  let table: JoinTable | null = null;
  try {
    table = tableOf(task, right, bits);
    yield* probeBatches(probe, left.batches(), table, task.ctx);
    yield* probe.rest(table);
  } finally {
    probe.free();
    table?.free();
  }
}

/** Rows of one hash, of which neither side fits. */
async function* joinOneHash(
  task: JoinTask,
  left: RelationReader,
  right: RelationReader,
  bits: number,
): AsyncIterable<Batch> {
  const probe = probeOf(task, left, right);
  try {
    yield* joinBlocks(task.params, probe, left.batches(), right, bits, task.ctx);
  } finally {
    probe.free();
  }
}

/** Left batches in their own order against one table. */
export function* probeBatches(
  probe: JoinProbe,
  batches: Iterable<Batch>,
  table: JoinTable,
  ctx: TaskContext,
): Generator<Batch> {
  for (const batch of batches) {
    for (const b of probe.all(probe.left(batch), table)) {
      ctx.check();
      yield b;
    }
  }
}

export const join: OperatorDef<JoinParams> = {
  name: 'join',
  traits: { shape: 'exchange', blocking: true },
  schema: (params, [left, right]) => joinSchema(params, left as Schema, right as Schema),
  /**
   * Joins one partition of both sides. Output by (hash of the keys, left order, right order), right rows without a match behind the left rows of their hash.
   * Sides that do not fit the grant are split alike by further hash bits; rows of a single hash that do not fit are joined block by block.
   */
  final: (params, step, inputs, ctx) => {
    const [left, right] = inputs as readonly [PartitionReader, PartitionReader];
    return joinPartition({ params, output: step.output, ctx }, left, right, left.hashBits);
  },
};
