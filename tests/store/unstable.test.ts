import * as fs from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RunError } from '../../engine/errors.ts';
import { createStore, type MainStore } from '../../engine/store/store.ts';
import { localTarget } from '../../engine/store/targets/local.ts';
import { parseUnstable, unstableTarget } from '../../engine/store/targets/unstable.ts';
import type { ObjectId } from '../../engine/store/types.ts';
import { checkAll, checkObject, makeObject, readAll } from './objects.ts';
import { errorOf, freshDir, spillFiles, withStore } from './places.ts';

const fill = (store: MainStore, n: number): ObjectId[] => Array.from({ length: n }, (_, i) => makeObject(store, i));

test('misbehaving follows from seed and thread', () => {
  const calls = (seed: number, thread: number): string => {
    const dir = freshDir();
    const target = unstableTarget(
      localTarget(`${dir}/f`),
      parseUnstable(`unstable:${dir}?fail=0.5&seed=${seed}`),
      thread,
    );
    let text = '';
    for (let i = 0; i < 40; i++) {
      try {
        target.write('0.spill', 0, [new Uint8Array(1)]);
        text += '.';
      } catch {
        text += 'x';
      }
    }
    target.removeAll();
    return text;
  };
  assert.is(calls(1, 1), calls(1, 1));
  assert.is.not(calls(1, 1), calls(2, 1));
  assert.is.not(calls(1, 1), calls(1, 2));
  assert.match(calls(3, 1), /^(?=.*x)(?=.*\.)/);
});

test('a storage that fails one call in ten is asked again', () =>
  withStore({}, (_, dir) =>
    withStore({ spillDirs: [`unstable:${dir}?fail=0.1&seed=3`], ioRetries: 8 }, (store) => {
      const ids = fill(store, 200);
      for (let n = 0; n < 300; n++) {
        const i = (n * 7919) % ids.length;
        checkObject(store, ids[i] as ObjectId, i, n);
      }
      for (const id of ids) store.release(id);
      assert.is(store.stats().diskBytes, 0);
      assert.equal(spillFiles(dir), []);
    }),
  ));

test('without retries the first failure is an error, and what could not be written stays', () =>
  withStore({}, (_, dir) =>
    withStore({ spillDirs: [`unstable:${dir}?fail=1`], ioRetries: 0 }, (store) => {
      const ids: ObjectId[] = [];
      const e = errorOf(() => {
        for (let i = 0; i < 40; i++) ids.push(makeObject(store, i));
      });
      assert.is(e.code, 'FLOW7008');
      assert.match(e.message, /cannot spill to .*EIO/);
      checkAll(store, ids, (i) => [i, i]);
      assert.is(store.stats().diskBytes, 0);
    }),
  ));

test('a storage that is full hands over to the next one', () =>
  withStore({}, (_, dir) =>
    withStore({ spillDirs: [`unstable:${dir}/a?full=5e5`, `${dir}/b`], fileBytes: 300_000 }, (store) => {
      const ids = fill(store, 120);
      checkAll(store, ids, (i) => [i, i]);
      const bytes = (d: string): number => spillFiles(d).reduce((n, f) => n + fs.statSync(f).size, 0);
      assert.ok(bytes(`${dir}/a`) <= 500_000);
      assert.ok(bytes(`${dir}/b`) > 3_000_000);
    }),
  ));

test('a file that is lost is an error that names the object, which can still be released', () =>
  withStore({}, (_, dir) =>
    withStore({ spillDirs: [`unstable:${dir}?lose=1`] }, (store) => {
      const ids = fill(store, 60);
      const id = ids[0] as ObjectId;
      for (const f of [
        () => store.readBytes(id, 0, store.size(id)),
        () => store.readBytes(id, 64, 100),
        () => store.restore(id),
      ]) {
        const e = errorOf(f);
        assert.is(e.code, 'FLOW7008');
        assert.is(e.where.object, id);
        assert.match(e.message, /cannot read back spilled data from .*ENOENT/);
      }
      assert.is(store.stats().workingBytes, 0);
      for (const i of ids) store.release(i);
      assert.is(store.stats().objects + store.stats().diskBytes, 0);
    }),
  ));

test('a bit that flipped is found out', () =>
  withStore({}, (_, dir) =>
    withStore({ spillDirs: [`unstable:${dir}?flip=1`] }, (store) => {
      const ids = fill(store, 120);
      let corrupt = 0;
      for (const [i, id] of ids.entries()) {
        try {
          checkObject(store, id, i, 0);
        } catch (e) {
          if (!(e instanceof RunError)) throw e;
          assert.is(e.code, 'FLOW7008');
          assert.is(e.where.object, id);
          assert.match(e.message, /corrupt/);
          corrupt++;
        }
      }
      assert.ok(corrupt > 0);
    }),
  ));

test('files that cannot be removed are no error, count as used, and go with the store', async () => {
  const dir = freshDir();
  await withStore({ spillDirs: [`unstable:${dir}?keep=1`] }, (store) => {
    for (let round = 0; round < 3; round++) for (const id of fill(store, 60)) store.release(id);
    assert.is(store.stats().objects, 0);
    const left = spillFiles(dir).reduce((n, f) => n + fs.statSync(f).size, 0);
    assert.ok(left > 0);
    assert.is(store.stats().diskBytes, left);
  });
  assert.equal(fs.readdirSync(dir), []);
});

test('a file that is gone already can be removed', () =>
  withStore({}, (store, dir) => {
    const ids = fill(store, 60);
    for (const f of spillFiles(dir)) fs.rmSync(f);
    for (const id of ids) store.release(id);
    assert.is(store.stats().diskBytes, 0);
    checkAll(store, fill(store, 40), (i) => [i, i]);
  }));

test('where files cannot be appended to, each spilling makes one, and sparse ones are rewritten whole', () =>
  withStore({}, (_, dir) =>
    withStore({ limit: 4 << 20, spillDirs: [`unstable:${dir}?append=0`] }, (store) => {
      const live: { id: ObjectId; seed: number }[] = [];
      for (let round = 0; round < 10; round++) {
        fill(store, 150).forEach((id, seed) => {
          if (seed % 30 === 0) live.push({ id, seed });
          else store.release(id);
        });
      }
      assert.ok(spillFiles(dir).length > 3);
      for (const { id, seed } of live) checkObject(store, id, seed, 0);
      const bytes = live.reduce((n, { id }) => n + store.size(id), 0);
      assert.ok(store.stats().diskBytes < 5 * bytes + (3 << 20), `${store.stats().diskBytes} for ${bytes}`);
      for (const { id } of live) store.release(id);
      assert.is(store.stats().diskBytes, 0);
      assert.equal(spillFiles(dir), []);
    }),
  ));

test('the smallest store, slow storage: all comes back', () =>
  withStore({}, (_, dir) => {
    const store = createStore({ limit: 256 << 10, threads: 1, spillDirs: [`unstable:${dir}?slow=1`] });
    try {
      const ids = fill(store, 40);
      checkAll(store, ids, (i) => [i, i]);
      readAll(store, ids);
    } finally {
      store.close();
    }
  }));

test.run();
