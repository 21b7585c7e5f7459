import { UsageError } from './exit.ts';
import { readSource } from './io.ts';

/** Values of parameters as text; lists and structs are JSON, null is null. */
export type ParamTexts = ReadonlyMap<string, string | null>;

interface WithParams {
  readonly param?: ParamTexts;
  readonly params?: string;
}

/** The options with the parameters of `--params`, of which `-p` replaces single ones. @throws UsageError for a file that holds no JSON object */
export function withParamFile<O extends WithParams>(options: O): O {
  if (options.params === undefined) return options;
  return { ...options, param: new Map([...paramFile(options.params), ...(options.param ?? [])]) };
}

function paramFile(path: string): [string, string | null][] {
  const { text } = readSource(path);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`--params: ${path} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new UsageError(`--params: ${path} is no JSON object`, 'write names and values: { "since": "2024-05-01" }');
  return Object.entries(json).map(([name, value]: [string, unknown]) => {
    if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value))
      throw new UsageError(`--params: ${name} is beyond 2^53, which JSON numbers do not keep`, 'write it as text');
    if (value === null || typeof value === 'string') return [name, value];
    return [name, typeof value === 'object' ? JSON.stringify(value) : String(value)];
  });
}

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
