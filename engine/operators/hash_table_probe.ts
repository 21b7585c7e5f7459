import { getBit } from '../batch/bitmap.ts';

/** What one probe reads and writes; arrays as GroupTable has them at the moment. */
export interface Probe {
  /** Pairs (tag, group + 1). */
  readonly slots: Uint32Array;
  readonly mask: number;
  /** Hashes of the rows. */
  readonly hashes: Uint32Array;
  readonly n: number;
  /** Group of each row. */
  readonly out: Uint32Array;
  /** Rows of the groups that are new, counted from `groups` at the call. */
  readonly fresh: Uint32Array;
  readonly groupHashes: Uint32Array;
  /** Groups the slots have room for. */
  readonly room: number;
}

/** Where a probe stands. */
export interface Progress {
  /** First row not done. */
  at: number;
  groups: number;
  /** -1 while there is none. */
  nullGroup: number;
}

/** Probes rows `rows[i]` (i when null) by their hashes until the slots are full or all are done. */
export function probeHashes(p: Probe, rows: Uint32Array | null, state: Progress): void {
  const { slots, mask, hashes, n, out, fresh, groupHashes, room } = p;
  const wrap = 2 * mask + 1;
  const first = state.groups;
  let groups = first;
  let i = state.at;
  for (; i < n; i++) {
    const row = rows === null ? i : (rows[i] as number);
    const h = hashes[row] as number;
    let s = (h & mask) << 1;
    let g = slots[s + 1] as number;
    while (g !== 0 && slots[s] !== h) {
      s = (s + 2) & wrap;
      g = slots[s + 1] as number;
    }
    if (g === 0) {
      if (groups + 1 > room) break;
      fresh[groups - first] = row;
      groupHashes[groups] = h;
      g = ++groups;
      slots[s] = h;
      slots[s + 1] = g;
    }
    out[i] = g - 1;
  }
  state.at = i;
  state.groups = groups;
}

/** The same where the tags are the keys, one column of 32-bit ints; null has a group of its own outside the slots. */
export function probeInts(p: Probe, values: Int32Array, validity: Uint8Array | null, state: Progress): void {
  const { slots, mask, hashes, n, out, fresh, groupHashes, room } = p;
  const tags = new Int32Array(slots.buffer, slots.byteOffset, slots.length);
  const wrap = 2 * mask + 1;
  const first = state.groups;
  let groups = first;
  let i = state.at;
  for (; i < n; i++) {
    const none = validity !== null && !getBit(validity, i);
    if (none && state.nullGroup >= 0) {
      out[i] = state.nullGroup;
      continue;
    }
    const key = values[i] as number;
    let s = ((hashes[i] as number) & mask) << 1;
    let g = none ? 0 : (tags[s + 1] as number);
    while (g !== 0 && tags[s] !== key) {
      s = (s + 2) & wrap;
      g = tags[s + 1] as number;
    }
    if (g === 0) {
      if (groups + 1 > room) break;
      fresh[groups - first] = i;
      groupHashes[groups] = hashes[i] as number;
      g = ++groups;
      if (none) state.nullGroup = g - 1;
      else {
        tags[s] = key;
        tags[s + 1] = g;
      }
    }
    out[i] = g - 1;
  }
  state.at = i;
  state.groups = groups;
}

/** Puts groups 0 .. n - 1 into free slots, tagged by hash. */
export function fillByHash(slots: Uint32Array, mask: number, hashes: Uint32Array, n: number): void {
  for (let g = 0; g < n; g++) {
    let s = ((hashes[g] as number) & mask) * 2;
    while (slots[s + 1] !== 0) s = (s + 2) & (2 * mask + 1);
    slots[s] = hashes[g] as number;
    slots[s + 1] = g + 1;
  }
}

/** The same, tagged by key; `nullGroup` has no slot. */
export function fillByKey(
  slots: Uint32Array,
  mask: number,
  hashes: Uint32Array,
  n: number,
  keys: Float64Array,
  nullGroup: number,
): void {
  for (let g = 0; g < n; g++) {
    if (g === nullGroup) continue;
    let s = ((hashes[g] as number) & mask) * 2;
    while (slots[s + 1] !== 0) s = (s + 2) & (2 * mask + 1);
    slots[s] = keys[g] as number;
    slots[s + 1] = g + 1;
  }
}

/** Numbers rows by their codes, null being the place behind the last: `out[i]` among the codes met, whose first rows come back. */
export function firstsOfCodes(
  codes: Int32Array,
  validity: Uint8Array | null,
  entries: number,
  rows: number,
  out: Uint32Array,
): Uint32Array {
  const seen = new Int32Array(entries + 1).fill(-1);
  const firsts = new Uint32Array(entries + 1);
  let n = 0;
  for (let i = 0; i < rows; i++) {
    const c = validity !== null && !getBit(validity, i) ? entries : (codes[i] as number);
    let at = seen[c] as number;
    if (at < 0) {
      at = n++;
      firsts[at] = i;
      seen[c] = at;
    }
    out[i] = at;
  }
  return firsts.subarray(0, n);
}
