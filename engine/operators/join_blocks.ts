import { getBit, setBit } from '../batch/bitmap.ts';
import { encodedSize } from '../batch/codec.ts';
import type { Batch, Column } from '../batch/column.ts';
import { columnComparator } from '../batch/compare.ts';
import { concatBatches } from '../batch/concat.ts';
import { gatherBatch, NO_ROW } from '../batch/gather.ts';
import { Stage } from '../shuffle/stage.ts';
import type { Schema } from '../types.ts';
import type { RelationReader, TaskContext } from './def.ts';
import type { LeftRows } from './join_left.ts';
import { type PairList, tableSpec } from './join_output.ts';
import type { JoinProbe } from './join_probe.ts';
import { columnAt, JoinTable, type TableSpec } from './join_table.ts';
import { type JoinParams, keepsLeft, keepsRight, type Nearest, onlyFilters } from './params.ts';
import { parts, workingGrant } from './split.ts';

/** Shares of the grant: a block of the right side with its index, and pairs that wait for their turn. */
const BLOCK_SHARE = 8;
const HELD_SHARE = 8;
/** Rows of one batch that is given out. */
const OUT_ROWS = 16384;
const LEAST_ROWS = 64;

interface Side {
  readonly params: JoinParams;
  readonly right: RelationReader;
  readonly spec: TableSpec;
  readonly ctx: TaskContext;
}

/**
 * Joins left batches in their own order with a right side that does not fit: for each, the right side is read once, in blocks as large as fit. Pairs wait until all
 * of the right side was seen, since they are given in the order of the left rows; where they do not fit, fewer left rows are taken at a time, at least one, whose
 * pairs need not wait.
 */
export function* joinBlocks(
  params: JoinParams,
  probe: JoinProbe,
  lefts: Iterable<Batch>,
  right: RelationReader,
  bits: number,
  ctx: TaskContext,
): Generator<Batch> {
  const side: Side = { params, right, spec: tableSpec(params, right.schema, ctx.store, bits), ctx };
  const marks = new Stage(ctx.store, 'join');
  try {
    const matched = keepsRight(params.kind) ? marks.scratch.bitmap(right.rows, false) : null;
    for (const batch of lefts) {
      const rows = probe.left(batch);
      if (onlyFilters(params.kind)) {
        for (const { table } of blocks(side)) probe.mark(rows, table);
        probe.checkMatched(rows, 0, batch.rows);
        yield* probe.kept(rows);
      } else if (params.nearest !== null) yield* nearestRows(side, params.nearest, probe, rows);
      else yield* joinBatch(side, probe, rows, matched);
    }
    if (matched !== null) yield* unmatchedRights(side, probe, matched);
  } finally {
    marks.free();
  }
}

interface Block {
  readonly table: JoinTable;
  /** Rows of the right side before it. */
  readonly from: number;
}

/** The right side as one table after another. */
function* blocks({ right, spec, ctx }: Side): Generator<Block> {
  const most = Math.max(64 << 10, workingGrant(ctx) / BLOCK_SHARE);
  const stage = new Stage(ctx.store, 'join');
  let held: Batch[] = [];
  let from = 0;
  let rows = 0;
  function* flush(): Generator<Block> {
    const table = new JoinTable(held, spec);
    stage.reset();
    held = [];
    try {
      yield { table, from };
    } finally {
      table.free();
    }
    from += rows;
    rows = 0;
  }
  try {
    for (const b of right.batches()) {
      const width = Math.max(1, encodedSize(b) / Math.max(1, b.rows));
      for (const part of parts(b, Math.max(1, Math.floor(most / width)))) {
        ctx.check();
        held.push(stage.keep(part));
        rows += part.rows;
        if (stage.used >= most / 2) yield* flush();
      }
    }
    if (held.length > 0) yield* flush();
  } finally {
    stage.free();
  }
}

/** Pairs with one part of the right side that wait: by pair its left position, and the columns that the right side adds. */
interface Held {
  readonly positions: Uint32Array;
  readonly added: Batch;
}

function* joinBatch(side: Side, probe: JoinProbe, left: LeftRows, matched: Uint8Array | null): Generator<Batch> {
  const total = left.batch.rows;
  const waiting = new Waiting(side);
  try {
    for (let from = 0, width = total; from < total; ) {
      let to = Math.min(total, from + width);
      left.matches.fill(0, from, to);
      for (const { table, from: first } of blocks(side)) {
        for (const found of probe.found(left, table, from, () => to)) {
          side.ctx.check();
          waiting.add(table, found, to);
          if (!waiting.full) continue;
          if (to - from > 1) to = waiting.shrink(from, to);
          else yield* waiting.give(probe, left, from, to, false);
        }
        if (matched !== null) noteMatched(table, first, matched);
      }
      probe.checkMatched(left, from, to);
      yield* waiting.give(probe, left, from, to, keepsLeft(side.params.kind));
      width = Math.max(1, 2 * (to - from));
      from = to;
    }
  } finally {
    waiting.free();
  }
}

function noteMatched({ rest, batch }: JoinTable, first: number, matched: Uint8Array): void {
  if (rest === null) return;
  for (let i = 0; i < batch.rows; i++) if (rest.isMatched(i)) setBit(matched, first + (rest.origin[i] as number));
}

class Waiting {
  private readonly side: Side;
  private readonly schema: Schema;
  private readonly most: number;
  private readonly work: Stage;
  private stage: Stage;
  private held: Held[] = [];

  constructor(side: Side) {
    const { right, params, ctx } = side;
    this.side = side;
    this.schema = params.add.map((a) => right.schema[columnAt(right.schema, a.column)] as Schema[number]);
    this.most = Math.max(64 << 10, workingGrant(ctx) / HELD_SHARE);
    this.work = new Stage(ctx.store, 'join');
    this.stage = new Stage(ctx.store, 'join');
  }

  get full(): boolean {
    return this.stage.used > this.most;
  }

  /** Those pairs whose position is below `to`. */
  add(table: JoinTable, found: PairList, to: number): void {
    let n = 0;
    while (n < found.n && (found.positions[n] as number) < to) n++;
    const columns = this.side.params.add.map((a) => columnAt(table.batch.schema, a.column));
    const { scratch } = this.work;
    const added = gatherBatch(table.batch, found.rights, n, scratch, columns);
    const positions = this.stage.scratch.u32(n);
    positions.set(found.positions.subarray(0, n));
    this.held.push({ positions, added: this.stage.keep({ ...added, schema: this.schema }) });
    scratch.reset();
  }

  /** Lets go of the pairs of the later half of the positions [from, to) that have any; gives the new end. */
  shrink(from: number, to: number): number {
    let most = from;
    for (const { positions } of this.held) most = Math.max(most, positions[positions.length - 1] ?? from);
    const end = Math.max(from + 1, Math.min(to - 1, from + Math.ceil((most + 1 - from) / 2)));
    const kept = this.held;
    const stage = this.stage;
    this.stage = new Stage(this.side.ctx.store, 'join');
    this.held = [];
    try {
      for (const { positions, added } of kept) {
        let n = 0;
        while (n < positions.length && (positions[n] as number) < end) n++;
        if (n === 0) continue;
        const few = this.stage.scratch.u32(n);
        few.set(positions.subarray(0, n));
        const { scratch } = this.work;
        const rows = scratch.u32(n);
        for (let i = 0; i < n; i++) rows[i] = i;
        this.held.push({ positions: few, added: this.stage.keep(gatherBatch(added, rows, n, scratch)) });
        scratch.reset();
      }
    } finally {
      stage.free();
    }
    return end;
  }

  /** Gives what waits, by left position, and where `outer` says so the positions of [from, to) without a match. */
  *give(probe: JoinProbe, left: LeftRows, from: number, to: number, outer: boolean): Generator<Batch> {
    const work = new Stage(this.side.ctx.store, 'join');
    try {
      const all = concatBatches(
        this.held.map((h) => h.added),
        this.schema,
        work.scratch,
      );
      const { positions, rows } = this.inOrder(left, from, to, outer, work);
      const rowBytes = left.rowBytes + (all.rows === 0 ? 0 : encodedSize(all) / all.rows);
      const most = Math.max(LEAST_ROWS, Math.min(OUT_ROWS, Math.floor(this.most / rowBytes)));
      for (let at = 0; at < positions.length; at += most) {
        const n = Math.min(most, positions.length - at);
        const out = new Stage(this.side.ctx.store, 'join');
        try {
          const { columns } = gatherBatch(all, rows.subarray(at, at + n), n, out.scratch);
          yield* probe.put(left, positions.subarray(at, at + n), n, columns);
        } finally {
          out.free();
        }
      }
    } finally {
      work.free();
      this.stage.reset();
      this.held = [];
    }
  }

  /** Places of the waiting pairs by (position, order in which they came). */
  private inOrder(
    left: LeftRows,
    from: number,
    to: number,
    outer: boolean,
    work: Stage,
  ): { positions: Uint32Array; rows: Uint32Array } {
    const starts = work.scratch.u32(to - from + 1);
    starts.fill(0);
    for (const { positions } of this.held) {
      for (const p of positions) starts[p - from + 1] = (starts[p - from + 1] as number) + 1;
    }
    const alone = (p: number): boolean => outer && left.matches[p] === 0;
    for (let i = 0; i < to - from; i++) {
      starts[i + 1] = (starts[i + 1] as number) + (starts[i] as number) + (alone(from + i) ? 1 : 0);
    }
    const n = starts[to - from] as number;
    const out = { positions: work.scratch.u32(n), rows: work.scratch.u32(n) };
    for (let p = from; p < to; p++) {
      if (!alone(p)) continue;
      out.positions[starts[p - from] as number] = p;
      out.rows[starts[p - from] as number] = NO_ROW;
    }
    let row = 0;
    for (const { positions } of this.held) {
      for (const p of positions) {
        const at = starts[p - from] as number;
        starts[p - from] = at + 1;
        out.positions[at] = p;
        out.rows[at] = row++;
      }
    }
    return out;
  }

  free(): void {
    this.work.free();
    this.stage.free();
  }
}

/** The nearest row of each left row: the best of each block against the best so far. */
function* nearestRows(side: Side, nearest: Nearest, probe: JoinProbe, left: LeftRows): Generator<Batch> {
  const { params, right, ctx } = side;
  const names = [...new Set([nearest.right, ...params.add.map((a) => a.column)])];
  const schema = names.map((n) => right.schema[columnAt(right.schema, n)] as Schema[number]);
  const total = left.batch.rows;
  // What is nearest so far of as many rows as that is held, twice while a block is compared with it.
  const width = left.rowBytes + right.bytes / Math.max(1, right.rows);
  const most = Math.max(LEAST_ROWS, Math.min(OUT_ROWS, Math.floor(workingGrant(ctx) / HELD_SHARE / width)));
  for (let from = 0; from < total; from += most) {
    const to = Math.min(total, from + most);
    let best = new Stage(ctx.store, 'join');
    try {
      let held: Batch | null = null;
      for (const { table } of blocks(side)) {
        const found = probe.nearestOf(left, table, from, to);
        const next = new Stage(ctx.store, 'join');
        held = better(held, table, found, nearest, names, schema, next);
        best.free();
        best = next;
      }
      const none = held === null ? emptyOf(schema, to - from) : held.columns;
      const columns = params.add.map((a) => none[names.indexOf(a.column)] as Column);
      const positions = best.scratch.u32(to - from);
      for (let i = 0; i < to - from; i++) positions[i] = from + i;
      probe.checkMatched(left, from, to);
      yield* probe.put(left, positions, to - from, columns);
    } finally {
      best.free();
    }
  }
}

function emptyOf(schema: Schema, n: number): Column[] {
  return schema.map(({ type }) => ({ type, phys: 'null', length: n, nullCount: n, validity: null }));
}

/** By left row of `found` the nearer one of what is held and what was found, in `memory`. Of equal ones the last when looking back, the first when looking ahead. */
function better(
  held: Batch | null,
  table: JoinTable,
  found: PairList,
  nearest: Nearest,
  names: readonly string[],
  schema: Schema,
  memory: Stage,
): Batch {
  const columns = names.map((n) => columnAt(table.batch.schema, n));
  const block = { ...gatherBatch(table.batch, found.rights, found.n, memory.scratch, columns), schema };
  if (held === null) return memory.keep(block);
  const [old, fresh] = [held.columns[0] as Column, block.columns[0] as Column];
  const compare = old.phys === 'null' || fresh.phys === 'null' ? null : columnComparator(old, fresh);
  const back = nearest.op === 'ge' || nearest.op === 'gt';
  const rows = memory.scratch.u32(found.n);
  const there = (c: Column, i: number): boolean =>
    c.phys !== 'null' && (c.validity === null || c.nullCount === 0 || getBit(c.validity, i));
  for (let i = 0; i < found.n; i++) {
    const order = there(old, i) && there(fresh, i) && compare !== null ? compare(i, i) : null;
    const takes = order === null ? there(fresh, i) : back ? order <= 0 : order > 0;
    rows[i] = takes ? found.n + i : i;
  }
  const both = concatBatches([held, block], schema, memory.scratch);
  return memory.keep(gatherBatch(both, rows, found.n, memory.scratch));
}

function* unmatchedRights({ right, ctx }: Side, probe: JoinProbe, matched: Uint8Array): Generator<Batch> {
  let first = 0;
  for (const b of right.batches()) {
    ctx.check();
    const rows = new Uint32Array(b.rows);
    let n = 0;
    for (let i = 0; i < b.rows; i++) if (!getBit(matched, first + i)) rows[n++] = i;
    first += b.rows;
    if (n > 0) yield* probe.rightOnly(b, rows, n);
  }
}
