import type { ObjectId, Store } from '../store/types.ts';
import { NoRoom } from './late_array.ts';
import { INLINE_BYTES, type ValuePlace } from './types.ts';
import { decodeValue, type EncodedValue, encodeValue, encodeWithHoles, plainValue } from './values.ts';
import { alignPart } from './values_layout.ts';

/** Writes one value where it belongs: see `placeValues`. */
export function placeValue(store: Store, value: unknown, what = 'the value', inline = INLINE_BYTES): ValuePlace {
  return placeValues(store, [value], () => what, inline)[0] as ValuePlace;
}

/**
 * Values where they belong: plain, on the heap up to `inline` bytes for all of them (at most INLINE_BYTES), or in the store, where those of one call share one object, which
 * has one reference for each of them. RunError FLOW7013 for what cannot travel, FLOW7007 when the store has no room.
 */
export function placeValues(
  store: Store,
  values: readonly unknown[],
  what: (i: number) => string = (i) => `value ${i + 1}`,
  inline = INLINE_BYTES,
): ValuePlace[] {
  const place = (): ValuePlace[] =>
    placeEncoded(
      store,
      values.map((v, i) => (plainValue(v) ? { kind: 'plain', value: v } : encodeValue(v, what(i)))),
      inline,
    );
  try {
    return place();
  } catch (e) {
    if (!(e instanceof NoRoom)) throw e;
    return place();
  }
}

function placeEncoded(store: Store, all: readonly (ValuePlace | EncodedValue)[], inline: number): ValuePlace[] {
  // They share the bytes that may be on the heap, in this order: a task with a thousand small results is not a small one.
  let left = inline;
  const large: EncodedValue[] = [];
  const places = all.map((e): ValuePlace | EncodedValue => {
    if ('kind' in e) return e;
    if (e.bytes > left) {
      large.push(e);
      return e;
    }
    left -= e.bytes;
    const bytes = new Uint8Array(e.bytes);
    e.write(bytes);
    return { kind: 'inline', bytes };
  });
  // Last: whatever was to be filled together with these is in its place by now.
  const { object, offsets } = writeObject(store, large);
  let next = 0;
  return places.map((e) =>
    'kind' in e ? e : { kind: 'object', object, offset: offsets[next++] as number, bytes: e.bytes },
  );
}

/** One object with all of them and as many references; none for none. */
function writeObject(store: Store, large: readonly EncodedValue[]): { object: ObjectId; offsets: readonly number[] } {
  if (large.length === 0) return { object: -1, offsets: [] };
  const total = large.reduce((n, e) => alignPart(n) + e.bytes, 0);
  const writer = store.create(total);
  const offsets: number[] = [];
  try {
    let end = 0;
    for (const e of large) {
      const at = alignPart(end);
      end = at + e.bytes;
      e.write(writer.view.subarray(at, end));
      offsets.push(at);
    }
  } catch (e) {
    writer.abort();
    throw e;
  }
  const object = writer.seal();
  if (large.length > 1) store.retain(object, large.length - 1);
  return { object, offsets };
}

/** Arguments that are plain, or a ref: `[hole]` stands for it. Such an array needs no encoding. */
type PlainShape = readonly unknown[];

/**
 * An array of arguments with its refs taken out: `refs[i]`, each once, belongs into hole i. Refs are found in arrays, plain objects, Map and Set. null: no
 * arguments. Errors as of `placeValues`, naming the argument.
 */
export function encodeArgs<R extends object>(
  store: Store,
  args: readonly unknown[],
  isRef: (v: object) => v is R,
  inline = INLINE_BYTES,
): { readonly shape: ValuePlace; readonly refs: readonly R[] } | null {
  if (args.length === 0) return null;
  const refs: R[] = [];
  const plain = plainShape(args, isRef, refs);
  if (plain !== null) return { shape: { kind: 'plain', value: plain }, refs };
  const numbers = new Map<object, number>(refs.map((r, i) => [r, i]));
  const number = (v: object): number => {
    const known = numbers.get(v);
    if (known !== undefined) return known;
    numbers.set(v, refs.length);
    return refs.push(v as R) - 1;
  };
  const encoded = encodeWithHoles(args, { isHole: isRef, number });
  return { shape: placeEncoded(store, [encoded], inline)[0] as ValuePlace, refs };
}

function plainShape<R extends object>(
  args: readonly unknown[],
  isRef: (v: object) => v is R,
  refs: R[],
): PlainShape | null {
  // As long as it will be: there may be a million of them, and an array that grows has room for many more.
  const shape = new Array<unknown>(args.length);
  for (let i = 0; i < args.length; i++) {
    const a = args[i];
    if (plainValue(a)) shape[i] = a;
    else if (typeof a === 'object' && a !== null && isRef(a)) {
      const known = refs.indexOf(a);
      shape[i] = [known >= 0 ? known : refs.push(a) - 1];
    } else return null;
  }
  return shape;
}

/** Arguments from the value of a plain shape. */
export function fillPlain(shape: unknown, holes: readonly unknown[]): unknown[] {
  return (shape as PlainShape).map((v) => (Array.isArray(v) ? holes[v[0] as number] : v));
}

/** Arguments from the bytes of an encoded shape. */
export function fillArgs(shape: Uint8Array, holes: readonly unknown[], copy: boolean): unknown[] {
  return decodeValue(shape, { copy, holes }) as unknown[];
}
