/** `flowc/testing`: the machinery that flowc is tested with, for pipelines, partitioners, aggregates and functions of your own. Needs fast-check. */

export { type AggregateLaws, checkAggregate, type TestedAggregate } from './aggregate.ts';
export { checkEngine, ENGINE_LAWS, type EngineLaw, type EngineLaws, type FlowPair } from './engine_laws.ts';
export { expectPipeline, type PipelineExpectation, RowsError, type RowsOptions } from './expect.ts';
export { type TableFormat, writeTable } from './files.ts';
export type { FlowCase, FlowPlace } from './flow_cases.ts';
export type { FlowRows, FlowRunner, FlowSetting } from './flow_rows.ts';
export { LawError, type LawOptions } from './laws.ts';
export { checkPipeline, PIPELINE_LAWS, type PipelineLaw, type PipelineLaws } from './pipeline_laws.ts';
export { arbitraryPipeline, MAIN, NESTED, OTHER, type PipelineOptions, type TestPipeline } from './pipelines.ts';
export { checkShuffle, type Partitioner, type ShuffleLaws } from './shuffle.ts';
export { arbitraryTable, arbitraryValue, type TableOptions, type TestRow, type TestTable } from './tables.ts';
export { checkUdf, type UdfLaws } from './udf.ts';
