import { readFileSync } from 'node:fs';
import type { CsvKernels } from './csv.ts';
import type { GroupKernels } from './group.ts';
import type { KeyKernels } from './keys.ts';
import { memoryOf } from './memories.ts';
import type { ParquetKernels } from './parquet.ts';
import type { SortKernels } from './sort.ts';
import type { TextKernels } from './text.ts';

/**
 * Kernels compiled from engine/kernels/assembly, bound to one memory of the arena. A parameter that names data is a byte address in that
 * memory: `view.byteOffset` of a view on it. Kernels check nothing: the caller passes spans that are long enough and aligned as typed
 * arrays are. What each does is told at its source. They hold no state and call nothing, so that any thread may run them at any time.
 */
export interface Kernels extends CsvKernels, GroupKernels, KeyKernels, ParquetKernels, SortKernels, TextKernels {
  readonly memory: WebAssembly.Memory;

  hash_i32(values: number, validity: number, n: number, out: number, join: number): void;
  hash_i64(values: number, validity: number, n: number, out: number, join: number): void;
  hash_f64(values: number, validity: number, n: number, out: number, join: number): void;
  hash_i128(values: number, validity: number, n: number, out: number, join: number): void;
  hash_interval(values: number, validity: number, n: number, out: number, join: number): void;
  hash_bool(values: number, validity: number, n: number, out: number, join: number): void;
  hash_codes(codes: number, entries: number, validity: number, n: number, out: number, join: number): void;
  hash_utf8(offsets: number, bytes: number, validity: number, n: number, out: number, join: number): void;

  partition_count(hashes: number, n: number, skip: number, shift: number, counts: number): void;
  partition_rows(
    hashes: number,
    n: number,
    skip: number,
    bits: number,
    counters: number,
    starts: number,
    places: number,
  ): void;
  partition_order(
    hashes: number,
    n: number,
    skip: number,
    shift: number,
    next: number,
    first: number,
    order: number,
  ): void;

  has_missing(rows: number, n: number): number;
  gather_4(values: number, rows: number, n: number, out: number, missing: number): void;
  gather_8(values: number, rows: number, n: number, out: number, missing: number): void;
  gather_16(values: number, rows: number, n: number, out: number, missing: number): void;
  gather_bits(bits: number, rows: number, n: number, out: number): void;
  gather_offsets(offsets: number, rows: number, n: number, out: number): number;
  gather_bytes(offsets: number, bytes: number, rows: number, n: number, target: number, out: number): void;

  scatter_4(values: number, places: number, n: number, out: number): void;
  scatter_4_to_8(values: number, places: number, n: number, out: number): void;
  scatter_8(values: number, places: number, n: number, out: number): void;
  scatter_16(values: number, places: number, n: number, out: number): void;
  scatter_bits(bits: number, first: number, places: number, n: number, out: number): void;
  copy_segments(segments: number, count: number, values: number, width: number, base: number): void;
  pack_segments(segments: number, count: number, bytes: number, base: number): void;

  checksum(data: number, n: number): number;

  join_range(values: number, validity: number, n: number, out: number): void;
  join_narrow(values: number, n: number, out: number, validity: number): void;
  join_build(job: number, n: number): number;
  join_build_direct(job: number, n: number, distinct: number): number;
  join_arrange(job: number, direct: number, order: number, more: number): number;
  join_probe(job: number, kind: number): number;
  join_equal(keys: number, count: number, positions: number, rows: number, rights: number, n: number): number;
  join_sort(
    hashes: number,
    n: number,
    skip: number,
    a: number,
    b: number,
    counts: number,
    order: number,
    sorted: number,
  ): void;

  ints_width(values: number, n: number): number;
  ints_narrow(values: number, n: number, out: number): void;
  ints_fit(values: number, n: number, out: number): number;
  ints_widen(values: number, n: number, out: number): void;
  ints_32_of_128(values: number, n: number, out: number): number;
  ints_64_of_128(values: number, n: number, out: number): number;

  copy_bytes(to: number, from: number, length: number): void;
  fill_bytes(to: number, value: number, length: number): void;

  add_i32(values: number, n: number, by: number, out: number): void;
  count_ones(bits: number, from: number, to: number): number;
}

/** Address that stands for "no bitmap". */
export const NO_BITMAP = 0xffffffff;

/** In the bundle the module lies beside the code; sources use that of the last build. */
const FILE = new URL(import.meta.url.endsWith('.ts') ? '../../dist/kernels.wasm' : './kernels.wasm', import.meta.url);

let module: WebAssembly.Module | null | undefined;
let enabled = true;
const instances = new WeakMap<WebAssembly.Memory, Kernels>();

/** Compiled at first use, in under a millisecond. Null where there is no build: all callers have a path without kernels, but for the writer of Parquet. */
function kernelModule(): WebAssembly.Module | null {
  if (module !== undefined) return module;
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(FILE);
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== 'ENOENT') throw e;
    module = null;
    return module;
  }
  module = new WebAssembly.Module(bytes);
  return module;
}

/** The kernels of one memory, made at first use in this thread. */
export function kernelsOf(memory: WebAssembly.Memory): Kernels | null {
  const known = instances.get(memory);
  if (known !== undefined) return known;
  const compiled = kernelModule();
  if (compiled === null) return null;
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
  const kernels = { memory, ...exports } as unknown as Kernels;
  instances.set(memory, kernels);
  return kernels;
}

/** The kernels for the memory in which all of the views lie (null among them: a missing bitmap); null when there is no such memory. */
export function kernelsFor(first: ArrayBufferView, ...others: readonly (ArrayBufferView | null)[]): Kernels | null {
  if (!enabled) return null;
  const memory = memoryOf(first);
  if (memory === undefined) return null;
  for (const view of others) {
    if (view !== null && view.buffer !== first.buffer && memoryOf(view) !== memory) return null;
  }
  return kernelsOf(memory);
}

/** Address of a bitmap that may be missing. */
export function bitmapAt(bits: Uint8Array | null): number {
  return bits === null ? NO_BITMAP : bits.byteOffset;
}

/** Whether this thread uses kernels; the paths without them, which are the reference, run otherwise. For tests and measurements. */
export function useKernels(on: boolean): void {
  enabled = on;
}
