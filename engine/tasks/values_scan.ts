import { types } from 'node:util';
import { isArrow } from './values_arrow.ts';

/** What V8's serializer cannot write as we want it, found by a walk over the value before. */
export interface Scan {
  /** ArrayBuffers of the value: written out of band. */
  readonly buffers: Set<ArrayBuffer>;
  /** Something must be replaced by a stand-in: see `withStandIns`. */
  replace: boolean;
  arrow: boolean;
}

/** Holes in a row after which an array is taken for a sparse one, whose members are found by their names. */
const SPARSE_AFTER = 1024;

/** `special`: also to be replaced (refs in arguments). */
export function scan(root: unknown, special: (v: object) => boolean): Scan {
  const found: Scan = { buffers: new Set(), replace: false, arrow: false };
  if (typeof root !== 'object' || root === null) return found;
  const seen = new Set<object>();
  const todo: object[] = [root];
  const visit = (v: unknown): void => {
    if (typeof v === 'object' && v !== null) todo.push(v);
  };
  for (let v = todo.pop(); v !== undefined; v = todo.pop()) {
    const before = todo.length;
    if (Array.isArray(v)) eachItem(v, visit);
    else if (special(v)) found.replace = true;
    else if (Object.getPrototypeOf(v) === Object.prototype) for (const key of Object.keys(v)) visit(member(v, key));
    else scanOther(v, found, visit);
    // What holds no objects is not worth remembering: most objects are such.
    if (todo.length === before) continue;
    if (seen.has(v)) todo.length = before;
    else seen.add(v);
  }
  return found;
}

function scanOther(v: object, found: Scan, visit: (v: unknown) => void): void {
  if (ArrayBuffer.isView(v)) return;
  if (types.isArrayBuffer(v)) found.buffers.add(v);
  else if (types.isSharedArrayBuffer(v)) found.replace = true;
  else if (isArrow(v)) {
    found.replace = true;
    found.arrow = true;
  } else if (v instanceof Map) {
    for (const [key, value] of v) {
      visit(key);
      visit(value);
    }
  } else if (v instanceof Set) v.forEach(visit);
  else for (const key of Object.keys(v)) visit(member(v, key));
}

export function member(v: object, key: string): unknown {
  return (v as Record<string, unknown>)[key];
}

function eachItem(array: readonly unknown[], visit: (v: unknown) => void): void {
  let holes = 0;
  for (let i = 0; i < array.length; i++) {
    const v = array[i];
    if (v !== undefined || i in array) holes = 0;
    else if (++holes > SPARSE_AFTER) {
      for (const key of Object.keys(array)) visit(member(array, key));
      return;
    }
    if (typeof v === 'object') visit(v);
  }
}

/** A copy of the containers of a value in which `replacement` stands for what it does not give undefined for; the identity of containers is kept. */
export function withStandIns(root: unknown, replacement: (v: object) => object | undefined): unknown {
  const copies = new Map<object, object>();
  const copy = (v: unknown): unknown => {
    if (typeof v !== 'object' || v === null) return v;
    const known = copies.get(v) ?? replacement(v);
    if (known !== undefined) return known;
    const empty = emptyLike(v);
    if (empty === null) return v;
    copies.set(v, empty);
    if (v instanceof Map) for (const [key, value] of v) (empty as Map<unknown, unknown>).set(copy(key), copy(value));
    else if (v instanceof Set) for (const item of v) (empty as Set<unknown>).add(copy(item));
    else for (const key of Object.keys(v)) define(empty, key, copy(member(v, key)));
    return empty;
  };
  return copy(root);
}

/** An own member, whatever its name: an assignment to `__proto__` would do something else. */
function define(to: object, key: string, value: unknown): void {
  Object.defineProperty(to, key, { value, writable: true, enumerable: true, configurable: true });
}

/** null: a leaf, which holds nothing that could be replaced. */
function emptyLike(v: object): object | null {
  if (Array.isArray(v)) return new Array(v.length);
  if (v instanceof Map) return new Map();
  if (v instanceof Set) return new Set();
  if (ArrayBuffer.isView(v) || types.isAnyArrayBuffer(v)) return null;
  if (types.isDate(v) || types.isRegExp(v) || types.isNativeError(v) || types.isBoxedPrimitive(v)) return null;
  // What cannot travel at all stays, for the serializer to refuse it.
  if (types.isPromise(v) || types.isWeakMap(v) || types.isWeakSet(v) || types.isProxy(v)) return null;
  return {};
}
