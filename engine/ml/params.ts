import type { DataType } from '../types.ts';

/** Parameters of the machine-learning operators; the planner has made label and features columns of the input. */

/** A round of a search: so many of the best trials of the round before it, on a share of the rows. */
export interface SearchRound {
  readonly trials: number;
  /** Above 0, to 1, which is that of the last round. */
  readonly share: number;
}

/** What a search tries, and how trials are compared. */
export interface SearchParams {
  /** The options of each trial, with those that are not searched. */
  readonly trials: readonly Readonly<Record<string, unknown>>[];
  readonly folds: number;
  readonly seed: number;
  readonly metric: string;
  readonly maximize: boolean;
  /** The first one has all trials. */
  readonly rounds: readonly SearchRound[];
}

/** Side 0 are the rows, with label and features as for `train`; side 1 the scores of the round before. */
export interface TrialParams {
  readonly train: TrainParams;
  readonly search: SearchParams;
  readonly round: number;
}

/** The table of trials: one row each, from the scores of their folds. `searched`: the options that are shown. */
export interface TrialTableParams {
  readonly search: SearchParams;
  readonly searched: readonly string[];
}

export interface TrainParams {
  /** With it, `options` are those of the best trial, by the scores in side 0. */
  readonly search?: SearchParams;
  readonly algorithm: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly label: { readonly name: string; readonly column: string; readonly type: DataType };
  readonly features: readonly {
    readonly name: string;
    readonly column: string;
    readonly type: DataType;
    readonly encoding: 'numeric' | 'onehot';
  }[];
}

/** Side 0 is the model: one row, one column of bytes. `features` are in the model's order. */
export interface PredictParams {
  readonly as: string;
  readonly features: readonly { readonly name: string; readonly column: string }[];
}

/** Side 0 is the model. One output row a group of `by` (one in all without it), ordered by the group's values. */
export interface EvaluateParams {
  readonly label: string;
  readonly by: readonly { readonly name: string; readonly column: string }[];
  readonly features: readonly { readonly name: string; readonly column: string }[];
}
