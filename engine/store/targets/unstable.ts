import { RunError } from '../../errors.ts';
import type { SpillTarget } from './target.ts';

/** How a storage misbehaves. */
export interface Faults {
  readonly folder: string;
  /** Share of calls that fail with EIO. */
  readonly fail: number;
  /** Milliseconds each call takes longer. */
  readonly slow: number;
  /** Share of writes in which one bit is not what it was. */
  readonly flip: number;
  /** Share of reads in which one bit is not what was written. */
  readonly rot: number;
  /** Share of reads that give less than was asked for. */
  readonly short: number;
  /** Share of writes after which the file is gone. */
  readonly lose: number;
  /** Bytes after which a thread's writes fail with ENOSPC. */
  readonly full: number;
  /** 1: files cannot be removed. */
  readonly keep: number;
  /** 0: a file is written by one call and never again, as on S3. */
  readonly append: number;
  readonly seed: number;
}

const DEFAULTS = {
  fail: 0,
  slow: 0,
  flip: 0,
  rot: 0,
  short: 0,
  lose: 0,
  full: Number.POSITIVE_INFINITY,
  keep: 0,
  append: 1,
  seed: 1,
};
const SHARES = new Set(['fail', 'flip', 'rot', 'short', 'lose', 'keep', 'append']);

/** Reads `unstable:/folder?fail=0.1&…`. Throws RunError FLOW7016 for what it does not know. */
export function parseUnstable(url: string): Faults {
  const [, folder = '', query = ''] = /^unstable:([^?]*)\??(.*)$/s.exec(url) ?? [];
  const faults: Record<string, number> = { ...DEFAULTS };
  for (const [name, text] of new URLSearchParams(query)) {
    const value = Number(text);
    const wrong = !(name in faults) || text === '' || !(value >= 0) || (SHARES.has(name) && value > 1);
    if (wrong)
      throw new RunError('FLOW7016', `spillDirs: "${url}" has ${name}=${text}; known are ${Object.keys(DEFAULTS)}`);
    faults[name] = value;
  }
  if (folder === '') throw new RunError('FLOW7016', `spillDirs: "${url}" names no folder`);
  return { ...DEFAULTS, ...faults, folder };
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/**
 * For tests: a target that misbehaves on purpose, over another one. What goes wrong follows from the seed, the number of the thread and the sequence of its
 * calls.
 */
export function unstableTarget(inner: SpillTarget, faults: Faults, thread: number): SpillTarget {
  let state = (faults.seed * 0x9e3779b1 + thread * 0x85ebca6b) >>> 0;
  let written = 0;
  const random = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const trouble = (call: string): void => {
    if (faults.slow > 0) Atomics.wait(sleeper, 0, 0, faults.slow);
    if (random() < faults.fail) throw systemError('EIO', `EIO: i/o error, ${call}`);
  };
  const flipBit = (bytes: Uint8Array): void => {
    const byte = Math.floor(random() * bytes.length);
    bytes[byte] = (bytes[byte] as number) ^ (1 << Math.floor(random() * 8));
  };
  const flipped = (views: readonly Uint8Array[]): readonly Uint8Array[] => {
    if (random() >= faults.flip) return views;
    const at = Math.floor(random() * views.length);
    return views.map((v, i) => {
      if (i !== at || v.length === 0) return v;
      const copy = v.slice();
      flipBit(copy);
      return copy;
    });
  };
  return {
    place: inner.place,
    appendable: inner.appendable && faults.append !== 0,
    write(file, offset, views) {
      trouble('write');
      const bytes = views.reduce((n, v) => n + v.length, 0);
      if (written + bytes > faults.full) throw systemError('ENOSPC', 'ENOSPC: no space left on device, write');
      inner.write(file, offset, flipped(views));
      written += bytes;
      if (random() < faults.lose) inner.remove(file);
    },
    read(file, offset, into) {
      trouble('read');
      inner.read(file, offset, into);
      if (faults.short > 0 && random() < faults.short) {
        into.fill(0, into.length >> 1);
        throw new Error(`the file ends at byte ${offset + (into.length >> 1)}`);
      }
      if (faults.rot > 0 && random() < faults.rot) flipBit(into);
    },
    remove(file) {
      trouble('unlink');
      if (faults.keep !== 0) throw systemError('EPERM', 'EPERM: operation not permitted, unlink');
      inner.remove(file);
    },
    close: () => inner.close(),
    removeAll: () => inner.removeAll(),
  };
}

function systemError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
