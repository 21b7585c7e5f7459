import type { Batch } from '../batch/column.ts';
import { EngineBug, RunError } from '../errors.ts';
import type { Block } from '../memory/types.ts';
import type { RelationReader, TaskContext } from '../operators/def.ts';
import {
  blockRows,
  classCodes,
  classIndex,
  columnOf,
  featureEncoder,
  type Learned,
  learnFeatures,
  pieces,
  toFloats,
} from './features.ts';
import { fitGbt, type GbtMemory, type Objective } from './gbt.ts';
import { binRows, learnCuts, MAX_BINS } from './histogram.ts';
import { type Blocks, fitLinear } from './linear.ts';
import { fitLogistic } from './logistic.ts';
import type { LinearPart, Model, Task, TreesPart } from './model.ts';
import type { TrainParams } from './params.ts';
import { ALGORITHMS, taskOf } from './schema.ts';

/** Learns a model from rows, which are read as often as the learner needs, always in the same order. RunError FLOW7011 for rows nothing can be learned from. */
export function fit(params: TrainParams, input: RelationReader, ctx: TaskContext): Model {
  const algorithm = ALGORITHMS[params.algorithm];
  if (algorithm === undefined) throw new EngineBug(`no learner ${params.algorithm}`);
  const task = taskOf(algorithm, params.label.type, params.options);
  if (typeof task === 'object') throw new EngineBug(`${params.algorithm} ${task.error}`);
  const learned = learnFeatures(params, input, task);
  const { features, classes, rows } = learned;
  if (rows === 0)
    throw new RunError(
      'FLOW7011',
      'there are no rows to learn from',
      {},
      `Every row that reached train has a null ${params.label.name}, or no row did`,
    );
  if (task === 'classification' && classes.length < 2) {
    throw new RunError(
      'FLOW7011',
      `the label ${params.label.name} has only one value: ${String(classes[0])}`,
      {},
      'A classifier needs rows of at least two classes',
    );
  }
  const data = blocksOf(params, input, ctx, learned, task);
  const { part, loss } = learn(params, data, task, classes.length, ctx);
  return {
    format: 'flowc-model',
    version: 1,
    algorithm: params.algorithm,
    task,
    label: { name: params.label.name, type: params.label.type },
    classes,
    features,
    training: { rows, loss },
    part,
  };
}

function learn(
  params: TrainParams,
  data: Blocks,
  task: Task,
  classes: number,
  ctx: TaskContext,
): { part: LinearPart | TreesPart; loss: number } {
  const option = (name: string): number => optionOf(params, name);
  switch (params.algorithm) {
    case 'linear':
      return fitLinear(data, option('l2'));
    case 'logistic':
      return fitLogistic(data, classes, {
        l2: option('l2'),
        iterations: option('iterations'),
        tolerance: option('tolerance'),
      });
    case 'gbt':
      return learnTrees(params, data, task, classes, ctx);
    default:
      throw new EngineBug(`no learner ${params.algorithm}`);
  }
}

/** The binder has filled in the defaults. */
function optionOf(params: TrainParams, name: string): number {
  const value = params.options[name];
  if (typeof value !== 'number') throw new EngineBug(`${params.algorithm} without ${name}`);
  return value;
}

function learnTrees(params: TrainParams, data: Blocks, task: Task, classes: number, ctx: TaskContext) {
  const option = (name: string): number => optionOf(params, name);
  const memory = workingMemory(ctx);
  try {
    const cuts = cutsOf(data, ctx);
    const target = memory.floats(data.rows);
    const binned = binRows(data, cuts, memory.bytes(data.rows * data.width), target);
    const objective: Objective =
      task === 'regression' ? { kind: 'squared' } : classes === 2 ? { kind: 'logistic' } : { kind: 'softmax', classes };
    return fitGbt(
      binned,
      target,
      objective,
      {
        trees: option('trees'),
        depth: option('depth'),
        learningRate: option('learning_rate'),
        l2: option('l2'),
        minRows: option('min_rows'),
        subsample: option('subsample'),
        colsample: option('colsample'),
        seed: params.seed,
      },
      memory,
    );
  } finally {
    memory.free();
  }
}

/** Samples for the cuts may take a quarter of the grant. */
function cutsOf(data: Blocks, ctx: TaskContext): Float64Array[] {
  const memory = workingMemory(ctx);
  try {
    return learnCuts(data, MAX_BINS, memory.floats, ctx.grant / 32);
  } finally {
    memory.free();
  }
}

function workingMemory(ctx: TaskContext): GbtMemory & { bytes(n: number): Uint8Array; free(): void } {
  const blocks: Block[] = [];
  const take = (bytes: number): Uint8Array => {
    const b = ctx.store.allocate(Math.max(bytes, 8), 'train');
    blocks.push(b);
    return b.view;
  };
  return {
    bytes: (n) => take(n),
    floats: (n) => {
      const v = take(8 * n);
      return new Float64Array(v.buffer, v.byteOffset, n);
    },
    indices: (n) => {
      const v = take(4 * n);
      return new Uint32Array(v.buffer, v.byteOffset, n);
    },
    check: () => ctx.check(),
    free: () => {
      for (const b of blocks) ctx.store.free(b);
    },
  };
}

/** The rows with a label as blocks of numbers; a class is its index. */
function blocksOf(params: TrainParams, input: RelationReader, ctx: TaskContext, learned: Learned, task: Task): Blocks {
  const columns = params.features.map((f) => f.column);
  const encoder = featureEncoder(learned.features, columns);
  const index = classIndex(learned.classes);
  const room = blockRows(encoder.width);
  const x = encoder.room(room);
  const y = new Float64Array(room);
  const codes = new Int32Array(room);
  const labels = (b: Batch): void => {
    const label = columnOf(b, params.label.column);
    if (task === 'regression') toFloats(label, b.rows, y);
    else {
      classCodes(label, b.rows, index, codes);
      for (let i = 0; i < b.rows; i++) y[i] = (codes[i] as number) < 0 ? Number.NaN : (codes[i] as number);
    }
  };
  return {
    width: encoder.width,
    rows: learned.rows,
    indicator: encoder.indicator,
    each(f) {
      for (const batch of input.batches()) {
        for (const b of pieces(batch, encoder.width)) {
          ctx.check();
          encoder.encode(b, x);
          labels(b);
          f(x, y, dropUnlabelled(x, y, b.rows));
        }
        ctx.scratch.reset();
      }
    },
  };
}

/** Moves the labelled rows to the front, in order; returns how many there are. */
function dropUnlabelled(x: readonly Float64Array[], y: Float64Array, rows: number): number {
  let n = 0;
  for (let i = 0; i < rows; i++) {
    if (Number.isNaN(y[i] as number)) continue;
    if (n !== i) {
      y[n] = y[i] as number;
      for (const col of x) col[n] = col[i] as number;
    }
    n++;
  }
  return n;
}
