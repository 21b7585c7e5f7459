import { deserialize, serialize } from 'node:v8';
import { valueReader } from '../batch/access.ts';
import { columnFromValues } from '../batch/build.ts';
import type { Column } from '../batch/column.ts';
import { RunError } from '../errors.ts';
import type { LiteralValue } from '../expr.ts';
import { convert } from '../host/call.ts';
import type { HostFunction, HostParam } from '../host/def.ts';
import { shown, thrownError, wrongResult } from '../host/failure.ts';
import { type HostAggregate, hostAggregate } from '../host/load.ts';
import { fromHost } from '../host/values.ts';
import type { Scratch } from '../memory/types.ts';
import { field, T } from '../types.ts';
import type { Accumulator, ResolvedAggregate } from './def.ts';

/** An aggregate of the host language; its states travel as what structured clone makes of them. */
export function hostResolved(fn: HostFunction): ResolvedAggregate {
  return {
    type: fn.result.type,
    nullable: fn.result.nullable,
    state: [field('s0', T.bytes, false)],
    create: () => new HostAccumulator(fn),
  };
}

/** What a state takes of the heap beside what it takes as bytes, as a guess. */
const STATE_BYTES = 256;
/** States are weighed when so many more groups have come. */
const WEIGH_EVERY = 1024;

/** States are JavaScript's, on the heap; they count as working memory by their size as bytes, of which some are weighed. */
class HostAccumulator implements Accumulator {
  readonly #fn: HostFunction;
  readonly #aggregate: HostAggregate;
  #states: unknown[] = [];
  #weight = STATE_BYTES;
  #weighed = 0;

  constructor(fn: HostFunction) {
    this.#fn = fn;
    this.#aggregate = hostAggregate(fn);
  }

  bytes(): number {
    const n = this.#states.length;
    if (n - this.#weighed >= WEIGH_EVERY) {
      this.#weighed = n;
      this.#weight = STATE_BYTES + this.#serialized(this.#states[n >> 1]).length;
    }
    return n * this.#weight;
  }

  grow(groups: number): void {
    while (this.#states.length < groups) this.#states.push(this.#call('init', () => this.#aggregate.init()));
  }

  add(groups: Uint32Array, rows: number, args: readonly Column[]): void {
    const { params } = this.#fn;
    const readers = args.map(valueReader);
    const toHost = params.map(convert);
    const values = new Array<LiteralValue>(readers.length);
    for (let row = 0; row < rows; row++) {
      let skipped = false;
      for (let k = 0; k < readers.length; k++) {
        const v = (readers[k] as (row: number) => LiteralValue)(row);
        if (v === null && !(params[k] as HostParam).nullable) skipped = true;
        values[k] = v;
      }
      if (skipped) continue;
      const given = values.map((v, k) => (toHost[k] as (v: LiteralValue) => unknown)(v));
      const g = groups[row] as number;
      const state = this.#states[g];
      this.#keep(
        g,
        this.#call('add', () => this.#aggregate.add(state, ...given), given),
      );
    }
  }

  merge(groups: Uint32Array, rows: number, state: readonly Column[]): void {
    const read = valueReader(state[0] as Column);
    for (let row = 0; row < rows; row++) {
      const g = groups[row] as number;
      const other: unknown = deserialize(read(row) as Uint8Array);
      const own = this.#states[g];
      this.#keep(
        g,
        this.#call('merge', () => this.#aggregate.merge(own, other)),
      );
    }
  }

  /** A function may change the state it is given, and give nothing. */
  #keep(group: number, state: unknown): void {
    if (state !== undefined) this.#states[group] = state;
  }

  states(order: Uint32Array, n: number, scratch: Scratch): readonly Column[] {
    const values = Array.from({ length: n }, (_, i) => this.#serialized(this.#states[order[i] as number]));
    return [columnFromValues(T.bytes, values, scratch)];
  }

  #serialized(state: unknown): Uint8Array {
    try {
      return serialize(state);
    } catch (e) {
      const { name, path } = this.#fn;
      const why = e instanceof Error ? e.message : String(e);
      throw new RunError(
        'FLOW7018',
        `the state ${shown(state)} of ${name} (${path}) cannot travel: ${why}`,
        {},
        'a state is what structuredClone can copy: no functions, no instances with methods',
      );
    }
  }

  values(order: Uint32Array, n: number, scratch: Scratch): Column {
    const { result } = this.#fn;
    const values = Array.from({ length: n }, (_, i) => {
      const state = this.#states[order[i] as number];
      const value = this.#call('value', () => this.#aggregate.value(state));
      try {
        return fromHost(result, value);
      } catch (e) {
        throw wrongResult(this.#member('value'), result, e, [state]);
      }
    });
    return columnFromValues(result.type, values, scratch);
  }

  #member(name: keyof HostAggregate): HostFunction {
    return { ...this.#fn, name: `${this.#fn.name}.${name}` };
  }

  #call(name: keyof HostAggregate, work: () => unknown, args: readonly unknown[] | null = null): unknown {
    try {
      return work();
    } catch (e) {
      throw thrownError(this.#member(name), e, args);
    }
  }

  clear(): void {
    this.#states = [];
    this.#weighed = 0;
  }

  free(): void {
    this.clear();
  }
}
