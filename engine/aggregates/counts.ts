import { getBit, setBit } from '../batch/bitmap.ts';
import type { Column } from '../batch/column.ts';
import type { Scratch } from '../memory/types.ts';
import type { Vector } from '../memory/vector.ts';
import { f64Vector, u8Vector } from '../memory/vector.ts';
import { pickExact } from '../operators/number_store.ts';
import type { Store } from '../store/types.ts';
import type { Field } from '../types.ts';
import { field, isNumeric, T } from '../types.ts';
import type { Accumulator, AggregateDef, ResolvedAggregate } from './def.ts';
import { foldCount, foldCounts, foldTrues } from './folds.ts';
import { doublesOf, validRows } from './numbers.ts';

const ALL = { validity: null, nullCount: 0 };

/** A state column read as doubles (counts travel as ints). */
export function countsOf(col: Column, rows: number): Float64Array {
  return doublesOf(col, { n: rows, groups: new Uint32Array(0), rows: null }, 0);
}

/** Adds a state column of counts. */
export function addCounts(counts: Float64Array, groups: Uint32Array, rows: number, state: Column): void {
  if (foldCounts(groups, rows, state, counts)) return;
  const more = countsOf(state, rows);
  for (let i = 0; i < rows; i++) {
    const g = groups[i] as number;
    counts[g] = (counts[g] as number) + (more[i] as number);
  }
}

/** `count[order[i]]` as an int column without nulls. */
export function countColumn(counts: Float64Array, order: Uint32Array, n: number, scratch: Scratch): Column {
  return pickExact(T.int, counts, order, n, ALL, scratch);
}

type Counting = 'rows' | 'values' | 'pairs' | 'trues';

/** Counts rows, rows with a value, with both of two values, or rows whose argument is true. */
class Count implements Accumulator {
  private readonly n: Vector<Float64Array>;
  private readonly what: Counting;

  constructor(store: Store, what: Counting) {
    this.n = f64Vector(store, 'count');
    this.what = what;
  }

  bytes(): number {
    return this.n.bytes;
  }

  grow(groups: number): void {
    this.n.grow(groups, 0);
  }

  add(groups: Uint32Array, rows: number, args: readonly Column[]): void {
    const n = this.n.data;
    const [col] = args;
    const trues = this.what === 'trues' && col !== undefined;
    if (this.what !== 'pairs' && (trues ? foldTrues(groups, rows, col, n) : foldCount(groups, rows, col, n))) return;
    const v = validRows(groups, rows, args);
    if (this.what === 'trues' && col?.phys === 'bool') {
      for (let i = 0; i < v.n; i++) {
        if (getBit(col.values, v.rows === null ? i : (v.rows[i] as number))) {
          const g = v.groups[i] as number;
          n[g] = (n[g] as number) + 1;
        }
      }
      return;
    }
    for (let i = 0; i < v.n; i++) {
      const g = v.groups[i] as number;
      n[g] = (n[g] as number) + 1;
    }
  }

  merge(groups: Uint32Array, rows: number, state: readonly Column[]): void {
    addCounts(this.n.data, groups, rows, state[0] as Column);
  }

  states(order: Uint32Array, n: number, scratch: Scratch): readonly Column[] {
    return [this.values(order, n, scratch)];
  }

  values(order: Uint32Array, n: number, scratch: Scratch): Column {
    return countColumn(this.n.data, order, n, scratch);
  }

  clear(): void {
    this.n.length = 0;
  }

  free(): void {
    this.n.free();
  }
}

const NONE = 2;

/** Three-valued any and all: nulls are skipped, no value gives null. */
class BoolFold implements Accumulator {
  /** 0, 1 or NONE. */
  private readonly value: Vector<Uint8Array>;
  /** The value that decides: 1 for any, 0 for all. */
  private readonly decisive: 0 | 1;

  constructor(store: Store, decisive: 0 | 1) {
    this.value = u8Vector(store, 'any/all');
    this.decisive = decisive;
  }

  bytes(): number {
    return this.value.bytes;
  }

  grow(groups: number): void {
    this.value.grow(groups, NONE);
  }

  add(groups: Uint32Array, rows: number, args: readonly Column[]): void {
    const [col] = args;
    if (col?.phys !== 'bool') return;
    const value = this.value.data;
    const v = validRows(groups, rows, args);
    for (let i = 0; i < v.n; i++) {
      const x = getBit(col.values, v.rows === null ? i : (v.rows[i] as number)) ? 1 : 0;
      const g = v.groups[i] as number;
      if (value[g] === NONE || x === this.decisive) value[g] = x;
    }
  }

  merge(groups: Uint32Array, rows: number, state: readonly Column[]): void {
    this.add(groups, rows, state);
  }

  states(order: Uint32Array, n: number, scratch: Scratch): readonly Column[] {
    return [this.values(order, n, scratch)];
  }

  values(order: Uint32Array, n: number, scratch: Scratch): Column {
    const values = scratch.bitmap(n, false);
    const validity = scratch.bitmap(n, false);
    let nullCount = 0;
    for (let i = 0; i < n; i++) {
      const x = this.value.data[order[i] as number];
      if (x === NONE) nullCount++;
      else setBit(validity, i);
      if (x === 1) setBit(values, i);
    }
    return { type: T.bool, phys: 'bool', length: n, nullCount, validity: nullCount === 0 ? null : validity, values };
  }

  clear(): void {
    this.value.length = 0;
  }

  free(): void {
    this.value.free();
  }
}

const COUNT_STATE: readonly Field[] = [field('s0', T.int, false)];
const BOOL_STATE: readonly Field[] = [field('s0', T.bool)];

function counting(what: Counting): ResolvedAggregate {
  return { type: T.int, nullable: false, state: COUNT_STATE, create: (store) => new Count(store, what) };
}

function folding(decisive: 0 | 1): ResolvedAggregate {
  return { type: T.bool, nullable: true, state: BOOL_STATE, create: (store) => new BoolFold(store, decisive) };
}

const isBool = (kind: string | undefined): boolean => kind === 'bool' || kind === 'null';

export const COUNTS: readonly AggregateDef[] = [
  {
    name: 'count',
    doc: 'The number of rows, or of rows in which `x` is not null. `count(distinct x)` counts different values.',
    signature: 'count() -> int, count(x: any) -> int',
    example: 'summarize n = count(), paid = count(amount) by region',
    resolve: (args) => (args.length === 0 ? counting('rows') : args.length === 1 ? counting('values') : null),
  },
  {
    name: 'count_if',
    doc: 'The number of rows in which `condition` is true.',
    signature: 'count_if(condition: bool) -> int',
    example: 'summarize late = count_if(delay > 15) by carrier',
    resolve: (args) => (args.length === 1 && isBool(args[0]?.kind) ? counting('trues') : null),
  },
  {
    name: 'regr_count',
    doc: 'The number of rows in which neither is null.',
    signature: 'regr_count(y: int | float | decimal, x: int | float | decimal) -> int',
    example: 'summarize n = regr_count(weight, height) by breed',
    resolve: (args) =>
      args.length === 2 && args.every((t) => isNumeric(t) || t.kind === 'null') ? counting('pairs') : null,
  },
  {
    name: 'any',
    aliases: ['bool_or'],
    doc: 'True when some value is true, false when all are false; nulls are skipped, and without a value the result is null.',
    signature: 'any(x: bool) -> bool?',
    example: 'summarize has_error = any(status >= 500) by host',
    resolve: (args) => (args.length === 1 && isBool(args[0]?.kind) ? folding(1) : null),
  },
  {
    name: 'all',
    aliases: ['bool_and'],
    doc: 'True when every value is true, false when some is false; nulls are skipped, and without a value the result is null.',
    signature: 'all(x: bool) -> bool?',
    example: 'summarize complete = all(delivered) by order_id',
    resolve: (args) => (args.length === 1 && isBool(args[0]?.kind) ? folding(0) : null),
  },
];
