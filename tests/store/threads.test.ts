import { existsSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createStore, type MainStore } from '../../engine/store/store.ts';
import { ObjectTable, STATE } from '../../engine/store/table.ts';
import type { ObjectId } from '../../engine/store/types.ts';
import { checkAll, checkObject, makeObject } from './objects.ts';
import { errorOf, freshDir, withStore } from './places.ts';
import { startThread } from './threads.ts';

const fill = (store: MainStore, n: number): ObjectId[] => Array.from({ length: n }, (_, i) => makeObject(store, i));
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what: () => boolean): Promise<void> {
  while (!what()) await sleep(1);
}

/** A store on slow storage in which object 0 is on disk only. */
function slowStore(slow: number): { store: MainStore; ids: ObjectId[] } {
  const dir = `unstable:${freshDir()}?slow=${slow}`;
  const store = createStore({ limit: 1 << 20, threads: 4, spillDirs: [dir], minSpillBytes: 900_000 });
  return { store, ids: fill(store, 30) };
}

test('threads that want the same object at the same moment read it once', async () => {
  const { store, ids } = slowStore(100);
  try {
    const gate = new SharedArrayBuffer(4);
    const data = { handle: store.handle, object: ids[0], seed: 0, gate, holders: 3 };
    const threads = [1, 2, 3].map((thread) => startThread<string>('./restore_thread.ts', { ...data, thread }));
    assert.equal(await Promise.all(threads.map((t) => t.done)), ['ok', 'ok', 'ok']);
    await Promise.all(threads.map((t) => t.worker.terminate()));
    assert.is(store.stats().restoredObjects, 1);
    for (const thread of [1, 2, 3]) store.releaseThread(thread);
    for (const id of ids) store.release(id);
    assert.is(store.stats().objectBytes + store.stats().workingBytes + store.stats().diskBytes, 0);
  } finally {
    store.close();
  }
});

test('a thread that ended by itself with the lock holds nobody up who has not heard of it', async () => {
  if (!existsSync('/proc/thread-self')) return console.log('# skip: this system does not tell which threads there are');
  await withStore({}, (store) => {
    const started = new SharedArrayBuffer(4);
    const { worker } = startThread('./exit_thread.ts', { handle: store.handle, started });
    worker.on('error', () => undefined);
    // The event that tells of its end cannot come: this thread does not give way.
    assert.is(Atomics.wait(new Int32Array(started), 0, 0, 20_000), 'ok');
    const id = makeObject(store, 1);
    checkObject(store, id, 1, 0);
    store.releaseThread(1);
    assert.is(store.stats().workingBytes, 0);
    store.release(id);
  });
});

for (const told of [true, false]) {
  test(`a thread that dies while it brings an object back ${told ? 'is told of' : 'without word'}: others go on`, async () => {
    const { store, ids } = slowStore(300);
    try {
      const table = new ObjectTable(store.handle.table);
      const gate = new SharedArrayBuffer(4);
      const data = { handle: store.handle, thread: 1, object: ids[0], seed: 0, gate, holders: 1 };
      const { worker } = startThread<string>('./restore_thread.ts', data);
      await until(() => table.state[table.entry(ids[0] as ObjectId)] === STATE.RESTORING);
      if (told) store.markDying(1);
      await worker.terminate();
      if (!told) store.releaseThread(1);
      checkObject(store, ids[0] as ObjectId, 0, 0);
      store.releaseThread(1);
      assert.is(table.state[table.entry(ids[0] as ObjectId)], STATE.SEALED);
      store.restore(ids[0] as ObjectId);
      for (const id of ids) store.release(id);
      assert.is(store.stats().objectBytes + store.stats().workingBytes + store.stats().diskBytes, 0);
    } finally {
      store.close();
    }
  });
}

test('threads killed while they spill ahead and bring back leave a store that works', async () => {
  const dir = freshDir();
  const store = createStore({
    limit: 512 << 10,
    threads: 4,
    threshold: 0.2,
    minSpillBytes: 64 << 10,
    spillDirs: [`unstable:${dir}?slow=1`],
  });
  try {
    const own = Array.from({ length: 8 }, (_, i) => makeObject(store, 50_000 + i));
    for (let round = 0; round < 3; round++) {
      const started = new SharedArrayBuffer(4);
      const workers = [1, 2, 3].map(
        (thread) => startThread('./churn_thread.ts', { handle: store.handle, thread, started }).worker,
      );
      await until(() => Atomics.load(new Int32Array(started), 0) >= 3 + round);
      for (const thread of [1, 2, 3]) store.markDying(thread);
      await Promise.all(workers.map((w) => w.terminate()));
      for (const thread of [1, 2, 3]) store.releaseThread(thread);
      assert.is(store.stats().objects, own.length);
      assert.is(store.stats().workingBytes, 0);
      checkAll(store, own, (i) => [50_000 + i, 3 * round]);
    }
    for (const id of own) store.release(id);
    const s = store.stats();
    assert.is(s.objectBytes + s.workingBytes + s.diskBytes, 0);
  } finally {
    store.close();
  }
});

test('at the cap on spill files a thread waits for others to free some, and fails when none will', () =>
  withStore({ diskCap: 2 << 20 }, async (store) => {
    const { worker, done } = startThread<string>('./cap_thread.ts', { handle: store.handle, objects: 45 });
    assert.is(await done, 'full');
    const ids = fill(store, 45);
    checkAll(store, ids, (i) => [i, i]);
    assert.ok(store.stats().diskBytes <= 2 << 20);
    const e = errorOf(() => fill(store, 100));
    assert.is(e.code, 'FLOW7008');
    assert.match(e.message, /spill files may take 2\.0 MiB \(needed .* KiB on top of .*\)/);
    await worker.terminate();
  }));

test('memory that is scattered is joined by moving out no more than what stands between', () =>
  withStore({ limit: 256 << 20, threshold: 1 }, (store) => {
    const MIB = 1 << 20;
    const held = Array.from({ length: 32 }, () => store.allocate(4 * MIB, 'sort'));
    const objects = Array.from({ length: 30 }, () => {
      const w = store.create(4 * MIB);
      w.view[1000] = 7;
      return w.seal();
    });
    for (const b of held.filter((_, i) => i % 2 === 0)) store.free(b);
    for (const id of objects.filter((_, i) => i % 2 === 0)) store.release(id);
    // Behind the objects lie 40 MiB, and every second of them leaves 4.
    const big = store.allocate(100 * MIB, 'hash table');
    assert.is(store.stats().spilledObjects, 8);
    assert.ok(big.address + big.bytes <= store.limit + 32 * MIB);
    const left = objects.filter((_, i) => i % 2 === 1);
    for (const id of left) {
      const lease = store.readBytes(id, 1000, 1);
      assert.is(lease.view[0], 7);
      lease.release();
    }
    store.free(big);
  }));

test('memory no object of which can be moved is lent beyond the limit instead of failing', () =>
  withStore({ limit: 256 << 20 }, (store) => {
    const MIB = 1 << 20;
    const held = Array.from({ length: 62 }, () => store.allocate(4 * MIB, 'sort'));
    for (const b of held.filter((_, i) => i % 2 === 0)) store.free(b);
    const big = store.allocate(120 * MIB, 'hash table');
    assert.ok(store.stats().peakBytes <= store.limit);
    assert.ok(big.address > 200 * MIB);
    assert.is(errorOf(() => store.allocate(20 * MIB, 'sort')).code, 'FLOW7007');
    store.free(big);
  }));

test('memory that is touched stays close to the limit', () => {
  const limit = 256 << 20;
  return withStore({ limit, threshold: 1 }, (store) => {
    let seed = 1;
    const random = (): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return seed / 2 ** 32;
    };
    let highest = 0;
    const ids: ObjectId[] = [];
    const blocks: ReturnType<MainStore['allocate']>[] = [];
    for (let i = 0; i < 800; i++) {
      const bytes = Math.ceil(2 ** (12 + random() * 11));
      if (random() < 0.3) {
        if (blocks.reduce((n, b) => n + b.bytes, bytes) > limit / 2)
          store.free(blocks.splice(i % blocks.length, 1)[0]!);
        const b = store.tryAllocate(bytes, 'sort');
        if (b !== null) blocks.push(b);
        highest = Math.max(highest, b === null ? 0 : b.address + b.bytes);
      } else {
        const w = store.create(bytes);
        w.view.fill(i, 0, 1);
        ids.push(w.seal());
        if (random() < 0.5) store.release(ids.splice(i % ids.length, 1)[0] as ObjectId);
      }
    }
    assert.ok(highest > limit / 2);
    assert.ok(highest <= limit + (32 << 20), `${highest}`);
    assert.ok(store.stats().peakBytes <= limit);
  });
});

test.run();
