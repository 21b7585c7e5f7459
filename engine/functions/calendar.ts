/** The proleptic Gregorian calendar over days since 1970-01-01, exact for every date of 32 bits. */

export interface Civil {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly day: number;
}

/** Days of an era of 400 years, from 0000-03-01. */
const ERA = 146097;
const EPOCH = 719468;

/** Days since 1970-01-01; `month` 1 to 12, `day` may lie outside of the month. */
export function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yoe = y - era * 400;
  const doy = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const doe = yoe * 365 + Math.floor(yoe / 4) - Math.floor(yoe / 100) + doy;
  return era * ERA + doe - EPOCH;
}

/** Dates within this many days of 1970 are computed in 32-bit integers, which is several times faster. */
const NEAR = 100_000_000;

export function civilOf(days: number): Civil {
  return days < NEAR && days > -NEAR ? nearCivil(days | 0) : farCivil(days);
}

/** As farCivil. Shifted by whole eras so that everything is positive and `| 0` rounds down. */
function nearCivil(days: number): Civil {
  const z = days + EPOCH + 1000 * ERA;
  const era = (z / ERA) | 0;
  const doe = z - era * ERA;
  const yoe = ((doe - ((doe / 1460) | 0) + ((doe / 36524) | 0) - ((doe / 146096) | 0)) / 365) | 0;
  const doy = doe - (365 * yoe + (yoe >> 2) - ((yoe / 100) | 0));
  const mp = ((5 * doy + 2) / 153) | 0;
  const month = mp < 10 ? mp + 3 : mp - 9;
  const year = yoe + (era - 1000) * 400 + (month <= 2 ? 1 : 0);
  return { year, month, day: doy - (((153 * mp + 2) / 5) | 0) + 1 };
}

function farCivil(days: number): Civil {
  const z = days + EPOCH;
  const era = Math.floor(z / ERA);
  const doe = z - era * ERA;
  const yoe = Math.floor((doe - Math.floor(doe / 1460) + Math.floor(doe / 36524) - Math.floor(doe / 146096)) / 365);
  const doy = doe - (365 * yoe + Math.floor(yoe / 4) - Math.floor(yoe / 100));
  const mp = Math.floor((5 * doy + 2) / 153);
  const month = mp + (mp < 10 ? 3 : -9);
  return { year: yoe + era * 400 + (month <= 2 ? 1 : 0), month, day: doy - Math.floor((153 * mp + 2) / 5) + 1 };
}

export function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

export function lastDayOfMonth(year: number, month: number): number {
  return month === 2 && isLeap(year) ? 29 : (MONTH_DAYS[month - 1] as number);
}

/** 1 = Monday to 7 = Sunday (ISO). */
export function isoWeekday(days: number): number {
  return ((((days + 3) % 7) + 7) % 7) + 1;
}

/** ISO week 1 to 53, with the year the week belongs to. */
export function isoWeek(days: number): { readonly year: number; readonly week: number } {
  const thursday = days - isoWeekday(days) + 4;
  const year = civilOf(thursday).year;
  return { year, week: Math.floor((thursday - daysOf(year, 1, 1)) / 7) + 1 };
}

export function isRealDate(year: number, month: number, day: number): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= lastDayOfMonth(year, month);
}
