import * as assert from 'uvu/assert';
import { rowsOf } from '../../engine/batch/access.ts';
import { batchFromRows } from '../../engine/batch/build.ts';
import type { Batch } from '../../engine/batch/column.ts';
import { gatherBatch } from '../../engine/batch/gather.ts';
import type { LiteralValue, SortKey } from '../../engine/expr.ts';
import { poisonFreed } from '../../engine/memory/poison.ts';
import { arenaScratch } from '../../engine/memory/scratch.ts';
import type { OperatorDef, PartitionReader, RelationReader, TaskContext } from '../../engine/operators/def.ts';
import { sortIndices } from '../../engine/operators/sort_kernel.ts';
import type { SideInput, StepRef } from '../../engine/plan.ts';
import { hashWriter } from '../../engine/shuffle/hash.ts';
import { rangeBounds, rangePartition, rangeSlices, rangeWriter } from '../../engine/shuffle/range.ts';
import { hashPartition } from '../../engine/shuffle/reader.ts';
import { batchesOfRun } from '../../engine/shuffle/runs.ts';
import type { RunOutput } from '../../engine/shuffle/types.ts';
import { testStore } from '../../engine/store/store.ts';
import type { BatchRef, Store } from '../../engine/store/types.ts';
import type { Schema } from '../../engine/types.ts';

export type Row = Record<string, LiteralValue>;

/** How a run is cut and how much memory its operators have: none of it may show in the result. */
export interface Setting {
  readonly grant: number;
  /** Rows of a batch. */
  readonly batchRows: number;
  readonly tasks: number;
  /** The exchange has 2^bits partitions. */
  readonly bits: number;
}

poisonFreed(true);

export const AMPLE: Setting = { grant: 32 << 20, batchRows: 65536, tasks: 1, bits: 0 };

export const SETTINGS: readonly Setting[] = [
  AMPLE,
  { grant: 1 << 20, batchRows: 100, tasks: 3, bits: 2 },
  { grant: 1 << 10, batchRows: 7, tasks: 2, bits: 3 },
  { grant: 1 << 10, batchRows: 1000, tasks: 4, bits: 1 },
];

/** A store for one test; afterwards it must be as empty as it was. */
export async function withStore<T>(f: (store: Store) => Promise<T>, limit = 256 << 20): Promise<T> {
  const store = testStore(limit);
  try {
    const result = await f(store);
    const { objects, workingBytes } = store.stats();
    assert.is(objects, 0, 'objects are left in the store');
    assert.is(workingBytes, 0, 'working memory is left');
    return result;
  } finally {
    store.close();
  }
}

export function context(
  store: Store,
  grant: number,
  sides: readonly RelationReader[] = [],
): TaskContext & { end(): void } {
  const scratch = arenaScratch(store);
  const shared = new Map<string, unknown>();
  return {
    scratch,
    store,
    grant,
    index: 0,
    check: () => {},
    side: (input: SideInput) => sides[input.relation] as RelationReader,
    shared<V>(key: string, make: () => V): V {
      if (!shared.has(key)) shared.set(key, make());
      return shared.get(key) as V;
    },
    end() {
      for (const v of shared.values()) (v as { free(): void }).free();
      scratch.release();
    },
  };
}

export function cut(rows: readonly Row[], schema: Schema, batchRows: number): Batch[] {
  const out: Batch[] = [];
  for (let at = 0; at < rows.length; at += batchRows) out.push(batchFromRows(schema, rows.slice(at, at + batchRows)));
  return out;
}

/** Contiguous ranges of the rows, one a task. */
export function tasksOf(rows: readonly Row[], schema: Schema, s: Setting): Batch[][] {
  const per = Math.ceil(rows.length / s.tasks) || 1;
  return Array.from({ length: s.tasks }, (_, t) => cut(rows.slice(t * per, (t + 1) * per), schema, s.batchRows));
}

async function* stream(batches: readonly Batch[], ctx: TaskContext): AsyncIterable<Batch> {
  for (const b of batches) {
    // The operator sees batches in scratch, which is overwritten after each.
    const order = Uint32Array.from({ length: b.rows }, (_, i) => i);
    yield gatherBatch(b, order, b.rows, ctx.scratch);
    ctx.scratch.reset();
  }
}

export function step(
  op: string,
  phase: StepRef['phase'],
  params: unknown,
  input: Schema,
  output: Schema,
  sides: readonly SideInput[] = [],
): StepRef {
  return { op, phase, params, input, output, sides };
}

/** Collects batches as rows, letting the source reuse its memory after each. */
export async function collect(source: AsyncIterable<Batch>, ctx: TaskContext | null): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const b of source) {
    assert.ok(b.rows <= 65536, 'a batch of more than 64K rows');
    for (const c of b.columns) assert.is(c.length, b.rows);
    for (const r of rowsOf(b)) rows.push(r);
    ctx?.scratch.reset();
  }
  return rows;
}

/** The map half of a hash exchange: pieces by partition, in task order. `prepare` is the partial step, if any. */
export async function exchange(
  store: Store,
  tasks: readonly (readonly Batch[])[],
  schema: Schema,
  keys: readonly string[],
  s: Setting,
  prepare: ((source: AsyncIterable<Batch>, ctx: TaskContext) => AsyncIterable<Batch>) | null,
): Promise<BatchRef[][]> {
  const pieces: BatchRef[][] = Array.from({ length: 2 ** s.bits }, () => []);
  for (const batches of tasks) {
    const ctx = context(store, s.grant);
    const source = stream(batches, ctx);
    const w = hashWriter(ctx, schema, keys, s.bits);
    try {
      for await (const b of prepare === null ? source : prepare(source, ctx)) w.add(b);
      w.finish().pieces.forEach((refs, p) => {
        pieces[p]?.push(...refs);
      });
    } finally {
      w.free();
      ctx.end();
    }
  }
  return pieces;
}

export function release(store: Store, pieces: readonly (readonly BatchRef[])[]): void {
  for (const id of new Set(pieces.flat().map((r) => r.object))) store.release(id);
}

/** Runs a hash-partitioned operator over rows: partial halves, exchange, final halves; rows in partition order. */
export async function runExchange<P>(
  op: OperatorDef<P>,
  params: P,
  keys: readonly string[],
  rows: readonly Row[],
  schema: Schema,
  setting: Setting,
): Promise<Row[]> {
  // Without keys everything meets in one partition.
  const s = keys.length === 0 ? { ...setting, bits: 0 } : setting;
  return withStore(async (store) => {
    const output = op.schema(params, [schema]);
    const middle = op.partialSchema?.(params, [schema]) ?? schema;
    const partial = step(op.name, 'partial', params, schema, middle);
    const pieces = await exchange(store, tasksOf(rows, schema, s), middle, keys, s, (source, ctx) =>
      op.partial === undefined ? source : op.partial(params, partial, ctx)(source),
    );
    const out = await finals(
      op,
      params,
      pieces.map((refs) => [hashPartition(store, refs, middle, s.bits)]),
      step(op.name, 'final', params, middle, output),
      store,
      s,
    );
    release(store, pieces);
    return out;
  });
}

export async function finals<P>(
  op: OperatorDef<P>,
  params: P,
  partitions: readonly (readonly PartitionReader[])[],
  ref: StepRef,
  store: Store,
  s: Setting,
): Promise<Row[]> {
  const out: Row[] = [];
  for (const inputs of partitions) {
    const ctx = context(store, s.grant);
    try {
      for (const r of await collect(op.final?.(params, ref, inputs, ctx) as AsyncIterable<Batch>, ctx)) out.push(r);
    } finally {
      ctx.end();
    }
  }
  return out;
}

/** Runs a sort: optional partial, range exchange with the substrate's writer, final merge; rows in partition order. */
export async function runSort(
  op: OperatorDef<{ readonly keys: readonly SortKey[]; readonly limit: number | null }>,
  params: { readonly keys: readonly SortKey[]; readonly limit: number | null },
  rows: readonly Row[],
  schema: Schema,
  s: Setting,
): Promise<Row[]> {
  return withStore(async (store) => {
    const runs: RunOutput[] = [];
    for (const batches of tasksOf(rows, schema, s)) {
      const ctx = context(store, s.grant);
      const w = rangeWriter(ctx, schema, params.keys, params.limit, sortIndices);
      try {
        const source = stream(batches, ctx);
        const prepared =
          params.limit === null || op.partial === undefined
            ? source
            : op.partial(params, step('sort', 'partial', params, schema, schema), ctx)(source);
        for await (const b of prepared) w.add(b);
        runs.push(...w.finish());
      } finally {
        w.free();
        ctx.end();
      }
    }
    const partitions = params.limit === null ? 2 ** s.bits : 1;
    const bounds = rangeBounds(runs, partitions);
    const slices = rangeSlices(runs, bounds);
    const readers = slices.map((p) => [rangePartition(store, p, schema)]);
    const out = await finals(op, params, readers, step('sort', 'final', params, schema, schema), store, s);
    release(
      store,
      runs.map((r) => batchesOfRun(r)),
    );
    return out;
  });
}

/** Values compared as what they are: -0 is not 0, NaN is NaN. */
export function sameRows(actual: readonly Row[], expected: readonly Row[], message?: string): void {
  assert.is(actual.length, expected.length, message ?? 'number of rows');
  for (let i = 0; i < actual.length; i++) assert.equal(actual[i], expected[i], `${message ?? ''} row ${i}`);
}

/** Rows as text that tells all values apart, for comparing as sets. */
export function textOf(v: unknown): string {
  return JSON.stringify(v, (_k, x: unknown) =>
    typeof x === 'bigint'
      ? `${x}n`
      : typeof x === 'number' && (Object.is(x, -0) || !Number.isFinite(x))
        ? `#${Object.is(x, -0) ? '-0' : x}`
        : x,
  );
}
