import { fileURLToPath } from 'node:url';
import { inspect, types } from 'node:util';
import { serialize } from 'node:v8';
import type { ErrorData } from '../errors.ts';
import { SCRIPTS } from '../runtime/script_name.ts';

/** What a user's function threw, on its way out of the call. */
export class Thrown extends Error {
  override readonly name = 'Thrown';
  readonly data: ErrorData;

  constructor(data: ErrorData) {
    super(data.message);
    this.data = data;
  }
}

const MOST_MESSAGE = 8192;
const MOST_VALUE = 200;
const MOST_FRAMES = 50;
const MOST_CAUSES = 10;
const MOST_ERRORS = 20;
const MOST_FIELDS = 32;
const MOST_FIELD_BYTES = 16 << 10;
const STANDARD_FIELDS: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause', 'errors']);

/** Where the modules of flowc are: the bundle's folder, or from source the one of the engine. */
const HOME = new URL(import.meta.url.endsWith('.ts') ? '../' : './', import.meta.url).href;
/** Frames name files by URL or, with source maps, by path. */
const HOME_PATH = fileURLToPath(HOME);

function ours(frame: string): boolean {
  return [SCRIPTS, 'node:internal/', HOME, HOME_PATH].some((place) => frame.includes(place));
}

/**
 * Anything thrown as plain data: name, message (cut), the user's own frames, causes and the errors of an AggregateError to a depth, and what other members
 * can be cloned. Values that are no errors are told as such, primitive ones kept as the field `thrown`. Never throws, whatever the value does when it is looked at.
 */
export function thrownData(e: unknown, depth = 0): ErrorData {
  try {
    return types.isNativeError(e) || e instanceof Error ? ofError(e, depth) : ofValue(e);
  } catch {
    return { name: 'Error', message: 'something was thrown that cannot be shown', stack: undefined };
  }
}

function ofError(e: Error, depth: number): ErrorData {
  const name = String(e.name);
  const message = cut(String(e.message), MOST_MESSAGE);
  const { cause, errors } = e as { readonly cause?: unknown; readonly errors?: unknown };
  const fields = fieldsOf(e);
  const deeper = depth < MOST_CAUSES;
  return {
    name,
    message,
    stack: [message === '' ? name : `${name}: ${message}`, ...userFrames(e)].join('\n'),
    ...(cause !== undefined && deeper ? { cause: thrownData(cause, depth + 1) } : {}),
    ...(Array.isArray(errors) && deeper
      ? { errors: errors.slice(0, MOST_ERRORS).map((x) => thrownData(x, depth + 1)) }
      : {}),
    ...(fields === null ? {} : { fields }),
  };
}

function ofValue(v: unknown): ErrorData {
  const text = cut(inspect(v, { depth: 1, breakLength: Number.POSITIVE_INFINITY }), MOST_VALUE);
  const message = `${text} was thrown, which is no Error`;
  const primitive = v !== undefined && typeof v !== 'object' && typeof v !== 'function' && typeof v !== 'symbol';
  const kept = primitive && !(typeof v === 'string' && v.length > MOST_MESSAGE);
  return { name: 'Error', message, stack: undefined, ...(kept ? { fields: { thrown: v } } : {}) };
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}… (${text.length - most} more characters)`;
}

/** Lines of the stack: without those of flowc and of Node's inside. */
function userFrames(e: Error): string[] {
  const stack = String(e.stack ?? '');
  // The message stands before the frames and may look like one.
  const head = `${e.name}: ${e.message}`;
  const lines = (stack.startsWith(head) ? stack.slice(head.length) : stack).split('\n', MOST_FRAMES * 4);
  return lines.filter((line) => /^\s+at /.test(line) && !ours(line)).slice(0, MOST_FRAMES);
}

function fieldsOf(e: Error): Record<string, unknown> | null {
  const fields: Record<string, unknown> = {};
  let some = false;
  for (const key of Object.keys(e).slice(0, MOST_FIELDS)) {
    if (STANDARD_FIELDS.has(key)) continue;
    try {
      const value = (e as unknown as Record<string, unknown>)[key];
      if (serialize(value).length > MOST_FIELD_BYTES) continue;
      fields[key] = value;
      some = true;
    } catch {
      // It cannot be cloned: the error does without.
    }
  }
  return some ? fields : null;
}
