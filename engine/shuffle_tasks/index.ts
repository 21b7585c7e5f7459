export type { Checksum } from './checksum.ts';
export {
  engineMemory,
  type ShuffleExperiment,
  type ShuffleReport,
  shuffleExperiment,
} from './experiment.ts';
export {
  type MapFunction,
  type ReduceFunction,
  type ShuffleEngine,
  type ShuffleOptions,
  type ShuffleProgress,
  type ShuffleResult,
  shuffle,
} from './shuffle.ts';
export { rangeBytes, type SortExperiment, type SortReport, sortExperiment } from './sort_experiment.ts';
