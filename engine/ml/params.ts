import type { DataType } from '../types.ts';

/** Parameters of the machine-learning operators; the planner has made label and features columns of the input. */
export interface TrainParams {
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
