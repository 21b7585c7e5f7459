import { types } from 'node:util';
import { RunError } from '../errors.ts';
import { member } from './values_scan.ts';

/**
 * The error for a value that cannot travel: names the member that is in the way, by its path. `what` names the value itself (`the result`); null: it is
 * an array of arguments, and its items are named.
 */
export function cannotTravel(root: unknown, what: string | null, cause: unknown): RunError {
  const found = searched(root, what);
  const reason = cause instanceof Error ? cause.message : String(cause);
  const deep = cause instanceof RangeError && /call stack/.test(reason);
  const name = what ?? 'the arguments';
  const text =
    found?.text ?? (deep ? `${name} is nested too deeply` : `${name} cannot travel to another thread: ${reason}`);
  return new RunError('FLOW7013', text, {}, found?.hint ?? DEFAULT_HINT);
}

const DEFAULT_HINT =
  'only data travels between threads: plain objects, arrays, Map, Set, Date, typed arrays, buffers, Arrow tables';

interface Found {
  readonly text: string;
  readonly hint: string;
}

/** null: the reason is another, or a member cannot even be looked at. */
function searched(root: unknown, what: string | null): Found | null {
  try {
    return search(root, what ?? '', what === null);
  } catch {
    return null;
  }
}

/** Breadth first, so that the shortest path is told. */
function search(root: unknown, what: string, args: boolean): Found | null {
  const seen = new Set<unknown>();
  const todo: { readonly value: unknown; readonly path: string }[] = [];
  if (args && Array.isArray(root)) {
    root.forEach((value, i) => {
      todo.push({ value, path: `argument ${i + 1}` });
    });
  } else todo.push({ value: root, path: what });
  const named = todo.length;
  for (let i = 0; i < todo.length; i++) {
    const { value, path } = todo[i]!;
    const kind = refused(value);
    if (kind !== null) return { text: `${path} is ${kind.text}`, hint: kind.hint };
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    const at = i < named ? `${path}, ` : path;
    for (const [step, v] of members(value)) todo.push({ value: v, path: `${at}${step}` });
  }
  return null;
}

function* members(v: object): Iterable<[string, unknown]> {
  if (ArrayBuffer.isView(v) || types.isAnyArrayBuffer(v)) return;
  if (v instanceof Map) {
    for (const [key, value] of v) {
      yield ['<a key>', key];
      yield [`<the value of ${typeof key === 'string' ? JSON.stringify(key) : `a key`}>`, value];
    }
  } else if (v instanceof Set) {
    for (const item of v) yield ['<a member>', item];
  } else if (Array.isArray(v)) {
    for (const key of Object.keys(v)) yield [`[${key}]`, member(v, key)];
  } else {
    for (const key of Object.keys(v))
      yield [
        /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`,
        member(v, key),
      ];
  }
}

function refused(v: unknown): Found | null {
  const data = 'it cannot travel to another thread: send the data it works on';
  if (typeof v === 'function') {
    return {
      text: 'a function',
      hint: 'functions travel as the task itself only: give the task a name or a number to choose by, or use fromModule',
    };
  }
  if (typeof v === 'symbol') return { text: 'a symbol', hint: 'symbols mean nothing on another thread: use a string' };
  if (types.isPromise(v)) return { text: 'a promise', hint: 'await it first' };
  if (types.isProxy(v)) return { text: 'a proxy', hint: data };
  if (types.isWeakMap(v)) return { text: 'a WeakMap', hint: data };
  if (types.isWeakSet(v)) return { text: 'a WeakSet', hint: data };
  if (v instanceof WeakRef) return { text: 'a WeakRef', hint: data };
  if (types.isGeneratorObject(v)) return { text: 'a generator', hint: 'collect what it yields into an array' };
  if (types.isExternal(v) || types.isModuleNamespaceObject(v)) return { text: 'no data', hint: data };
  return null;
}
