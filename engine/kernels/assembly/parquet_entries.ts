// Dictionaries of Parquet's column chunks: values become codes in the order of their first appearance.
import { hash64, hashBytes, NONE } from './hash.ts';
import { bitAt, copy } from './memory.ts';

/** Words of a dictionary: how many entries there are, and may be. */
const COUNT: usize = 0;
const ROOM: usize = 4;
/** Twice as many slots as there is room for entries, each a code and one, or 0. */
const SLOTS: usize = 8;
const MASK: usize = 12;
/** Values, or of texts the ends, behind a word that is 0. */
const ENTRIES: usize = 16;
/** Of texts: their bytes, how many there may be, and the hashes. */
const BYTES: usize = 20;
const BYTES_ROOM: usize = 24;
const HASHES: usize = 28;

function hashOf<V>(value: V): u32 {
  if (sizeof<V>() === 8) return hash64(<u32>value, <u32>(<u64>value >> 32));
  return hash64(<u32>value, 0);
}

function enter<V>(dictionary: u32, values: u32, n: u32, codes: u32): u32 {
  const room = load<u32>(dictionary, ROOM);
  const slots = load<u32>(dictionary, SLOTS);
  const mask = load<u32>(dictionary, MASK);
  const entries = load<u32>(dictionary, ENTRIES);
  let count = load<u32>(dictionary, COUNT);
  let i: u32 = 0;
  for (; i < n; i++) {
    const value = load<V>(values + i * sizeof<V>());
    let slot = hashOf<V>(value) & mask;
    let code = load<u32>(slots + (slot << 2));
    while (code !== 0 && load<V>(entries + (code - 1) * sizeof<V>()) !== value) {
      slot = (slot + 1) & mask;
      code = load<u32>(slots + (slot << 2));
    }
    if (code === 0) {
      if (count === room) break;
      store<V>(entries + count * sizeof<V>(), value);
      code = ++count;
      store<u32>(slots + (slot << 2), code);
    }
    store<u32>(codes + (i << 2), code - 1);
  }
  store<u32>(dictionary, count, COUNT);
  return i;
}

/** Codes of `n` values, of bits that are compared as integers. How many were given one: fewer when there is no room for more entries. */
export function parquet_enter_4(dictionary: u32, values: u32, n: u32, codes: u32): u32 {
  return enter<u32>(dictionary, values, n, codes);
}

export function parquet_enter_8(dictionary: u32, values: u32, n: u32, codes: u32): u32 {
  return enter<u64>(dictionary, values, n, codes);
}

function same(a: u32, b: u32, length: u32): bool {
  let k: u32 = 0;
  for (; k + 8 <= length; k += 8) if (load<u64>(a + k) !== load<u64>(b + k)) return false;
  for (; k < length; k++) if (load<u8>(a + k) !== load<u8>(b + k)) return false;
  return true;
}

/** The code of a text; NONE when there is no room for it. */
function codeOf(dictionary: u32, from: u32, length: u32): u32 {
  const hash = hashBytes(from, from + length);
  const slots = load<u32>(dictionary, SLOTS);
  const mask = load<u32>(dictionary, MASK);
  const ends = load<u32>(dictionary, ENTRIES);
  const bytes = load<u32>(dictionary, BYTES);
  const hashes = load<u32>(dictionary, HASHES);
  let slot = hash & mask;
  for (;;) {
    const code = load<u32>(slots + (slot << 2));
    if (code === 0) break;
    if (load<u32>(hashes + ((code - 1) << 2)) === hash) {
      const begin = load<u32>(ends + ((code - 1) << 2));
      const size = load<u32>(ends + (code << 2)) - begin;
      if (size === length && same(bytes + begin, from, length)) return code - 1;
    }
    slot = (slot + 1) & mask;
  }
  const count = load<u32>(dictionary, COUNT);
  const used = load<u32>(ends + (count << 2));
  if (count === load<u32>(dictionary, ROOM) || length > load<u32>(dictionary, BYTES_ROOM) - used) return NONE;
  copy(bytes + used, from, length);
  store<u32>(ends + ((count + 1) << 2), used + length);
  store<u32>(hashes + (count << 2), hash);
  store<u32>(slots + (slot << 2), count + 1);
  store<u32>(dictionary, count + 1, COUNT);
  return count;
}

/**
 * Codes of the texts of those of rows [from, n) whose bits, from `first` on, are set: one after another, from `codes` on. Gives the row where it ended: where there is
 * no room for an entry, or behind the row with which word 0 of `span`, the bytes of the texts with their lengths, reaches word 1; word 2 is how many codes there are.
 * `known`, where it is not NONE: rows have codes of another dictionary, and this is the code here, and one, of each of its entries, or 0.
 */
export function parquet_enter_texts(
  dictionary: u32,
  offsets: u32,
  bytes: u32,
  others: u32,
  known: u32,
  bits: u32,
  first: u32,
  from: u32,
  n: u32,
  codes: u32,
  span: u32,
): u32 {
  const ends = load<u32>(dictionary, ENTRIES);
  const enough = <u64>load<u32>(span, 4);
  let sum = <u64>load<u32>(span);
  let out = codes;
  let i = from;
  for (; i < n && sum < enough; i++) {
    if (bits !== NONE && !bitAt(bits, first + i)) continue;
    let entry = i;
    let code: u32 = 0;
    if (known !== NONE) {
      entry = load<u32>(others + (i << 2));
      code = load<u32>(known + (entry << 2));
    }
    if (code === 0) {
      const at = offsets + (entry << 2);
      const begin = load<u32>(at);
      code = codeOf(dictionary, bytes + begin, load<u32>(at, 4) - begin);
      if (code === NONE) break;
      code++;
      if (known !== NONE) store<u32>(known + (entry << 2), code);
    }
    store<u32>(out, code - 1);
    sum += 4 + load<u32>(ends + (code << 2)) - load<u32>(ends + ((code - 1) << 2));
    out += 4;
  }
  store<u32>(span, <u32>min<u64>(sum, 0xffffffff));
  store<u32>(span, (out - codes) >> 2, 8);
  return i;
}

/** Puts all entries into slots that are 0: of texts by their hashes (`width` 0), of values of 4 or 8 bytes by what they are. */
export function parquet_enter_again(dictionary: u32, width: u32): void {
  const slots = load<u32>(dictionary, SLOTS);
  const mask = load<u32>(dictionary, MASK);
  const count = load<u32>(dictionary, COUNT);
  const entries = load<u32>(dictionary, ENTRIES);
  const hashes = load<u32>(dictionary, HASHES);
  for (let i: u32 = 0; i < count; i++) {
    let hash: u32;
    if (width === 8) hash = hashOf<u64>(load<u64>(entries + (i << 3)));
    else if (width === 4) hash = hashOf<u32>(load<u32>(entries + (i << 2)));
    else hash = load<u32>(hashes + (i << 2));
    let slot = hash & mask;
    while (load<u32>(slots + (slot << 2)) !== 0) slot = (slot + 1) & mask;
    store<u32>(slots + (slot << 2), i + 1);
  }
}

/** The different ones of `n` codes, and how many they are. `seen`: a byte for each entry, all 0 before and after. */
export function parquet_used(codes: u32, n: u32, seen: u32, out: u32): u32 {
  let count: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const code = load<u32>(codes + (i << 2));
    if (load<u8>(seen + code)) continue;
    store<u8>(seen + code, 1);
    store<u32>(out + (count++ << 2), code);
  }
  for (let i: u32 = 0; i < count; i++) store<u8>(seen + load<u32>(out + (i << 2)), 0);
  return count;
}
