import { UsageError } from './exit.ts';

/** Collects `-p name=value`, one at a time. @throws UsageError on a malformed or repeated parameter */
export function addParam(text: string, params: ReadonlyMap<string, string> = new Map()): ReadonlyMap<string, string> {
  const at = text.indexOf('=');
  const name = at < 0 ? text : text.slice(0, at);
  if (!/^[A-Za-z_]\w*$/.test(name)) {
    throw new UsageError(`-p: '${text}' does not start with a parameter's name`, 'write -p name=value');
  }
  if (at < 0) throw new UsageError(`-p: '${name}' has no value`, `write -p ${name}=value`);
  if (params.has(name)) throw new UsageError(`-p: the parameter '${name}' is given twice`);
  return new Map(params).set(name, text.slice(at + 1));
}

/** A whole number within bounds. @throws UsageError naming the option and the bounds */
export function parseInteger(text: string, option: string, low: number, high: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= low && value <= high)) {
    throw new UsageError(`${option}: '${text}' is not a whole number from ${low} to ${high}`);
  }
  return value;
}

/** A share of a whole, 0 to 1. @throws UsageError naming the option */
export function parseShare(text: string, option: string): number {
  const value = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= 0 && value <= 1)) throw new UsageError(`${option}: '${text}' is not a number from 0 to 1`);
  return value;
}

/** A list such as `1MB,10MB`. @throws UsageError naming the option when it is empty, or what `parse` throws */
export function parseList<V>(text: string, option: string, parse: (item: string) => V): V[] {
  const items = text.split(',').map((item) => item.trim());
  if (items.some((item) => item === ''))
    throw new UsageError(`${option}: '${text}' is not a list`, 'write values with commas between them');
  return items.map(parse);
}
