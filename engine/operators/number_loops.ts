/** The loops of number_store.ts without kernels, by how the bound column holds its numbers: doubles, words, pairs of words. */

const TWO32 = 4294967296;

export function appendDoubles(
  out: Float64Array,
  base: number,
  from: Float64Array,
  rows: Uint32Array | null,
  n: number,
): void {
  if (rows === null) out.set(from.subarray(0, n), base);
  else for (let i = 0; i < n; i++) out[base + i] = from[rows[i] as number] as number;
}

export function appendInts(
  out: Float64Array,
  base: number,
  from: Int32Array,
  rows: Uint32Array | null,
  n: number,
): void {
  if (rows === null) for (let i = 0; i < n; i++) out[base + i] = from[i] as number;
  else for (let i = 0; i < n; i++) out[base + i] = from[rows[i] as number] as number;
}

export function appendPairs(out: Float64Array, base: number, w: Int32Array, rows: Uint32Array | null, n: number): void {
  for (let i = 0; i < n; i++) {
    const r = rows === null ? i : (rows[i] as number);
    out[base + i] = (w[2 * r + 1] as number) * TWO32 + ((w[2 * r] as number) >>> 0);
  }
}

export function verifyDoubles(
  d: Float64Array,
  nulls: Uint8Array,
  entries: Uint32Array,
  from: Float64Array,
  rows: Uint32Array | null,
  n: number,
  bad: Uint8Array,
): void {
  for (let i = 0; i < n; i++) {
    const e = entries[i] as number;
    const a = d[e] as number;
    const b = from[rows === null ? i : (rows[i] as number)] as number;
    if ((a !== b && (a === a || b === b)) || nulls[e] === 1) bad[i] = 1;
  }
}

export function verifyInts(
  d: Float64Array,
  nulls: Uint8Array,
  entries: Uint32Array,
  from: Int32Array,
  rows: Uint32Array | null,
  n: number,
  bad: Uint8Array,
): void {
  for (let i = 0; i < n; i++) {
    const e = entries[i] as number;
    if (d[e] !== from[rows === null ? i : (rows[i] as number)] || nulls[e] === 1) bad[i] = 1;
  }
}

export function verifyPairs(
  d: Float64Array,
  nulls: Uint8Array,
  entries: Uint32Array,
  w: Int32Array,
  rows: Uint32Array | null,
  n: number,
  bad: Uint8Array,
): void {
  for (let i = 0; i < n; i++) {
    const e = entries[i] as number;
    const r = rows === null ? i : (rows[i] as number);
    if (d[e] !== (w[2 * r + 1] as number) * TWO32 + ((w[2 * r] as number) >>> 0) || nulls[e] === 1) bad[i] = 1;
  }
}
