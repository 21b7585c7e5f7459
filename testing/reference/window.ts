import type { RangeEnd, WindowCall, WindowNode } from '../../compiler/logical.ts';
import { RunError } from '../../engine/errors.ts';
import type { AggregateCall, Expr, LiteralValue, SortKey } from '../../engine/expr.ts';
import { aggregateOf } from './aggregates.ts';
import { FAILS, interpret, type Row } from './expr.ts';
import { compareKeys, keyText } from './values.ts';

/** A partition in its order: a row, and the values of its sort keys. */
interface Place {
  readonly row: Row;
  readonly keys: readonly LiteralValue[];
}

/** Each call is computed for each row from the rows of its frame, which are looked for one by one. */
export function windowRows(n: WindowNode, rows: readonly Row[]): readonly Row[] {
  const partitions = new Map<string, Row[]>();
  for (const row of rows) {
    const key = n.keys.map((k) => keyText(k.type, value(k, row))).join('|');
    partitions.set(key, [...(partitions.get(key) ?? []), row]);
  }
  // Arguments are values of every row, also of one that no frame looks at.
  for (const c of n.calls)
    for (const e of [...c.args, ...(c.fallback === null ? [] : [c.fallback])]) for (const row of rows) value(e, row);
  return [...partitions.values()].flatMap((part) => ofPartition(n, part));
}

function value(e: Expr, row: Row): LiteralValue {
  const v = interpret(e, row);
  if (v === FAILS) throw new RunError('FLOW7005', 'an expression that fails');
  return v;
}

function ofPartition(n: WindowNode, rows: readonly Row[]): readonly Row[] {
  const { ties } = n;
  const order: readonly SortKey[] =
    ties === null ? n.sort : [...n.sort, { expr: ties, desc: false, nullsFirst: false }];
  const places = rows.map((row) => ({ row, keys: order.map((k) => value(k.expr, row)) }));
  places.sort((a, b) => compareKeys(order, a.keys, b.keys));
  const made = places.map((p, i) => ({
    ...p.row,
    ...Object.fromEntries(n.calls.map((c) => [c.name, callOf(n, c, places, i)])),
  }));
  return made.slice(n.skip, n.take === null ? undefined : n.skip + n.take);
}

function callOf(n: WindowNode, c: WindowCall, places: readonly Place[], i: number): LiteralValue {
  const peers = (a: number, b: number): boolean =>
    compareKeys(n.sort, (places[a] as Place).keys, (places[b] as Place).keys) === 0;
  const first = places.findIndex((_, j) => peers(i, j));
  const behind = places.filter((_, j) => j > i && !peers(i, j)).length;
  const size = places.length;
  switch (c.fn) {
    case 'row_number':
      return BigInt(i + 1);
    case 'rank':
      return BigInt(first + 1);
    case 'dense_rank':
      return BigInt(1 + places.filter((_, j) => j > 0 && j <= first && !peers(j - 1, j)).length);
    case 'percent_rank':
      return size === 1 ? 0 : first / (size - 1);
    case 'cume_dist':
      return (size - behind) / size;
    case 'lag':
    case 'lead':
      return shifted(c, places, i);
    case 'first_value':
    case 'last_value':
      return picked(c, frameOf(n, c, places, i));
    default:
      return aggregateOf(c as unknown as AggregateCall, frameOf(n, c, places, i));
  }
}

function shifted(c: WindowCall, places: readonly Place[], i: number): LiteralValue {
  if (c.ignoreNulls) throw new Error('the reference shifts over all rows only');
  const other = places[i + (c.fn === 'lag' ? -1 : 1) * (c.constant ?? 1)];
  if (other !== undefined) return value(c.args[0] as Expr, other.row);
  return c.fallback === null ? null : value(c.fallback, (places[i] as Place).row);
}

function picked(c: WindowCall, frame: readonly Row[]): LiteralValue {
  const values = frame.map((row) => value(c.args[0] as Expr, row)).filter((v) => !c.ignoreNulls || v !== null);
  return (c.fn === 'first_value' ? values[0] : values.at(-1)) ?? null;
}

function frameOf(n: WindowNode, c: WindowCall, places: readonly Place[], i: number): readonly Row[] {
  const { frame } = c;
  const within = (j: number): boolean => {
    if (frame.unit === 'rows')
      return (frame.low === null || j >= i + frame.low) && (frame.high === null || j <= i + frame.high);
    return notBefore(n, frame.low, places, i, j) && notBehind(n, frame.high, places, i, j);
  };
  return places.filter((_, j) => within(j)).map((p) => p.row);
}

/** Where row j lies to the bound of a range that is `end` from row i: negative before it. */
function toBound(n: WindowNode, end: NonNullable<RangeEnd>, places: readonly Place[], i: number, j: number): number {
  const [a, b] = [places[i] as Place, places[j] as Place];
  if (end.kind === 'bound') throw new Error('the reference has no computed bounds');
  const [key] = n.sort;
  if (Number(end.value) === 0 || key === undefined) return -compareKeys(n.sort, a.keys, b.keys);
  const [x, y] = [a.keys[0] as LiteralValue, b.keys[0] as LiteralValue];
  // Nulls are peers of each other, and before or behind all others.
  if (x === null || y === null) return -compareKeys([key], [x], [y]);
  const bound = Number(x) + (key.desc ? -1 : 1) * Number(end.value);
  return (key.desc ? -1 : 1) * (Number(y) - bound);
}

function notBefore(n: WindowNode, end: RangeEnd, places: readonly Place[], i: number, j: number): boolean {
  return end === null || toBound(n, end, places, i, j) >= 0;
}

function notBehind(n: WindowNode, end: RangeEnd, places: readonly Place[], i: number, j: number): boolean {
  return end === null || toBound(n, end, places, i, j) <= 0;
}
