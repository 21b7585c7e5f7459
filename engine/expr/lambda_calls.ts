import { ALL_VALID, getBit, validityOf } from '../batch/bitmap.ts';
import { nullColumn } from '../batch/build.ts';
import { type Column, isValid, type ListColumn } from '../batch/column.ts';
import { columnComparator } from '../batch/compare.ts';
import { concatColumns } from '../batch/concat.ts';
import { gatherColumn, NO_ROW } from '../batch/gather.ts';
import { type FlatList, rowOfItems } from '../batch/lists.ts';
import { sliceColumn } from '../batch/slice.ts';
import { EngineBug } from '../errors.ts';
import type { CallExpr, LambdaExpr } from '../expr.ts';
import type { Scratch } from '../memory/types.ts';
import { T } from '../types.ts';

/** One call that takes a lambda, over the rows of a batch. */
export interface LambdaCall {
  readonly e: CallExpr;
  readonly lambda: LambdaExpr;
  /** The first argument, a list or a map. */
  readonly list: ListColumn;
  readonly flat: FlatList;
  /** The arguments behind the lambda. */
  readonly rest: readonly Column[];
  /** The body over values of the parameters, each of which belongs to a row. */
  evaluate(params: readonly Column[], rows: Uint32Array): Column;
  readonly scratch: Scratch;
}

type Compute = (call: LambdaCall) => Column;

/** The body over all items; a second parameter is the position of the item in its list, from 0. */
function overItems(call: LambdaCall): Column {
  const { flat, lambda, scratch } = call;
  const params = lambda.params.length > 1 ? [flat.items, positions(flat, scratch)] : [flat.items];
  return call.evaluate(params, rowOfItems(flat, scratch));
}

function positions({ rows, offsets, count }: FlatList, scratch: Scratch): Column {
  const values = scratch.i32(count);
  for (let i = 0; i < rows; i++) {
    const from = offsets[i] as number;
    for (let k = from; k < (offsets[i + 1] as number); k++) values[k] = k - from;
  }
  return { type: T.int, phys: 'i32', length: count, ...ALL_VALID, values };
}

/** The body over the keys and values of a map. */
function overEntries(call: LambdaCall): Column {
  const entries = call.flat.items;
  if (entries.phys !== 'struct') throw new EngineBug('the entries of a map are no structs');
  return call.evaluate(entries.children, rowOfItems(call.flat, call.scratch));
}

function lists({ e, list, flat }: LambdaCall, offsets: Int32Array, child: Column): Column {
  const { nullCount, validity } = list;
  return { type: e.type, phys: 'list', length: flat.rows, nullCount, validity, offsets, child };
}

/** By item: 1 true, 0 false, 2 null. */
function truths(col: Column, count: number): Uint8Array {
  if (col.phys === 'null') return new Uint8Array(count).fill(2);
  if (col.phys !== 'bool') throw new EngineBug('a condition is no bool');
  const out = new Uint8Array(count);
  for (let k = 0; k < count; k++) out[k] = isValid(col, k) ? Number(getBit(col.values, k)) : 2;
  return out;
}

/** The items for which the condition is true. */
function kept(call: LambdaCall, condition: Column): Column {
  const { flat, scratch } = call;
  const truth = truths(condition, flat.count);
  const picked = scratch.u32(flat.count);
  const offsets = scratch.i32(flat.rows + 1);
  let n = 0;
  offsets[0] = 0;
  for (let i = 0; i < flat.rows; i++) {
    for (let k = flat.offsets[i] as number; k < (flat.offsets[i + 1] as number); k++)
      if (truth[k] === 1) picked[n++] = k;
    offsets[i + 1] = n;
  }
  return lists(call, offsets, gatherColumn(flat.items, picked, n, scratch));
}

/** Decided by the first item whose condition is `decides`; null where none is and some is null. */
function quantified(call: LambdaCall, decides: 0 | 1): Column {
  const { flat, list, scratch, e } = call;
  const truth = truths(overItems(call), flat.count);
  const values = scratch.bitmap(flat.rows, false);
  const bits = scratch.bitmap(flat.rows, true);
  for (let i = 0; i < flat.rows; i++) {
    let result: number = 1 - decides;
    for (let k = flat.offsets[i] as number; k < (flat.offsets[i + 1] as number) && result !== decides; k++)
      if (truth[k] === decides) result = decides;
      else if (truth[k] === 2) result = 2;
    if (!isValid(list, i) || result === 2) bits[i >> 3] = (bits[i >> 3] as number) & ~(1 << (i & 7));
    else if (result === 1) values[i >> 3] = (values[i >> 3] as number) | (1 << (i & 7));
  }
  return { type: e.type, phys: 'bool', length: flat.rows, ...validityOf(bits, flat.rows), values };
}

/** Stable; items whose key is null come last, in both directions. */
function sorted(call: LambdaCall): Column {
  const { flat, scratch, e } = call;
  const direction = e.args[2];
  const sign = direction?.kind === 'literal' && direction.value === 'desc' ? -1 : 1;
  const keys = overItems(call);
  const compare = columnComparator(keys, keys);
  const order = scratch.u32(flat.count);
  for (let k = 0; k < flat.count; k++) order[k] = k;
  const nullity = (k: number): number => (isValid(keys, k) ? 0 : 1);
  for (let i = 0; i < flat.rows; i++) {
    order.subarray(flat.offsets[i], flat.offsets[i + 1]).sort((a, b) => {
      const nulls = nullity(a) - nullity(b);
      if (nulls !== 0) return nulls;
      return (nullity(a) === 1 ? 0 : sign * compare(a, b)) || a - b;
    });
  }
  return lists(call, flat.offsets, gatherColumn(flat.items, order, flat.count, scratch));
}

/** All lists at once, item by item: step k takes the k-th item of every list that has one. */
function reduced(call: LambdaCall): Column {
  const { flat, list, scratch, e, rest } = call;
  const [start] = rest;
  const lengthOf = (i: number): number => (flat.offsets[i + 1] as number) - (flat.offsets[i] as number);
  // Rows in the order of their lengths, longest first: those of a step are the first ones.
  const rows = Uint32Array.from({ length: flat.rows }, (_, i) => i)
    .filter((i) => isValid(list, i))
    .sort((a, b) => lengthOf(b) - lengthOf(a) || a - b);
  const first = start === undefined ? 1 : 0;
  const done: Column[] = [];
  const order: number[] = [];
  let acc = start === undefined ? itemsAt(call, rows, 0) : gatherColumn(start, rows, rows.length, scratch);
  let active = rows.length;
  for (let step = first; active > 0; step++) {
    let left = active;
    while (left > 0 && lengthOf(rows[left - 1] as number) <= step) left--;
    // Those that end here; they are taken from the end, where the short ones are.
    if (left < active) {
      done.push(sliceColumn(acc, left, active));
      for (let k = left; k < active; k++) order.push(rows[k] as number);
    }
    active = left;
    if (active === 0) break;
    const still = rows.subarray(0, active);
    const params = [sliceColumn(acc, 0, active), itemsAt(call, still, step), steps(step, active, scratch)];
    acc = call.evaluate(params.slice(0, call.lambda.params.length), still);
  }
  const all = done.length === 0 ? nullColumn(e.type, 0, scratch) : concatColumns(done, e.type, scratch);
  const place = scratch.u32(flat.rows).fill(NO_ROW);
  order.forEach((row, k) => {
    place[row] = k;
  });
  return { ...gatherColumn(all, place, flat.rows, scratch), type: e.type };
}

function steps(step: number, n: number, scratch: Scratch): Column {
  return { type: T.int, phys: 'i32', length: n, ...ALL_VALID, values: scratch.i32(n).fill(step) };
}

/** The items at a position of the lists of these rows; null where the list is shorter. */
function itemsAt({ flat, scratch }: LambdaCall, rows: Uint32Array, at: number): Column {
  const picked = scratch.u32(rows.length);
  for (let k = 0; k < rows.length; k++) {
    const row = rows[k] as number;
    const item = (flat.offsets[row] as number) + at;
    picked[k] = item < (flat.offsets[row + 1] as number) ? item : NO_ROW;
  }
  return gatherColumn(flat.items, picked, rows.length, scratch);
}

/** How each function that takes a lambda is computed from the values of its body; one entry for each such function of the library. */
export const LAMBDA_CALLS: Readonly<Record<string, Compute>> = {
  list_transform: (call) => lists(call, call.flat.offsets, overItems(call)),
  list_filter: (call) => kept(call, overItems(call)),
  list_any: (call) => quantified(call, 1),
  list_all: (call) => quantified(call, 0),
  list_sort: sorted,
  list_reduce: reduced,
  map_filter: (call) => kept(call, overEntries(call)),
  map_transform_values: (call) => {
    const values = overEntries(call);
    const entries = call.flat.items as Column & { phys: 'struct' };
    const type = entries.type.kind === 'struct' ? entries.type : T.struct([]);
    const children = [entries.children[0] as Column, values];
    return lists(call, call.flat.offsets, { ...entries, type: retyped(type, call), children });
  },
};

function retyped(type: Column['type'], { e }: LambdaCall): Column['type'] {
  if (type.kind !== 'struct' || e.type.kind !== 'map') return type;
  const [key, value] = type.fields;
  return key === undefined || value === undefined ? type : T.struct([key, { ...value, ...e.type.value }]);
}
