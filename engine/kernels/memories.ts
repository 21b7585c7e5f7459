/**
 * Which WebAssembly memory a view lies in. A memory gets a new buffer object each time it grows, and views keep the one they were made
 * with: so whoever takes the buffer of a memory to make views on it says so here.
 */
const owners = new WeakMap<ArrayBufferLike, WebAssembly.Memory>();

/** The memory's buffer as it is now; views on it are found by `memoryOf` from then on. */
export function bufferOf(memory: WebAssembly.Memory): ArrayBufferLike {
  const { buffer } = memory;
  owners.set(buffer, memory);
  return buffer;
}

/** The memory of a view that was made on a buffer from `bufferOf`, else undefined. */
export function memoryOf(view: ArrayBufferView): WebAssembly.Memory | undefined {
  return owners.get(view.buffer);
}
