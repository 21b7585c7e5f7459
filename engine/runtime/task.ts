import type { Batch } from '../batch/column.ts';
import { sliceBatch } from '../batch/slice.ts';
import { RunError } from '../errors.ts';
import type { ParallelWriter, SinkSpec, Split } from '../formats/def.ts';
import { FolderRuns } from '../formats/partition_runs.ts';
import { format } from '../formats/registry.ts';
import type { ComputeParams } from '../operators/params.ts';
import { operator } from '../operators/registry.ts';
import { sortIndices } from '../operators/sort_kernel.ts';
import type { ScanInput, Stage, StepRef } from '../plan.ts';
import { collectWriter } from '../shuffle/collect.ts';
import { hashWriter } from '../shuffle/hash.ts';
import { type KeySample, rangePartition, rangeWriter, sampleKeys } from '../shuffle/range.ts';
import { hashPartition, relationReader } from '../shuffle/reader.ts';
import { regroup } from '../shuffle/regroup.ts';
import type { ObjectId } from '../store/types.ts';
import type { Schema } from '../types.ts';
import { attributed, chain, firstRows, rowwise, seesAll } from './chain.ts';
import type { TaskScope } from './context.ts';
import { encodeBlock, encodeFile, type SinkOutput, sinkSpec, writerOf } from './encode_file.ts';
import { partitionOf } from './graph.ts';
import type { PartitionData, TaskInput, TaskOutput } from './messages.ts';
import { Origin } from './origin.ts';
import { changedSince } from './stamp.ts';

/** What a worker keeps of a stage while its tasks run. */
export interface StageScope {
  readonly stage: Stage;
  readonly grant: number;
  readonly bits: number;
  readonly bounds: Uint8Array | null;
  readonly firsts: readonly number[] | null;
}

export interface TaskResult {
  readonly rows: number;
  readonly output: TaskOutput;
}

/** Runs one task: source, fused steps, output. Everything it made is in the store; only references come back. */
export async function runTask(scope: StageScope, input: TaskInput, ctx: TaskScope): Promise<TaskResult> {
  const { stage } = scope;
  if (input.kind === 'probe') {
    const scan = stage.input as ScanInput;
    const probe = format(scan.format).reader?.probe;
    if (probe === undefined) throw new Error(`format ${scan.format} has no probe`);
    return { rows: 0, output: { kind: 'answer', value: await probe(input.split, scan, ctx) } };
  }
  if (input.kind === 'encode') return encodeFile(stage, input, ctx);
  if (input.kind === 'block') return encodeBlock(stage, input, ctx);
  if (input.kind === 'regroup') {
    const output = regroup(ctx, stage.schema, input.partitions);
    return { rows: output.rows.reduce((a, b) => a + b, 0), output: { kind: 'hash', output } };
  }
  if (input.kind === 'sample') return { rows: 0, output: { kind: 'answer', value: await sample(stage, input, ctx) } };
  if (input.kind === 'count') return { rows: 0, output: { kind: 'answer', value: await count(stage, input, ctx) } };
  ctx.first = input.kind === 'refs' ? (input.parts[0]?.first ?? 0) : scope.firsts?.[ctx.index];
  const origin = originOf(stage, input);
  if (origin !== null) ctx.rowsFrom = (first) => origin.announce(first);
  const chained = chain(sourceOf(stage, input, ctx, origin), stage.steps, ctx, origin);
  let { rows } = chained;
  if (stage.output.kind === 'collect' && stage.output.limit !== null)
    rows = firstRows(rows, stage.output.limit, seesAll(stage.steps), cut);
  try {
    return await writeOutput(scope, counted(rows, ctx), chained.ctx);
  } finally {
    chained.free();
  }
}

/**
 * Keys of the first rows that the stage gives for an input; null when it gives none. An error of the data is for the task that reads all of it. Nothing counts as
 * read, as it is read again.
 */
async function sample(
  stage: Stage,
  { input, rows }: Extract<TaskInput, { kind: 'sample' }>,
  ctx: TaskScope,
): Promise<KeySample | null> {
  if (stage.output.kind !== 'exchange' || stage.output.by !== 'range') throw new Error(`stage ${stage.id} has no keys`);
  const quiet: TaskScope = { ...quietly(ctx), first: 0 };
  const chained = chain(sourceOf(stage, input, quiet, null), stage.steps, quiet);
  try {
    for await (const b of chained.rows) {
      if (b.rows > 0) return sampleKeys(b, stage.output.keys, rows, ctx.scratch);
    }
  } catch (e) {
    if (!(e instanceof RunError) || e.code === 'FLOW7012' || e.where.object !== undefined) throw e;
  } finally {
    chained.free();
  }
  return null;
}

/** Rows that an input gives to the step that numbers them. Columns are only read where they decide which rows there are. */
async function count(stage: Stage, { input }: Extract<TaskInput, { kind: 'count' }>, ctx: TaskScope): Promise<number> {
  const before = stage.steps.slice(
    0,
    stage.steps.findIndex((s) => s.op === 'number'),
  );
  const bare = countsAlone(stage, before);
  const quiet = quietly(ctx);
  const source = sourceOf(bare ?? stage, input, quiet, null);
  const chained = bare === null ? chain(source, before, quiet) : null;
  let rows = 0;
  try {
    for await (const b of chained?.rows ?? source) rows += b.rows;
  } finally {
    chained?.free();
  }
  return rows;
}

/** The stage without columns; null where steps or the reader leave out rows by what is in them. */
function countsAlone(stage: Stage, before: readonly StepRef[]): Stage | null {
  const { input } = stage;
  const plain = before.every((s) => s.op === 'compute' && (s.params as ComputeParams).filter === null);
  if (input.kind !== 'scan' || !plain || input.source.options.on_error === 'reject') return null;
  return { ...stage, input: { ...input, schema: [] } };
}

/** What is read ahead of the real work is not counted. */
function quietly(ctx: TaskScope): TaskScope {
  return { ...ctx, count: () => {}, reject: () => {}, tally: () => {} };
}

const cut = (b: Batch, n: number): Batch => sliceBatch(b, 0, n);

function originOf({ input: from, steps }: Stage, input: TaskInput): Origin | null {
  if (input.kind !== 'split' || from.kind !== 'scan') return null;
  return new Origin(input.split.path, from.schema, rowwise(steps));
}

function sourceOf(stage: Stage, input: TaskInput, ctx: TaskScope, origin: Origin | null): AsyncIterable<Batch> {
  const from = stage.input;
  if (input.kind === 'split' && from.kind === 'scan') {
    return attributed(unchanged(scanned(from, [input.split, ...(input.more ?? [])], ctx, origin), from, input), {
      label: `from ${from.source.display}`,
      span: from.source.span,
    });
  }
  if (input.kind === 'refs') return streamed(input.parts, ctx);
  if (input.kind === 'item') return oneRow();
  if (input.kind === 'partition' && from.kind === 'merge') {
    const { step } = from;
    const final = operator(step.op).final;
    if (final === undefined) throw new Error(`operator ${step.op} has no final phase`);
    const readers = input.inputs.map((p) => partitionReader(p, ctx));
    return attributed(scoped(final.call(operator(step.op), step.params, step, readers, ctx), ctx), step);
  }
  throw new Error(`stage ${stage.id} cannot read a ${input.kind}`);
}

async function* scanned(
  scan: ScanInput,
  splits: readonly Split[],
  ctx: TaskScope,
  origin: Origin | null,
): AsyncIterable<Batch> {
  const reader = format(scan.format).reader;
  if (reader === null) throw new Error(`format ${scan.format} cannot be read`);
  for (const split of splits) {
    for await (const b of reader.read(split, scan, ctx, (bytes) => ctx.count(0, bytes, 0))) {
      ctx.check();
      ctx.count(b.rows, 0, 0);
      origin?.left(b.rows);
      yield b;
    }
  }
}

/** A file that was written to in the meantime gives parts of two versions, or breaks its reader: either is told as what it is. */
async function* unchanged(
  source: AsyncIterable<Batch>,
  scan: ScanInput,
  { split, stamp }: Extract<TaskInput, { kind: 'split' }>,
): AsyncIterable<Batch> {
  const path = scan.source.paths[split.file] ?? split.path;
  const changed = (): RunError | null => (stamp === null ? null : changedSince(stamp, path));
  try {
    yield* source;
  } catch (e) {
    throw e instanceof RunError && e.code !== 'FLOW7012' ? (changed() ?? e) : e;
  }
  const error = changed();
  if (error !== null) throw error;
}

async function* streamed(parts: Extract<TaskInput, { kind: 'refs' }>['parts'], ctx: TaskScope): AsyncIterable<Batch> {
  for (const p of parts) {
    for (const b of relationReader(ctx.store, p.refs, p.schema, { skip: p.skip, take: null }).batches()) {
      ctx.check();
      yield b;
      ctx.scratch.reset();
    }
  }
}

async function* oneRow(): AsyncIterable<Batch> {
  yield { schema: [], rows: 1, columns: [] };
}

/** The final half of an operator is the source of its stage: what it yielded is dead when it is asked again. */
async function* scoped(source: AsyncIterable<Batch>, ctx: TaskScope): AsyncIterable<Batch> {
  for await (const b of source) {
    ctx.check();
    yield b;
    ctx.scratch.reset();
  }
}

function partitionReader(p: PartitionData, ctx: TaskScope) {
  return p.by === 'pieces'
    ? hashPartition(ctx.store, p.pieces, p.schema, p.hashBits)
    : rangePartition(ctx.store, p.slices, p.schema);
}

async function* counted(source: AsyncIterable<Batch>, ctx: TaskScope): AsyncIterable<Batch> {
  for await (const b of source) {
    if (b.rows === 0) continue;
    ctx.count(0, 0, b.rows);
    yield b;
  }
}

async function writeOutput(scope: StageScope, source: AsyncIterable<Batch>, ctx: TaskScope): Promise<TaskResult> {
  const { output, schema } = scope.stage;
  if (output.kind === 'collect') return collect(source, schema, ctx);
  if (output.kind === 'sink') return sink(output, source, schema, ctx);
  if (output.by === 'single') return collect(source, schema, ctx);
  let rows = 0;
  if (output.by === 'hash') {
    const w = hashWriter(ctx, schema, output.keys, scope.bits);
    try {
      for await (const b of source) {
        rows += b.rows;
        w.add(b);
      }
      return { rows, output: { kind: 'hash', output: w.finish() } };
    } finally {
      w.free();
    }
  }
  const cuts = { partitions: 2 ** scope.bits, bounds: scope.bounds };
  const w = rangeWriter(ctx, schema, output.keys, output.limit, sortIndices, cuts);
  try {
    for await (const b of source) {
      rows += b.rows;
      w.add(b);
    }
    return { rows, output: { kind: 'range', runs: w.finish() } };
  } finally {
    w.free();
  }
}

async function collect(source: AsyncIterable<Batch>, schema: Schema, ctx: TaskScope): Promise<TaskResult> {
  const w = collectWriter(ctx, schema);
  let rows = 0;
  try {
    for await (const b of source) {
      rows += b.rows;
      w.add(b);
    }
    return { rows, output: { kind: 'collect', refs: w.finish() } };
  } finally {
    w.free();
  }
}

/** Parallel formats become byte objects here, joined in order by the driver; rows of others are collected, and encoded by later tasks. */
async function sink(
  output: SinkOutput,
  source: AsyncIterable<Batch>,
  schema: Schema,
  ctx: TaskScope,
): Promise<TaskResult> {
  const by = partitionOf(output);
  if (by !== null) return collectFolders(source, schema, by, ctx);
  const writer = writerOf(output.format);
  if (writer.kind !== 'parallel') return collect(source, schema, ctx);
  return encodeParts(writer, sinkSpec(output, schema), source, ctx);
}

/** Rows sorted by their folders, with where one ends and the next begins. */
async function collectFolders(
  source: AsyncIterable<Batch>,
  schema: Schema,
  by: readonly string[],
  ctx: TaskScope,
): Promise<TaskResult> {
  const folders = new FolderRuns(by);
  const result = await collect(watched(source, folders), schema, ctx);
  const { output } = result;
  return output.kind === 'collect' ? { ...result, output: { ...output, folders: folders.runs } } : result;
}

async function* watched(source: AsyncIterable<Batch>, folders: FolderRuns): AsyncIterable<Batch> {
  for await (const b of source) {
    folders.add(b);
    yield b;
  }
}

async function encodeParts(
  writer: ParallelWriter,
  spec: SinkSpec,
  source: AsyncIterable<Batch>,
  ctx: TaskScope,
): Promise<TaskResult> {
  const objects: { object: ObjectId; bytes: number }[] = [];
  let rows = 0;
  for await (const b of source) {
    rows += b.rows;
    const bytes = writer.encode(b, spec);
    const w = ctx.store.create(bytes.length);
    w.view.set(bytes);
    objects.push({ object: w.seal(), bytes: bytes.length });
  }
  return { rows, output: { kind: 'bytes', objects } };
}
