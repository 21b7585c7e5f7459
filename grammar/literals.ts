/** The texts of literals: what they mean, what is wrong with them, and how to write them. Knows no tokens. */
import type { DurationUnit } from './ast.ts';

export interface EscapeError {
  /** Offsets into the text given. */
  readonly start: number;
  readonly end: number;
  readonly escape: string;
}

const simpleEscapes: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  0: '\0',
  '\\': '\\',
  '"': '"',
  "'": "'",
  '`': '`',
};

/** Resolves the escapes of the text between two quotes. A bad escape is kept as its own text and reported. */
export function unescapeText(text: string): { value: string; errors: readonly EscapeError[] } {
  if (!text.includes('\\')) return { value: text, errors: [] };
  const errors: EscapeError[] = [];
  const value = text.replace(
    /\\(?:u\{([0-9a-fA-F]+)\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([\s\S]?))/g,
    (
      whole: string,
      braced: string | undefined,
      four: string | undefined,
      two: string | undefined,
      letter: string | undefined,
      offset: number,
    ) => {
      const hex = braced ?? four ?? two;
      if (hex !== undefined) {
        const point = Number.parseInt(hex, 16);
        if (point <= 0x10ffff) return four !== undefined ? String.fromCharCode(point) : String.fromCodePoint(point);
      }
      const simple = letter === undefined ? undefined : simpleEscapes[letter];
      if (simple !== undefined) return simple;
      errors.push({ start: offset, end: offset + whole.length, escape: whole });
      return whole;
    },
  );
  return { value, errors };
}

/** The text as it is written between two `quote`s. Control characters and lone surrogates become escapes. */
export function escapeText(text: string, quote: '"' | '`'): string {
  let out = '';
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    if (char === quote || char === '\\') out += `\\${char}`;
    else if (char === '\n') out += '\\n';
    else if (char === '\r') out += '\\r';
    else if (char === '\t') out += '\\t';
    else if (code < 0x20 || (code >= 0x7f && code < 0xa0) || code === 0x2028 || code === 0x2029) {
      out += `\\u{${code.toString(16)}}`;
    } else if (code >= 0xd800 && code <= 0xdfff) out += `\\u${code.toString(16)}`;
    else out += char;
  }
  return out;
}

/** Whether `r"…"` can hold the text. */
export function canBeRaw(text: string): boolean {
  return !/["\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(text) && escapeText(text, '"').indexOf('\\u') === -1;
}

const units: readonly DurationUnit[] = ['y', 'mo', 'w', 'd', 'h', 'm', 's', 'ms', 'us', 'ns'];

/** The parts of `1h30m`, or null when the text is not a duration. */
export function durationParts(text: string): { amount: string; unit: DurationUnit }[] | null {
  const parts: { amount: string; unit: DurationUnit }[] = [];
  for (const [, amount = '', unit] of text.matchAll(/([\d_]+)([a-z]+)/g)) {
    const known = units.find((item) => item === unit);
    if (known === undefined) return null;
    parts.push({ amount: amount.replaceAll('_', ''), unit: known });
  }
  return parts.length > 0 ? parts : null;
}

/** What is wrong with a date, time or timestamp of the right shape (`2024-02-30`), or null. Takes no `@`. */
export function temporalProblem(text: string): string | null {
  const date = /^(\d{4})-(\d{2})-(\d{2})/.exec(text);
  if (date !== null) {
    const [year, month, day] = [Number(date[1]), Number(date[2]), Number(date[3])];
    if (month < 1 || month > 12) return `there is no month ${date[2]}`;
    const days = daysIn(year, month);
    if (day < 1 || day > days) return `that month has ${days} days`;
  }
  const clock = /(?:^|T)(\d{2}):(\d{2})(?::(\d{2}))?/.exec(text);
  if (clock !== null) {
    if (Number(clock[1]) > 23) return `there is no hour ${clock[1]}`;
    if (Number(clock[2]) > 59) return `there is no minute ${clock[2]}`;
    if (Number(clock[3] ?? 0) > 59) return `there is no second ${clock[3]}`;
  }
  const zone = /[+-](\d{2}):?(\d{2})$/.exec(text.slice(10));
  if (zone !== null && (Number(zone[1]) > 18 || Number(zone[2]) > 59)) return `there is no zone ${zone[0]}`;
  return null;
}

/** The well-formed literal a misspelt `@…` may have meant (`@2024-5-1`, `@2024/05/01`), or null. */
export function temporalRepair(text: string): string | null {
  const match = /^@(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ](\d{1,2}:\d{2}(?::\d{2})?Z?))?$/.exec(text);
  if (match === null) return null;
  const [, year = '', month = '', day = '', time] = match;
  const repaired = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}${time === undefined ? '' : `T${time.padStart(5, '0')}`}`;
  return temporalProblem(repaired) === null ? `@${repaired}` : null;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
