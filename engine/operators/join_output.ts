import { valueReader } from '../batch/access.ts';
import { type Batch, type Column, MORSEL_ROWS } from '../batch/column.ts';
import { gatherBatch, gatherColumn, NO_ROW } from '../batch/gather.ts';
import { RunError } from '../errors.ts';
import { kernelsFor } from '../kernels/load.ts';
import type { Scratch } from '../memory/types.ts';
import type { Store } from '../store/types.ts';
import type { Field, Schema } from '../types.ts';
import type { LeftRows } from './join_left.ts';
import type { JoinTable, TableSpec } from './join_table.ts';
import { columnAt } from './join_table.ts';
import type { JoinParams } from './params.ts';
import { keepsLeft, keepsRight, leftFields, onlyFilters } from './params.ts';

/** Pairs that are looked at together, at most the rows of a batch; less where memory is small. */
const PAIRS = 65536;
const FEW_PAIRS = 16384;
const AMPLE = 128 << 20;
/** Of the limit, the most that a batch of pairs may take; but some pairs always go together. */
const OUTPUT_SHARE = 16;
const LEAST_PAIRS = 64;
/** Columns that tell which row it is, where there are no keys. */
const SHOWN_COLUMNS = 3;

/** Left positions with right rows of a table; NO_ROW on either side: a row without a match. */
export interface PairList {
  readonly positions: Uint32Array;
  readonly rights: Uint32Array;
  readonly n: number;
}

/** Output schema of a join. */
export function joinSchema(params: JoinParams, left: Schema, right: Schema): Schema {
  if (onlyFilters(params.kind)) return left;
  const added = params.add.map(({ name, column }): Field => {
    const f = right[columnAt(right, column)] as Field;
    return { name, type: f.type, nullable: f.nullable || keepsLeft(params.kind) };
  });
  return [...leftFields(params.kind, left), ...added];
}

/** How a join's right side is put into a table. */
export function tableSpec(params: JoinParams, schema: Schema, store: Store, skip: number): TableSpec {
  const { kind, residual, matching, nearest } = params;
  return {
    schema,
    keys: params.rightKeys,
    names: [...rightColumns(params), ...(nearest === null ? [] : [nearest.right])],
    store,
    skip,
    distinct: onlyFilters(kind) && residual === null && matching === 'many',
    whole: keepsRight(kind),
    sorted: nearest?.right ?? null,
  };
}

/** Right columns a join needs besides the keys. */
function rightColumns(params: JoinParams): string[] {
  return [...params.right, ...params.add].map((c) => c.column);
}

/** Puts the batches of a join's result together, in `out`. */
export class JoinOutput {
  /** Pairs that go together at most. */
  readonly most: number;
  private readonly params: JoinParams;
  private readonly schema: Schema;
  private readonly limit: number;
  private readonly leftKeys: readonly number[];
  private readonly out: Scratch;
  private readonly work: Scratch;

  constructor(params: JoinParams, left: Schema, schema: Schema, store: Store, out: Scratch, work: Scratch) {
    this.params = params;
    this.schema = schema;
    this.limit = store.limit;
    this.leftKeys = params.leftKeys.map((k) => columnAt(left, k));
    this.most = Math.max(LEAST_PAIRS, Math.min(MORSEL_ROWS, store.limit >= AMPLE ? PAIRS : FEW_PAIRS));
    this.out = out;
    this.work = work;
  }

  joined(left: LeftRows | null, table: JoinTable, { positions, rights, n }: PairList): Batch {
    const added = this.params.add.map((a) => columnAt(table.batch.schema, a.column));
    const once = this.params.nearest !== null || table.index?.more === null;
    const rows =
      left === null
        ? this.nulls(n)
        : table.rest === null
          ? this.leftPart(left, positions, n, once).columns
          : gatherBatch(left.batch, this.rowsOrNone(left, positions, n), n, this.out).columns;
    const columns = [...rows, ...gatherBatch(table.batch, rights, n, this.out, added).columns];
    return { schema: this.schema, rows: n, columns };
  }

  /** Left row numbers of positions, some of which are NO_ROW. */
  private rowsOrNone({ order }: LeftRows, positions: Uint32Array, n: number): Uint32Array {
    if (order === null) return positions;
    const rows = this.work.u32(n);
    for (let i = 0; i < n; i++) {
      const p = positions[i] as number;
      rows[i] = p === NO_ROW ? NO_ROW : (order[p] as number);
    }
    return rows;
  }

  /** Left rows at positions; the batch itself when these are all of its rows in order. `once`: no position is there twice. */
  leftPart(left: LeftRows, positions: Uint32Array, n: number, once: boolean): Batch {
    const { batch } = left;
    let same = left.order === null && n === batch.rows;
    if (!once) for (let i = 0; same && i < n; i++) same = positions[i] === i;
    const part = same ? batch : this.gathered(left, positions, n, once);
    return { ...part, schema: onlyFilters(this.params.kind) ? this.schema : part.schema };
  }

  private gathered(left: LeftRows, positions: Uint32Array, n: number, once: boolean): Batch {
    const { batch, sortedKey } = left;
    const rows = this.rowsAt(left, positions, n, once);
    if (sortedKey === null) return gatherBatch(batch, rows, n, this.out);
    // Its rows are neighbours in this order, where in the batch they lie anywhere.
    const [key] = this.leftKeys;
    const columns = batch.columns.map((c, at) =>
      at === key ? gatherColumn(sortedKey, positions, n, this.out) : gatherColumn(c, rows, n, this.out),
    );
    return { schema: batch.schema, rows: n, columns };
  }

  /** Left row numbers of positions. `once`: no position is there twice. Not written to where it is. */
  rowsAt(left: LeftRows, positions: Uint32Array, n: number, once = false): Uint32Array {
    const { order } = left;
    if (order === null) return positions;
    const first = n === 0 ? 0 : (positions[0] as number);
    // One pair a position: neighbouring rows of the order, as where every row matches once.
    if (once && n > 0 && (positions[n - 1] as number) - first === n - 1) return order.subarray(first, first + n);
    const rows = this.work.u32(n);
    const k = kernelsFor(order, positions, rows);
    if (k !== null) k.gather_4(order.byteOffset, positions.byteOffset, n, rows.byteOffset, 0);
    else for (let i = 0; i < n; i++) rows[i] = order[positions[i] as number] as number;
    return rows;
  }

  /** Pairs that one batch is made of: fewer where rows are wide. */
  roomFor(left: LeftRows | null, table: JoinTable | null): number {
    const width = (left?.rowBytes ?? 0) + (table?.rowBytes ?? 0);
    return Math.max(LEAST_PAIRS, Math.min(this.most, Math.floor(this.limit / OUTPUT_SHARE / width)));
  }

  /** Right rows, given as they are, that match nothing. */
  rightOnly(batch: Batch, rows: Uint32Array, n: number): Batch {
    const added = this.params.add.map((a) => columnAt(batch.schema, a.column));
    const columns = [...this.nulls(n), ...gatherBatch(batch, rows, n, this.out, added).columns];
    return { schema: this.schema, rows: n, columns };
  }

  /** Left positions with right columns that were put aside: the `add` columns of the right side, row by row. */
  put(left: LeftRows, positions: Uint32Array, n: number, added: readonly Column[]): Batch {
    return { schema: this.schema, rows: n, columns: [...this.leftPart(left, positions, n, false).columns, ...added] };
  }

  private nulls(n: number): Column[] {
    const left = this.schema.slice(0, this.schema.length - this.params.add.length);
    return left.map(({ type }) => ({ type, phys: 'null', length: n, nullCount: n, validity: null }));
  }
}

/** A cardinality that was stated is not that of the data. */
export function brokenMatching(params: JoinParams, left: LeftRows, position: number, what: string): RunError {
  const row = left.order === null ? position : (left.order[position] as number);
  const { leftKeys, matching } = params;
  // Without keys the first columns have to tell which row it is.
  const shown = leftKeys.length > 0 ? leftKeys : left.batch.schema.slice(0, SHOWN_COLUMNS).map((f) => f.name);
  const key = shown.map((name) => {
    const value = valueReader(left.batch.columns[columnAt(left.batch.schema, name)] as Column)(row);
    return `${name} = ${typeof value === 'string' ? JSON.stringify(value) : String(value)}`;
  });
  const text = key.join(', ');
  return new RunError(
    'FLOW7009',
    `a row with ${text} ${what} of the right side, against \`matching ${matching}\``,
    { column: shown[0], value: text },
    'Make the right side unique by these columns (`distinct`), or state another cardinality',
  );
}
