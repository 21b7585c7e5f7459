import { resolveAggregate } from '../../engine/aggregates/registry.ts';
import { valueReader } from '../../engine/batch/access.ts';
import { batchFromRows } from '../../engine/batch/build.ts';
import type { Column } from '../../engine/batch/column.ts';
import type { LiteralValue, SortKey } from '../../engine/expr.ts';
import { heapScratch } from '../../engine/memory/heap_scratch.ts';
import type { WindowCallParams, WindowParams } from '../../engine/operators/params.ts';
import type { Store } from '../../engine/store/types.ts';
import type { Schema } from '../../engine/types.ts';
import type { RangeBound } from '../../engine/windows/def.ts';
import type { Row } from './harness.ts';
import { groupsOf } from './naive.ts';

/** Windows as they are defined, row by row: every frame is looked for among all rows of the partition, and every aggregate computed anew. */
export function naiveWindow(params: WindowParams, rows: readonly Row[], schema: Schema, store: Store): Row[] {
  const groups = params.keys.length === 0 ? [[...rows]] : groupsOf(rows, params.keys, schema);
  return groups.flatMap((group) => {
    const sorted = params.sorted ? group : group.toSorted((a, b) => compareBy(params.sort, a, b));
    const done = sorted.map((row, i) => ({
      ...row,
      ...Object.fromEntries(
        params.calls.map((call) => [call.name, valueOf(call, sorted, i, params.sort, schema, store)]),
      ),
    }));
    return done.slice(params.skip, params.take === null ? undefined : params.skip + params.take);
  });
}

const nameOf = (k: SortKey): string => (k.expr.kind === 'column' ? k.expr.name : '');

function compareValues(a: LiteralValue, b: LiteralValue): number {
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b as string));
  const [x, y] = [a as number, b as number];
  if (x < y) return -1;
  if (x > y) return 1;
  return (Number.isNaN(x) ? 1 : 0) - (Number.isNaN(y) ? 1 : 0);
}

function compareBy(keys: readonly SortKey[], a: Row, b: Row): number {
  for (const k of keys) {
    const [x, y] = [a[nameOf(k)] ?? null, b[nameOf(k)] ?? null];
    if (x === null || y === null) {
      if (x === y) continue;
      return (x === null) === k.nullsFirst ? -1 : 1;
    }
    const c = compareValues(x, y);
    if (c !== 0) return k.desc ? -c : c;
  }
  return 0;
}

function valueOf(
  call: WindowCallParams,
  rows: readonly Row[],
  i: number,
  sort: readonly SortKey[],
  schema: Schema,
  store: Store,
): LiteralValue {
  const row = rows[i] as Row;
  const peers = rows.filter((r) => compareBy(sort, r, row) === 0);
  const before = rows.filter((r) => compareBy(sort, r, row) < 0);
  const [arg] = call.args;
  const valued = (list: readonly Row[]): readonly Row[] =>
    call.ignoreNulls ? list.filter((r) => (r[arg as string] ?? null) !== null) : list;
  const pick = (r: Row | undefined): LiteralValue => (r === undefined ? null : (r[arg as string] ?? null));
  const n = call.constant ?? 1;
  const orElse = (list: readonly Row[], at: number): LiteralValue => {
    const found = at < 0 ? undefined : list[at];
    return found === undefined && call.fallback !== null ? (row[call.fallback] ?? null) : pick(found);
  };
  const frame = frameOf(call, rows, i, sort);
  switch (call.fn) {
    case 'row_number':
      return i + 1;
    case 'rank':
      return before.length + 1;
    case 'dense_rank':
      return 1 + before.filter((r, k) => k === 0 || compareBy(sort, before[k - 1] as Row, r) !== 0).length;
    case 'percent_rank':
      return rows.length === 1 ? 0 : before.length / (rows.length - 1);
    case 'cume_dist':
      return (before.length + peers.length) / rows.length;
    case 'ntile': {
      const sizes = Array.from({ length: n }, (_, b) => Math.floor(rows.length / n) + (b < rows.length % n ? 1 : 0));
      let left = i;
      for (const [b, size] of sizes.entries()) {
        if (left < size) return b + 1;
        left -= size;
      }
      return null;
    }
    case 'lag': {
      if (n === 0) return pick(row);
      const list = valued(rows.slice(0, i));
      return orElse(list, list.length - n);
    }
    case 'lead':
      return n === 0 ? pick(row) : orElse(valued(rows.slice(i + 1)), n - 1);
    case 'first_value':
      return pick(valued(frame)[0]);
    case 'last_value':
      return pick(valued(frame).at(-1));
    case 'nth_value':
      return pick(valued(frame)[n - 1]);
    default:
      return aggregateOf(call, frame, schema, store);
  }
}

function frameOf(call: WindowCallParams, rows: readonly Row[], i: number, sort: readonly SortKey[]): readonly Row[] {
  const { frame } = call;
  if (frame.unit === 'rows') {
    const from = frame.low === null ? 0 : Math.max(0, i + frame.low);
    return rows.slice(from, frame.high === null ? undefined : Math.max(from, i + frame.high + 1));
  }
  const row = rows[i] as Row;
  return rows.filter((r) => inside(frame.low, r, row, sort, -1) && inside(frame.high, r, row, sort, 1));
}

/** `side`: -1 for the low end, which the row's key may not lie before. */
function inside(bound: RangeBound, r: Row, row: Row, sort: readonly SortKey[], side: -1 | 1): boolean {
  if (bound === null) return true;
  const [key] = sort;
  if (bound.kind === 'offset' && Number(bound.value) === 0) return compareBy(sort, r, row) * side <= 0;
  if (key === undefined) return true;
  const [own, other] = [row[nameOf(key)] ?? null, r[nameOf(key)] ?? null];
  if (own === null) return side === -1 ? compareBy(sort, r, row) >= 0 : compareBy(sort, r, row) <= 0;
  if (other === null) return key.nullsFirst ? side === 1 : side === -1;
  const edge = bound.kind === 'column' ? (row[bound.column] as LiteralValue) : sum(own, bound.value, key.desc);
  const c = compareValues(other, edge);
  return (key.desc ? -c : c) * side <= 0;
}

function sum(key: LiteralValue, by: number | bigint, desc: boolean): LiteralValue {
  const float = !Number.isInteger(key as number) && typeof key !== 'bigint';
  if (float || !Number.isInteger(Number(by))) return (key as number) + (desc ? -Number(by) : Number(by));
  const exact = BigInt(key as number) + (desc ? -BigInt(by) : BigInt(by));
  return exact >= -9007199254740991n && exact <= 9007199254740991n ? Number(exact) : exact;
}

function aggregateOf(call: WindowCallParams, frame: readonly Row[], schema: Schema, store: Store): LiteralValue {
  const acc = resolveAggregate(call.fn, call.argTypes, call.distinct)?.create(store);
  if (acc === undefined) throw new Error(`no aggregate ${call.fn}`);
  try {
    acc.grow(1);
    const read = schema.filter((f) => call.args.includes(f.name));
    const batch = batchFromRows(read, frame);
    const args = call.args.map((a) => batch.columns[read.findIndex((f) => f.name === a)] as Column);
    acc.add(new Uint32Array(frame.length), frame.length, args);
    return valueReader(acc.values(new Uint32Array(1), 1, heapScratch()))(0);
  } finally {
    acc.free();
  }
}
