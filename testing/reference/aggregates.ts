import { RunError } from '../../engine/errors.ts';
import type { AggregateCall, LiteralValue } from '../../engine/expr.ts';
import type { DataType } from '../../engine/types.ts';
import { FAILS, interpret, type Row } from './expr.ts';
import { canonical, keyText, order } from './values.ts';

/** Aggregates from their definition: all values of a group at once, in the order of its rows, nulls left out. */
type Fold = (values: readonly LiteralValue[], arg: DataType, result: DataType) => LiteralValue;

const numbers = (values: readonly LiteralValue[]): number[] => values.map(Number);
const extreme =
  (sign: 1 | -1): Fold =>
  (values, t) =>
    values.reduce<LiteralValue>((best, v) => (best === null || sign * order(t, v, best) < 0 ? v : best), null);

function sum(values: readonly LiteralValue[], arg: DataType, result: DataType): LiteralValue {
  if (values.length === 0) return null;
  if (arg.kind === 'float') return numbers(values).reduce((a, b) => a + b, 0);
  const total = values.reduce<bigint>((a, b) => a + BigInt(b as bigint), 0n);
  const limit = result.kind === 'decimal' ? 10n ** BigInt(result.precision) : 2n ** 63n;
  if (total >= limit || total < -limit) throw new RunError('FLOW7005', 'a sum out of range');
  return total;
}

/** A decimal as the number it stands for. */
const scaled = (v: LiteralValue, t: DataType): number => (t.kind === 'decimal' ? Number(v) / 10 ** t.scale : Number(v));

function mean(values: readonly LiteralValue[], arg: DataType): LiteralValue {
  return values.length === 0 ? null : values.reduce<number>((a, v) => a + scaled(v, arg), 0) / values.length;
}

/** Sum of squared distances from the mean. */
function squares(values: readonly LiteralValue[], arg: DataType): number {
  const xs = values.map((v) => scaled(v, arg));
  const m = xs.reduce((a, b) => a + b, 0) / xs.length;
  return xs.reduce((a, x) => a + (x - m) ** 2, 0);
}

const variance: Fold = (values, arg) => (values.length < 2 ? null : squares(values, arg) / (values.length - 1));

const FOLDS: Readonly<Record<string, Fold>> = {
  sum,
  mean,
  min: extreme(1),
  max: extreme(-1),
  count: (values) => BigInt(values.length),
  count_distinct: (values, t) => BigInt(new Set(values.map((v) => keyText(t, v))).size),
  count_if: (values) => BigInt(values.filter((v) => v === true).length),
  any: (values) => (values.length === 0 ? null : values.includes(true)),
  all: (values) => (values.length === 0 ? null : !values.includes(false)),
  first: (values) => values[0] ?? null,
  last: (values) => values.at(-1) ?? null,
  list: (values) => values,
  var: variance,
  stddev: (values, arg, result) => {
    const v = variance(values, arg, result);
    return v === null ? null : Math.sqrt(v as number);
  },
};

/** Names of the aggregates that the reference knows. */
export const REFERENCE_AGGREGATES: readonly string[] = Object.keys(FOLDS);

export function aggregateOf(call: AggregateCall, rows: readonly Row[]): LiteralValue {
  const fold = FOLDS[call.fn];
  if (fold === undefined) throw new Error(`the reference has no aggregate ${call.fn}`);
  const [arg] = call.args;
  if (arg === undefined) return BigInt(rows.length);
  const values = rows.map((row) => {
    const v = interpret(arg, row);
    if (v === FAILS) throw new RunError('FLOW7005', 'an argument that fails');
    return v;
  });
  const there = values.filter((v) => v !== null);
  const seen = new Set<string>();
  const kept = call.distinct
    ? there.filter((v) => {
        const key = keyText(arg.type, v);
        const fresh = !seen.has(key);
        seen.add(key);
        return fresh;
      })
    : there;
  return canonical(call.type, fold(kept, arg.type, call.type));
}
