/** `run(block, rows)` of a module over one memory. */
export type NativeRun = (block: number, rows: number) => number;

/** Modules kept by a thread. */
const KEPT = 256;
const modules = new Map<
  string,
  { readonly module: WebAssembly.Module; readonly runs: WeakMap<WebAssembly.Memory, NativeRun> }
>();

/** The function of a module over a memory. Modules of equal bytes are compiled once: constants are no part of them. */
export function loadNative(bytes: Uint8Array, memory: WebAssembly.Memory): NativeRun {
  const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  let known = modules.get(key);
  if (known === undefined) {
    known = { module: new WebAssembly.Module(bytes), runs: new WeakMap() };
    if (modules.size >= KEPT) modules.delete(modules.keys().next().value as string);
    modules.set(key, known);
  }
  let run = known.runs.get(memory);
  if (run === undefined) {
    const { exports } = new WebAssembly.Instance(known.module, { env: { memory } });
    ({ run } = exports as unknown as { readonly run: NativeRun });
    known.runs.set(memory, run);
  }
  return run;
}
