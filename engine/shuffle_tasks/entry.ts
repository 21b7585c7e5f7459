// What workers load for shuffles: dist/shuffle_tasks.js. The functions of the library, and those of the experiments of the command.
export * from './experiment_tasks.ts';
export { mapTask, mergeTask, reduceTask } from './worker.ts';
