import type { Accumulator } from '../aggregates/def.ts';
import { countState, floatSum, floatSumState, intAsFloats, intSumState, valueState } from '../aggregates/gains.ts';
import type { Batch, Column } from '../batch/column.ts';
import { type BatchFold, compileFold } from '../expr/compile.ts';
import type { Slot } from '../expr/gen.ts';
import type { Gain } from '../expr/native/fold.ts';
import type { FoldTerm } from '../expr/native/fold_module.ts';
import type { Expr } from '../expr.ts';
import { heapScratch } from '../memory/heap_scratch.ts';
import type { Scratch } from '../memory/types.ts';
import type { StepRef } from '../plan.ts';
import type { Field } from '../types.ts';
import { type Groups, resolve } from './groups.ts';
import type { AggregateParams, AggregateSpec, ComputeParams } from './params.ts';

/** The terms of an aggregate: what it is made of, by position among all terms. */
interface Made {
  readonly spec: AggregateSpec;
  /** How many values there are, and their sum or extreme. */
  readonly count: number;
  readonly value: number;
  /** Columns of its partial state. */
  readonly states: number;
}

const FIRST = Uint32Array.of(0);

/**
 * An aggregation without keys that takes whole batches before the steps in front of it do: filter, projection and accumulators are one pass of native code
 * over the columns as they came, without a batch in between. Its states are those that the steps would have left, bit for bit; what native code does not
 * compute (a row that fails, floats of which the order shows) goes through the steps.
 */
export class Fold {
  private readonly how: Folding;
  /** Takes the batches that this one left to the step in front. */
  private readonly behind: Fold | null;
  private groups: Groups | null = null;

  constructor(how: Folding, behind: Fold | null = null) {
    this.how = how;
    this.behind = behind;
  }

  /** The table of the aggregation, for as long as batches are taken. */
  begin(groups: Groups): void {
    this.groups = groups;
    this.behind?.begin(groups);
  }

  /** Whether the batch has been aggregated. */
  take(batch: Batch, scratch: Scratch): boolean {
    const { groups } = this;
    const { native, made, rows } = this.how;
    const gains = groups === null ? null : native.gains(batch, scratch);
    if (groups === null || gains === null) return false;
    if (countOf(gains[rows]) === 0) return true;
    const states: (readonly Column[] | null)[] = [];
    for (const [k, m] of made.entries()) {
      const state = stateOf(m, gains, groups.accumulator(k));
      if (state === 'order') {
        native.leave();
        return false;
      }
      states.push(state);
    }
    groups.join(states);
    return true;
  }
}

function countOf(gain: Gain | undefined): number {
  return gain?.rep === 'count' ? gain.value : 0;
}

/** The partial state of one row; null: without values nothing is added, 'order': the order of the terms may show. */
function stateOf(m: Made, gains: readonly Gain[], acc: Accumulator): readonly Column[] | null | 'order' {
  const count = countOf(gains[m.count]);
  const { fn } = KINDS[m.spec.fn] as Kind;
  if (fn === 'count') return [countState(count)];
  if (count === 0) return null;
  const gain = gains[m.value] as Gain;
  if (fn === 'least' || fn === 'greatest') {
    const state = valueState(m.spec.argTypes[0] as AggregateSpec['argTypes'][number], gain);
    return state === null ? 'order' : [state];
  }
  if (gain.rep === 'int' && fn === 'sum') return intSumState(gain.value, m.states);
  const sum = gain.rep === 'int' ? intAsFloats(gain.value) : gain.rep === 'floats' ? floatsOf(gain, count, acc) : null;
  if (sum === null) return 'order';
  return fn === 'mean' ? [...floatSumState(sum), countState(count)] : floatSumState(sum);
}

function floatsOf(gain: Gain & { rep: 'floats' }, count: number, acc: Accumulator): readonly [number, number] | null {
  acc.grow(1);
  const [hi, lo] = acc.states(FIRST, 1, heapScratch()).map((c) => (c.phys === 'f64' ? (c.values[0] as number) : 0));
  return floatSum(gain.value, count, [hi as number, lo as number]);
}

interface Kind {
  readonly fn: 'count' | 'sum' | 'mean' | 'least' | 'greatest';
  readonly args: (arg: AggregateSpec['argTypes'][number]) => boolean;
}

const NUMBERS = new Set(['int', 'float', 'decimal']);
const ORDERED = new Set([...NUMBERS, 'date', 'time', 'timestamp']);
const sum = (t: { readonly kind: string }): boolean => NUMBERS.has(t.kind);
const compared = (t: { readonly kind: string }): boolean => ORDERED.has(t.kind);
/** The aggregates that native code knows. */
const KINDS: Readonly<Record<string, Kind>> = {
  count: { fn: 'count', args: () => true },
  count_if: { fn: 'count', args: (t) => t.kind === 'bool' },
  sum: { fn: 'sum', args: sum },
  mean: { fn: 'mean', args: sum },
  avg: { fn: 'mean', args: sum },
  min: { fn: 'least', args: compared },
  max: { fn: 'greatest', args: compared },
};

/** Terms, each once. */
class Terms {
  readonly all: FoldTerm[] = [];
  private readonly places = new Map<string, number>();

  /** `name`: of the column that the argument is; null: rows are counted. */
  place(what: FoldTerm['what'], name: string | null, arg: Expr | null): number {
    const key = JSON.stringify([what, name]);
    let at = this.places.get(key);
    if (at === undefined) {
      at = this.all.push({ what, arg }) - 1;
      this.places.set(key, at);
    }
    return at;
  }
}

/** What is told of an aggregation whose batches may be taken whole. */
export interface Folding {
  readonly native: BatchFold;
  readonly made: readonly Made[];
  /** Of the term that counts rows. */
  readonly rows: number;
  /** The step in front of the aggregation is part of it. */
  readonly withStep: boolean;
}

/** How an aggregation and the step in front of it are one pass; null where they are not. */
export function foldingOf(before: StepRef | undefined, step: StepRef): Folding | null {
  const params = step.params as AggregateParams;
  if (step.op !== 'aggregate' || step.phase !== 'partial' || params.keys.length > 0) return null;
  if (!params.aggregates.every(known)) return null;
  const { filter, argument, input, withStep } = projection(before, step);
  const terms = new Terms();
  const rows = terms.place('count', null, null);
  const made = params.aggregates.map((spec): Made => {
    const { fn } = KINDS[spec.fn] as Kind;
    const [name] = spec.args;
    const states = resolve(spec).state.length;
    if (name === undefined) return { spec, count: rows, value: rows, states };
    const arg = argument(name);
    const count = terms.place(spec.fn === 'count_if' ? 'trues' : 'count', name, arg);
    if (fn === 'count') return { spec, count, value: count, states };
    return { spec, count, value: terms.place(fn === 'mean' ? 'sum' : fn, name, arg), states };
  });
  const native = compileFold(filter, terms.all, input);
  return native === null ? null : { native, made, rows, withStep };
}

function known({ fn, args, argTypes, distinct, host }: AggregateSpec): boolean {
  const kind = Object.hasOwn(KINDS, fn) ? KINDS[fn] : undefined;
  if (kind === undefined || distinct || host !== undefined || args.length > 1) return false;
  return argTypes.every(kind.args) && (args.length === 1 || fn === 'count');
}

interface Before {
  readonly filter: Expr | null;
  /** The expression of a column that the aggregation reads. */
  readonly argument: (name: string) => Expr;
  readonly input: StepRef['input'];
  readonly withStep: boolean;
}

/** What a step in front of the aggregation does with rows, where it is one that can be part of it. */
function projection(before: StepRef | undefined, step: StepRef): Before {
  const column = (name: string): Expr => {
    const { type, nullable } = step.input.find((f) => f.name === name) as StepRef['input'][number];
    return { kind: 'column', name, type, nullable };
  };
  if (before?.op !== 'compute') return { filter: null, argument: column, input: step.input, withStep: false };
  const { filter, outputs } = before.params as ComputeParams;
  const argument = (name: string): Expr => outputs.find((o) => o.name === name)?.expr ?? column(name);
  return { filter, argument, input: before.input, withStep: true };
}

/**
 * Why a partial aggregation without keys is not one pass with the step in front of it, over columns as `slotOf` takes them to come; null where it is.
 * undefined: the step is none.
 */
export function foldReason(
  before: StepRef | undefined,
  step: StepRef,
  slotOf: (field: Field) => Slot,
): string | null | undefined {
  const { keys } = step.params as AggregateParams;
  if (step.op !== 'aggregate' || step.phase !== 'partial' || keys.length > 0) return undefined;
  const folding = foldingOf(before, step);
  return folding === null ? 'not only counts, sums, means and extremes of numbers' : folding.native.reason(slotOf);
}

/** How an aggregation takes its batches: together with the step in front, and as that one leaves them. */
interface Foldings {
  readonly together: Folding | null;
  readonly alone: Folding | null;
}

/** The foldings of a chain of steps, by the step that ends each. The tasks of a stage have the same steps. */
const foldings = new WeakMap<readonly StepRef[], readonly Foldings[]>();

/**
 * By step: what takes its batches, in front of it, and what it is told of them: see TaskContext. Batches that cannot be taken together with the step in front, a function of
 * the host language being in it, say, are taken behind it.
 */
export function foldsOf(steps: readonly StepRef[]): { readonly fold?: Fold; readonly folded?: Fold }[] {
  let known = foldings.get(steps);
  if (known === undefined) {
    known = steps.map((step, i) => ({ together: foldingOf(steps[i - 1], step), alone: foldingOf(undefined, step) }));
    foldings.set(steps, known);
  }
  const found: { fold?: Fold; folded?: Fold }[] = steps.map(() => ({}));
  for (const [i, { together, alone }] of known.entries()) {
    const at = found[i] as { fold?: Fold; folded?: Fold };
    if (alone !== null) at.fold = at.folded = new Fold(alone);
    if (together?.withStep !== true) continue;
    at.folded = new Fold(together, at.fold ?? null);
    (found[i - 1] as { fold?: Fold }).fold = at.folded;
  }
  return found;
}
