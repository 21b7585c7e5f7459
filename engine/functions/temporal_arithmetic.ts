import type { IntervalValue } from '../expr.ts';
import { type DataType, T } from '../types.ts';
import { overload, type Resolved } from './build.ts';
import { addIntervals, between, dateInRange, scaleInterval, shiftDate, shiftTimestamp } from './interval.ts';
import { addInt, floorMod, type Int } from './ints.ts';
import { DAY_MICROS } from './limits.ts';

/** Whether an interval argument is a literal of whole days and months: a date moved by it stays a date. */
function wholeDays(literal: unknown): boolean {
  const v = literal as IntervalValue | null | undefined;
  return v !== null && typeof v === 'object' && v.micros === 0;
}

function move(t: DataType, sign: 1 | -1, literal: unknown): Resolved {
  if (t.kind === 'date') {
    if (wholeDays(literal))
      return overload([t, T.interval], t, { call: (d: number, i: IntervalValue) => shiftDate(d, i, sign) });
    return move(T.timestamp, sign, literal);
  }
  if (t.kind === 'timestamp') {
    return overload([t, T.interval], t, {
      call: (v: Int, i: IntervalValue) => shiftTimestamp(v, i, sign),
      mayOverflow: true,
    });
  }
  if (t.kind === 'time') {
    return overload([t, T.interval], t, {
      call: (v: Int, i: IntervalValue) => floorMod(addInt(v, sign * i.micros), DAY_MICROS),
    });
  }
  return t.kind === 'interval'
    ? overload([t, t], t, { call: (a: IntervalValue, b: IntervalValue) => addIntervals(a, b, sign) })
    : null;
}

function byDays(sign: 1 | -1): Resolved {
  return overload([T.date, T.int], T.date, {
    call: (d: number, n: Int) => dateInRange(addInt(d, sign === 1 ? n : typeof n === 'bigint' ? -n : 0 - n)),
  });
}

/** The other order of a commutative overload. */
function swapped(r: Resolved): Resolved {
  if (r === null || 'error' in r) return r;
  const call = r.impl.call as ((a: unknown, b: unknown) => unknown) | undefined;
  if (call === undefined) return null;
  return { ...r, params: [...r.params].reverse(), impl: { ...r.impl, call: (a: unknown, b: unknown) => call(b, a) } };
}

export function temporalPlus(a: DataType, b: DataType, literals: readonly unknown[]): Resolved {
  if (a.kind === 'date' && b.kind === 'int') return byDays(1);
  if (a.kind === 'int' && b.kind === 'date') return swapped(byDays(1));
  if (b.kind === 'interval') return move(a, 1, literals[1]);
  return a.kind === 'interval' ? swapped(move(b, 1, literals[0])) : null;
}

export function temporalMinus(a: DataType, b: DataType, literals: readonly unknown[]): Resolved {
  if (a.kind === 'date' && b.kind === 'date')
    return overload([a, b], T.int, { inline: (x, y) => `(${x} - ${y})`, bound: () => 2 ** 32 });
  if (a.kind === 'date' && b.kind === 'int') return byDays(-1);
  if (b.kind === 'interval') return move(a, -1, literals[1]);
  const instant = (t: DataType) => t.kind === 'timestamp' || t.kind === 'date';
  const asInstant = (t: DataType) => (t.kind === 'timestamp' ? t : T.timestamp);
  if (instant(a) && instant(b)) return overload([asInstant(a), asInstant(b)], T.interval, { call: between });
  return a.kind === 'time' && b.kind === 'time' ? overload([a, b], T.interval, { call: between }) : null;
}

/** interval * int, either way; `by` fixes the factor (the opposite). */
export function temporalTimes(a: DataType, b: DataType, by?: number): Resolved {
  if (a.kind === 'interval' && by !== undefined)
    return overload([a], a, { call: (i: IntervalValue) => scaleInterval(i, by) });
  const scaled = overload([T.interval, T.int], T.interval, { call: scaleInterval });
  if (a.kind === 'interval' && b.kind === 'int') return scaled;
  return a.kind === 'int' && b.kind === 'interval' ? swapped(scaled) : null;
}
