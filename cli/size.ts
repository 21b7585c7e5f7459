import { UsageError } from './exit.ts';

const DECIMAL = ['kB', 'MB', 'GB', 'TB'];
const BINARY = ['KiB', 'MiB', 'GiB', 'TiB'];

/** Lower-cased unit -> bytes. Decimal units are powers of 1000, the `i` ones powers of 1024, as the standard has it. */
const UNITS: ReadonlyMap<string, number> = new Map([
  ['b', 1],
  ...DECIMAL.map((unit, i) => [unit.toLowerCase(), 1000 ** (i + 1)] as const),
  ...BINARY.map((unit, i) => [unit.toLowerCase(), 1024 ** (i + 1)] as const),
]);

/**
 * Reads a size such as `64MB`, `1.5GiB`, `500kb` or `1048576` (bytes); case and spaces around the unit do not matter.
 * @returns whole bytes, at least 1
 * @throws UsageError naming `option` when the text is no size, has an ambiguous unit, or is out of range
 */
export function parseSize(text: string, option: string): number {
  const match = /^(\d[\d_]*(?:\.\d+)?|\.\d+)\s*([a-z]*)$/i.exec(text.trim());
  if (!match) {
    throw new UsageError(`${option}: '${text}' is not a size`, 'write a number and a unit, such as 64MB or 1.5GiB');
  }
  const [, digits = '', unit = ''] = match;
  const scale = unit === '' ? 1 : UNITS.get(unit.toLowerCase());
  if (scale === undefined) throw unknownUnit(text, digits, unit, option);
  const bytes = Math.round(Number(digits.replaceAll('_', '')) * scale);
  if (bytes < 1) throw new UsageError(`${option}: '${text}' is less than one byte`);
  if (!Number.isSafeInteger(bytes)) throw new UsageError(`${option}: '${text}' is more than any machine has`);
  return bytes;
}

function unknownUnit(text: string, digits: string, unit: string, option: string): UsageError {
  const index = 'kmgt'.indexOf(unit.toLowerCase());
  if (unit.length === 1 && index >= 0) {
    const meanings = `${digits}${DECIMAL[index]} (powers of 1000) or ${digits}${BINARY[index]} (powers of 1024)`;
    return new UsageError(`${option}: the unit of '${text}' has two meanings`, `write ${meanings}`);
  }
  return new UsageError(
    `${option}: '${unit}' in '${text}' is not a unit of size`,
    `the units are B, ${DECIMAL.join(', ')}, ${BINARY.join(', ')}`,
  );
}

/** Bytes for people, three significant digits in decimal units: `0 B`, `999 B`, `1.50 MB`, `64.0 GB`. */
export function formatSize(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  let value = bytes;
  let unit = -1;
  while (unit < DECIMAL.length - 1 && value >= 999.5) {
    value /= 1000;
    unit++;
  }
  const digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${DECIMAL[unit]}`;
}

/** A count with thousands separated: `1,234,567`. */
export function formatCount(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A duration for people: `0.4 s`, `12.3 s`, `3:07`, `1:02:03`. */
export function formatElapsed(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const pad = (n: number) => String(n).padStart(2, '0');
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`;
}
