// Large objects in spill files lie at whole blocks, so that they can go past the system's cache: the same bytes by either way, wherever an object ends.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { spanOf } from '../../engine/store/spill_files.ts';
import { createStore } from '../../engine/store/store.ts';
import { localTarget } from '../../engine/store/targets/local.ts';
import { BLOCK, isWhole, PastCache } from '../../engine/store/targets/past_cache.ts';

const DIRECT = fs.constants.O_DIRECT ?? 0;
const root = fs.mkdtempSync(join(tmpdir(), 'flowc-test-'));
test.after(() => fs.rmSync(root, { recursive: true }));

const LARGE = 256 << 10;
/** Around the size from which on objects lie at whole blocks, and around blocks and chunks. */
const SIZES = [1, 4095, LARGE - 1, LARGE, LARGE + 1, LARGE + 4095, LARGE + BLOCK, (1 << 20) + 5, (3 << 20) - 1];

const byteAt = (object: number, i: number): number => (Math.imul(i + 1, 0x9e3779b1 + 2 * object) >>> 13) & 255;

/** Memory that starts at a whole block. */
function blocks(bytes: number): Uint8Array {
  const pages = Math.ceil(bytes / 65536);
  return new Uint8Array(new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }).buffer, 0, bytes);
}

test('objects of every size come back from disk, whole and by range', () => {
  const store = createStore({ limit: 8 << 20, threads: 1, spillDirs: [root], minSpillBytes: 1 << 20 });
  try {
    // Twice the store's limit, so that most of it is on disk, in either order of large and small.
    const sizes = [...SIZES, ...[...SIZES].reverse(), ...SIZES];
    const ids = sizes.map((bytes, o) => {
      const writer = store.create(bytes);
      for (let i = 0; i < bytes; i++) writer.view[i] = byteAt(o, i);
      return writer.seal();
    });
    assert.ok(store.stats().spilledBytes > 4 << 20);
    for (const [o, id] of ids.entries()) {
      const bytes = sizes[o] as number;
      const ranges = [
        [0, bytes],
        [bytes - 1, bytes],
        [Math.floor(bytes / 3), bytes],
        [Math.floor(bytes / 3), Math.ceil(bytes / 2)],
      ] as const;
      for (const [from, to] of ranges) {
        const lease = store.readBytes(id, from, to - from);
        assert.is(lease.view.length, to - from);
        const wrong = lease.view.findIndex((b, i) => b !== byteAt(o, from + i));
        assert.is(wrong, -1, `object ${o} of ${bytes} bytes, range ${from} to ${to}`);
        lease.release();
      }
    }
    for (const id of ids) store.release(id);
  } finally {
    store.close();
  }
});

test('a large object takes whole blocks, a small one does not', () => {
  assert.is(spanOf(LARGE) % BLOCK, 0);
  assert.is(spanOf((1 << 20) + 1) % BLOCK, 0);
  assert.ok(spanOf(1000) < 1200);
});

test('what one way writes the other one reads', () => {
  const folder = join(root, 'flowc-1-aa');
  const target = localTarget(folder);
  const bytes = 1 << 20;
  const from = blocks(bytes);
  // The first transfer of a kind goes past the cache where that is possible, the second one through it.
  for (let turn = 0; turn < 4; turn++) {
    for (let i = 0; i < bytes; i++) from[i] = byteAt(turn, i);
    target.write('0.spill', turn * bytes, [from.subarray(0, bytes / 2), from.subarray(bytes / 2)]);
  }
  target.write('0.spill', 4 * bytes, [Uint8Array.of(1, 2, 3)]);
  const into = blocks(bytes);
  for (let round = 0; round < 2; round++) {
    for (let turn = 0; turn < 4; turn++) {
      target.read('0.spill', turn * bytes, into);
      assert.is(
        into.findIndex((b, i) => b !== byteAt(turn, i)),
        -1,
      );
    }
  }
  const tail = new Uint8Array(3);
  target.read('0.spill', 4 * bytes, tail);
  assert.equal([...tail], [1, 2, 3]);
  assert.throws(() => target.read('0.spill', 4 * bytes, into), /the file ends at byte/);
  target.removeAll();
  assert.not.ok(fs.existsSync(folder));
});

test('only what is large and made of whole blocks has a choice', () => {
  const memory = blocks(1 << 20);
  assert.ok(isWhole(BLOCK, [memory]));
  assert.not.ok(isWhole(64, [memory]));
  assert.not.ok(isWhole(0, [memory.subarray(64)]));
  assert.not.ok(isWhole(0, [memory.subarray(0, LARGE + 1)]));
  assert.not.ok(isWhole(0, [memory.subarray(0, BLOCK)]));
});

test('the way that has been faster is taken, the other one tried again now and then', () => {
  if (DIRECT === 0) return;
  for (const faster of [0, DIRECT]) {
    const choice = new PastCache();
    const flags = Array.from({ length: 100 }, () => {
      const flag = choice.flag();
      choice.took(flag, 1 << 20, flag === faster ? 1 : 5);
      return flag;
    });
    assert.equal(new Set(flags.slice(0, 2)), new Set([0, DIRECT]));
    assert.is(flags.slice(2).filter((f) => f !== faster).length, 3);
  }
});

test('the choice follows when the other way becomes the faster one', () => {
  if (DIRECT === 0) return;
  const choice = new PastCache();
  let faster = DIRECT;
  const run = (n: number): number[] =>
    Array.from({ length: n }, () => {
      const flag = choice.flag();
      choice.took(flag, 1 << 20, flag === faster ? 1 : 5);
      return flag;
    });
  run(50);
  faster = 0;
  const later = run(100);
  assert.ok(later.slice(-20).filter((f) => f === 0).length >= 18);
});

test('a file system that refuses is not asked again', () => {
  const choice = new PastCache();
  assert.not.ok(choice.refused(0, { code: 'EINVAL' }));
  assert.not.ok(choice.refused(DIRECT, { code: 'ENOSPC' }));
  if (DIRECT !== 0) assert.ok(choice.refused(DIRECT, { code: 'EINVAL' }));
  for (let i = 0; i < 40; i++) if (DIRECT !== 0) assert.is(choice.flag(), 0);
});

test.run();
