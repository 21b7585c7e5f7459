/** The TypeScript builder: pipelines as method calls, over the same syntax tree as `.flow` files. */
import type * as Ast from '../../grammar/ast.ts';
import { printFile } from '../../grammar/print.ts';
import type { FlowResult, FlowRunOptions } from '../run.ts';
import type { Flow } from './flow.ts';
import { program } from './program.ts';

export {
  asc,
  type Case,
  col,
  desc,
  Expr,
  type ExprInput,
  expr,
  type FrameEnd,
  lit,
  type Operand,
  param,
  SortKey,
  scalar,
  type Window,
  when,
} from './expr.ts';
export {
  type CheckInput,
  type ExpectFate,
  Flow,
  flow,
  type GroupOptions,
  type JoinKind,
  type JoinOptions,
  type SchemaInput,
  type SetOptions,
  sql,
  type TrainOptions,
  type TuneOptions,
} from './flow.ts';
export {
  Algorithm,
  type AlgorithmOptions,
  arrow,
  csv,
  Format,
  type FormatOptions,
  gbt,
  json,
  linear,
  logistic,
  logUniform,
  model,
  ndjson,
  parquet,
  range,
  Space,
  tsv,
  uniform,
} from './formats.ts';
export {
  all,
  any,
  count,
  countDistinct,
  cumeDist,
  denseRank,
  first,
  firstValue,
  fn,
  lag,
  last,
  lastValue,
  lead,
  max,
  mean,
  median,
  min,
  nthValue,
  ntile,
  percentRank,
  quantile,
  rank,
  rowNumber,
  stddev,
  sum,
  variance,
} from './functions.ts';
export {
  cube,
  Except,
  except,
  type GroupInput,
  Grouping,
  type ItemList,
  type Items,
  rollup,
  type SelectInput,
  type SortInput,
  sets,
} from './items.ts';
export type { Value } from './nodes.ts';
export { FlowSyntaxError } from './text.ts';
export { type Udf, type UdfFunction, udf } from './udf.ts';

/** The file of several flows: what they share is read once. */
export function fileOf(...flows: readonly Flow[]): Ast.FlowFile {
  return program(flows);
}

/** The text of that file. */
export function flowText(...flows: readonly Flow[]): string {
  return printFile(program(flows));
}

/** Runs several flows as one file. */
export async function run(flows: readonly Flow[], options: FlowRunOptions = {}): Promise<FlowResult> {
  const { runAst } = await import('../run.ts');
  return runAst(fileOf(...flows), flowText(...flows), options);
}
