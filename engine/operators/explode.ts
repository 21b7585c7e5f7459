import { mapEntry } from '../batch/build.ts';
import { type Batch, type Column, isValid, MORSEL_ROWS } from '../batch/column.ts';
import { gatherBatch, gatherColumn, NO_ROW } from '../batch/gather.ts';
import { sliceColumn } from '../batch/slice.ts';
import { widthOf } from '../batch/width.ts';
import { EngineBug } from '../errors.ts';
import { arenaScratch } from '../memory/scratch.ts';
import type { Scratch } from '../memory/types.ts';
import type { StepRef } from '../plan.ts';
import type { DataType, Field, Schema } from '../types.ts';
import type { OperatorDef, TaskContext } from './def.ts';
import type { ExplodeParams } from './params.ts';

/** Bytes that the columns repeated beside the items may take in one batch, and their share of the limit; a single row may take more. */
const REPEATED_BYTES = 32 << 20;
const REPEATED_SHARE = 32;

/** What stands in a column of lists or maps: its items, a map's as structs of key and value. */
export function itemOf(type: DataType): { readonly type: DataType; readonly nullable: boolean } {
  if (type.kind === 'list') return type.item;
  if (type.kind === 'map') return { type: mapEntry(type), nullable: false };
  throw new EngineBug(`a ${type.kind} has no items`);
}

/** The input's columns, in their places; those that are exploded hold items. */
function explodedSchema(params: ExplodeParams, input: Schema): Schema {
  const gaps = params.outer || params.lists.length > 1;
  return input.map((f): Field => {
    if (!params.lists.includes(f.name)) return f;
    const item = itemOf(f.type);
    return { name: f.name, type: item.type, nullable: item.nullable || gaps };
  });
}

/** Where in a batch of rows with lists the next output row is made. */
interface Cursor {
  row: number;
  item: number;
}

/** One batch's lists, and the pieces that its rows are cut into. */
class Exploder {
  private readonly batch: Batch;
  private readonly lists: readonly Column[];
  private readonly outer: boolean;
  private readonly width: (row: number) => number;
  /** Row that output row k repeats, and by list the item that it takes. */
  readonly rows: Uint32Array;
  readonly items: readonly Uint32Array[];
  private readonly most: number;

  constructor(batch: Batch, lists: readonly number[], kept: readonly number[], outer: boolean, room: Room) {
    this.batch = batch;
    this.lists = lists.map((i) => batch.columns[i] as Column);
    this.outer = outer;
    this.width = widthOf(kept.map((i) => batch.columns[i] as Column));
    this.rows = room.rows;
    this.items = room.items;
    this.most = room.bytes;
  }

  /** Fills `rows` and `items` from the cursor on; gives how many output rows there are, 0 at the end. */
  next(at: Cursor): number {
    const room = this.rows.length;
    let n = 0;
    let bytes = 0;
    while (at.row < this.batch.rows && n < room) {
      const width = this.width(at.row);
      // What is left of this row, as far as there is room for.
      const wanted = Math.max(this.longest(at.row), this.outer ? 1 : 0) - at.item;
      const fitting = Math.floor((this.most - bytes) / Math.max(1, width));
      const take = Math.min(wanted, room - n, Math.max(fitting, n === 0 ? 1 : 0));
      this.fill(at, take, n);
      n += take;
      bytes += take * width;
      if (take < wanted) {
        at.item += take;
        break;
      }
      at.row++;
      at.item = 0;
    }
    return n;
  }

  private fill(at: Cursor, take: number, n: number): void {
    this.rows.fill(at.row, n, n + take);
    for (const [l, list] of this.lists.entries()) {
      const items = this.items[l] as Uint32Array;
      const length = lengthAt(list, at.row) - at.item;
      const from = list.phys === 'list' ? (list.offsets[at.row] as number) + at.item : 0;
      for (let k = 0; k < take; k++) items[n + k] = k < length ? from + k : NO_ROW;
    }
  }

  private longest(row: number): number {
    let most = 0;
    for (const list of this.lists) most = Math.max(most, lengthAt(list, row));
    return most;
  }
}

/** Items of a row's list; none of a null. */
function lengthAt(list: Column, row: number): number {
  if (list.phys !== 'list' || !isValid(list, row)) return 0;
  return (list.offsets[row + 1] as number) - (list.offsets[row] as number);
}

interface Room {
  readonly bytes: number;
  readonly rows: Uint32Array;
  readonly items: readonly Uint32Array[];
}

/** The items taken, null where there is none. Items that follow one another are not copied. */
function itemColumn(list: Column, type: DataType, items: Uint32Array, n: number, scratch: Scratch): Column {
  if (list.phys !== 'list')
    return gatherColumn({ type, phys: 'null', length: 0, nullCount: 0, validity: null }, items, n, scratch);
  const first = items[0] as number;
  const last = items[n - 1] as number;
  const ascending = first !== NO_ROW && last !== NO_ROW && last - first === n - 1 && follow(items, n);
  return ascending ? sliceColumn(list.child, first, last + 1) : gatherColumn(list.child, items, n, scratch);
}

function follow(items: Uint32Array, n: number): boolean {
  const first = items[0] as number;
  for (let k = 1; k < n; k++) if (items[k] !== first + k) return false;
  return true;
}

async function* explodeRows(
  params: ExplodeParams,
  step: StepRef,
  source: AsyncIterable<Batch>,
  ctx: TaskContext,
): AsyncIterable<Batch> {
  const lists = params.lists.map((name) => step.input.findIndex((f) => f.name === name));
  const kept = step.input.map((_, i) => i).filter((i) => !lists.includes(i));
  const fixed = arenaScratch(ctx.store, 'explode');
  const out = arenaScratch(ctx.store, 'explode');
  const bytes = Math.min(REPEATED_BYTES, ctx.store.limit / REPEATED_SHARE);
  const room: Room = { bytes, rows: fixed.u32(MORSEL_ROWS), items: lists.map(() => fixed.u32(MORSEL_ROWS)) };
  try {
    for await (const batch of source) {
      const exploder = new Exploder(batch, lists, kept, params.outer, room);
      const at: Cursor = { row: 0, item: 0 };
      for (let n = exploder.next(at); n > 0; n = exploder.next(at)) {
        ctx.check();
        ctx.cameFrom?.((row) => exploder.rows[row] as number);
        const repeated = gatherBatch(batch, room.rows, n, out, kept).columns;
        const columns: Column[] = [];
        for (const [k, i] of kept.entries()) columns[i] = repeated[k] as Column;
        for (const [l, i] of lists.entries()) {
          const type = (step.output[i] as Field).type;
          columns[i] = itemColumn(batch.columns[i] as Column, type, room.items[l] as Uint32Array, n, out);
        }
        yield { schema: step.output, rows: n, columns };
        out.reset();
      }
    }
  } finally {
    out.release();
    fixed.release();
  }
}

/**
 * One row for each item of a list, the other columns repeated beside it, in the order of the rows and of their items. Several lists go in step: the row gets as
 * many rows as its longest list has items, the shorter ones are null there. A row whose lists are all null or empty gives none, or one with
 * nulls when `outer`. Batches are cut to at most MORSEL_ROWS rows, however long the lists are.
 */
export const explode: OperatorDef<ExplodeParams> = {
  name: 'explode',
  traits: { shape: 'map', ordered: true, expands: true },
  schema: (params, [input]) => explodedSchema(params, input ?? []),
  map: (params, step, ctx) => (source) => explodeRows(params, step, source, ctx),
};
