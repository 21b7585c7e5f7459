import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { IoThread } from '../../engine/io/start.ts';
import { createStore, type MainStore } from '../../engine/store/store.ts';
import { prepareS3, s3Target } from '../../engine/store/targets/s3.ts';
import type { SpillTarget } from '../../engine/store/targets/target.ts';
import { checkObject, makeObject } from '../store/objects.ts';
import { BUCKET, clientFor, errorOf, keysIn, sharedBytes, startServer, WORD } from './server.ts';

const server = await startServer();
const client = clientFor(server.endpoint);
const url = `s3://${BUCKET}/spill/here?endpoint=${server.endpoint}&part_size=5MiB`;
test.after(() => server.stop());

let folders = 0;
function withTarget(f: (target: SpillTarget, io: IoThread, folder: string) => void): void {
  const io = new IoThread(2);
  const folder = `flowc-${process.pid}-${String(folders++).padStart(12, '0')}`;
  try {
    prepareS3(url, folder, io.client);
    const target = s3Target(url, folder, io.client);
    f(target, io, folder);
    target.removeAll();
  } finally {
    io.end();
  }
}

const set = (word: keyof typeof WORD, count: number): void => void Atomics.store(server.words, WORD[word], count);
const left = (word: keyof typeof WORD): number => Atomics.load(server.words, WORD[word]);

function readBack(target: SpillTarget, file: string, offset: number, bytes: number): Buffer {
  const into = new Uint8Array(new SharedArrayBuffer(bytes));
  target.read(file, offset, into);
  return Buffer.from(into);
}

test('many views are one object; ranges of it are read; large ones go in parts both ways', async () => {
  withTarget((target) => {
    assert.is(target.place, `s3://${BUCKET}/spill/here`);
    assert.is(target.appendable, false);
    const small = [sharedBytes(100, 1), new Uint8Array(28), sharedBytes(70_000, 2), Uint8Array.of(1, 2, 3)];
    const large = [sharedBytes(12 << 20, 3), new Uint8Array(64).subarray(0, 5), sharedBytes(1000, 4)];
    for (const [i, views] of [small, large].entries()) {
      const whole = Buffer.concat(views);
      const before = left('REQUESTS');
      target.write(`${i}.spill`, 0, views);
      // Create, three parts, complete; or one request.
      assert.is(left('REQUESTS') - before, i === 0 ? 1 : 5);
      assert.ok(readBack(target, `${i}.spill`, 0, whole.length).equals(whole));
      assert.ok(readBack(target, `${i}.spill`, 77, 5000).equals(whole.subarray(77, 5077)));
      const heap = new Uint8Array(300);
      target.read(`${i}.spill`, whole.length - 300, heap);
      assert.ok(Buffer.from(heap).equals(whole.subarray(-300)));
      const beyond = errorOf(() => readBack(target, `${i}.spill`, whole.length - 10, 11));
      assert.is(beyond.code, 'FLOW7008');
      assert.match(beyond.message, /shorter than what was written/);
    }
    target.remove('0.spill');
    target.remove('0.spill');
    const gone = errorOf(() => readBack(target, '0.spill', 0, 10));
    assert.is(gone.code, 'FLOW7008');
    assert.match(
      gone.message,
      /cannot read back from s3:\/\/test-bucket\/spill\/here: the object is gone \(GetObject, HTTP 404/,
    );
  });
  assert.equal(await keysIn(client), []);
});

test('an overloaded server, broken connections and cut answers are tried again', () => {
  withTarget((target) => {
    const bytes = sharedBytes(11 << 20, 5);
    for (const fault of ['BUSY', 'RESET'] as const) {
      set(fault, 2);
      target.write('a.spill', 0, [bytes]);
      assert.is(left(fault), 0);
      set(fault, 2);
      assert.ok(readBack(target, 'a.spill', 0, bytes.length).equals(Buffer.from(bytes)));
      assert.is(left(fault), 0);
      set(fault, 2);
      target.remove('a.spill');
      assert.is(left(fault), 0);
    }
    target.write('b.spill', 0, [bytes]);
    set('SHORT', 3);
    assert.ok(readBack(target, 'b.spill', 0, bytes.length).equals(Buffer.from(bytes)));
    assert.is(left('SHORT'), 0);
  });
});

test('a server that stays overloaded is an error that says so', () => {
  withTarget((target) => {
    set('BUSY', 1000);
    const e = errorOf(() => target.write('a.spill', 0, [sharedBytes(1000, 6)]));
    set('BUSY', 0);
    assert.is(e.code, 'FLOW7008');
    assert.match(e.message, /cannot spill to .*overloaded \(PutObject, HTTP 503, SlowDown/);
  });
});

test('a part that cannot be written ends the upload: no object, no unfinished upload', async () => {
  let requests = 0;
  withTarget((target) => {
    set('DENY_PART', 1);
    const e = errorOf(() => target.write('a.spill', 0, [sharedBytes(16 << 20, 7)]));
    assert.match(e.message, /access is denied \(UploadPart 2, HTTP 403, AccessDenied/);
    assert.match(e.hint ?? '', /s3:PutObject/);
    assert.match(errorOf(() => readBack(target, 'a.spill', 0, 10)).message, /gone/);
    requests = left('REQUESTS');
  });
  assert.ok(left('REQUESTS') > requests);
  assert.equal(await keysIn(client), []);
});

test('a server without DeleteObjects gets one request for each object', async () => {
  withTarget((target) => {
    for (let i = 0; i < 5; i++) target.write(`${i}.spill`, 0, [sharedBytes(10, i)]);
    set('DENY_DELETES', 1);
  });
  assert.is(left('DENY_DELETES'), 0);
  assert.equal(await keysIn(client), []);
});

test('a server that does not answer holds up neither removal nor the end', async () => {
  const io = new IoThread(2);
  const at = { url, folder: 'flowc-1-00000000ffff' };
  prepareS3(url, at.folder, io.client);
  set('HANG', 1);
  const late = errorOf(() => io.client.call({ op: 'remove', at, file: 'x' }, 300));
  const removal = errorOf(() => io.client.call({ op: 'removeAll', at, ms: 200 }, 5000));
  set('HANG', 0);
  assert.match(late.message, /gave no answer/);
  assert.match(removal.message, /cannot remove spill files from .*: the server cannot be reached/);
  io.end();
  assert.match(errorOf(() => io.client.call({ op: 'remove', at, file: 'x' })).message, /the store is closed/);
  const again = new IoThread(1);
  prepareS3(url, at.folder, again.client);
  s3Target(url, at.folder, again.client).removeAll();
  again.end();
  assert.equal(await keysIn(client), []);
});

test('what dead processes of this machine left is removed by the next store, nothing else', async () => {
  const gone = spawnSync(process.execPath, ['-e', '']).pid;
  const put = (folder: string, file: string, text: string) =>
    client.send(new PutObjectCommand({ Bucket: BUCKET, Key: `spill/here/${folder}/${file}`, Body: text }));
  const owners = [
    { folder: `flowc-${gone}-aaaaaaaaaaaa`, host: hostname() },
    { folder: `flowc-${gone}-bbbbbbbbbbbb`, host: 'another' },
  ];
  for (const { folder, host } of owners) {
    await put(folder, 'owner.json', JSON.stringify({ pid: gone, started: '1', host }));
    await put(folder, '0.spill', 'x');
  }
  await put('of-somebody-else', '0.spill', 'x');
  withTarget(() => undefined);
  assert.equal(await keysIn(client), [
    `spill/here/flowc-${gone}-bbbbbbbbbbbb/0.spill`,
    `spill/here/flowc-${gone}-bbbbbbbbbbbb/owner.json`,
    'spill/here/of-somebody-else/0.spill',
  ]);
});

function spilling(): { store: MainStore; ids: number[] } {
  const store = createStore({ limit: 2 << 20, threads: 2, spillDirs: [url] });
  const ids = Array.from({ length: 400 }, (_, i) => makeObject(store, i));
  return { store, ids };
}

test('a store holds ten times its memory in a bucket; every byte comes back; nothing is left', async () => {
  const before = await keysIn(client);
  const { store, ids } = spilling();
  try {
    assert.ok(store.stats().spilledBytes > 15 << 20);
    for (let n = 0; n < 150; n++) {
      const i = (n * 7919) % ids.length;
      checkObject(store, ids[i] as number, i, n);
    }
    for (const id of ids.splice(100)) store.release(id);
    for (const [i, id] of ids.entries()) checkObject(store, id, i, 0);
  } finally {
    store.close();
  }
  assert.equal(await keysIn(client), before);
});

const program = `
  import { createStore } from './engine/store/store.ts';
  const store = createStore({ limit: 4 << 20, threads: 2, spillDirs: [process.env.SPILL_URL] });
  for (let i = 0; i < 200; i++) {
    const w = store.create(50000);
    w.seal();
  }
  if (store.stats().spilledBytes === 0) throw new Error('nothing was spilled');
`;

async function child(end: string, kill?: NodeJS.Signals): Promise<number | null> {
  const args = ['--import', 'tsx', '--input-type=module', '-e', `${program}${end};process.stdout.write('ready')`];
  const run = spawn(process.execPath, args, {
    env: { ...process.env, SPILL_URL: url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(run, 'exit');
  if (kill !== undefined) {
    await once(run.stdout, 'data');
    run.kill(kill);
  }
  const [code] = (await ended) as [number | null];
  return code;
}

test('a process that ends without closing its store leaves nothing in the bucket', async () => {
  const before = await keysIn(client);
  assert.is(await child(''), 0);
  assert.equal(await keysIn(client), before);
  assert.is(await child('process.exit(3)'), 3);
  assert.equal(await keysIn(client), before);
  assert.is(await child("process.on('SIGINT', () => process.exit(130)); setInterval(() => {}, 1000)", 'SIGINT'), 130);
  assert.equal(await keysIn(client), before);
});

test('a killed process leaves its objects to the next store of this machine', async () => {
  const before = await keysIn(client);
  await child('setInterval(() => {}, 1000)', 'SIGKILL');
  assert.ok((await keysIn(client)).length > before.length);
  createStore({ limit: 4 << 20, threads: 1, spillDirs: [url] }).close();
  assert.equal(await keysIn(client), before);
});

test.run();
