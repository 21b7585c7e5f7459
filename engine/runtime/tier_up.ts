import { setFlagsFromString } from 'node:v8';

/** What a function has run of itself until V8 takes it for hot: bytes of bytecode in Node.js 20, calls from Node.js 22 on; sixteen times what V8 has. */
const FLAGS = { 20: '--interrupt-budget=1081344', 22: '--invocation-count-for-turbofan=48000' };

/**
 * After so long the first run is a long one. Before, V8 is left alone: under other flags it takes none of the code that Node.js and we (code_cache.ts) have kept
 * compiled, which threads start with.
 */
const LONG_RUN_MS = 250;

let runs = 0;
let done = false;

/**
 * A run begins. From the second one in this process on, or in a first one that is long, lets V8's optimizing compiler wait: rows go through WebAssembly, and of what
 * is left in JavaScript little runs long enough to pay for being optimized, in each thread anew and on the processors that the threads need. Loops over rows, of
 * user functions say, are hot within milliseconds all the same. To be called again when the run is over.
 */
export function optimizeLate(): () => void {
  if (++runs > 1) {
    setFlag();
    return () => undefined;
  }
  const timer = setTimeout(setFlag, LONG_RUN_MS);
  timer.unref();
  return () => clearTimeout(timer);
}

/** Flags of the command line that say otherwise are kept. */
function setFlag(): void {
  if (done) return;
  done = true;
  const flag = Number.parseInt(process.versions.node, 10) < 22 ? FLAGS[20] : FLAGS[22];
  const name = flag.slice(0, flag.indexOf('='));
  // V8 takes underscores for dashes.
  if (process.execArgv.some((arg) => arg.replaceAll('_', '-').startsWith(name))) return;
  setFlagsFromString(flag);
}
