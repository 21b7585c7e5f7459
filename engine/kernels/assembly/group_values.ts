// Values of groups: numbers as doubles with a byte that says null, texts as (start, size) in a heap, size -1 for null. `rows`: row
// numbers, or NONE for all rows; `validity`: a bitmap, or NONE.
import { NONE } from './hash.ts';
import { bitAt, copy } from './memory.ts';

function rowAt(rows: u32, i: u32): u32 {
  return rows === NONE ? i : load<u32>(rows + (i << 2));
}

function isNull(validity: u32, row: u32): bool {
  return validity !== NONE && !bitAt(validity, row);
}

/** values[row] as a double: exact for all but ints beyond +-2^53, which the caller keeps elsewhere; one NaN. */
function number<V>(values: u32, row: u32): f64 {
  const x = <f64>load<V>(values + row * <u32>sizeof<V>());
  return x === x ? x : NaN;
}

function append<V>(values: u32, validity: u32, rows: u32, n: u32, doubles: u32, nulls: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const row = rowAt(rows, i);
    const none = isNull(validity, row);
    store<u8>(nulls + i, none ? 1 : 0);
    if (!none) store<f64>(doubles + (i << 3), number<V>(values, row));
  }
}

/** Entries from the addresses on become the rows. */
export function group_append_i32(values: u32, validity: u32, rows: u32, n: u32, doubles: u32, nulls: u32): void {
  append<i32>(values, validity, rows, n, doubles, nulls);
}

export function group_append_i64(values: u32, validity: u32, rows: u32, n: u32, doubles: u32, nulls: u32): void {
  append<i64>(values, validity, rows, n, doubles, nulls);
}

export function group_append_f64(values: u32, validity: u32, rows: u32, n: u32, doubles: u32, nulls: u32): void {
  append<f64>(values, validity, rows, n, doubles, nulls);
}

export function group_append_bool(values: u32, validity: u32, rows: u32, n: u32, doubles: u32, nulls: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const row = rowAt(rows, i);
    store<u8>(nulls + i, isNull(validity, row) ? 1 : 0);
    store<f64>(doubles + (i << 3), <f64>bitAt(values, row));
  }
}

function differs(entry: u32, x: f64, none: bool, doubles: u32, nulls: u32): bool {
  if (none || load<u8>(nulls + entry) !== 0) return none !== (load<u8>(nulls + entry) !== 0);
  const held = load<f64>(doubles + (entry << 3));
  return held !== x && (held === held || x === x);
}

function verify<V>(
  values: u32,
  validity: u32,
  rows: u32,
  n: u32,
  entries: u32,
  doubles: u32,
  nulls: u32,
  bad: u32,
): u32 {
  let any: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const row = rowAt(rows, i);
    const x = number<V>(values, row);
    if (!differs(load<u32>(entries + (i << 2)), x, isNull(validity, row), doubles, nulls)) continue;
    store<u8>(bad + i, 1);
    any = 1;
  }
  return any;
}

/** bad[i] = 1 where entry entries[i] is not the row's value (null is null, NaN is NaN); whether there is any. */
export function group_verify_i32(
  values: u32,
  validity: u32,
  rows: u32,
  n: u32,
  entries: u32,
  doubles: u32,
  nulls: u32,
  bad: u32,
): u32 {
  return verify<i32>(values, validity, rows, n, entries, doubles, nulls, bad);
}

export function group_verify_i64(
  values: u32,
  validity: u32,
  rows: u32,
  n: u32,
  entries: u32,
  doubles: u32,
  nulls: u32,
  bad: u32,
): u32 {
  return verify<i64>(values, validity, rows, n, entries, doubles, nulls, bad);
}

export function group_verify_f64(
  values: u32,
  validity: u32,
  rows: u32,
  n: u32,
  entries: u32,
  doubles: u32,
  nulls: u32,
  bad: u32,
): u32 {
  return verify<f64>(values, validity, rows, n, entries, doubles, nulls, bad);
}

export function group_verify_bool(
  values: u32,
  validity: u32,
  rows: u32,
  n: u32,
  entries: u32,
  doubles: u32,
  nulls: u32,
  bad: u32,
): u32 {
  let any: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const row = rowAt(rows, i);
    const x = <f64>bitAt(values, row);
    if (!differs(load<u32>(entries + (i << 2)), x, isNull(validity, row), doubles, nulls)) continue;
    store<u8>(bad + i, 1);
    any = 1;
  }
  return any;
}

/** The text of a row: its code, or the row itself where `codes` is NONE. */
function textAt(codes: u32, row: u32): u32 {
  return codes === NONE ? row : load<u32>(codes + (row << 2));
}

/** Bytes of the rows' texts. */
export function group_text_bytes(offsets: u32, codes: u32, validity: u32, rows: u32, n: u32): f64 {
  let total: u64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const row = rowAt(rows, i);
    if (isNull(validity, row)) continue;
    const at = offsets + (textAt(codes, row) << 2);
    total += load<u32>(at, 4) - load<u32>(at);
  }
  return <f64>total;
}

/** Entries from the addresses on become the rows; their bytes go to heap + used and on. */
export function group_append_text(
  offsets: u32,
  bytes: u32,
  codes: u32,
  validity: u32,
  rows: u32,
  n: u32,
  starts: u32,
  sizes: u32,
  heap: u32,
  used: u32,
): void {
  let next = used;
  for (let i: u32 = 0; i < n; i++) {
    const row = rowAt(rows, i);
    if (isNull(validity, row)) {
      store<u32>(starts + (i << 2), 0);
      store<i32>(sizes + (i << 2), -1);
      continue;
    }
    const at = offsets + (textAt(codes, row) << 2);
    const from = load<u32>(at);
    const size = load<u32>(at, 4) - from;
    store<u32>(starts + (i << 2), next);
    store<u32>(sizes + (i << 2), size);
    copy(heap + next, bytes + from, size);
    next += size;
  }
}

function sameBytes(a: u32, b: u32, size: u32): bool {
  if (size < 8) {
    if (size >= 4) {
      return load<u32>(a) === load<u32>(b) && load<u32>(a + size - 4) === load<u32>(b + size - 4);
    }
    for (let k: u32 = 0; k < size; k++) if (load<u8>(a + k) !== load<u8>(b + k)) return false;
    return true;
  }
  const last = size - 8;
  for (let k: u32 = 0; k < last; k += 8) if (load<u64>(a + k) !== load<u64>(b + k)) return false;
  return load<u64>(a + last) === load<u64>(b + last);
}

/** Rows whose entries are looked up together. */
const CHUNK: u32 = 64;

/**
 * bad[i] = 1 where the text of entry entries[i] is not that of the row; whether there is any. `work`: CHUNK pairs of words, and as many bytes. The places of a chunk's texts
 * and then their first bytes are loaded in loops of nothing else, so that many of these loads, which miss the caches in a large table, overlap.
 */
export function group_verify_text(
  offsets: u32,
  bytes: u32,
  codes: u32,
  validity: u32,
  rows: u32,
  n: u32,
  entries: u32,
  starts: u32,
  sizes: u32,
  heap: u32,
  bad: u32,
  work: u32,
): u32 {
  const touched = work + (CHUNK << 3);
  let any: u32 = 0;
  for (let first: u32 = 0; first < n; first += CHUNK) {
    const count = min(CHUNK, n - first);
    for (let k: u32 = 0; k < count; k++) {
      const e = load<u32>(entries + ((first + k) << 2)) << 2;
      store<u32>(work + (k << 3), load<u32>(starts + e));
      store<u32>(work + (k << 3), load<u32>(sizes + e), 4);
    }
    for (let k: u32 = 0; k < count; k++) store<u8>(touched + k, load<u8>(heap + load<u32>(work + (k << 3))));
    for (let k: u32 = 0; k < count; k++) {
      const row = rowAt(rows, first + k);
      const held = load<i32>(work + (k << 3), 4);
      if (isNull(validity, row)) {
        if (held === -1) continue;
      } else {
        const at = offsets + (textAt(codes, row) << 2);
        const from = load<u32>(at);
        const size = load<u32>(at, 4) - from;
        if (<u32>held === size && sameBytes(bytes + from, heap + load<u32>(work + (k << 3)), size)) continue;
      }
      store<u8>(bad + first + k, 1);
      any = 1;
    }
  }
  return any;
}

/** Offsets of the texts of entries order[i], n + 1 of them; the number of nulls, or -1 when the texts pass 2 GiB. */
export function group_offsets(sizes: u32, order: u32, n: u32, offsets: u32): i32 {
  let total: u64 = 0;
  let none: i32 = 0;
  store<u32>(offsets, 0);
  for (let i: u32 = 0; i < n; i++) {
    const size = load<i32>(sizes + (load<u32>(order + (i << 2)) << 2));
    if (size < 0) none++;
    else total += <u64>size;
    store<u32>(offsets + (i << 2), <u32>total, 4);
  }
  return total > 0x7fffffff ? -1 : none;
}

export function group_texts(starts: u32, heap: u32, order: u32, n: u32, offsets: u32, out: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const at = load<u32>(offsets + (i << 2));
    const size = load<u32>(offsets + (i << 2), 4) - at;
    if (size > 0) copy(out + at, heap + load<u32>(starts + (load<u32>(order + (i << 2)) << 2)), size);
  }
}

/** The bitmap (all 0 before) of the entries order[i] that are not null, given sizes; see group_valid. */
export function group_valid_texts(sizes: u32, order: u32, n: u32, bits: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const size = load<i32>(sizes + (load<u32>(order + (i << 2)) << 2));
    if (size >= 0) store<u8>(bits + (i >> 3), <u32>load<u8>(bits + (i >> 3)) | (1 << (i & 7)));
  }
}

/** How many of the entries order[i] are null. */
export function group_count_nulls(nulls: u32, order: u32, n: u32): u32 {
  let none: u32 = 0;
  for (let i: u32 = 0; i < n; i++) none += load<u8>(nulls + load<u32>(order + (i << 2)));
  return none;
}

/** The bitmap (all 0 before) of the entries order[i] that are not null. */
export function group_valid(nulls: u32, order: u32, n: u32, bits: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const valid: u32 = load<u8>(nulls + load<u32>(order + (i << 2))) ^ 1;
    store<u8>(bits + (i >> 3), <u32>load<u8>(bits + (i >> 3)) | (valid << (i & 7)));
  }
}

/** doubles[order[i]] (all in turn where `order` is NONE) as 32-bit ints; 0 when one does not fit, and `out` is then not complete. */
export function group_ints(doubles: u32, order: u32, n: u32, out: u32): u32 {
  for (let i: u32 = 0; i < n; i++) {
    const x = load<f64>(doubles + (rowAt(order, i) << 3));
    if (!(x >= -2147483648.0 && x <= 2147483647.0)) return 0;
    const v = <i32>x;
    if (<f64>v !== x) return 0;
    store<i32>(out + (i << 2), v);
  }
  return 1;
}

/** The same, integers all, as 64-bit ints; `out` may be `doubles` itself. */
export function group_longs(doubles: u32, order: u32, n: u32, out: u32): void {
  for (let i: u32 = 0; i < n; i++) store<i64>(out + (i << 3), <i64>load<f64>(doubles + (rowAt(order, i) << 3)));
}
