import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EngineBug } from '../../engine/errors.ts';
import { Arena } from '../../engine/memory/arena.ts';
import { BumpScratch } from '../../engine/memory/bump.ts';
import { C } from '../../engine/memory/control.ts';
import { PAGE, PageMap, SEGMENT_PAGES } from '../../engine/memory/pages.ts';
import type { Block } from '../../engine/memory/types.ts';
import { startThread } from './threads.ts';

const used = (a: Arena): number => (a.words[C.USED] as number) * PAGE;

test('pages are found first fit and never twice', () => {
  const script = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 70 }), fc.nat()), { maxLength: 200 });
  fc.assert(
    fc.property(script, fc.integer({ min: 1, max: 400 }), (steps, pages) => {
      const map = new PageMap(new Int32Array(PageMap.words(pages)), new Int32Array(1), pages);
      map.clear();
      const model = new Uint8Array(pages);
      const held: { first: number; n: number }[] = [];
      for (const [alloc, n, pick] of steps) {
        if (alloc) {
          const first = map.find(n);
          const expected = model.findIndex((_, i) => i + n <= pages && model.subarray(i, i + n).every((b) => b === 0));
          assert.is(first, expected);
          if (first < 0) continue;
          map.mark(first, n, true);
          model.fill(1, first, first + n);
          held.push({ first, n });
        } else if (held.length > 0) {
          const [h] = held.splice(pick % held.length, 1);
          if (h === undefined) continue;
          map.mark(h.first, h.n, false);
          model.fill(0, h.first, h.first + h.n);
        }
      }
    }),
    { numRuns: 100 },
  );
});

test('a run of pages does not cross the end of a segment', () => {
  const pages = 2 * SEGMENT_PAGES;
  const map = new PageMap(new Int32Array(PageMap.words(pages)), new Int32Array(1), pages);
  map.mark(0, SEGMENT_PAGES - 5, true);
  assert.is(map.find(5), SEGMENT_PAGES - 5);
  assert.is(map.find(6), SEGMENT_PAGES);
});

test('memory is limited, counted and used again', () => {
  const arena = Arena.create(1 << 20);
  const blocks: Block[] = [];
  for (let i = 0; i < 16; i++) blocks.push(arena.alloc(64 << 10, 'test') as Block);
  assert.is(arena.alloc(1), null);
  assert.is(used(arena), 1 << 20);
  assert.equal(arena.names.holders(), [{ name: 'test', pages: 256 }]);
  const third = blocks[3] as Block;
  arena.free(third);
  assert.is((arena.alloc(40 << 10) as Block).address, third.address);
  assert.throws(
    () => {
      arena.free(blocks[5] as Block);
      arena.free(blocks[5] as Block);
    },
    (e: unknown) => e instanceof EngineBug,
  );
});

test('segments beyond the first are used when the limit passes 4 GiB', () => {
  const arena = Arena.create(9 * 2 ** 30);
  assert.ok(arena.handle.memories.length >= 3);
  const reserved: Block[] = [];
  for (let i = 0; i < 5; i++) reserved.push(arena.alloc(2 ** 30) as Block);
  const beyond = reserved.find((b) => b.address >= 2 ** 32);
  assert.ok(beyond !== undefined, 'one lies in the second segment');
  if (beyond !== undefined) {
    beyond.view[beyond.bytes - 1] = 7;
    assert.is(arena.view(beyond.address + beyond.bytes - 1, 1)[0], 7);
  }
  for (const b of reserved) arena.free(b);
  assert.is(used(arena), 0);
});

test('threads allocate side by side, and see memory others have grown', async () => {
  const arena = Arena.create(24 << 20);
  const threads = [1, 2, 3].map((slot) =>
    startThread<string>('./arena_thread.ts', { handle: arena.handle, slot, steps: 4000 }),
  );
  assert.equal(await Promise.all(threads.map((t) => t.done)), ['ok', 'ok', 'ok']);
  await Promise.all(threads.map((t) => t.worker.terminate()));
  assert.is(used(arena), 0);
});

test('page map and counters can be rebuilt from the records', () => {
  const arena = Arena.create(4 << 20);
  const blocks = [5000, 70_000, 300_000].map((n) => arena.alloc(n, 'rebuild') as Block);
  arena.free(blocks[1] as Block);
  const before = used(arena);
  arena.words[C.USED] = 12345;
  arena.locked(() => arena.rebuildHeld());
  assert.is(used(arena), before);
  const again = arena.alloc(70_000) as Block;
  assert.is(again.address, blocks[1]?.address);
});

test('scratch hands out aligned memory that does not overlap, and gives it back', () => {
  let out = 0;
  const source = {
    slabBytes: 4096,
    take: (bytes: number) => {
      out += bytes;
      return { view: new Uint8Array(bytes) };
    },
    give: (s: { view: Uint8Array }) => {
      out -= s.view.length;
    },
  };
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 60 }), (sizes) => {
      const scratch = new BumpScratch(source);
      for (let round = 0; round < 2; round++) {
        const views = sizes.map((n) => scratch.u8(n));
        views.forEach((v, i) => {
          assert.is(v.byteOffset % 64, 0);
          assert.is(v.length, sizes[i]);
          v.fill(i);
        });
        for (const [i, v] of views.entries()) assert.ok(v.every((b) => b === (i & 0xff)));
        scratch.reset();
      }
      scratch.release();
      assert.is(out, 0);
    }),
    { numRuns: 60 },
  );
});

test.run();
