import { valueReader } from '../batch/access.ts';
import { type Batch, type Column, isValid } from '../batch/column.ts';
import { RunError } from '../errors.ts';
import type { RelationReader } from '../operators/def.ts';
import type { ClassValue, ModelFeature } from './model.ts';
import type { TrainParams } from './params.ts';

/** Categories a one-hot feature may have; beyond, it is more likely an identifier than a category. */
const MAX_CATEGORIES = 1000;

/** The column as numbers: booleans 0 and 1, dates in days, timestamps in microseconds, decimals by value; null is NaN. */
export function toFloats(c: Column, rows: number, out: Float64Array): void {
  const scale = c.type.kind === 'decimal' ? 10 ** c.type.scale : 1;
  if (c.phys === 'f64') out.set(c.values.subarray(0, rows));
  else if (c.phys === 'i32') for (let i = 0; i < rows; i++) out[i] = (c.values[i] as number) / scale;
  else if (c.phys === 'i64') for (let i = 0; i < rows; i++) out[i] = Number(c.values[i]) / scale;
  else if (c.phys === 'bool') for (let i = 0; i < rows; i++) out[i] = ((c.values[i >> 3] as number) >> (i & 7)) & 1;
  else if (c.phys === 'i128') {
    const read = valueReader(c);
    for (let i = 0; i < rows; i++) out[i] = Number(read(i)) / scale;
  } else if (c.phys === 'null') out.fill(Number.NaN, 0, rows);
  else throw new Error(`a ${c.type.kind} column is not numeric`);
  if (c.validity !== null) for (let i = 0; i < rows; i++) if (!isValid(c, i)) out[i] = Number.NaN;
}

/** Values of a label or category column as classes; null stays null. */
export function classReader(c: Column): (row: number) => ClassValue | null {
  const read = valueReader(c);
  return (row) => {
    const v = read(row);
    if (v === null || typeof v === 'string' || typeof v === 'number' || typeof v === 'boolean') return v;
    if (typeof v === 'bigint') return Number(v);
    throw new Error(`a ${c.type.kind} value is not a class`);
  };
}

export function compareClasses(a: ClassValue, b: ClassValue): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function columnOf(b: Batch, name: string): Column {
  const i = b.schema.findIndex((f) => f.name === name);
  const c = b.columns[i];
  if (c === undefined) throw new Error(`no column ${name}`);
  return c;
}

/** First pass over the training rows: one-hot categories and the classes of the label, ascending; rows without a label do not count. */
export function learnFeatures(params: TrainParams, input: RelationReader, classes: boolean): { features: ModelFeature[]; classes: ClassValue[]; rows: number } {
  const sets = params.features.map(() => new Set<ClassValue>());
  const labels = new Set<ClassValue>();
  let rows = 0;
  for (const b of input.batches()) {
    const label = columnOf(b, params.label.column);
    const read = classes ? classReader(label) : null;
    for (let i = 0; i < b.rows; i++) {
      if (!isValid(label, i)) continue;
      rows++;
      const v = read === null ? null : read(i);
      if (v !== null) labels.add(v);
    }
    params.features.forEach((f, k) => {
      if (f.encoding === 'onehot') collect(columnOf(b, f.column), b.rows, sets[k] as Set<ClassValue>, f.name);
    });
  }
  const features = params.features.map((f, k) => ({
    name: f.name,
    type: f.type,
    encoding: f.encoding,
    categories: [...(sets[k] as Set<ClassValue>)].sort(compareClasses),
  }));
  return { features, classes: [...labels].sort(compareClasses), rows };
}

function collect(c: Column, rows: number, into: Set<ClassValue>, name: string): void {
  const read = classReader(c);
  for (let i = 0; i < rows; i++) {
    const v = read(i);
    if (v === null || into.has(v)) continue;
    into.add(v);
    if (into.size > MAX_CATEGORIES) {
      throw new RunError('FLOW7011', `feature ${name} has more than ${MAX_CATEGORIES} categories`, { column: name }, 'One-hot encoding suits few categories: group the rare ones, or use a number instead');
    }
  }
}

/**
 * Writes the learner's input columns of one batch: `out[k]` gets `batch.rows` values. Missing numbers are NaN; a null or unseen category is zero in all
 * of its columns.
 */
export function encodeBatchFeatures(b: Batch, features: readonly ModelFeature[], columns: readonly string[], out: readonly Float64Array[]): void {
  let k = 0;
  features.forEach((f, j) => {
    const c = columnOf(b, columns[j] as string);
    if (f.encoding === 'numeric') {
      toFloats(c, b.rows, out[k] as Float64Array);
      k++;
      return;
    }
    const slots = f.categories.map((_, i) => (out[k + i] as Float64Array).fill(0, 0, b.rows));
    const index = new Map(f.categories.map((v, i) => [v, i]));
    const read = classReader(c);
    for (let i = 0; i < b.rows; i++) {
      const v = read(i);
      const slot = v === null ? undefined : index.get(v);
      if (slot !== undefined) (slots[slot] as Float64Array)[i] = 1;
    }
    k += f.categories.length;
  });
}
