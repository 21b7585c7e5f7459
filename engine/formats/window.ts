import { RunError } from '../errors.ts';
import type { Block } from '../memory/types.ts';
import type { ByteSource } from './source.ts';

/** Bytes behind the content that scanners may write sentinels to, and kernels read. */
export const WINDOW_SLACK = 128;

/** A record longer than this is taken for a sign of broken quoting. */
export const MAX_RECORD_BYTES = 64 << 20;

export interface WindowMemory {
  allocate(bytes: number, owner: string): Block;
  free(block: Block): void;
}

/** Ordinary memory, for planning on the main thread. */
export const heapMemory: WindowMemory = {
  allocate: (bytes) => ({ address: 0, bytes, view: new Uint8Array(bytes) }),
  free: () => {},
};

/**
 * A sliding view of an input. `bytes[0 .. length)` is the content from `offset` (in the decompressed input) on; it always
 * holds as much as the window's size allows or the input has, so that what a window holds depends on the data alone.
 */
export class TextWindow {
  bytes: Uint8Array;
  /** The same memory, for its fast conversions to text. */
  text: Buffer;
  length = 0;
  offset: number;
  /** The content reaches the end of the input. */
  final = false;

  readonly #source: ByteSource;
  readonly #memory: WindowMemory;
  readonly #limit: number;
  #block: Block;

  /** `limit`: the longest record, at most MAX_RECORD_BYTES. The source belongs to the window from now on. */
  constructor(source: ByteSource, offset: number, size: number, memory: WindowMemory, limit: number) {
    this.#source = source;
    this.#memory = memory;
    this.#limit = Math.max(size, Math.min(limit, MAX_RECORD_BYTES));
    this.offset = offset;
    try {
      this.#block = memory.allocate(size + WINDOW_SLACK, 'text window');
    } catch (e) {
      source.close();
      throw e;
    }
    this.bytes = this.#block.view;
    this.text = bufferOver(this.bytes);
  }

  /**
   * Drops the first `used` bytes and fills up. A source that fails in the middle first gives what it has (not final), and throws
   * when asked for more.
   */
  async advance(used: number): Promise<void> {
    if (used > 0) {
      this.bytes.copyWithin(0, used, this.length);
      this.length -= used;
      this.offset += used;
    }
    const room = this.bytes.length - WINDOW_SLACK - this.length;
    if (this.final || room <= 0) return;
    const failed = this.#source.failure();
    if (failed !== null) throw failed;
    const got = this.#source.read(this.bytes.subarray(this.length, this.length + room));
    const n = typeof got === 'number' ? got : await got;
    this.length += n;
    if (n < room && this.#source.failure() === null) this.final = true;
  }

  /** Doubles the window, for a record that does not fit. False when it may grow no more. */
  async grow(): Promise<boolean> {
    const size = this.bytes.length - WINDOW_SLACK;
    if (size >= this.#limit) return false;
    const block = this.#memory.allocate(Math.min(2 * size, this.#limit) + WINDOW_SLACK, 'text window');
    block.view.set(this.bytes.subarray(0, this.length));
    this.#memory.free(this.#block);
    this.#block = block;
    this.bytes = block.view;
    this.text = bufferOver(this.bytes);
    await this.advance(0);
    return true;
  }

  consumed(): number {
    return this.#source.consumed();
  }

  close(): void {
    this.#source.close();
    this.#memory.free(this.#block);
  }
}

function bufferOver(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function recordTooLong(file: string, limit: number, row: number | undefined, hint: string): RunError {
  const mib = Math.max(1, Math.round(limit / (1 << 20)));
  return new RunError(
    'FLOW7003',
    `a record is longer than ${mib} MiB`,
    { file, ...(row !== undefined ? { row } : {}) },
    hint,
  );
}
