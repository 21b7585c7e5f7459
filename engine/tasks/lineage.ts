import type { Call } from './call.ts';
import type { Definition } from './definition.ts';
import { PENDING, READY, Value } from './refs.ts';
import type { ValuePlace } from './types.ts';

/** Share of the limit that what is kept to make values again may take on the heap and in the store. */
const LINEAGE_SHARE = 1 / 16;
/** What a call takes besides its arguments, bytes; about. */
const SPEC_BYTES = 256;

/** An input that lies in the store: to be made again itself if it is gone by then. */
interface Link {
  readonly value: WeakRef<Value>;
  readonly spec: Spec | null;
  readonly index: number;
}

/** How the results of a call are made again. It does not keep them, nor its large inputs, alive. */
export interface Spec {
  readonly def: Definition;
  shape: ValuePlace | null;
  inputs: readonly (Value | Link)[];
  readonly results: (WeakRef<Value> | null)[];
  /** Results in the store, and specs that take them. */
  holders: number;
  /** Counted in the budget; 0: it was given up. */
  bytes: number;
  /** The call that makes the results again now. */
  remaking: boolean;
}

/** What lineage does with the rest of the runtime. */
export interface LineageHome {
  newValue(def: Definition, index: number): Value;
  /** Runs the call again; its results are for those of `expected`. */
  rerun(spec: Spec, inputs: readonly Value[]): void;
  /** Gives back where the value lay. */
  dropPlace(value: Value): void;
  discard(place: ValuePlace): void;
}

/**
 * How values that lie in the store were made, so that lost ones can be made again. A spec is kept while a result of its, or one of another spec that takes it,
 * is alive, and within a budget, beyond which the oldest are given up.
 */
export class Lineage {
  readonly #home: LineageHome;
  readonly #budget: number;
  readonly #kept = new Set<Spec>();
  #bytes = 0;

  constructor(home: LineageHome, limit: number) {
    this.#home = home;
    this.#budget = limit * LINEAGE_SHARE;
  }

  /** A call succeeded with results in the store: from now on they can be made again. Takes the call's shape over. */
  keep(call: Call): Spec {
    const inputs = call.inputs.map((v) => (v.place?.kind === 'object' ? this.#link(v) : v));
    const spec: Spec = {
      def: call.def,
      shape: call.shape,
      inputs,
      results: call.results.map((v) => (v === null ? null : new WeakRef(v))),
      holders: 0,
      bytes:
        SPEC_BYTES + bytesOf(call.shape) + inputs.reduce((n, v) => n + (v instanceof Value ? bytesOf(v.place) : 0), 0),
      remaking: false,
    };
    this.#kept.add(spec);
    this.#bytes += spec.bytes;
    return spec;
  }

  /** Gives up the oldest while there is too much. */
  trim(): void {
    for (const spec of this.#kept) {
      if (this.#bytes <= this.#budget) return;
      if (!spec.remaking) for (const input of this.#forget(spec)) this.unhold(input);
    }
  }

  #link(v: Value): Link {
    if (v.spec !== null) v.spec.holders++;
    return { value: new WeakRef(v), spec: v.spec, index: v.index };
  }

  /** A result of the spec, or a spec that takes one, is gone. */
  unhold(spec: Spec): void {
    const open = [spec];
    for (let s = open.pop(); s !== undefined; s = open.pop()) {
      if (--s.holders <= 0 && !s.remaking) open.push(...this.#forget(s));
    }
  }

  /** The specs that lose a holder by it. */
  #forget(spec: Spec): Spec[] {
    if (!this.#kept.delete(spec)) return [];
    this.#bytes -= spec.bytes;
    spec.bytes = 0;
    if (spec.shape !== null) this.#home.discard(spec.shape);
    spec.shape = null;
    const taken = spec.inputs.flatMap((v) => (v instanceof Value || v.spec === null ? [] : [v.spec]));
    spec.inputs = [];
    return taken;
  }

  /** Begins to make a ready value again that is lost, with all that this needs. False: nobody knows how. The value is pending afterwards. */
  remake(value: Value): boolean {
    const plan = this.#plan(value);
    if (plan === null) return false;
    for (const [spec, wanted] of plan) this.#start(spec, wanted);
    return true;
  }

  /** The specs to run again, each with the results that are wanted; null when one of them is not known any more. */
  #plan(value: Value): Map<Spec, Set<number>> | null {
    const plan = new Map<Spec, Set<number>>();
    const open: (readonly [Spec | null, number])[] = [[value.spec, value.index]];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const [spec, index] = next;
      if (spec === null || spec.bytes === 0) return null;
      const known = plan.get(spec);
      if (known !== undefined) {
        known.add(index);
        continue;
      }
      plan.set(spec, new Set([index]));
      if (spec.remaking) continue;
      for (const input of spec.inputs) {
        if (!(input instanceof Value) && !isThere(input.value.deref())) open.push([input.spec, input.index]);
      }
    }
    return plan;
  }

  #start(spec: Spec, wanted: ReadonlySet<number>): void {
    const first = !spec.remaking;
    spec.remaking = true;
    for (const i of wanted) this.#expect(spec, i);
    if (!first) return;
    const inputs = spec.inputs.map((input) => (input instanceof Value ? input : this.#input(input)));
    this.#home.rerun(spec, inputs);
  }

  /** The result is pending from now on; a new one takes the place of one that is garbage. */
  #expect(spec: Spec, index: number): void {
    const value = spec.results[index]?.deref();
    if (value === undefined || (value.state !== PENDING && value.state !== READY)) this.#replace(spec, index);
    else if (value.state === READY) {
      this.#home.dropPlace(value);
      value.state = PENDING;
    }
  }

  #replace(spec: Spec, index: number): Value {
    const value = this.#home.newValue(spec.def, index);
    value.spec = spec;
    spec.results[index] = new WeakRef(value);
    return value;
  }

  #input({ value, spec, index }: Link): Value {
    const known = value.deref();
    if (isThere(known)) return known;
    const made = spec?.results[index]?.deref();
    if (isThere(made)) return made;
    return this.#replace(spec as Spec, index);
  }

  /** The call that made the results again is over. */
  remade(spec: Spec): void {
    spec.remaking = false;
    if (spec.holders <= 0) for (const input of this.#forget(spec)) this.unhold(input);
  }
}

/** Who waits for the results of a spec that is being remade. */
export function expected(spec: Spec): (Value | null)[] {
  return spec.results.map((weak) => {
    const v = weak?.deref();
    return v !== undefined && v.state === PENDING ? v : null;
  });
}

function isThere(v: Value | undefined): v is Value {
  return v !== undefined && (v.state === READY || v.state === PENDING);
}

function bytesOf(place: ValuePlace | null): number {
  if (place === null || place.kind === 'plain') return 0;
  return place.kind === 'inline' ? place.bytes.length : place.bytes;
}
