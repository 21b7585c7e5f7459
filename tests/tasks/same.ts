import { deepStrictEqual } from 'node:assert';

/** Deep equality with identity: members that are one in `b` are one in `a`, cycles included; -0, NaN, holes and byte contents count. */
export function same(a: unknown, b: unknown): void {
  compare(a, b, new Map(), '$');
}

function compare(a: unknown, b: unknown, met: Map<object, unknown>, path: string): void {
  if (typeof b !== 'object' || b === null) {
    if (!Object.is(a, b)) throw new Error(`${path}: ${String(a)} is not ${String(b)}`);
    return;
  }
  if (met.has(b)) {
    if (met.get(b) !== a) throw new Error(`${path}: a shared member has become two`);
    return;
  }
  met.set(b, a);
  if (typeof a !== 'object' || a === null) throw new Error(`${path}: ${String(a)} is no object`);
  const name = Object.prototype.toString.call(b);
  if (Object.prototype.toString.call(a) !== name) throw new Error(`${path}: no ${name}`);
  if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) {
    if (Buffer.isBuffer(a) !== Buffer.isBuffer(b)) throw new Error(`${path}: one is a Buffer`);
    deepStrictEqual(bytesOf(a), bytesOf(b), path);
  } else if (a instanceof ArrayBuffer && b instanceof ArrayBuffer) {
    deepStrictEqual(Buffer.from(a), Buffer.from(b), path);
  } else if (a instanceof Map && b instanceof Map) {
    compare([...a.keys()], [...b.keys()], met, `${path}.keys`);
    compare([...a.values()], [...b.values()], met, `${path}.values`);
  } else if (a instanceof Set && b instanceof Set) compare([...a], [...b], met, `${path}.members`);
  else if (a instanceof Date && b instanceof Date) compare(a.getTime(), b.getTime(), met, `${path}.time`);
  else if (b instanceof RegExp || isBoxed(b)) deepStrictEqual(a, b, path);
  else {
    deepStrictEqual(Object.keys(a), Object.keys(b), path);
    if (Array.isArray(b) && (a as unknown[]).length !== b.length) throw new Error(`${path}: another length`);
    for (const key of Object.keys(b)) {
      compare((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key], met, `${path}.${key}`);
    }
  }
}

function isBoxed(v: object): boolean {
  return v instanceof Number || v instanceof String || v instanceof Boolean || v instanceof BigInt;
}

function bytesOf(v: ArrayBufferView): Buffer {
  return Buffer.from(v.buffer, v.byteOffset, v.byteLength);
}
