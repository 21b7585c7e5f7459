import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { MainStore } from '../../engine/store/store.ts';
import type { ObjectId } from '../../engine/store/types.ts';
import { checkAll, checkObject, makeObject, readAll } from './objects.ts';
import { errorOf, spillFiles, withStore } from './places.ts';

const fill = (store: MainStore, n: number): ObjectId[] => Array.from({ length: n }, (_, i) => makeObject(store, i));

/** Objects of 50 000 bytes on average; stops when `bytes` are in the store. */
function fillBytes(store: MainStore, bytes: number): ObjectId[] {
  const ids: ObjectId[] = [];
  for (let sum = 0; sum < bytes; ) {
    const id = makeObject(store, ids.length);
    ids.push(id);
    sum += store.size(id);
  }
  return ids;
}

for (const threshold of [0.1, undefined, 1]) {
  test(`more than the store holds, with a threshold of ${threshold ?? 'the default'}`, () =>
    withStore({ ...(threshold === undefined ? {} : { threshold }), minSpillBytes: 64 << 10 }, (store) => {
      const before = fillBytes(store, 700_000);
      // 0.8 of the limit is not reached yet, 0.1 is.
      assert.is(store.stats().spilledBytes > 0, threshold === 0.1);
      const more = fillBytes(store, 10 << 20);
      const s = store.stats();
      assert.ok(s.spilledBytes > 9 << 20);
      assert.ok(s.peakBytes <= store.limit);
      checkAll(store, before, (i) => [i, i]);
      for (let n = 0; n < 1000; n++) {
        const i = (n * 7919) % more.length;
        checkObject(store, more[i] as ObjectId, i, n);
      }
      for (const id of [...before, ...more]) store.release(id);
      const end = store.stats();
      assert.is(end.objects + end.objectBytes + end.workingBytes + end.diskBytes, 0);
    }));
}

test('what is spilled ahead stays in memory until memory is needed, and is then dropped without writing', () =>
  withStore({ threshold: 0.3, minSpillBytes: 100_000 }, (store) => {
    const ids = fillBytes(store, 800_000);
    const ahead = store.stats();
    assert.ok(ahead.spilledBytes > 300_000, `${ahead.spilledBytes}`);
    assert.ok(ahead.objectBytes > 790_000, 'all is in memory still');
    readAll(store, ids);
    assert.is(store.stats().restoredBytes, 0);
    const needed = Math.min(ahead.spilledBytes, 400_000);
    store.free(store.allocate(needed, 'sort'));
    assert.is(store.stats().spilledBytes, ahead.spilledBytes);
    checkAll(store, ids, (i) => [i, i]);
  }));

test('nothing is spilled ahead in small pieces, nor what is pinned', () =>
  withStore({ threshold: 0.1, minSpillBytes: 600_000 }, async (store) => {
    const ids = fillBytes(store, 500_000);
    assert.is(store.stats().spilledBytes, 0);
    const leases = ids.map((id) => store.readBytes(id, 0, store.size(id)));
    ids.push(...fillBytes(store, 300_000));
    assert.is(store.stats().spilledBytes, 0);
    for (const l of leases) l.release();
    // After it looked in vain it does not look at every object.
    await new Promise((resolve) => setTimeout(resolve, 20));
    ids.push(makeObject(store, 1));
    assert.ok(store.stats().spilledBytes >= 600_000);
    for (const id of ids) store.release(id);
    assert.is(store.stats().diskBytes, 0);
  }));

test('without spilling the limit is an error that says so', () =>
  withStore({ spill: false }, (store, dir) => {
    const e = errorOf(() => fill(store, 100));
    assert.is(e.code, 'FLOW7007');
    assert.match(e.message, /spilling is disabled/);
    assert.equal(spillFiles(dir), []);
    assert.is(store.tryAllocate(1_000_000, 'sort'), null);
  }));

test('files are spread over the directories', () =>
  withStore({}, (_, dir) =>
    withStore({ spillDirs: [0, 1, 2].map((i) => `${dir}/${i}`), fileBytes: 200_000 }, (store) => {
      const ids = fill(store, 150);
      for (const i of [0, 1, 2]) assert.ok(spillFiles(`${dir}/${i}`).length >= 3);
      checkAll(store, ids, (i) => [i, i]);
    }),
  ));

test('a spilled object comes back as one copy, however many read it', () =>
  withStore({ limit: 4 << 20 }, (store) => {
    const ids = fillBytes(store, 12 << 20);
    const [first] = ids as [ObjectId];
    assert.is(store.stats().restoredBytes, 0);
    store.restore(first);
    const one = store.stats().restoredBytes;
    assert.ok(one >= store.size(first));
    store.restore(first);
    readAll(store, [first, first, first]);
    checkObject(store, first, 0, 1);
    assert.is(store.stats().restoredBytes, one);
    assert.is(store.stats().restoredObjects, 1);
  }));

test('prefetching takes free memory only', () =>
  withStore({ limit: 4 << 20 }, (store) => {
    const ids = fillBytes(store, 8 << 20);
    const [first] = ids as [ObjectId];
    const held = store.allocate(store.limit - (16 << 10), 'sort');
    assert.not(store.prefetch(first));
    assert.is(store.stats().restoredBytes, 0);
    store.free(held);
    assert.ok(store.prefetch(first));
    assert.is(store.stats().restoredObjects, 1);
    assert.ok(store.prefetch(first));
    assert.is(store.stats().restoredObjects, 1);
    checkAll(store, ids, (i) => [i, 0]);
  }));

test('not more comes back from disk than is read', () =>
  withStore({ limit: 2 << 20 }, (store) => {
    const ids = fillBytes(store, 8 << 20);
    let consumed = 0;
    for (let n = 0; n < 500; n++) {
      const id = ids[(n * 7919) % ids.length] as ObjectId;
      consumed += store.size(id);
      readAll(store, [id]);
      assert.ok(store.stats().restoredBytes <= consumed);
    }
    assert.ok(store.stats().restoredBytes > 0);
    assert.ok(store.stats().spilledBytes < 9 << 20, 'what came back is not written again');
  }));

test('spilling is accounted to who made the object, restoring to who reads it', () =>
  withStore({}, (store) => {
    store.owner('scan größer');
    const ids = fill(store, 60);
    store.owner('sort');
    const more = fill(store, 30);
    store.owner('write');
    readAll(store, ids);
    store.owner('');
    readAll(store, more);
    const s = store.stats();
    const names = s.operators.map((o) => o.name);
    assert.equal(new Set(names), new Set(['scan größer', 'sort', 'write', 'unnamed']));
    for (const key of ['spilledBytes', 'spilledObjects', 'restoredBytes', 'restoredObjects'] as const) {
      assert.is(
        s.operators.reduce((n, o) => n + o[key], 0),
        s[key],
      );
    }
    const by = new Map(s.operators.map((o) => [o.name, o]));
    assert.is(by.get('scan größer')?.restoredObjects, 0);
    assert.ok((by.get('scan größer')?.spilledObjects ?? 0) > 40);
    assert.is(by.get('write')?.spilledObjects, 0);
    assert.ok((by.get('write')?.restoredObjects ?? 0) > 40);
    const events = store.takeEvents();
    const total = (kind: string): number => events.reduce((n, e) => n + (e.kind === kind ? e.bytes : 0), 0);
    assert.is(total('spill'), s.spilledBytes);
    assert.is(total('restore'), s.restoredBytes);
    assert.ok(events.every((e) => e.ms >= 0 && Math.abs(e.start - Date.now()) < 60_000));
    assert.equal(store.takeEvents(), []);
  }));

test('memory is told by owner', () =>
  withStore({}, (store) => {
    const a = store.allocate(100_000, 'hash table');
    const b = store.allocate(50_000, 'sort run');
    const id = makeObject(store, 1);
    assert.equal(
      store
        .stats()
        .owners.map((o) => o.name)
        .slice(0, 1),
      ['hash table'],
    );
    assert.equal(new Set(store.stats().owners.map((o) => o.name)), new Set(['hash table', 'sort run', 'objects']));
    store.free(a);
    store.free(b);
    store.release(id);
    assert.equal(store.stats().owners, []);
  }));

test.run();
