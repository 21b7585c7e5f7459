import * as fs from 'node:fs';

/** What goes past the system's cache starts and ends at a multiple of this, in the file and in memory. */
export const BLOCK = 4096;
/** Below this it is the number of calls that costs, and the cache reads ahead. */
const LEAST_BYTES = 256 << 10;
/** After so many transfers the way that is not taken is tried again: what else the machine does changes. */
const TRY_AGAIN = 32;
/** Weight of the newest transfer. */
const WEIGHT = 0.25;
/** Past the cache the processor is free for others meanwhile: it may take so much longer. */
const PATIENCE = 1.1;

/** As the system calls it; undefined where there is no such thing. */
const O_DIRECT: number | undefined = fs.constants.O_DIRECT;
/** What a file system says that cannot do it. */
const REFUSALS = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/**
 * Whether large transfers of one kind (reads, writes) go past the system's cache: whichever way has been faster lately. Through the cache each byte is copied
 * once more, into memory that the system may first have to get; past it the disk takes it from where it lies. Which is faster depends on the disk, on how much memory is free
 * and on whether what is read is in the cache still.
 */
export class PastCache {
  /** Milliseconds a byte, by way: [through the cache, past it]. */
  readonly #costs: [number, number] = [0, 0];
  #count = 0;
  #possible = O_DIRECT !== undefined;

  /** The flag to open a file with for the next transfer; 0: through the cache. */
  flag(): number {
    if (!this.#possible) return 0;
    const [through, past] = this.#costs;
    // Each way once, then the better one.
    const best = past === 0 || (through > 0 && past <= through * PATIENCE);
    if (through > 0 && past > 0) this.#count++;
    const other = this.#count > 0 && this.#count % TRY_AGAIN === 0;
    return best !== other ? (O_DIRECT as number) : 0;
  }

  /** Remembers what a transfer of so many bytes by `flag` took. */
  took(flag: number, bytes: number, ms: number): void {
    const way = flag === 0 ? 0 : 1;
    const cost = ms / bytes;
    const before = this.#costs[way];
    this.#costs[way] = before === 0 ? cost : before + WEIGHT * (cost - before);
  }

  /** Whether an error says that there is no way past the cache; it is not tried again then. */
  refused(flag: number, error: unknown): boolean {
    if (flag === 0 || !REFUSALS.has((error as NodeJS.ErrnoException).code ?? '')) return false;
    this.#possible = false;
    return true;
  }
}

/** Whether a transfer is large and of whole blocks, so that there is a choice. */
export function isWhole(offset: number, views: readonly Uint8Array[]): boolean {
  let bytes = 0;
  for (const v of views) {
    if (v.byteOffset % BLOCK !== 0 || v.length % BLOCK !== 0) return false;
    bytes += v.length;
  }
  return bytes >= LEAST_BYTES && offset % BLOCK === 0;
}
