/** Graphs of tasks, built in TypeScript: `dag('name')`. */
import { fromDask, get } from './dask.ts';
import { Dag } from './graph.ts';
import { fromJson } from './json.ts';

export { DagError } from './check.ts';
export type { DaskGraph, DaskKeys, DaskOptions, DaskValues } from './dask.ts';
export { type Annotations, Dag, type DagNodes, type DagRunOptions, type Outputs } from './graph.ts';
export type { DagJson, NodeJson } from './json.ts';
export type { DagTaskEvent, TaskEngine } from './run.ts';
export {
  type DagArg,
  type DagArgs,
  DagNode,
  type DagProblem,
  type DagProblemKind,
  type Meta,
  type RefsOf,
  type ValueOf,
} from './types.ts';

/** An empty graph of tasks. The name is for people. */
function empty(name = 'graph'): Dag {
  return new Dag(name);
}

/** Reads what `toJSON` wrote, as an object or as text. Error FLOW7016 with the path of what is no such JSON. */
function read(json: unknown): Dag {
  return new Dag(fromJson(json));
}

export const dag: {
  (name?: string): Dag;
  fromJSON(json: unknown): Dag;
  fromDask: typeof fromDask;
} = Object.assign(empty, { fromJSON: read, fromDask });

/** Graphs as Dask specifies them: `dask.get(engine, dsk, keys)`. */
export const dask = { get };
