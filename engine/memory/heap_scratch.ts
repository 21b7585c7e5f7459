import type { Scratch } from './types.ts';

/** Scratch over ordinary buffers, for tests, the main thread and small constants: nothing is reused, `reset` has nothing to do. */
export function heapScratch(): Scratch {
  return {
    u8: (length) => new Uint8Array(length),
    i32: (length) => new Int32Array(length),
    u32: (length) => new Uint32Array(length),
    f64: (length) => new Float64Array(length),
    i64: (length) => new BigInt64Array(length),
    bitmap: (rows, fill) => {
      const bits = new Uint8Array((rows + 7) >>> 3);
      return fill ? bits.fill(0xff) : bits;
    },
    reset: () => {},
    release: () => {},
  };
}
