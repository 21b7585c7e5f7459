import type { Column } from '../batch/column.ts';
import { RunError } from '../errors.ts';
import type { Scratch } from '../memory/types.ts';
import type { Vector } from '../memory/vector.ts';
import { f64Vector } from '../memory/vector.ts';
import type { Store } from '../store/types.ts';
import type { DataType, Field } from '../types.ts';
import { field, isNumeric, T } from '../types.ts';
import { floatColumn } from './double_double.ts';
import { doublesOf, type ValidRows } from './numbers.ts';

/** What a decimal's unscaled integers are divided by. */
export function unitOf(t: DataType): number {
  return t.kind === 'decimal' ? 10 ** t.scale : 1;
}

/** The fraction of each group: one for all, or (given as its type) the second argument. */
export class Fractions {
  private readonly at: number | null;
  private readonly q: Vector<Float64Array>;
  private readonly unit: number;

  constructor(store: Store, at: number | DataType) {
    this.at = typeof at === 'number' ? at : null;
    this.unit = typeof at === 'number' ? 1 : unitOf(at);
    this.q = f64Vector(store, 'quantile');
  }

  get bytes(): number {
    return this.q.bytes;
  }

  grow(groups: number): void {
    if (this.at === null) this.q.grow(groups, Number.NaN);
  }

  of(group: number): number {
    return this.at ?? (this.q.data[group] as number);
  }

  add(col: Column | undefined, v: ValidRows): void {
    if (this.at !== null || col === undefined) return;
    const q = doublesOf(col, v, 1);
    for (let i = 0; i < v.n; i++) this.set(v.groups[i] as number, (q[i] as number) / this.unit);
  }

  private set(group: number, q: number): void {
    if (!(q >= 0 && q <= 1)) {
      throw new RunError('FLOW7005', `quantile needs a fraction between 0 and 1, got ${q}`, { value: String(q) });
    }
    this.q.data[group] = q;
  }

  merge(groups: Uint32Array, rows: number, col: Column | undefined): void {
    if (this.at !== null || col?.phys !== 'f64') return;
    for (let i = 0; i < rows; i++)
      if (!Number.isNaN(col.values[i])) this.q.data[groups[i] as number] = col.values[i] as number;
  }

  state(order: Uint32Array, n: number, scratch: Scratch): Column[] {
    return this.at === null ? [floatColumn(this.q.data, order, n, scratch)] : [];
  }

  clear(): void {
    this.q.length = 0;
  }

  free(): void {
    this.q.free();
  }
}

export function stateOf(list: DataType, at: number | null): Field[] {
  return [field('s0', list, false), ...(at === null ? [field('s1', T.float, false)] : [])];
}

/** The fraction, or the type of the argument that gives it; null when the arguments do not fit. */
export function fractionOf(args: readonly DataType[], at: number | null): number | DataType | null {
  const [, q] = args;
  if (args.length !== (at === null ? 2 : 1)) return null;
  if (at !== null) return at;
  return q !== undefined && isNumeric(q) ? q : null;
}
