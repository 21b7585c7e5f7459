// What needs no server: addresses, the pieces of a body, and an I/O thread that is gone or given up.
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { pieces, totalBytes } from '../../engine/io/pieces.ts';
import type { IoMessage } from '../../engine/io/protocol.ts';
import { IoThread } from '../../engine/io/start.ts';
import { createStore } from '../../engine/store/store.ts';
import { parseS3Url, s3Place } from '../../engine/store/targets/s3_url.ts';
import { checkObject, makeObject } from '../store/objects.ts';
import { errorOf, useKeys } from './server.ts';

useKeys('SOME-ID', 'SOME-SECRET');
const root = new URL('../../', import.meta.url).pathname;

test('an address says bucket, prefix and how to get there', () => {
  const plain = parseS3Url('s3://my.bucket-1');
  assert.equal(plain, {
    bucket: 'my.bucket-1',
    prefix: '',
    region: null,
    endpoint: null,
    pathStyle: null,
    partBytes: 8 << 20,
    concurrency: 4,
  });
  assert.is(s3Place(plain), 's3://my.bucket-1');
  const full = parseS3Url(
    's3://bucket/a%20b/c/?region=eu-west-1&endpoint=https://host:9000&path_style=0&part_size=16MiB&concurrency=8',
  );
  assert.equal(full, {
    bucket: 'bucket',
    prefix: 'a b/c',
    region: 'eu-west-1',
    endpoint: 'https://host:9000',
    pathStyle: false,
    partBytes: 16 << 20,
    concurrency: 8,
  });
  assert.is(s3Place(full), 's3://bucket/a b/c');
});

const BAD: readonly (readonly [string, RegExp])[] = [
  ['s3://', /not the name of a bucket|cannot be read/],
  ['s3://b', /"b" is not the name of a bucket/],
  ['s3://bucket:80/x', /"bucket:80" is not the name of a bucket/],
  ['s3://bucket/%zz', /the prefix has a %/],
  ['s3://bucket?regoin=x', /there is no parameter "regoin"/],
  ['s3://bucket?endpoint=host', /endpoint is not an address/],
  ['s3://bucket?endpoint=ftp://host', /neither http:\/\/ nor https:\/\//],
  ['s3://bucket?path_style=maybe', /path_style=maybe/],
  ['s3://bucket?part_size=1MiB', /part_size=1MiB/],
  ['s3://bucket?part_size=big', /part_size=big/],
  ['s3://bucket?part_size=6GiB', /part_size=6GiB/],
  ['s3://bucket?concurrency=0', /concurrency=0/],
  ['s3://bucket?concurrency=1000', /concurrency=1000/],
  ['s3://hunter2:hunter2@bucket/x', /must not hold credentials/],
  ['s3://bucket?endpoint=http://hunter2:hunter2@host', /must not hold credentials/],
  ['s3://bucket?secret_access_key=hunter2', /must not hold credentials/],
];

test('a bad address is told before anything starts, without what may be a secret', () => {
  for (const [url, message] of BAD) {
    const e = errorOf(() => createStore({ limit: 1 << 20, threads: 1, spillDirs: [url] }));
    assert.is(e.code, 'FLOW7016', url);
    assert.match(e.message, message);
    assert.ok(e.hint !== undefined, url);
    assert.not.match(`${e.message} ${e.hint}`, /hunter2/);
  }
});

test('the pieces of any range of any views are its bytes, large ones without copies', () => {
  const sizes = fc.array(fc.oneof(fc.nat(100), fc.nat(40_000), fc.constant(3 << 20)), { maxLength: 8 });
  fc.assert(
    fc.property(
      sizes,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (lengths, a, b) => {
        const views = lengths.map((n, v) => new Uint8Array(new SharedArrayBuffer(n)).fill(v + 1));
        const total = totalBytes(views);
        const [from, to] = [Math.floor(Math.min(a, b) * total), Math.floor(Math.max(a, b) * total)];
        const found = [...pieces(views, from, to)];
        assert.ok(Buffer.concat(found).equals(Buffer.concat(views).subarray(from, to)));
        assert.ok(found.every((p) => p.length > 0 && p.length <= 1 << 20));
        assert.ok(found.every((p) => p.length <= 80 << 10 || views.some((v) => v.buffer === p.buffer)));
      },
    ),
    { numRuns: 60 },
  );
});

const at = { url: 's3://bucket', folder: 'flowc-1-000000000000' };

test('a dead I/O thread is an error at once, for those who wait and for those who come', () => {
  const io = new IoThread(2);
  io.port(1).postMessage(null);
  const waits = errorOf(() =>
    io.client.call({ op: 'prepare', at: { ...at, url: 's3://bucket?endpoint=http://192.0.2.1' } }),
  );
  assert.is(waits.code, 'FLOW7008');
  assert.match(waits.message, /the I\/O thread has ended: /);
  assert.match(errorOf(() => io.client.call({ op: 'remove', at, file: 'x' })).message, /the I\/O thread has ended/);
  io.cancel(1);
  io.end();
  io.end();
});

test('what a dead thread asked for is ended before its memory is given to others', async () => {
  // Takes connections and never answers.
  const silent = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => silent.once('listening', resolve));
  const { port } = silent.address() as { port: number };
  const io = new IoThread(2);
  try {
    const into = new Uint8Array(new SharedArrayBuffer(100));
    const where = { ...at, url: `s3://bucket?endpoint=http://127.0.0.1:${port}` };
    io.port(1).postMessage({
      sequence: 1,
      request: { op: 'read', at: where, file: 'x', offset: 0, into },
    } satisfies IoMessage);
    await new Promise((resolve) => silent.once('connection', resolve));
    io.cancel(1);
    assert.ok(into.every((byte) => byte === 0));
  } finally {
    io.end();
    silent.close();
  }
});

test('spilled objects are brought back ahead of need, by a thread of its own', async () => {
  const dir = fs.mkdtempSync(join(tmpdir(), 'flowc-test-'));
  const store = createStore({ limit: 2 << 20, threads: 1, spillDirs: [dir] });
  try {
    const ids = Array.from({ length: 100 }, (_, i) => makeObject(store, i));
    for (const id of ids.splice(20)) store.release(id);
    assert.is(store.stats().restoredObjects, 0);
    // One that is gone is passed over.
    store.readAhead([ids[0] as number, 1e6, ...ids.slice(1, 10)]);
    for (let n = 0; n < 200 && store.stats().restoredObjects < 10; n++) await new Promise((r) => setTimeout(r, 50));
    assert.is(store.stats().restoredObjects, 10);
    for (const [i, id] of ids.entries()) checkObject(store, id, i, 0);
  } finally {
    store.close();
    fs.rmSync(dir, { recursive: true });
  }
});

test('without the SDK the error says what to install', () => {
  const dir = fs.mkdtempSync(join(tmpdir(), 'flowc-test-'));
  try {
    fs.mkdirSync(join(dir, 'dist'));
    for (const file of fs.readdirSync(join(root, 'dist'))) {
      if (/\.c?js$/.test(file)) fs.copyFileSync(join(root, 'dist', file), join(dir, 'dist', file));
    }
    fs.writeFileSync(join(dir, 'package.json'), '{ "type": "module" }');
    fs.writeFileSync(join(dir, 'in.csv'), 'a\n1\n');
    fs.writeFileSync(join(dir, 'a.flow'), 'from csv("in.csv") | sort a\n');
    const args = ['dist/cli.js', 'run', 'a.flow', '--spill-dir', 's3://bucket?region=eu-west-1'];
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: dir, encoding: 'utf8' });
    assert.is(status, 1, stderr);
    assert.match(stderr, /FLOW7016.*@aws-sdk\/client-s3, which is not installed/);
    assert.match(stderr, /npm install @aws-sdk\/client-s3/);
    assert.not.match(stderr, /\n\s+at /);
  } finally {
    fs.rmSync(dir, { recursive: true });
  }
});

test.run();
