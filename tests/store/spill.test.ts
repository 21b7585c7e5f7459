import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RunError } from '../../engine/errors.ts';
import { checkSpillDir, cleanStale } from '../../engine/store/spill_dir.ts';
import { createStore, type MainStore } from '../../engine/store/store.ts';
import type { WriteVector } from '../../engine/store/targets/local.ts';
import { checkAll, checkObject, makeObject, readAll } from './objects.ts';

const root = fs.mkdtempSync(join(tmpdir(), 'flowc-test-'));
test.after(() => fs.rmSync(root, { recursive: true }));
let dirs = 0;
const freshDir = (): string => join(root, `dir${dirs++}`);

function errorOf(f: () => unknown): RunError {
  try {
    f();
  } catch (e) {
    if (e instanceof RunError) return e;
    throw e;
  }
  throw new Error('an error was expected');
}

const fill = (store: MainStore, n: number) => Array.from({ length: n }, (_, i) => makeObject(store, i));

function spillFiles(dir: string): string[] {
  return fs
    .readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((f) => f.endsWith('.spill'))
    .map((f) => join(dir, f));
}

function noSpace(): never {
  throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' });
}

test('a full disk is an error that names directory, need and free space; all objects stay valid', () => {
  const dir = freshDir();
  let full = false;
  const write: WriteVector = (fd, views, at) => {
    if (!full) return fs.writevSync(fd, views, at);
    // Half of it goes through before the disk is full.
    fs.writevSync(fd, views.slice(0, views.length >> 1), at);
    return noSpace();
  };
  const store = createStore({ limit: 1 << 20, threads: 1, spillDirs: [dir] }, write);
  try {
    const ids = fill(store, 40);
    full = true;
    const on = store.stats();
    const e = errorOf(() => fill(store, 40));
    assert.is(e.code, 'FLOW7008');
    assert.match(e.message, /cannot spill to .*dir0.*: the disk is full \(needed .*, free .*\)/);
    assert.match(e.hint ?? '', /--spill-dir/);
    assert.is(store.tryAllocate(900_000, 'hash table'), null);
    ids.forEach((id, i) => {
      if (i < 15) checkObject(store, id, i, 1);
    });
    full = false;
    checkAll(store, ids, (i) => [i, i]);
    assert.ok(store.stats().spilledBytes >= on.spilledBytes);
    for (const id of ids) store.release(id);
  } finally {
    store.close();
  }
  assert.equal(fs.readdirSync(dir), []);
});

test('when one of two directories is full, the other one takes it', () => {
  const [bad, good] = [freshDir(), freshDir()];
  const write: WriteVector = (fd, views, at) => {
    if (fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith(bad)) noSpace();
    return fs.writevSync(fd, views, at);
  };
  const store = createStore(
    { limit: 1 << 20, threads: 1, spillDirs: [bad, good] },
    process.platform === 'linux' ? write : undefined,
  );
  try {
    const ids = fill(store, 100);
    checkAll(store, ids, (i) => [i, i]);
    assert.ok(spillFiles(good).length > 0);
  } finally {
    store.close();
  }
});

test('short writes are continued', () => {
  const write: WriteVector = (fd, views, at) =>
    fs.writeSync(fd, views[0] as Uint8Array, 0, Math.min(1000, (views[0] as Uint8Array).length), at);
  const store = createStore({ limit: 1 << 20, threads: 1, spillDirs: [freshDir()] }, write);
  try {
    checkAll(store, fill(store, 40), (i) => [i, i]);
  } finally {
    store.close();
  }
});

test('the cap on spill files holds', () => {
  const store = createStore({ limit: 1 << 20, threads: 1, spillDirs: [freshDir()], diskCap: 2 << 20 });
  try {
    const e = errorOf(() => fill(store, 200));
    assert.is(e.code, 'FLOW7008');
    assert.match(e.message, /spill files may take 2\.0 MiB/);
    assert.ok(store.stats().diskBytes <= 2 << 20);
  } finally {
    store.close();
  }
});

test('a changed byte is detected, wherever it lies', () => {
  for (const at of [0, 40_000, -1]) {
    const dir = freshDir();
    const store = createStore({ limit: 1 << 20, threads: 1, spillDirs: [dir] });
    try {
      const ids = fill(store, 60);
      const [file] = spillFiles(dir);
      if (file === undefined) throw new Error('nothing was spilled');
      const bytes = fs.readFileSync(file);
      const place = at < 0 ? bytes.length >> 1 : at;
      bytes[place] = (bytes[place] as number) ^ 1;
      fs.writeFileSync(file, bytes);
      const e = errorOf(() => readAll(store, ids));
      assert.is(e.code, 'FLOW7008');
      assert.ok(e.message.includes(file) && e.message.includes('corrupt'), e.message);
      assert.is(store.stats().workingBytes, 0);
    } finally {
      store.close();
    }
  }
});

test('a file that was cut or removed is an error that names it', () => {
  const dir = freshDir();
  const store = createStore({ limit: 1 << 20, threads: 1, spillDirs: [dir] });
  try {
    const ids = fill(store, 60);
    for (const f of spillFiles(dir)) fs.truncateSync(f, 100);
    const e = errorOf(() => readAll(store, ids));
    assert.is(e.code, 'FLOW7008');
    // Where more was spilled since, the hole reads as zeros.
    assert.match(
      e.message,
      /cannot read back spilled data from .*\.spill: the file ends|spilled data in .*\.spill is corrupt/,
    );
  } finally {
    store.close();
  }
});

test('a file goes when its last object goes, and all go with the store', () => {
  const dir = freshDir();
  const store = createStore({ limit: 1 << 20, threads: 1, spillDirs: [dir] });
  const ids = fill(store, 100);
  assert.ok(spillFiles(dir).length > 0);
  assert.ok(store.stats().diskBytes > 0);
  for (const id of ids) store.release(id);
  assert.equal(spillFiles(dir), []);
  assert.is(store.stats().diskBytes, 0);
  fill(store, 100);
  assert.ok(spillFiles(dir).length > 0);
  store.close();
  store.close();
  assert.equal(fs.readdirSync(dir), []);
});

test('a large file is not kept by a few objects that live on', () => {
  const dir = freshDir();
  const store = createStore({ limit: 1 << 20, threads: 1, spillDirs: [dir, `${dir}-2`], fileBytes: 1 << 20 });
  try {
    const live: { id: number; seed: number }[] = [];
    for (let round = 0; round < 20; round++) {
      fill(store, 40).forEach((id, i) => {
        if (i % 20 === 0) live.push({ id, seed: i });
        else store.release(id);
      });
    }
    const bytes = live.reduce((n, { id }) => n + store.size(id), 0);
    const disk = store.stats().diskBytes;
    assert.ok(disk < 5 * bytes + (3 << 20), `${disk} bytes on disk for ${bytes} bytes of objects`);
    for (const { id, seed } of live) checkObject(store, id, seed, 0);
    for (const { id } of live) store.release(id);
    assert.is(store.stats().diskBytes, 0);
  } finally {
    store.close();
  }
});

test('an object that comes back into need is not written twice', () => {
  const store = createStore({ limit: 1 << 20, threads: 1, spillDirs: [freshDir()] });
  try {
    const ids = fill(store, 60);
    for (let round = 0; round < 5; round++) checkAll(store, ids, (i) => [i, 0]);
    const s = store.stats();
    assert.ok(s.spilledObjects <= 60, `${s.spilledObjects} objects were spilled`);
  } finally {
    store.close();
  }
});

test('a spill directory that cannot be used is told at once', () => {
  const file = join(root, 'a file');
  fs.writeFileSync(file, '');
  const e = errorOf(() => createStore({ limit: 1 << 20, threads: 1, spillDirs: [join(file, 'below')] }));
  assert.is(e.code, 'FLOW7008');
  assert.match(e.message, /cannot spill to .*a file.below: .*a file is not a directory/);
  checkSpillDir(join(root, 'not', 'there', 'yet'));
  if (process.getuid?.() === 0) return;
  const locked = join(root, 'locked');
  fs.mkdirSync(locked, { mode: 0o500 });
  assert.match(errorOf(() => checkSpillDir(locked)).message, /is not writable/);
});

test('what dead processes left is removed, what others use is not', () => {
  const dir = freshDir();
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  const put = (name: string, owner: object | null): string => {
    const folder = join(dir, name);
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(join(folder, '0.spill'), 'x');
    if (owner !== null) fs.writeFileSync(join(folder, 'owner.json'), JSON.stringify(owner));
    return name;
  };
  const here = hostname();
  put(`flowc-${dead}-0123456789ab`, { pid: dead, started: '1', host: here });
  if (process.platform === 'linux')
    put(`flowc-${process.pid}-0123456789ac`, { pid: process.pid, started: '1', host: here });
  const keep = [
    put(`flowc-${dead}-0123456789ad`, { pid: dead, started: '1', host: `not ${here}` }),
    put(`flowc-${process.pid}-0123456789ae`, { pid: process.pid, started: null, host: here }),
    put(`flowc-${dead}-0123456789af`, null),
    put('flowc-other', null),
  ];
  cleanStale(dir);
  assert.equal(fs.readdirSync(dir).sort(), keep.sort());
});

test('a process that ends without closing its store leaves nothing; one that is killed is cleaned up after', () => {
  const dir = freshDir();
  const program = (end: string): string => `
    const { createStore } = await import(${JSON.stringify(new URL('../../engine/store/store.ts', import.meta.url).href)});
    const store = createStore({ limit: 1 << 20, threads: 1, spillDirs: [${JSON.stringify(dir)}] });
    for (let i = 0; i < 50; i++) { const w = store.create(60000); w.view.fill(i); w.seal(); }
    ${end}`;
  const run = (end: string) =>
    spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program(end)], { encoding: 'utf8' });
  const left = run('process.exit(3)');
  assert.is(left.status, 3, left.stderr);
  assert.equal(fs.readdirSync(dir), []);
  run('process.kill(process.pid, "SIGKILL")');
  assert.is(fs.readdirSync(dir).length, 1);
  createStore({ limit: 1 << 20, threads: 1, spillDirs: [dir] }).close();
  assert.equal(fs.readdirSync(dir), []);
});

test.run();
