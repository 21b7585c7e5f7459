import type { DataType } from '../../types.ts';
import { microsToDay } from './casts.ts';
import type { Lanes, V } from './lanes.ts';
import { int32, Unsupported, type Val } from './values.ts';

export type DatePart = 'year' | 'quarter' | 'month' | 'day';

/** Days of an era of 400 years, and from 0000-03-01 to 1970-01-01. */
const ERA = 146097;
const EPOCH = 719468;
/** Eras added, so that everything is positive. */
const SHIFT = 1000;
/** Dates within this many days of 1970 are computed here. */
const NEAR = 100_000_000;

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
  }
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
  /** Month of that year, 0 to 11. */
  readonly month: V;
}

function eraOf(w: Lanes, key: string, days: V): Era {
  const at = (name: string, make: () => V): V => w.once(`${key}${name}`, make);
  const z = at('z', () => plus(w, days, EPOCH + SHIFT * ERA));
  const era = at('era', () => quotient(w, z, ERA));
  const doe = at('doe', () => minus(w, z, times(w, era, ERA)));
  const year = at('yoe', () => {
    const leaps = minus(w, w.v('i32x4.add', doe, quotient(w, doe, 36524)), quotient(w, doe, 1460));
    return quotient(w, minus(w, leaps, quotient(w, doe, 146096)), 365);
  });
  const day = at('doy', () => {
    const before = w.v('i32x4.add', times(w, year, 365), w.shift('i32x4.shr_u', year, 2));
    return minus(w, doe, minus(w, before, quotient(w, year, 100)));
  });
  const month = at('mp', () => quotient(w, plus(w, times(w, day, 5), 2), 153));
  return { era, year, day, month };
}

function yearOf(w: Lanes, key: string, days: V): V {
  const { era, year, month } = eraOf(w, key, days);
  const first = w.v('v128.and', w.v('i32x4.ge_s', month, w.all32(10)), w.all32(1));
  return w.v('i32x4.add', w.v('i32x4.add', year, times(w, plus(w, era, -SHIFT), 400)), first);
}

function monthOf(w: Lanes, key: string, days: V): V {
  const { month } = eraOf(w, key, days);
  const late = w.v('v128.and', w.v('i32x4.ge_s', month, w.all32(10)), w.all32(12));
  return minus(w, plus(w, month, 3), late);
}

function dayOfMonth(w: Lanes, key: string, days: V): V {
  const { day, month } = eraOf(w, key, days);
  return plus(w, minus(w, day, quotient(w, plus(w, times(w, month, 153), 2), 5)), 1);
}
