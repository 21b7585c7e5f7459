/** flowc as a library: compile and run flows from files, or built in TypeScript. */

export * from './compiler/builder/index.ts';
export { type Bound, bindAst, type Compiled, type CompileOptions, check, plan } from './compiler/compile.ts';
export {
  type Annotations,
  Dag,
  type DagArg,
  type DagArgs,
  DagError,
  type DagJson,
  DagNode,
  type DagNodes,
  type DagProblem,
  type DagProblemKind,
  type DagRunOptions,
  type DagTaskEvent,
  type DaskGraph,
  type DaskKeys,
  type DaskOptions,
  type DaskValues,
  dag,
  dask,
  type TaskEngine,
} from './compiler/dag/index.ts';
export { checkData } from './compiler/data_schema.ts';
export { compilerRegistries } from './compiler/diagnostics.ts';
export { type DryRead, type DryRun, type DryWrite, dryRun } from './compiler/dry_run.ts';
export { type ExplainFormat, explain } from './compiler/explain/index.ts';
export { explainKernels } from './compiler/explain/kernels.ts';
export { type ReferenceEntry, reference } from './compiler/reference/index.ts';
export { DiagnosticsError, type FlowResult, type FlowRunOptions, type Row, runFile, runText } from './compiler/run.ts';
export { schemaText } from './compiler/schema_text.ts';
export type { AccessRules } from './engine/access.ts';
export { EngineBug, RunError, type RunErrorCode, type RunErrorWhere } from './engine/errors.ts';
export type { PhysicalPlan } from './engine/plan.ts';
export { type CheckResult, checkText, foundBy, valuesText } from './engine/runtime/checks.ts';
export {
  Engine,
  type EngineOptions,
  MIN_MEMORY,
  type Progress,
  type ResultRelation,
  type RunOptions,
  type RunResult,
  type SpillOptions,
} from './engine/runtime/engine.ts';
export type { ExchangeSummary, StageEvent } from './engine/runtime/run.ts';
export { encodeRows, type Shown, showBatch } from './engine/show.ts';
export {
  type ShuffleChoice,
  type ShuffleSize,
  type ShuffleStrategy,
  shuffleStrategy,
} from './engine/shuffle/strategy.ts';
export * from './engine/shuffle_tasks/index.ts';
export type { ActorHandle, GetOptions, Waited } from './engine/tasks/api.ts';
export { type ActorDef, type ActorOptions, actor, fromModule, task } from './engine/tasks/definition.ts';
export type { WaitOptions } from './engine/tasks/get.ts';
export type { Arg, Args, ModuleFunction, Ref, TaskDef, TaskOptions, TaskScope } from './engine/tasks/types.ts';
export { formatStats, spillLines } from './engine/trace/format.ts';
export { stageName } from './engine/trace/names.ts';
export type {
  EngineStats,
  OperatorSpill,
  OwnerBytes,
  RunStats,
  SpillTotals,
  TaskCounts,
} from './engine/trace/stats.ts';
export { type DataType, type Field, formatType, type Schema } from './engine/types.ts';
export type { Diagnostic } from './grammar/diagnostics.ts';
