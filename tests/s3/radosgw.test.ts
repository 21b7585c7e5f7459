// Against a real Ceph radosgw, which checks signatures: apt-get install radosgw ceph-mon ceph-osd ceph-common
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createStore, type MainStore } from '../../engine/store/store.ts';
import { type Cluster, missingPrograms, startCluster } from './radosgw.ts';
import { BUCKET, clientFor, errorOf, keysIn, uploadsIn, useKeys } from './server.ts';

const MiB = 1 << 20;
const cli = new URL('../../dist/cli.js', import.meta.url).pathname;

/** Fills with words that follow from a seed. */
function fill(view: Uint8Array, seed: number): void {
  const words = new Int32Array(view.buffer, view.byteOffset, view.length >> 2);
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(seed + i, 0x9e3779b1);
}

function check(store: MainStore, id: number, seed: number, offset: number, bytes: number): void {
  const lease = store.readBytes(id, offset, bytes);
  const words = new Int32Array(lease.view.buffer, lease.view.byteOffset, lease.view.length >> 2);
  for (let i = 0; i < words.length; i++) {
    if (words[i] !== Math.imul(seed + (offset >> 2) + i, 0x9e3779b1) >> 0)
      throw new Error(`word ${i} of object ${seed} is wrong`);
  }
  lease.release();
}

function make(store: MainStore, seed: number, bytes: number): number {
  const writer = store.create(bytes);
  fill(writer.view, seed);
  return writer.seal();
}

function tests(cluster: Cluster, client: S3Client): void {
  const url = `s3://${BUCKET}/spill?endpoint=${cluster.endpoint}`;
  const open = (options: object = {}): MainStore =>
    createStore({ limit: 32 * MiB, threads: 2, spillDirs: [url], ...options });
  const empty = async (): Promise<void> => {
    assert.equal(await keysIn(client), []);
    assert.equal(await uploadsIn(client), []);
  };

  test('ten times the memory goes through the bucket and comes back; nothing is left', async () => {
    const store = open();
    const ids = Array.from({ length: 320 }, (_, i) => make(store, i, MiB));
    assert.ok(store.stats().spilledBytes >= 280 * MiB);
    for (let n = 0; n < 200; n++) {
      const i = (n * 7919) % ids.length;
      const offset = (n % 4) * 200_000;
      check(store, ids[i] as number, i, offset, n % 4 === 0 ? MiB : 60_000);
    }
    ids.forEach((id, i) => {
      if (i % 3 !== 0) store.release(id);
    });
    ids.forEach((id, i) => {
      if (i % 9 === 0) check(store, id, i, 0, MiB);
    });
    const before = (await keysIn(client)).length;
    ids.forEach((id, i) => {
      if (i % 3 === 0) store.release(id);
    });
    assert.ok((await keysIn(client)).length < before, 'spill files go with their last object');
    store.close();
    await empty();
  });

  test('unfinished uploads in the folder of a store are ended with it', async () => {
    const store = open();
    const Key = `spill/${store.handle.folder}/1.spill`;
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket: BUCKET, Key }));
    await client.send(new UploadPartCommand({ Bucket: BUCKET, Key, UploadId, PartNumber: 1, Body: 'x' }));
    assert.equal(await uploadsIn(client), [Key]);
    store.close();
    await empty();
  });

  test('what is wrong with a bucket or its credentials is told before anything starts', () => {
    const place = `endpoint ${cluster.endpoint}, region us-east-1`;
    const none = errorOf(() => open({ spillDirs: [url.replace(BUCKET, 'no-such-bucket')] }));
    assert.is(none.code, 'FLOW7008');
    assert.is(
      none.message,
      `cannot spill to s3://no-such-bucket/spill: there is no such bucket (PutObject, HTTP 404, NoSuchBucket, ${place})`,
    );
    useKeys('flowc', 'another secret');
    const secret = errorOf(() => open());
    assert.is(secret.code, 'FLOW7008');
    assert.match(secret.message, /cannot spill to s3:\/\/test-bucket\/spill: the credentials are not accepted/);
    assert.match(secret.hint ?? '', /AWS_SECRET_ACCESS_KEY/);
    assert.not.match(`${secret.message}${secret.hint}`, /another secret/);
    useKeys('stranger', 'stranger-secret');
    const stranger = errorOf(() => open());
    assert.match(stranger.message, /access is denied \(PutObject, HTTP 403, AccessDenied/);
    assert.match(stranger.hint ?? '', /s3:PutObject/);
    useKeys('', '');
    assert.match(errorOf(() => open()).message, /no credentials were found/);
    useKeys('flowc', 'flowc-secret');
    const nowhere = errorOf(() => open({ spillDirs: [`s3://${BUCKET}?endpoint=http://127.0.0.1:9`] }));
    assert.match(nowhere.message, /the server cannot be reached \(PutObject, ECONNREFUSED/);
  });

  flowTests(url, client, empty);

  test('a server that dies in the middle is an error, and the end is not held up', async () => {
    const store = open();
    const ids = Array.from({ length: 60 }, (_, i) => make(store, i, MiB));
    await cluster.killGateway();
    const write = errorOf(() => {
      for (let i = 60; i < 200; i++) make(store, i, MiB);
    });
    assert.is(write.code, 'FLOW7008');
    assert.match(write.message, /cannot spill to s3:\/\/test-bucket\/spill: the server cannot be reached/);
    // Room for what is read.
    for (const id of ids.splice(40)) store.release(id);
    const read = errorOf(() => check(store, ids[0] as number, 0, 0, 60_000));
    assert.is(read.code, 'FLOW7008');
    assert.match(read.message, /cannot read back from s3:\/\/test-bucket\/spill: the server cannot be reached/);
    store.close();
  });
}

/** The command, with a memory that its flow does not fit. */
function flowTests(url: string, client: S3Client, empty: () => Promise<void>): void {
  const dir = fs.mkdtempSync(join(tmpdir(), 'flowc-test-'));
  test.after(() => fs.rmSync(dir, { recursive: true }));
  const rows = Array.from({ length: 200_000 }, (_, i) => `${(i * 7919) % 400_009},name ${i % 1000} of ${i},${i / 8}`);
  fs.writeFileSync(join(dir, 'in.csv'), `id,name,amount\n${rows.join('\n')}\n`);
  fs.writeFileSync(join(dir, 'sort.flow'), 'from csv("in.csv") | sort name desc, id | write csv("out.csv")\n');

  test('a flow that spills to a bucket writes the same bytes', async () => {
    const outputs = [
      ['--memory', '1GB'],
      ['--memory', '16MiB', '--spill-dir', url],
    ].map((options) => {
      const args = [cli, 'run', 'sort.flow', '--workers', '2', ...options];
      const { status, stderr, stdout } = spawnSync(process.execPath, args, {
        cwd: dir,
        encoding: 'utf8',
        timeout: 60_000,
      });
      assert.is(status, 0, stderr);
      return { bytes: fs.readFileSync(join(dir, 'out.csv')), text: stdout + stderr };
    });
    assert.ok(outputs[0]?.bytes.equals(outputs[1]?.bytes as Buffer));
    assert.match(outputs[1]?.text ?? '', /spilled/i);
    await empty();
  });

  test('Ctrl-C leaves nothing in the bucket', async () => {
    // As soon as something is spilled, and a little later.
    for (const wait of [0, 50]) {
      const args = [cli, 'run', 'sort.flow', '--workers', '2', '--memory', '16MiB', '--spill-dir', url];
      const run = spawn(process.execPath, args, { cwd: dir, stdio: 'ignore' });
      const ended = once(run, 'exit');
      while (run.exitCode === null && !(await keysIn(client)).some((key) => key.endsWith('.spill')))
        await new Promise((resolve) => setTimeout(resolve, 10));
      setTimeout(() => run.kill('SIGINT'), wait);
      assert.equal(await ended, [130, null]);
      await empty();
    }
  });
}

const missing = missingPrograms();
if (missing.length > 0) {
  test('a real S3 server', () => console.log(`# skip: ${missing.join(', ')} not installed`));
} else {
  const cluster = await startCluster();
  test.after(() => cluster.stop());
  await cluster.user('flowc', 'flowc-secret');
  await cluster.user('stranger', 'stranger-secret');
  useKeys('flowc', 'flowc-secret');
  const client = clientFor(cluster.endpoint);
  await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
  tests(cluster, client);
}
test.run();
