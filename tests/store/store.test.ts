import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { rowsOf } from '../../engine/batch/access.ts';
import { batchFromRows } from '../../engine/batch/build.ts';
import { EngineBug, type ErrorData, RunError } from '../../engine/errors.ts';
import { arenaScratch } from '../../engine/memory/scratch.ts';
import type { StoreParts } from '../../engine/store/parts.ts';
import { attachStore, createStore, type MainStore, testStore } from '../../engine/store/store.ts';
import type { ObjectId } from '../../engine/store/types.ts';
import { field, T } from '../../engine/types.ts';
import { checkAll, checkObject, makeObject } from './objects.ts';
import { startThread } from './threads.ts';

const root = fs.mkdtempSync(join(tmpdir(), 'flowc-test-'));
test.after(() => fs.rmSync(root, { recursive: true }));
let dirs = 0;
const freshDir = (): string => join(root, `dir${dirs++}`);

function withStore(limit: number, f: (store: MainStore, dir: string) => void): void {
  const dir = freshDir();
  const store = createStore({ limit, threads: 4, spillDirs: [dir] });
  try {
    f(store, dir);
  } finally {
    store.close();
  }
}

function codeOf(f: () => unknown): RunError {
  try {
    f();
  } catch (e) {
    if (e instanceof RunError) return e;
    throw e;
  }
  throw new Error('an error was expected');
}

interface Answer {
  readonly ok: boolean;
  readonly error?: ErrorData;
}

test('batches come back, from memory and from disk', () => {
  withStore(1 << 20, (store) => {
    const schema = [field('a', T.int), field('b', T.string)];
    const make = (i: number) => Array.from({ length: 2000 }, (_, k) => ({ a: k * i, b: `x${k % 7}${i}` }));
    const refs = Array.from({ length: 60 }, (_, i) => store.putBatch(batchFromRows(schema, make(i))));
    assert.ok(store.stats().spilledObjects > 0);
    refs.forEach((ref, i) => {
      const lease = store.readBatch(ref, schema);
      assert.equal(rowsOf(lease.batch), make(i));
      lease.release();
      lease.release();
    });
    for (const r of refs) store.release(r.object);
    const end = store.stats();
    assert.is(end.objects, 0);
    assert.is(end.objectBytes + end.workingBytes, 0);
    assert.is(end.diskBytes, 0);
    assert.ok(end.restoredBytes <= end.spilledBytes);
  });
});

test('several threads put ten times the limit through the store and verify what they read', async () => {
  const dir = freshDir();
  const store = createStore({ limit: 4 << 20, threads: 4, spillDirs: [dir, `${dir}-2`] });
  try {
    const threads = [1, 2, 3].map((thread) =>
      startThread<Answer>('./verify_thread.ts', { handle: store.handle, thread, count: 300, reads: 400 }),
    );
    const own: ObjectId[] = [];
    for (let i = 0; i < 100; i++) own.push(makeObject(store, i));
    checkAll(store, own, (i) => [i, 3 * i]);
    assert.equal(await Promise.all(threads.map((t) => t.done)), [{ ok: true }, { ok: true }, { ok: true }]);
    await Promise.all(threads.map((t) => t.worker.terminate()));
    checkAll(store, own, (i) => [i, i]);
    for (const id of own) store.release(id);
    const s = store.stats();
    assert.ok(s.spilledBytes > 10 * (4 << 20), `${s.spilledBytes} bytes were spilled`);
    assert.ok(s.peakBytes <= 4 << 20);
    assert.is(s.objects, 0);
    assert.is(s.objectBytes + s.workingBytes, 0);
  } finally {
    store.close();
  }
  assert.equal(fs.readdirSync(dir), [], 'nothing is left in the directory');
});

test('a pinned object is never spilled, and stays readable while pinned after its release', () => {
  withStore(1 << 20, (store) => {
    const pinned = makeObject(store, 1);
    const lease = store.readBytes(pinned, 0, 64);
    const before = [...lease.view];
    const others = Array.from({ length: 60 }, (_, i) => makeObject(store, 100 + i));
    store.release(pinned);
    assert.equal([...lease.view], before);
    checkAll(store, others, (i) => [100 + i, i]);
    assert.equal([...lease.view], before);
    const had = store.stats().objects;
    lease.release();
    assert.is(store.stats().objects, had - 1);
    assert.throws(
      () => store.readBytes(pinned, 0, 1),
      (e: unknown) => e instanceof EngineBug,
    );
  });
});

test('references are counted; numbers are not used again', () => {
  withStore(1 << 20, (store) => {
    const id = makeObject(store, 5);
    store.retain(id, 2);
    store.release(id);
    store.release(id, 2);
    assert.throws(
      () => store.size(id),
      (e: unknown) => e instanceof EngineBug,
    );
    const seen = new Set<ObjectId>([id]);
    for (let i = 0; i < 50; i++) {
      const next = makeObject(store, i);
      assert.not.ok(seen.has(next));
      seen.add(next);
      store.release(next);
    }
  });
});

test('an object keeps its first bytes when sealed with fewer; an aborted one is gone', () => {
  withStore(1 << 20, (store) => {
    const w = store.create(500_000);
    w.view.fill(9);
    const id = w.seal(10_000);
    assert.is(store.size(id), 10_000);
    assert.is(store.stats().objectBytes, 12_288);
    assert.throws(
      () => w.abort(),
      (e: unknown) => e instanceof EngineBug,
    );
    store.create(300_000).abort();
    assert.is(store.stats().objectBytes, 12_288);
    assert.throws(
      () => store.readBytes(id, 9_999, 2),
      (e: unknown) => e instanceof EngineBug,
    );
    store.release(id);
  });
});

test('the smallest store works through much more than it holds', () => {
  withStore(128 << 10, (store) => {
    const ids = Array.from({ length: 40 }, (_, i) => makeObject(store, i));
    checkAll(store, ids, (i) => [i, 3 * i]);
    for (const id of ids) store.release(id);
    assert.is(store.stats().objects, 0);
  });
});

test('a request that can never be met names need, limit and holders', () => {
  withStore(1 << 20, (store) => {
    const big = codeOf(() => store.allocate(2 << 20, 'hash table'));
    assert.is(big.code, 'FLOW7007');
    const held = store.allocate(700_000, 'sort buffer');
    assert.is(store.tryAllocate(500_000, 'hash table'), null);
    const e = codeOf(() => store.allocate(500_000, 'hash table'));
    assert.is(e.code, 'FLOW7007');
    assert.match(e.message, /hash table needs 488 KiB; the limit is 1\.0 MiB.*sort buffer 684 KiB/);
    assert.match(e.hint ?? '', /--memory/);
    store.free(held);
    store.free(store.allocate(1_000_000, 'hash table'));
  });
});

test('threads that all wait for each other get an error instead of a deadlock; one that may free is waited for', async () => {
  const store = testStore(1 << 20);
  try {
    const gate = new SharedArrayBuffer(4);
    const common = { handle: store.handle, first: 500_000, second: 300_000, gate, holders: 2 };
    const both = [1, 2].map((thread) => startThread<Answer>('./greedy_thread.ts', { ...common, thread }));
    const answers = await Promise.all(both.map((t) => t.done));
    await Promise.all(both.map((t) => t.worker.terminate()));
    const failed = answers.filter((a) => !a.ok);
    assert.is(failed.length, 1, 'the one whose wait closed the circle fails, and the other one goes on');
    assert.is(failed[0]?.error?.code, 'FLOW7007');
    assert.is(store.stats().workingBytes, 0);
  } finally {
    store.close();
  }
});

test('a thread that holds memory and does nothing for long is not waited for without end', async () => {
  const store = createStore({ limit: 1 << 20, threads: 2, stallMs: 300 });
  try {
    const gate = new SharedArrayBuffer(4);
    const data = { handle: store.handle, thread: 1, first: 700_000, second: 1, gate, holders: 2 };
    const { worker } = startThread<Answer>('./greedy_thread.ts', data);
    while (Atomics.load(new Int32Array(gate), 0) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.is(codeOf(() => store.allocate(500_000, 'sort buffer')).code, 'FLOW7007');
    await worker.terminate();
    store.releaseThread(1);
    store.free(store.allocate(500_000, 'sort buffer'));
  } finally {
    store.close();
  }
});

test('nobody waits for what an idle thread holds', async () => {
  const store = testStore(1 << 20);
  try {
    const held = store.allocate(700_000, 'result');
    const gate = new SharedArrayBuffer(4);
    const { worker, done } = startThread<Answer>('./greedy_thread.ts', {
      handle: store.handle,
      thread: 1,
      first: 100_000,
      second: 500_000,
      gate,
      holders: 1,
    });
    const answer = await done;
    await worker.terminate();
    assert.is(answer.error?.code, 'FLOW7007');
    assert.match(answer.error?.message ?? '', /result 684 KiB/);
    store.free(held);
  } finally {
    store.close();
  }
});

test('what a killed thread held is freed, its lock broken', async () => {
  const store = testStore(1 << 20);
  try {
    const id = makeObject(store, 3);
    const { worker, done } = startThread<string>('./hog_thread.ts', { handle: store.handle, object: id });
    assert.is(await done, 'held');
    store.markDying(1);
    await worker.terminate();
    store.releaseThread(1);
    const s = store.stats();
    assert.is(s.objects, 1);
    assert.is(s.workingBytes, 0);
    store.release(id);
    assert.is(store.stats().objectBytes, 0);
    const next = startThread<Answer>('./verify_thread.ts', { handle: store.handle, thread: 1, count: 50, reads: 50 });
    assert.equal(await next.done, { ok: true });
    await next.worker.terminate();
  } finally {
    store.close();
  }
});

test('a lock held by a dying thread is broken without word from the driver', async () => {
  const store = testStore(1 << 20);
  try {
    const id = makeObject(store, 3);
    const { worker, done } = startThread<string>('./hog_thread.ts', { handle: store.handle, object: id });
    assert.is(await done, 'held');
    store.markDying(1);
    const gone = worker.terminate();
    checkObject(store, id, 3, 0);
    await gone;
    store.releaseThread(1);
    store.release(id);
    assert.is(store.stats().objectBytes + store.stats().workingBytes, 0);
  } finally {
    store.close();
  }
});

test('objects of a task that fails or dies are released, those of one that is done are kept', () => {
  withStore(1 << 20, (main) => {
    const store = attachStore(main.handle, 1);
    store.beginTask();
    const kept = [makeObject(store, 1), makeObject(store, 2)];
    store.release(kept.pop() as ObjectId);
    const unheard = makeObject(store, 3);
    store.endTask(true);
    main.adopt(kept);
    assert.ok(main.size(unheard) > 0);
    store.beginTask();
    for (let i = 0; i < 60; i++) makeObject(store, i);
    store.endTask(false);
    assert.is(main.stats().objects, 2, 'what is not adopted yet is there until the thread dies');
    store.beginTask();
    for (let i = 0; i < 60; i++) makeObject(store, i);
    main.releaseThread(1);
    assert.is(main.stats().objects, 1);
    checkAll(main, kept, () => [1, 3]);
    main.release(kept[0] as ObjectId);
    assert.is(main.stats().diskBytes, 0);
  });
});

test('threads killed at any point leave a store that works and holds nothing of theirs', async () => {
  const dir = freshDir();
  const store = createStore({ limit: 512 << 10, threads: 4, spillDirs: [dir] });
  try {
    const own = Array.from({ length: 10 }, (_, i) => makeObject(store, 50_000 + i));
    for (let round = 0; round < 6; round++) {
      const started = new SharedArrayBuffer(4);
      const workers = [1, 2].map(
        (thread) => startThread('./churn_thread.ts', { handle: store.handle, thread, started }).worker,
      );
      const ready = new Int32Array(started);
      for (let n = 0; n < 10 + round; n = Atomics.load(ready, 0)) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      for (const thread of [1, 2]) store.markDying(thread);
      await Promise.all(workers.map((w) => w.terminate()));
      for (const thread of [1, 2]) store.releaseThread(thread);
      assert.is(store.stats().objects, own.length);
      assert.is(store.stats().workingBytes, 0);
      checkAll(store, own, (i) => [50_000 + i, round]);
    }
    for (const id of own) store.release(id);
    assert.is(store.stats().objectBytes, 0);
    assert.is(store.stats().diskBytes, 0);
  } finally {
    store.close();
  }
  assert.equal(fs.readdirSync(dir), []);
});

test('an object that a thread let go of when it died, before it could take it away, goes with the thread', () => {
  withStore(1 << 20, (store) => {
    const kept = makeObject(store, 1);
    const gone = makeObject(store, 2);
    const { table } = (store as unknown as { readonly parts: StoreParts }).parts;
    table.refs[table.entry(gone)] = 0;
    store.releaseThread(1);
    assert.is(store.stats().objects, 1);
    checkObject(store, kept, 1, 0);
    store.release(kept);
    assert.is(store.stats().objectBytes, 0);
  });
});

test('arena scratch counts in the limit and comes back', () => {
  withStore(1 << 20, (store) => {
    const scratch = arenaScratch(store);
    const a = scratch.f64(1000);
    assert.is(a.byteOffset % 64, 0);
    scratch.u8(200_000);
    assert.ok(store.stats().workingBytes >= 208_000);
    scratch.reset();
    assert.is(store.stats().workingBytes, 65_536);
    scratch.release();
    assert.is(store.stats().workingBytes, 0);
  });
});

test('a closed store that somebody holds does not hold its memory', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const store = createStore({ limit: 1 << 20, threads: 1 });
  const schema = [field('a', T.int)];
  const ref = store.putBatch(batchFromRows(schema, [{ a: 1 }]));
  const memory = new WeakRef(store.handle.arena.memories[0] as WebAssembly.Memory);
  store.close();
  for (let i = 0; i < 20 && memory.deref() !== undefined; i++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    collect();
  }
  assert.is(memory.deref(), undefined);
  assert.is(codeOf(() => store.readBatch(ref, schema)).code, 'FLOW7012');
});

test.run();
