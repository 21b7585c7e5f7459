/**
 * Words of this thread that tell the driver of calls of host functions with a timeout: [0] is odd during a call and grows with each, [1] is the number of the
 * function, [2] is 1 once a module is loaded that exports `teardown`. On a thread without a driver they are nobody's.
 */
let words: Float64Array = new Float64Array(3);

export function setWatchWords(shared: Float64Array): void {
  words = shared;
}

export function watchWords(): Float64Array {
  return words;
}
