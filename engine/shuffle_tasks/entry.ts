// What workers have for shuffles. The functions of the library, and those of the experiments of the command.
export * from './experiment_tasks.ts';
export { mapTask, mergeTask, reduceTask } from './worker.ts';
