import { valueReader } from '../batch/access.ts';
import { type Batch, isValid } from '../batch/column.ts';
import { gatherBatch } from '../batch/gather.ts';
import { RunError } from '../errors.ts';
import type { RelationReader, TaskContext } from '../operators/def.ts';
import { field, type Schema, T } from '../types.ts';
import { columnOf } from './features.ts';
import { fit } from './fit.ts';
import { createMetrics } from './metrics.ts';
import type { SearchParams, SearchRound, TrainParams } from './params.ts';
import { metricFields } from './schema.ts';
import { labelsOf, scorer } from './scorer.ts';

/** What each fold of each trial gives. */
export const SCORES_SCHEMA: Schema = [
  field('round', T.int, false),
  field('trial', T.int, false),
  field('fold', T.int, false),
  field('score', T.float, true),
];

/** Seeded, and as even as can be: of any k rows that follow one another, beginning at a multiple of k, each fold has one. */
class Folds {
  readonly #k: number;
  readonly #seed: number;
  readonly #order: Uint16Array;
  #block = -1;

  constructor(k: number, seed: number) {
    this.#k = k;
    this.#seed = seed;
    this.#order = new Uint16Array(k);
  }

  of(row: number): number {
    const block = Math.floor(row / this.#k);
    if (block !== this.#block) this.#shuffle(block);
    return this.#order[row % this.#k] as number;
  }

  #shuffle(block: number): void {
    this.#block = block;
    for (let i = 0; i < this.#k; i++) this.#order[i] = i;
    for (let i = this.#k - 1; i > 0; i--) {
      const j = mix(this.#seed, block, i) % (i + 1);
      const at = this.#order[i] as number;
      this.#order[i] = this.#order[j] as number;
      this.#order[j] = at;
    }
  }
}

/** 32 bits of a hash of three numbers. */
function mix(a: number, b: number, c: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 0x165667b1, 0xc2b2ae35) ^ Math.imul(c + 1, 0x27d4eb2f);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return (h ^ (h >>> 15)) >>> 0;
}

/** Rows that a fold has in a round of fewer than all, at least: with less, chance decides. */
const LEAST_IN_FOLD = 30;
/** What tells the draw of a round's rows from that of the folds. */
const OF_ROUNDS = 0x7feb352d;

/** Which rows a round has, by their place; those of a round are in all later ones. */
function roundRows(rows: RelationReader, search: SearchParams, round: number): (row: number) => boolean {
  const { share } = search.rounds[round] as SearchRound;
  const least = (LEAST_IN_FOLD * search.folds) / Math.max(rows.rows, 1);
  const most = Math.max(share, least) * 2 ** 32;
  return (row) => mix(search.seed, row, OF_ROUNDS) < most;
}

/** The rows of one fold, or all others, as far as a round has them; in their order, without a copy of the whole. */
function foldReader(
  rows: RelationReader,
  search: SearchParams,
  { round, fold }: { readonly round: number; readonly fold: number },
  held: boolean,
  ctx: TaskContext,
): RelationReader {
  const inRound = roundRows(rows, search, round);
  return {
    schema: rows.schema,
    rows: rows.rows,
    bytes: rows.bytes,
    *batches(): Iterable<Batch> {
      const folds = new Folds(search.folds, search.seed);
      let at = 0;
      for (const b of rows.batches()) {
        const picked = new Uint32Array(b.rows);
        let n = 0;
        for (let i = 0; i < b.rows; i++) if ((folds.of(at + i) === fold) === held && inRound(at + i)) picked[n++] = i;
        at += b.rows;
        ctx.scratch.reset();
        if (n > 0) yield gatherBatch(b, picked, n, ctx.scratch);
      }
    },
  };
}

/**
 * The trials of a round, by their numbers: of the one before it the best ones, in order; where the scores do not tell, the first ones. `before` are its scores,
 * which the first round has none of.
 */
export function trialsOf(search: SearchParams, round: number, before: RelationReader | undefined): readonly number[] {
  if (before === undefined) return search.trials.map((_, trial) => trial);
  const taken = trialScores(search, before).filter((one) => one.round === round - 1);
  // A sort is stable: trials of one score stay in the order of their numbers.
  const sorted = taken.sort((a, b) => {
    if (a.mean === null || b.mean === null) return Number(a.mean === null) - Number(b.mean === null);
    return search.maximize ? b.mean - a.mean : a.mean - b.mean;
  });
  return sorted.slice(0, search.rounds[round]?.trials).map((one) => one.trial);
}

export interface FoldOfTrial {
  readonly round: number;
  readonly trial: number;
  readonly fold: number;
}

/**
 * Learns from all folds but one, and measures on that one. Null: the metric has no value there, or there is nothing to be learned from the rows of a round that
 * has a part of them.
 */
export function scoreFold(
  params: TrainParams,
  search: SearchParams,
  at: FoldOfTrial,
  rows: RelationReader,
  ctx: TaskContext,
): number | null {
  try {
    return measured(params, search, at, rows, ctx);
  } catch (e) {
    const last = at.round === search.rounds.length - 1;
    if (!last && e instanceof RunError && e.code === 'FLOW7011') return null;
    throw e;
  }
}

function measured(
  params: TrainParams,
  search: SearchParams,
  at: FoldOfTrial,
  rows: RelationReader,
  ctx: TaskContext,
): number | null {
  const options = search.trials[at.trial] ?? params.options;
  const model = fit({ ...params, options }, foldReader(rows, search, at, false, ctx), ctx);
  ctx.scratch.reset();
  const score = scorer(
    model,
    params.features.map((f) => ({ name: f.name, column: f.column })),
  );
  const metrics = createMetrics(model.task, model.classes.length);
  for (const b of foldReader(rows, search, at, true, ctx).batches()) {
    ctx.check();
    for (const part of score(b)) {
      const label = columnOf(part.rows, params.label.column);
      const y = labelsOf(label, part.rows.rows, model);
      for (let i = 0; i < part.rows.rows; i++) {
        const t = y[i] as number;
        if (isValid(label, i) && !Number.isNaN(t)) metrics.add(t, part.scores, i, part.rows.rows);
      }
    }
    ctx.scratch.reset();
  }
  const column = metricFields(model.task).findIndex((f) => f.name === search.metric);
  return metrics.values()[column] ?? null;
}

export interface TrialScore {
  readonly trial: number;
  readonly options: Readonly<Record<string, unknown>>;
  /** The last one that the trial took part in, from 0. */
  readonly round: number;
  /** Over the folds of that round; null when the metric has no value in one of them. */
  readonly mean: number | null;
  readonly deviation: number | null;
}

/** Trials in their order, as they are in the last rounds that they took part in. */
export function trialScores(search: SearchParams, scores: RelationReader): TrialScore[] {
  const found = search.trials.map(() => ({ round: 0, all: [] as (number | null)[] }));
  for (const b of scores.batches()) {
    const [round, trial] = [valueReader(columnOf(b, 'round')), valueReader(columnOf(b, 'trial'))];
    const score = valueReader(columnOf(b, 'score'));
    for (let i = 0; i < b.rows; i++) {
      const one = found[Number(trial(i))];
      const at = Number(round(i));
      if (one === undefined || at < one.round) continue;
      if (at > one.round) Object.assign(one, { round: at, all: [] });
      one.all.push(score(i) as number | null);
    }
  }
  return found.map(({ round, all }, trial) => {
    const known = all.filter((v) => v !== null);
    const options = search.trials[trial] ?? {};
    if (known.length < all.length || known.length === 0) return { trial, options, round, mean: null, deviation: null };
    const mean = known.reduce((a, b) => a + b, 0) / known.length;
    const squares = known.reduce((a, b) => a + (b - mean) ** 2, 0);
    return { trial, options, round, mean, deviation: Math.sqrt(squares / known.length) };
  });
}

/** The first of those with the best mean, among the trials of the last round. */
export function bestTrial(search: SearchParams, scores: RelationReader): TrialScore {
  let best: TrialScore | null = null;
  for (const one of trialScores(search, scores)) {
    if (one.mean === null || one.round < search.rounds.length - 1) continue;
    const better =
      best?.mean === null || best === null || (search.maximize ? one.mean > best.mean : one.mean < best.mean);
    if (better) best = one;
  }
  if (best !== null) return best;
  throw new RunError(
    'FLOW7011',
    `${search.metric} has no value in any trial`,
    {},
    search.metric === 'auc'
      ? 'auc is for labels of two classes: choose log_loss or accuracy'
      : 'Give it more rows, or fewer folds',
  );
}
