import { createRequire } from 'node:module';

/** The decoder and encoder, loaded when the first Parquet file is touched: compiling it takes some 30 ms. */
export type ParquetWasm = typeof import('parquet-wasm/node');

const nodeRequire = createRequire(import.meta.url);
let loaded: ParquetWasm | null = null;

export function parquetWasm(): ParquetWasm {
  loaded ??= nodeRequire('parquet-wasm/node') as ParquetWasm;
  return loaded;
}

/** WebAssembly memory never shrinks: beyond this, the instance is dropped when a split is done. */
const KEEP_BYTES = 256 << 20;

/** Forgets the instance when it is `broken` (it trapped, so its state is undefined) or holds too much memory; the next use makes a new one. */
export function retireParquetWasm(used: ParquetWasm, broken: boolean): void {
  if (loaded !== used || !(broken || used.wasmMemory().buffer.byteLength > KEEP_BYTES)) return;
  loaded = null;
  // The package instantiates when its module is evaluated, so a new instance takes a new evaluation.
  delete nodeRequire.cache[nodeRequire.resolve('parquet-wasm/node')];
}

/** A WebAssembly trap: the decoder met a state it does not handle. */
export function isTrap(e: unknown): boolean {
  return e instanceof Error && e.name === 'RuntimeError';
}
