/**
 * Values as JSON. What JSON has is itself; all else is an object with a tag under the key `$`:
 * `{"$":"bigint","value":"12"}`, `{"$":"Float64Array","base64":"…"}` (bytes as in memory: little-endian), `{"$":"map","entries":[[k, v]]}` and so on.
 */
import { RunError } from '../../engine/errors.ts';
import { isPlain, setOwn } from './structures.ts';
import { type DagData, DagNode } from './types.ts';

const TAG = '$';

const TYPED = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
} as const;
type TypedName = keyof typeof TYPED;

/** `path`: how the value is reached, for errors. Error FLOW7016 for what has no JSON. */
export function valueToJson(value: unknown, path: string): unknown {
  return new Writer().value(value, path);
}

class Writer {
  readonly #open = new Set<object>();

  value(value: unknown, path: string): unknown {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value;
      case 'number':
        return Number.isFinite(value) && !Object.is(value, -0) ? value : { [TAG]: 'number', value: numberText(value) };
      case 'bigint':
        return { [TAG]: 'bigint', value: String(value) };
      case 'undefined':
        return { [TAG]: 'undefined' };
      case 'object':
        return value === null ? null : this.#object(value, path);
      default:
        return refuse(path, `a ${typeof value}`);
    }
  }

  #object(value: object, path: string): unknown {
    if (value instanceof DagNode)
      return value.result === null
        ? { [TAG]: 'node', name: value.name }
        : { [TAG]: 'node', name: value.name, result: value.result };
    const leaf = leafToJson(value);
    if (leaf !== null) return leaf;
    if (this.#open.has(value)) return refuse(path, 'a structure that contains itself');
    this.#open.add(value);
    const written = this.#structure(value, path);
    this.#open.delete(value);
    return written;
  }

  #structure(value: object, path: string): unknown {
    if (Array.isArray(value)) {
      const names = Object.keys(value).length;
      if (names !== value.length) refuse(path, 'an array with holes or named members');
      return value.map((member, i) => this.value(member, `${path}[${i}]`));
    }
    if (value instanceof Map) {
      const entries = [...value].map(([k, v], i) => [
        this.value(k, `${path}.keys[${i}]`),
        this.value(v, `${path}.get(${keyText(k, i)})`),
      ]);
      return { [TAG]: 'map', entries };
    }
    if (value instanceof Set)
      return { [TAG]: 'set', values: [...value].map((member, i) => this.value(member, `${path}.values[${i}]`)) };
    if (!isPlain(value)) return refuse(path, `an object of the class ${className(value)}`);
    if (Object.getOwnPropertySymbols(value).length > 0) return refuse(path, 'an object with symbols as keys');
    const written: Record<string, unknown> = {};
    for (const key of Object.keys(value)) setOwn(written, key, this.value(value[key], `${path}${memberText(key)}`));
    // An own key `$` would read as a tag.
    return Object.hasOwn(value, TAG) ? { [TAG]: 'object', value: Object.entries(written) } : written;
  }
}

function leafToJson(value: object): unknown {
  if (value instanceof Date) {
    const ms = value.getTime();
    return { [TAG]: 'date', value: Number.isNaN(ms) ? null : value.toISOString() };
  }
  if (value instanceof RegExp) return { [TAG]: 'regexp', source: value.source, flags: value.flags };
  if (value instanceof ArrayBuffer) return { [TAG]: 'ArrayBuffer', base64: base64(new Uint8Array(value)) };
  if (!ArrayBuffer.isView(value)) return null;
  const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  // Buffer is one of Uint8Array's: what a task gets is the latter.
  const tag = value instanceof Uint8Array ? 'Uint8Array' : Object.prototype.toString.call(value).slice(8, -1);
  return tag in TYPED ? { [TAG]: tag, base64: base64(bytes) } : null;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

function memberText(key: string): string {
  return /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function keyText(key: unknown, i: number): string {
  return typeof key === 'string' || typeof key === 'number' ? JSON.stringify(key) : `key ${i}`;
}

function className(value: object): string {
  const { constructor } = value as { constructor?: { name?: unknown } };
  return typeof constructor?.name === 'string' && constructor.name !== '' ? constructor.name : 'without a name';
}

function refuse(path: string, what: string): never {
  throw new RunError('FLOW7016', `${path} is ${what}, and cannot be written as JSON`);
}

/** Nodes are those of `data`, by name. Error FLOW7016 for what is no such JSON. */
export function valueFromJson(json: unknown, path: string, data: DagData): unknown {
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return json.map((member, i) => valueFromJson(member, `${path}[${i}]`, data));
  const source = json as Record<string, unknown>;
  if (Object.hasOwn(source, TAG)) return tagged(source, path, data);
  const value: Record<string, unknown> = {};
  for (const key of Object.keys(source))
    setOwn(value, key, valueFromJson(source[key], `${path}${memberText(key)}`, data));
  return value;
}

function tagged(json: Record<string, unknown>, path: string, data: DagData): unknown {
  const bad = (): never => {
    throw new RunError('FLOW7016', `${path} has the tag ${JSON.stringify(json[TAG])}, and not what belongs to it`);
  };
  const text = (key: string): string => (typeof json[key] === 'string' ? json[key] : bad());
  const list = (key: string): unknown[] => (Array.isArray(json[key]) ? json[key] : bad());
  const pairs = (key: string): (readonly [unknown, unknown])[] =>
    list(key).map((pair, i) => {
      if (!Array.isArray(pair) || pair.length !== 2) return bad();
      const at = `${path}[${i}]`;
      return [valueFromJson(pair[0], at, data), valueFromJson(pair[1], at, data)];
    });
  const tag = json[TAG];
  switch (tag) {
    case 'node': {
      const { result } = json;
      if (result !== undefined && !(Number.isInteger(result) && Number(result) >= 0)) return bad();
      return new DagNode(data, text('name'), null, typeof result === 'number' ? result : null);
    }
    case 'undefined':
      return undefined;
    case 'number':
      return /^(-0|NaN|-?Infinity)$/.test(text('value')) ? Number(json.value) : bad();
    case 'bigint':
      return /^-?\d+$/.test(text('value')) ? BigInt(text('value')) : bad();
    case 'date': {
      const date = new Date(json.value === null ? Number.NaN : text('value'));
      return json.value !== null && Number.isNaN(date.getTime()) ? bad() : date;
    }
    case 'regexp':
      return pattern(text('source'), text('flags')) ?? bad();
    case 'map':
      return new Map(pairs('entries'));
    case 'set':
      return new Set(list('values').map((member, i) => valueFromJson(member, `${path}.values[${i}]`, data)));
    case 'object': {
      const value: Record<string, unknown> = {};
      for (const [key, member] of pairs('value')) setOwn(value, typeof key === 'string' ? key : bad(), member);
      return value;
    }
    default:
      return typeof tag === 'string' ? (buffer(tag, text('base64')) ?? bad()) : bad();
  }
}

function pattern(source: string, flags: string): RegExp | null {
  try {
    return new RegExp(source, flags);
  } catch {
    return null;
  }
}

function buffer(tag: string, text: string): unknown {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) return null;
  const own = new ArrayBuffer(bytes.byteLength);
  new Uint8Array(own).set(bytes);
  if (tag === 'ArrayBuffer') return own;
  if (!Object.hasOwn(TYPED, tag)) return null;
  const make = TYPED[tag as TypedName];
  return own.byteLength % make.BYTES_PER_ELEMENT === 0 ? new make(own) : null;
}
