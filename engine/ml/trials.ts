import { valueReader } from '../batch/access.ts';
import { type Batch, isValid } from '../batch/column.ts';
import { gatherBatch } from '../batch/gather.ts';
import { RunError } from '../errors.ts';
import type { RelationReader, TaskContext } from '../operators/def.ts';
import { field, type Schema, T } from '../types.ts';
import { columnOf } from './features.ts';
import { fit } from './fit.ts';
import { createMetrics } from './metrics.ts';
import type { SearchParams, TrainParams } from './params.ts';
import { metricFields } from './schema.ts';
import { labelsOf, scorer } from './scorer.ts';

/** What each fold of each trial gives. */
export const SCORES_SCHEMA: Schema = [
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

/** The rows of one fold, or all others; in their order, without a copy of the whole. */
function foldReader(
  rows: RelationReader,
  search: SearchParams,
  fold: number,
  held: boolean,
  ctx: TaskContext,
): RelationReader {
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
        for (let i = 0; i < b.rows; i++) if ((folds.of(at + i) === fold) === held) picked[n++] = i;
        at += b.rows;
        ctx.scratch.reset();
        if (n > 0) yield gatherBatch(b, picked, n, ctx.scratch);
      }
    },
  };
}

/** Learns from all folds but one, and measures on that one. Null: the metric has no value there. */
export function scoreFold(
  params: TrainParams,
  search: SearchParams,
  trial: number,
  fold: number,
  rows: RelationReader,
  ctx: TaskContext,
): number | null {
  const options = search.trials[trial] ?? params.options;
  const model = fit({ ...params, options }, foldReader(rows, search, fold, false, ctx), ctx);
  ctx.scratch.reset();
  const score = scorer(
    model,
    params.features.map((f) => ({ name: f.name, column: f.column })),
  );
  const metrics = createMetrics(model.task, model.classes.length);
  for (const b of foldReader(rows, search, fold, true, ctx).batches()) {
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
  const at = metricFields(model.task).findIndex((f) => f.name === search.metric);
  return metrics.values()[at] ?? null;
}

export interface TrialScore {
  readonly trial: number;
  readonly options: Readonly<Record<string, unknown>>;
  /** Over the folds; null when the metric has no value in one of them. */
  readonly mean: number | null;
  readonly deviation: number | null;
}

/** Trials in their order. */
export function trialScores(search: SearchParams, scores: RelationReader): TrialScore[] {
  const found = search.trials.map((): (number | null)[] => []);
  for (const b of scores.batches()) {
    const [trial, score] = [valueReader(columnOf(b, 'trial')), valueReader(columnOf(b, 'score'))];
    for (let i = 0; i < b.rows; i++) found[Number(trial(i))]?.push(score(i) as number | null);
  }
  return found.map((all, trial) => {
    const known = all.filter((v) => v !== null);
    const options = search.trials[trial] ?? {};
    if (known.length < all.length || known.length === 0) return { trial, options, mean: null, deviation: null };
    const mean = known.reduce((a, b) => a + b, 0) / known.length;
    const squares = known.reduce((a, b) => a + (b - mean) ** 2, 0);
    return { trial, options, mean, deviation: Math.sqrt(squares / known.length) };
  });
}

/** The first of those with the best mean. */
export function bestTrial(search: SearchParams, scores: RelationReader): TrialScore {
  let best: TrialScore | null = null;
  for (const one of trialScores(search, scores)) {
    if (one.mean === null) continue;
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
