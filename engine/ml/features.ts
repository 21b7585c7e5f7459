import { valueReader } from '../batch/access.ts';
import { type Batch, type Column, isValid, MORSEL_ROWS } from '../batch/column.ts';
import { sliceBatch } from '../batch/slice.ts';
import { RunError } from '../errors.ts';
import type { RelationReader } from '../operators/def.ts';
import { type ClassValue, inputWidth, type ModelFeature, type Task } from './model.ts';
import type { TrainParams } from './params.ts';

/** Categories a one-hot feature may have; beyond, it is more likely an identifier than a category. */
const MAX_CATEGORIES = 1000;
/** Numbers a learner holds at a time, over all its input columns: 8 MiB. */
const BLOCK_VALUES = 2 ** 20;

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
function classReader(c: Column): (row: number) => ClassValue | null {
  const read = valueReader(c);
  return (row) => {
    const v = read(row);
    if (v === null || typeof v === 'string' || typeof v === 'number' || typeof v === 'boolean') return v;
    if (typeof v === 'bigint') return Number(v);
    throw new Error(`a ${c.type.kind} value is not a class`);
  };
}

/** The number of each row's class; -1 for null and for a class that `index` does not know. */
export function classCodes(c: Column, rows: number, index: ReadonlyMap<ClassValue, number>, out: Int32Array): void {
  if (c.phys === 'dict' && c.dictionary.length <= rows) {
    const read = classReader(c.dictionary);
    const known = Int32Array.from({ length: c.dictionary.length }, (_, i) => index.get(read(i) as ClassValue) ?? -1);
    for (let i = 0; i < rows; i++) out[i] = known[c.codes[i] as number] as number;
    if (c.validity !== null) for (let i = 0; i < rows; i++) if (!isValid(c, i)) out[i] = -1;
    return;
  }
  const read = classReader(c);
  for (let i = 0; i < rows; i++) {
    const v = read(i);
    out[i] = v === null ? -1 : (index.get(v) ?? -1);
  }
}

export function classIndex(classes: readonly ClassValue[]): Map<ClassValue, number> {
  return new Map(classes.map((c, i) => [c, i]));
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

/** Parts of a batch, small enough that `width` numbers a row of them are a block. */
export function* pieces(b: Batch, width: number): Iterable<Batch> {
  const rows = blockRows(width);
  if (b.rows <= rows) yield b;
  else for (let at = 0; at < b.rows; at += rows) yield sliceBatch(b, at, Math.min(at + rows, b.rows));
}

/** A multiple of 8, so that bitmaps are cut on bytes. */
export function blockRows(width: number): number {
  return Math.max(64, Math.min(MORSEL_ROWS, Math.floor(BLOCK_VALUES / Math.max(1, width)) & ~7));
}

export interface Learned {
  readonly features: ModelFeature[];
  /** Ascending; empty for a regression. */
  readonly classes: ClassValue[];
  /** Rows with a label. */
  readonly rows: number;
}

/** First pass over the training rows: one-hot categories and the classes of the label; rows without a label do not count. */
export function learnFeatures(params: TrainParams, input: RelationReader, task: Task): Learned {
  const sets = params.features.map(() => new Set<ClassValue>());
  const labels = new Set<ClassValue>();
  let rows = 0;
  for (const b of input.batches()) {
    const label = columnOf(b, params.label.column);
    rows += task === 'regression' ? countNumbers(label, b.rows, params.label.name) : b.rows - label.nullCount;
    if (task === 'classification') collect(label, b.rows, labels, `the label ${params.label.name} has`);
    params.features.forEach((f, k) => {
      if (f.encoding === 'onehot')
        collect(columnOf(b, f.column), b.rows, sets[k] as Set<ClassValue>, `feature ${f.name} has`);
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

function countNumbers(label: Column, rows: number, name: string): number {
  const y = new Float64Array(rows);
  toFloats(label, rows, y);
  let n = 0;
  for (const v of y) {
    if (Number.isNaN(v)) continue;
    if (!Number.isFinite(v))
      throw new RunError(
        'FLOW7011',
        `the label ${name} is infinite in some row`,
        { column: name },
        'Leave such rows out',
      );
    n++;
  }
  return n;
}

function collect(c: Column, rows: number, into: Set<ClassValue>, whose: string): void {
  const add = (v: ClassValue | null): void => {
    if (v === null || into.has(v)) return;
    into.add(v);
    if (into.size > MAX_CATEGORIES) {
      throw new RunError(
        'FLOW7011',
        `${whose} more than ${MAX_CATEGORIES} categories`,
        {},
        'That many suit no model: group the rare ones, or use a number instead',
      );
    }
  };
  if (c.phys !== 'dict') {
    const read = classReader(c);
    for (let i = 0; i < rows; i++) add(read(i));
    return;
  }
  const seen = new Uint8Array(c.dictionary.length);
  for (let i = 0; i < rows; i++) if (isValid(c, i)) seen[c.codes[i] as number] = 1;
  const read = classReader(c.dictionary);
  for (let d = 0; d < seen.length; d++) if (seen[d] === 1) add(read(d));
}

/** Turns the feature columns of batches into the learner's input columns. */
export interface Encoder {
  readonly width: number;
  /** Input columns that are 0 or 1: a category each. */
  readonly indicator: readonly boolean[];
  /** `x[k]` gets `b.rows` values. Missing numbers are NaN; a null or unseen category is zero in all of its columns. */
  encode(b: Batch, x: readonly Float64Array[]): void;
  /** Room for blocks of that many rows. */
  room(rows: number): Float64Array[];
}

export function featureEncoder(features: readonly ModelFeature[], columns: readonly string[]): Encoder {
  const width = inputWidth(features);
  const indexes = features.map((f) => classIndex(f.categories));
  let codes = new Int32Array(0);
  const onehot = (c: Column, rows: number, j: number, slots: readonly Float64Array[]): void => {
    if (codes.length < rows) codes = new Int32Array(rows);
    classCodes(c, rows, indexes[j] as Map<ClassValue, number>, codes);
    for (const s of slots) s.fill(0, 0, rows);
    for (let i = 0; i < rows; i++) {
      const slot = slots[codes[i] as number];
      if (slot !== undefined) slot[i] = 1;
    }
  };
  return {
    width,
    indicator: features.flatMap((f) => (f.encoding === 'onehot' ? f.categories.map(() => true) : [false])),
    encode(b, x) {
      let k = 0;
      features.forEach((f, j) => {
        const c = columnOf(b, columns[j] as string);
        if (f.encoding === 'numeric') toFloats(c, b.rows, x[k++] as Float64Array);
        else {
          onehot(c, b.rows, j, x.slice(k, k + f.categories.length));
          k += f.categories.length;
        }
      });
    },
    room: (rows) => Array.from({ length: width }, () => new Float64Array(rows)),
  };
}
