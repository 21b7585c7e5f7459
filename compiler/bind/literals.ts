import type { IntervalValue, LiteralExpr } from '../../engine/expr.ts';
import { daysOf } from '../../engine/functions/calendar.ts';
import { narrow } from '../../engine/functions/ints.ts';
import { INT_MAX, INT_MIN } from '../../engine/functions/limits.ts';
import { T } from '../../engine/types.ts';
import type {
  DateLiteral,
  DurationLiteral,
  DurationUnit,
  FloatLiteral,
  IntLiteral,
  Span,
  TimeLiteral,
  TimestampLiteral,
} from '../../grammar/ast.ts';
import { codes } from '../diagnostics.ts';
import type { Context } from './context.ts';
import { literal, unknown } from './exprs.ts';

/** `negative`: a minus stands before it, so that the smallest int can be written. */
export function intLiteral(ctx: Context, node: IntLiteral, negative: boolean, span: Span): LiteralExpr {
  const value = negative ? -BigInt(node.value) : BigInt(node.value);
  if (value > INT_MAX || value < INT_MIN) {
    ctx.report(codes.badNumber, { text: value.toString(), type: 'an int, which has 64 bits' }, span, {
      suggestion: { text: `write \`${value}.0\` for a float`, replacement: `${value}.0` },
    });
    return unknown();
  }
  return literal(T.int, narrow(value));
}

export function floatLiteral(ctx: Context, node: FloatLiteral): LiteralExpr {
  const value = Number(node.value);
  if (!Number.isFinite(value)) {
    ctx.report(codes.badNumber, { text: node.value, type: 'a float' }, node.span);
    return unknown();
  }
  return literal(T.float, value);
}

export function dateLiteral(node: DateLiteral): LiteralExpr {
  return literal(T.date, daysIn(node.value));
}

export function timeLiteral(node: TimeLiteral): LiteralExpr {
  return literal(T.time, narrow(microsIn(node.value)));
}

/** Without a zone it is UTC. */
export function timestampLiteral(node: TimestampLiteral): LiteralExpr {
  const [date = '', rest = ''] = node.value.split(/[T ]/);
  const zone = /[+-]\d{2}(?::?\d{2})?$|Z$/i.exec(rest)?.[0] ?? '';
  const clock = rest.slice(0, rest.length - zone.length);
  const micros = BigInt(daysIn(date)) * DAY + microsIn(clock) - zoneOffset(zone);
  return literal(T.timestamp, narrow(micros));
}

const DAY = 86_400_000_000n;

function daysIn(text: string): number {
  const [year = 0, month = 1, day = 1] = text.split('-').map(Number);
  return daysOf(year, month, day);
}

function microsIn(clock: string): bigint {
  const [hours = '0', minutes = '0', seconds = '0'] = clock.split(':');
  const [whole = '0', fraction = ''] = seconds.split('.');
  const micros = BigInt(fraction.padEnd(6, '0').slice(0, 6) || '0');
  return ((BigInt(hours || '0') * 60n + BigInt(minutes)) * 60n + BigInt(whole)) * 1_000_000n + micros;
}

function zoneOffset(zone: string): bigint {
  const match = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone);
  if (match === null) return 0n;
  const micros = (BigInt(match[2] ?? '0') * 60n + BigInt(match[3] ?? '0')) * 60_000_000n;
  return match[1] === '-' ? -micros : micros;
}

type Part = keyof IntervalValue;
const units: Readonly<Record<Exclude<DurationUnit, 'ns'>, readonly [Part, number]>> = {
  y: ['months', 12],
  mo: ['months', 1],
  w: ['days', 7],
  d: ['days', 1],
  h: ['micros', 3_600_000_000],
  m: ['micros', 60_000_000],
  s: ['micros', 1_000_000],
  ms: ['micros', 1000],
  us: ['micros', 1],
};

export function durationLiteral(ctx: Context, node: DurationLiteral): LiteralExpr {
  const value = { months: 0, days: 0, micros: 0 };
  for (const { amount, unit } of node.parts) {
    // A microsecond is the smallest step of time, so nanoseconds count in whole thousands.
    if (unit === 'ns') value.micros += Math.floor(Number(amount) / 1000);
    else value[units[unit][0]] += Number(amount) * units[unit][1];
  }
  const fits = value.months <= 0x7fffffff && value.days <= 0x7fffffff && Number.isSafeInteger(value.micros);
  if (!fits) {
    const text = node.parts.map((part) => part.amount + part.unit).join('');
    ctx.report(codes.badNumber, { text, type: 'a duration' }, node.span);
    return unknown();
  }
  return literal(T.interval, value);
}
