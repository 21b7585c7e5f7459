import type { Batch, Column } from '../batch/column.ts';
import { heapScratch } from '../memory/heap_scratch.ts';
import type { AggregateParams } from '../operators/params.ts';
import { releaseAll } from '../operators/sort_passes.ts';
import { hashPartition } from '../shuffle/reader.ts';
import type { BatchRef } from '../store/types.ts';
import type { DataType, Schema } from '../types.ts';
import { field, T } from '../types.ts';
import type { SpillContext } from './def.ts';
import { groupColumn, groupsOf } from './held_values.ts';
import { SpilledRuns } from './spilled_runs.ts';

/** Takes entries of sets: their groups, values, how often each came, and the number of the first one in order of appearance (-1: in no order). */
export type EntrySink = (groups: Uint32Array, values: Column, times: Column, first: number) => void;

/** How often a value came to a group, and when first: an aggregation by group and value, whose partial states are spilled entries. */
const ENTRIES: AggregateParams = {
  keys: ['g', 'v'],
  aggregates: [
    { name: 'times', fn: 'count', args: [], argTypes: [], distinct: false },
    { name: 'first', fn: 'min', args: ['first'], argTypes: [T.int], distinct: false },
  ],
};

/** Entries of sets in the store. Equal ones, spilled at different times, become one when they are read. */
export class SpilledSets {
  readonly ctx: SpillContext;
  private readonly states: Schema;
  private readonly merged: Schema;
  private readonly refs: BatchRef[] = [];
  private readonly work = heapScratch();

  constructor(ctx: SpillContext, type: DataType) {
    this.ctx = ctx;
    const keys = [field('g', T.int, false), field('v', type)];
    this.states = [...keys, field('times.s0', T.int, false), field('first.s0', T.int)];
    this.merged = [...keys, field('times', T.int, false), field('first', T.int)];
  }

  add(groups: Uint32Array, values: Column, times: Column, first: number): void {
    const n = groups.length;
    this.work.reset();
    const numbers = this.work.i64(n);
    for (let i = 0; i < n; i++) numbers[i] = BigInt(first + i);
    const base = { type: T.int, length: n, nullCount: 0, validity: null };
    const columns: Column[] = [
      groupColumn(groups),
      values,
      times,
      { ...base, phys: 'i64', values: numbers, wide: false },
    ];
    this.refs.push(this.ctx.store.putBatch({ schema: this.states, rows: n, columns }));
  }

  each(ordered: boolean, sink: EntrySink): void {
    const states = hashPartition(this.ctx.store, this.refs, this.states, 0);
    const entries = this.ctx.merge(ENTRIES, states, this.merged);
    if (!ordered) {
      for (const b of entries) give(b, sink, -1);
      return;
    }
    const runs = new SpilledRuns(this.ctx, this.merged, ['g', 'first']);
    try {
      for (const b of entries) runs.add(b);
      let at = 0;
      for (const b of runs.sorted()) {
        give(b, sink, at);
        at += b.rows;
      }
    } finally {
      runs.free();
    }
  }

  free(): void {
    releaseAll(this.refs, this.ctx);
    this.refs.length = 0;
  }
}

function give(b: Batch, sink: EntrySink, first: number): void {
  sink(groupsOf(b), b.columns[1] as Column, b.columns[2] as Column, first);
}
