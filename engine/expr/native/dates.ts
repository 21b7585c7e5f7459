import { DAY_MICROS } from '../../functions/limits.ts';
import type { DataType } from '../../types.ts';
import { dayToMicros, microsToDay } from './casts.ts';
import type { Lanes, V } from './lanes.ts';
import { asFloat, asInt32, both, exactOnly, halves, int32, Unsupported, type Val, wholeToInt64 } from './values.ts';

export type DatePart = 'year' | 'quarter' | 'month' | 'day' | 'dayofyear' | 'weekday' | 'dayofweek';

/** Days of an era of 400 years, and from 0000-03-01 to 1970-01-01. */
const ERA = 146097;
const EPOCH = 719468;
/** Eras added, so that everything is positive. */
const SHIFT = 1000;
/** Dates within this many days of 1970 are computed here. */
const NEAR = 100_000_000;
/** Microseconds up to a day from here are left to JavaScript: what they are cut to may not be exact. */
const EXACT = 2 ** 53;

/** A part of the proleptic Gregorian calendar, of a date or a timestamp without a zone. */
export function datePart(w: Lanes, part: DatePart, v: Val, t: DataType): Val {
  if (t.kind === 'timestamp' && t.zone !== null) throw new Unsupported('the clock of a zone');
  const days = t.kind === 'timestamp' ? microsToDay(w, v) : v;
  const far = w.v('i32x4.gt_u', w.v('i32x4.add', days.x, w.all32(NEAR)), w.all32(2 * NEAR));
  const masks = { n: days.n, err: w.or(days.err, w.without(far, days.n)) };
  const key = `civil${days.x}`;
  const year = (): V => w.once(`${key}year`, () => yearOf(w, key, days.x));
  const month = (): V => w.once(`${key}month`, () => monthOf(w, key, days.x));
  switch (part) {
    case 'year':
      return int32(year(), 2 ** 20, masks);
    case 'month':
      return int32(month(), 12, masks);
    case 'quarter':
      return int32(quotient(w, plus(w, month(), 2), 3), 4, masks);
    case 'day':
      return int32(dayOfMonth(w, key, days.x), 31, masks);
    case 'dayofyear':
      return int32(dayOfYear(w, key, days.x), 366, masks);
    case 'weekday':
      return int32(plus(w, sinceMonday(w, days.x), 1), 7, masks);
    case 'dayofweek': {
      const day = plus(w, sinceMonday(w, days.x), 1);
      return int32(w.v('v128.and', day, w.v('i32x4.lt_s', day, w.all32(7))), 6, masks);
    }
  }
}

/** A date, or microseconds, cut to the begin of a unit; null for units that are left to JavaScript. */
export function truncated(w: Lanes, unit: string, v: Val, t: DataType): Val | null {
  if (t.kind === 'timestamp' && t.zone !== null) return null;
  const step = CLOCK_UNITS[unit];
  if (t.kind === 'timestamp' && step !== undefined) {
    const { micros, masks } = exactMicros(w, v);
    const steps = halves(w, 'f64x2.floor', halves(w, 'f64x2.div', micros, both(w.allF64(step))));
    return wholeToInt64(w, halves(w, 'f64x2.mul', steps, both(w.allF64(step))), EXACT, masks);
  }
  const part = FIRST_DAYS[unit];
  if (part === undefined) return null;
  const day = datePart(w, part, v, t);
  const days = t.kind === 'timestamp' ? microsToDay(w, v) : v;
  const first = plus(w, minus(w, days.x, day.x), 1);
  const date = int32(first, NEAR + 366, day);
  return t.kind === 'date' ? date : dayToMicros(w, date, t);
}

const FIRST_DAYS: Readonly<Record<string, DatePart>> = { month: 'day', year: 'dayofyear', week: 'weekday' };
const CLOCK_UNITS: Readonly<Record<string, number>> = { day: DAY_MICROS, hour: 3.6e9, minute: 6e7, second: 1e6 };

export type ClockPart = 'hour' | 'minute' | 'second' | 'millisecond' | 'microsecond';

/** Microseconds of the unit, and how many of it make the next greater one. */
const CLOCK: Readonly<Record<ClockPart, readonly [number, number]>> = {
  hour: [3.6e9, 24],
  minute: [6e7, 60],
  second: [1e6, 60],
  millisecond: [1e3, 1000],
  microsecond: [1, 1e6],
};

/** A part of the time of day, of a time or a timestamp without a zone. */
export function clockPart(w: Lanes, part: ClockPart, v: Val, t: DataType): Val {
  if (t.kind === 'timestamp' && t.zone !== null) throw new Unsupported('the clock of a zone');
  const { micros, masks } = exactMicros(w, v);
  const [unit, cycle] = CLOCK[part];
  const count = halves(w, 'f64x2.floor', halves(w, 'f64x2.div', micros, both(w.allF64(unit))));
  const cycles = halves(w, 'f64x2.floor', halves(w, 'f64x2.div', count, both(w.allF64(cycle))));
  const rest = halves(w, 'f64x2.sub', count, halves(w, 'f64x2.mul', cycles, both(w.allF64(cycle))));
  return asInt32(w, wholeToInt64(w, rest, cycle, masks));
}

function exactMicros(w: Lanes, v: Val): { readonly micros: Val; readonly masks: Pick<Val, 'n' | 'err'> } {
  const micros = asFloat(w, v);
  return { micros, masks: { n: v.n, err: exactOnly(w, micros, v.bound, v.n, EXACT - DAY_MICROS) } };
}

const plus = (w: Lanes, a: V, b: number): V => w.v('i32x4.add', a, w.all32(b));
const times = (w: Lanes, a: V, b: number): V => w.v('i32x4.mul', a, w.all32(b));
const minus = (w: Lanes, a: V, b: V): V => w.v('i32x4.sub', a, b);

/** Whole quotient of numbers from 0 to below 2^31: a product with the reciprocal in fixed point. */
function quotient(w: Lanes, a: V, by: number): V {
  const shift = 32 + Math.floor(Math.log2(by));
  const factor = w.all32(Math.ceil(2 ** shift / by));
  const low = w.shift('i64x2.shr_u', w.v('i64x2.extmul_low_i32x4_u', a, factor), shift);
  const high = w.shift('i64x2.shr_u', w.v('i64x2.extmul_high_i32x4_u', a, factor), shift);
  return w.words(low, high, [0, 2, 4, 6]);
}

interface Era {
  readonly era: V;
  /** Year of the era, 0 to 399, from March on. */
  readonly year: V;
  /** Day of that year, 0 to 365. */
  readonly day: V;
}

function eraOf(w: Lanes, key: string, days: V): Era {
  const at = (name: string, make: () => V): V => w.once(`${key}${name}`, make);
  const z = at('z', () => plus(w, days, EPOCH + SHIFT * ERA));
  const era = at('era', () => quotient(w, z, ERA));
  const doe = at('doe', () => minus(w, z, times(w, era, ERA)));
  const year = at('yoe', () => {
    const leaps = minus(w, w.v('i32x4.add', doe, quotient(w, doe, 36524)), quotient(w, doe, 1460));
    // Of the last day of the era only, doe / 146096 is one.
    return quotient(w, w.v('i32x4.add', leaps, w.v('i32x4.ge_s', doe, w.all32(146096))), 365);
  });
  const day = at('doy', () => {
    const before = w.v('i32x4.add', times(w, year, 365), w.shift('i32x4.shr_u', year, 2));
    return minus(w, doe, minus(w, before, quotient(w, year, 100)));
  });
  return { era, year, day };
}

function yearOf(w: Lanes, key: string, days: V): V {
  const { era, year, day } = eraOf(w, key, days);
  const afterDecember = w.v('i32x4.ge_s', day, w.all32(306));
  return minus(w, w.v('i32x4.add', year, times(w, plus(w, era, -SHIFT), 400)), afterDecember);
}

/** Month of the year from March on, 0 to 11. */
function monthFromMarch(w: Lanes, key: string, days: V): V {
  return w.once(`${key}mp`, () => quotient(w, plus(w, times(w, eraOf(w, key, days).day, 5), 2), 153));
}

function monthOf(w: Lanes, key: string, days: V): V {
  const month = monthFromMarch(w, key, days);
  const late = w.v('v128.and', w.v('i32x4.ge_s', month, w.all32(10)), w.all32(12));
  return minus(w, plus(w, month, 3), late);
}

function dayOfMonth(w: Lanes, key: string, days: V): V {
  const { day } = eraOf(w, key, days);
  const month = monthFromMarch(w, key, days);
  return plus(w, minus(w, day, quotient(w, plus(w, times(w, month, 153), 2), 5)), 1);
}

function dayOfYear(w: Lanes, key: string, days: V): V {
  const { day, year } = eraOf(w, key, days);
  const old = w.v('i32x4.ge_s', day, w.all32(306));
  const zero = w.all64(0n);
  const fourth = w.v('i32x4.eq', w.v('v128.and', year, w.all32(3)), zero);
  const hundredth = w.v('i32x4.eq', minus(w, year, times(w, quotient(w, year, 100), 100)), zero);
  const leap = w.v('v128.andnot', fourth, w.v('v128.andnot', hundredth, w.v('i32x4.eq', year, zero)));
  return w.pick(old, plus(w, day, -305), minus(w, plus(w, day, 60), leap));
}

/** 0 for Monday. Day 0 is a Thursday; whole weeks are added so that everything is positive. */
function sinceMonday(w: Lanes, days: V): V {
  const shifted = plus(w, days, 3 + 7 * 15_000_000);
  return minus(w, shifted, times(w, quotient(w, shifted, 7), 7));
}
