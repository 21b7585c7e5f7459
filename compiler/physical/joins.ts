import { type JoinParams, type KeyFilterParams, keepsRight, leftFields } from '../../engine/operators/params.ts';
import type { SideInput, StepRef } from '../../engine/plan.ts';
import type { Schema } from '../../engine/types.ts';
import type { JoinNode, LogicalNode } from '../logical.ts';
import { inputOf } from '../plan_tree.ts';
import { earlierRows, type FilteredRows, type KeyPair, type PlacedFilter } from './key_filters.ts';
import { addStep, columnsFor, keepColumns, type Pipeline } from './pipeline.ts';
import type { Planner } from './planner.ts';

/**
 * A small right side is broadcast and the left streams past it, as is any right side without keys; otherwise both sides are partitioned by their keys and
 * joined partition by partition, as are joins that keep right rows without a match. The choice rests on the sources' sizes alone: it decides the order of the
 * output.
 */
export function planJoin(planner: Planner, n: JoinNode): Pipeline {
  return isBroadcast(planner, n) ? lookup(planner, n) : partitioned(planner, n);
}

export function isBroadcast(planner: Planner, n: JoinNode): boolean {
  const bytes = planner.estimates.get(inputOf(n, 1)) ?? null;
  const isSmall = bytes !== null && bytes <= planner.options.broadcastBytes;
  return n.leftKeys.length === 0 || (isSmall && !keepsRight(n.kind));
}

function lookup(planner: Planner, n: JoinNode): Pipeline {
  const earlier = canThin(n) && losesRows(planner, inputOf(n, 1)) ? rowsBelow(planner, n, 'left') : [];
  const sides = new Sides(planner, n);
  const keep = (): SideInput => ({ relation: planner.keep(sides.right, 'broadcast'), schema: sides.right.schema });
  // Where the keys are asked for on the left side's way, they are there before it.
  const early = earlier.length > 0 ? keep() : null;
  if (early !== null) planner.place(earlier, early);
  const { left } = sides;
  const side = early ?? keep();
  const params = sides.params();
  const step: StepRef = { ...stepOf(n, sides), op: 'lookup', phase: 'map', sides: [side] };
  const isCross = params.leftKeys.length === 0 && n.kind === 'inner' && n.residual === null;
  return addStep(left, step, `${isCross ? 'join cross' : `join ${n.kind}`} (broadcast)`);
}

function stepOf(n: JoinNode, sides: Sides): Pick<StepRef, 'params' | 'input' | 'output' | 'span' | 'label'> {
  const added = n.schema.filter((f) => n.add.some((a) => a.name === f.name));
  const output: Schema = [...leftFields(n.kind, sides.left.schema), ...added];
  return { params: sides.params(), input: sides.left.schema, output, span: n.span, label: n.label };
}

/** Both sides as exchanges by their keys; where one of them is likely to have few of the other's keys, the other leaves its rows without a match behind. */
function partitioned(planner: Planner, n: JoinNode): Pipeline {
  const sides = new Sides(planner, n);
  const reduced = reducedSide(planner, n);
  const [l, r] = reduced === null ? plain(planner, sides) : thinned(planner, n, sides, reduced);
  const step: StepRef = { ...stepOf(n, sides), op: 'join', phase: 'final', sides: [] };
  const from = [
    { relation: l, schema: sides.left.schema },
    { relation: r, schema: sides.right.schema },
  ];
  return { input: { kind: 'merge', from, step }, steps: [], schema: step.output, names: [`join ${n.kind}`] };
}

function close(planner: Planner, p: Pipeline, keys: readonly string[]): number {
  return planner.close(p, { kind: 'exchange', by: 'hash', keys }, 'partition for join');
}

function plain(planner: Planner, sides: Sides): [number, number] {
  const { left, right } = sides.both();
  const l = close(planner, left, sides.leftKeys);
  return [l, close(planner, right, sides.rightKeys)];
}

/** Estimated bytes of a side up to which it is kept for its keys. More of it may be spilled twice, and have more keys than a set of them may take. */
const MOST_KEPT = 64 * 2 ** 20;

/** One side is thinned out by the keys of the other: on its way already, where that saves moving it, or right before it is partitioned. */
function thinned(planner: Planner, n: JoinNode, sides: Sides, reduced: 'left' | 'right'): [number, number] {
  const other = planner.estimates.get(inputOf(n, reduced === 'left' ? 1 : 0)) ?? null;
  const earlier = other !== null && other <= MOST_KEPT ? rowsBelow(planner, n, reduced) : [];
  if (earlier.length > 0) return thinnedEarly(planner, sides, reduced, earlier);
  const { left, right } = sides.both();
  const { leftKeys, rightKeys } = sides;
  if (reduced === 'left') {
    const r = close(planner, right, rightKeys);
    const side = { relation: r, schema: right.schema };
    return [close(planner, filterKeys(left, { side, pairs: pairsOf(leftKeys, rightKeys) }), leftKeys), r];
  }
  const l = close(planner, left, leftKeys);
  const side = { relation: l, schema: left.schema };
  return [l, close(planner, filterKeys(right, { side, pairs: pairsOf(rightKeys, leftKeys) }), rightKeys)];
}

/**
 * The other side is kept before it is partitioned: an exchange starts when the sizes of both sides are known, which is too late for what lies below one of them.
 */
function thinnedEarly(
  planner: Planner,
  sides: Sides,
  reduced: 'left' | 'right',
  earlier: readonly FilteredRows[],
): [number, number] {
  const isLeft = reduced === 'left';
  const other = isLeft ? sides.right : sides.left;
  const side = { relation: planner.keep(other, 'keep'), schema: other.schema };
  planner.place(earlier, side);
  const own = isLeft ? sides.left : sides.right;
  const [keys, otherKeys] = isLeft ? [sides.leftKeys, sides.rightKeys] : [sides.rightKeys, sides.leftKeys];
  const isDone = earlier.reduce((count, f) => count + f.pairs.length, 0) === keys.length;
  const kept = close(planner, planner.kept(side), otherKeys);
  const thin = close(planner, isDone ? own : filterKeys(own, { side, pairs: pairsOf(keys, otherKeys) }), keys);
  return isLeft ? [thin, kept] : [kept, thin];
}

function pairsOf(keys: readonly string[], sideKeys: readonly string[]): KeyPair[] {
  return keys.map((column, i) => ({ column, sideKey: sideKeys[i] as string }));
}

/** Rows below a side of a join that its other side's keys may thin out. */
function rowsBelow(planner: Planner, n: JoinNode, reduced: 'left' | 'right'): FilteredRows[] {
  const isLeft = reduced === 'left';
  const [keys, sideKeys] = isLeft ? [n.leftKeys, n.rightKeys] : [n.rightKeys, n.leftKeys];
  const pairs: KeyPair[] = keys.flatMap((k, i) => {
    const other = sideKeys[i];
    return k.kind === 'column' && other?.kind === 'column' ? [{ column: k.name, sideKey: other.name }] : [];
  });
  return earlierRows(inputOf(n, isLeft ? 0 : 1), pairs, {
    shared: (x) => planner.isShared(x),
    isBroadcast: (x) => isBroadcast(planner, x),
    estimates: planner.estimates,
    sideBytes: planner.estimates.get(inputOf(n, isLeft ? 1 : 0)) ?? null,
  });
}

export function filterKeys(p: Pipeline, { side, pairs }: PlacedFilter): Pipeline {
  const params: KeyFilterParams = { keys: pairs.map((x) => x.column), sideKeys: pairs.map((x) => x.sideKey) };
  const step: StepRef = { op: 'key_filter', phase: 'map', params, input: p.schema, output: p.schema, sides: [side] };
  return addStep(p, step, 'key filter');
}

/** Left rows without a match are nothing to the join; `matching one` has to see them. */
function canThin(n: JoinNode): boolean {
  return (n.kind === 'inner' || n.kind === 'semi' || n.kind === 'right') && n.matching !== 'one';
}

/** The side whose rows without a match are dropped before they are moved, by the keys of the other one. */
function reducedSide(planner: Planner, n: JoinNode): 'left' | 'right' | null {
  const [left, right] = [inputOf(n, 0), inputOf(n, 1)];
  const size = (side: LogicalNode): number => planner.estimates.get(side) ?? Number.POSITIVE_INFINITY;
  const byRight = canThin(n) && losesRows(planner, right);
  const byLeft = !keepsRight(n.kind) && losesRows(planner, left);
  if (byRight && byLeft) return size(left) < size(right) ? 'right' : 'left';
  return byRight ? 'left' : byLeft ? 'right' : null;
}

/** Steps on the way to its rows leave some out. Where nothing does, a side is likely to have all the keys that the other one refers to. */
function losesRows(planner: Planner, n: LogicalNode): boolean {
  return filters(n) || planner.isThinned(n);
}

interface Side {
  readonly pipeline: Pipeline;
  readonly names: readonly string[];
}

/** What is known of nodes: there are many more ways to a node that is shared than nodes. */
const losing = new WeakMap<LogicalNode, boolean>();

function filters(n: LogicalNode): boolean {
  const known = losing.get(n);
  if (known !== undefined) return known;
  const itself = n.op === 'filter' || n.op === 'limit' || (n.op === 'join' && (n.kind === 'semi' || n.kind === 'anti'));
  const loses = itself || n.inputs.some(filters);
  losing.set(n, loses);
  return loses;
}

/** Both sides with everything the join reads as columns, the right one with nothing else; each is planned when it is asked for first. */
class Sides {
  readonly #planner: Planner;
  readonly #n: JoinNode;
  #left: Side | null = null;
  #right: Side | null = null;

  constructor(planner: Planner, n: JoinNode) {
    this.#planner = planner;
    this.#n = n;
  }

  /** Plans the left one first. */
  both(): { readonly left: Pipeline; readonly right: Pipeline } {
    return { left: this.left, right: this.right };
  }

  get left(): Pipeline {
    return this.#ofLeft().pipeline;
  }

  get right(): Pipeline {
    return this.#ofRight().pipeline;
  }

  get leftKeys(): readonly string[] {
    return this.#ofLeft().names.slice(0, this.#n.leftKeys.length);
  }

  get rightKeys(): readonly string[] {
    return this.#ofRight().names.slice(0, this.#n.leftKeys.length);
  }

  #ofLeft(): Side {
    const { leftKeys, nearest } = this.#n;
    const exprs = [...leftKeys, ...(nearest === null ? [] : [nearest.left])];
    this.#left ??= columnsFor(this.#planner.pipeline(inputOf(this.#n, 0)), exprs, 'join.l', this.#info());
    return this.#left;
  }

  #ofRight(): Side {
    if (this.#right !== null) return this.#right;
    const n = this.#n;
    const exprs = [...n.rightKeys, ...(n.nearest === null ? [] : [n.nearest.right])];
    const { pipeline, names } = columnsFor(this.#planner.pipeline(inputOf(n, 1)), exprs, 'join.r', this.#info());
    const used = new Set([...names, ...n.add.map((a) => a.column), ...n.right.map((a) => a.column)]);
    const kept = pipeline.schema.filter((f) => used.has(f.name));
    this.#right = { pipeline: keepColumns(pipeline, kept, this.#info()), names };
    return this.#right;
  }

  #info(): { name: string; label: string; span: StepRef['span'] } {
    return { name: 'derive', label: this.#n.label, span: this.#n.span };
  }

  params(): JoinParams {
    const { kind, leftKeys, residual, nearest, right, add, matching } = this.#n;
    const at = leftKeys.length;
    const [l, r] = [this.#ofLeft().names[at] as string, this.#ofRight().names[at] as string];
    const near = nearest === null ? null : { op: nearest.op, left: l, right: r };
    const { leftKeys: left, rightKeys } = this;
    return { kind, leftKeys: left, rightKeys, residual, nearest: near, right, add, matching };
  }
}
