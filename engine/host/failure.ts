import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { type ErrorData, RunError } from '../errors.ts';
import { thrownData } from '../tasks/thrown.ts';
import { formatType, type Typed } from '../types.ts';
import type { HostFunction } from './def.ts';
import { Mismatch } from './values.ts';

/** What goes wrong in a function of the user's, as RunErrors that name the function, its file and line, and the value; who knows the row adds it. */

const MOST_SHOWN = 120;
const MOST_LISTED = 200;
const MOST_FRAMES = 8;

/** A value of the user's in one line. */
export function shown(v: unknown): string {
  let text: string;
  try {
    text = typeof v === 'string' ? JSON.stringify(v) : inspect(v, { depth: 2, breakLength: Number.POSITIVE_INFINITY });
  } catch {
    text = 'a value that cannot be shown';
  }
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN - 1)}…` : text;
}

/** The frames of a stack with files as paths, without the version that their URLs carry: `at haversine (udfs.ts:12:11)`. */
export function framesOf(stack: string | undefined): string[] {
  // What calls a generator has no place of its own.
  const placed = (line: string): boolean => /^\s+at /.test(line) && !line.endsWith('.next (<anonymous>)');
  const lines = (stack ?? '').split('\n').filter(placed);
  return lines.slice(0, MOST_FRAMES).map((line) =>
    line
      .trim()
      .replace(/file:\/\/[^\s)]+/, pathOf)
      .replace(/data:text\/javascript,[^\s)]*?(:\d+:\d+\))/, 'the function$1'),
  );
}

function pathOf(place: string): string {
  const m = /^(file:\/\/[^?]*?)(?:\?[^:]*)?((?::\d+)*)$/.exec(place);
  if (m === null) return place;
  try {
    return fileURLToPath(m[1] as string) + (m[2] as string);
  } catch {
    return place;
  }
}

/** `my_udfs.ts:12` of the first frame in the user's own module. */
export function lineOf(fn: HostFunction, frames: readonly string[]): string {
  const file = fn.url.startsWith('file:') ? pathOf(fn.url) : '';
  for (const frame of frames) {
    const at = file === '' ? -1 : frame.indexOf(`${file}:`);
    const line = at < 0 ? null : /^\d+/.exec(frame.slice(at + file.length + 1));
    if (line !== null) return `${fn.path}:${line[0]}`;
  }
  return fn.path;
}

/** `haversine(52.5, 13.4)`: the call, or the name alone where no call is known. */
function callText(fn: HostFunction, args: readonly unknown[] | null): string {
  if (args === null) return fn.name;
  const list = args.map(shown).join(', ');
  return `${fn.name}(${list.length > MOST_LISTED ? `${list.slice(0, MOST_LISTED - 1)}…` : list})`;
}

/** What the function threw, for these arguments. */
export function thrownError(fn: HostFunction, e: unknown, args: readonly unknown[] | null): RunError {
  if (e instanceof RunError) return e;
  const data = thrownData(e);
  const frames = framesOf(data.stack);
  const what = data.message === '' ? data.name : `${data.name}: ${data.message}`;
  const message = `${callText(fn, args)} failed at ${lineOf(fn, frames)}: ${what}`;
  const error = new RunError('FLOW7017', message, frames.length === 0 ? {} : { frames }, freeName(fn, data));
  error.cause = e;
  return error;
}

/** What a function that was sent as its text misses. */
function freeName(fn: HostFunction, { name, message }: ErrorData): string | undefined {
  const free = /^(\S+) is not defined$/.exec(message);
  if (fn.url.startsWith('file:') || name !== 'ReferenceError' || free === null) return undefined;
  return `the function runs on another thread without what stands around it: pass ${free[1]} as an argument, or export the function from a module`;
}

/** What a function gave that is not of its type. `what`: the part of its result that is meant, such as "column id". */
export function wrongResult(
  fn: HostFunction,
  type: Typed,
  e: unknown,
  args: readonly unknown[] | null,
  what = '',
): unknown {
  if (!(e instanceof Mismatch)) return e;
  const { path, expected, got } = e;
  const inside = what === '' && path !== '';
  const promised = typeof (got as { then?: unknown } | null)?.then === 'function';
  const value = promised ? 'a promise' : got === undefined ? 'nothing (undefined)' : shown(got);
  const place = `${what}${path}`.replace(/^\./, '');
  const wanted = inside ? expected : formatType(type.type, type.nullable);
  const message = `${callText(fn, args)} (${fn.path}) gave ${value}${place === '' ? '' : ` for ${place}`}, which is not of the type ${wanted}`;
  return new RunError('FLOW7018', message, {}, adviceFor(got, promised, wanted));
}

function adviceFor(got: unknown, promised: boolean, wanted: string): string | undefined {
  if (promised) return 'declare it with `async`, so that it is called in a way that waits';
  if (got === null || got === undefined) return `state that it may be null: \`${wanted}?\``;
  return undefined;
}
