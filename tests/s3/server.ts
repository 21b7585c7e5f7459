import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { ListMultipartUploadsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { RunError } from '../../engine/errors.ts';

/** Faults of the server, each for so many requests; and the requests it has seen. */
export const WORD = { BUSY: 0, RESET: 1, SHORT: 2, DENY_PART: 3, HANG: 4, REQUESTS: 5, DENY_DELETES: 6 } as const;

export const BUCKET = 'test-bucket';

export interface TestServer {
  readonly endpoint: string;
  /** By WORD. */
  readonly words: Int32Array;
  stop(): Promise<void>;
}

/** The keys this s3rver knows, for the SDK in this process, its threads and children. */
export function useKeys(id: string, secret: string): void {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
  process.env.AWS_ACCESS_KEY_ID = id;
  process.env.AWS_SECRET_ACCESS_KEY = secret;
  // No settings of whoever runs the tests, and no looking for a machine's role.
  process.env.AWS_CONFIG_FILE = process.env.AWS_SHARED_CREDENTIALS_FILE = join(tmpdir(), 'flowc-test-no-such-file');
  process.env.AWS_EC2_METADATA_DISABLED = 'true';
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
}

/** s3rver on a thread of its own with an empty bucket. */
export async function startServer(): Promise<TestServer> {
  useKeys('S3RVER', 'S3RVER');
  const directory = fs.mkdtempSync(join(tmpdir(), 'flowc-test-'));
  const faults = new SharedArrayBuffer(64);
  const worker = new Worker(new URL('./server.mjs', import.meta.url), {
    execArgv: [],
    workerData: { directory, bucket: BUCKET, faults },
  });
  const [port] = (await once(worker, 'message')) as [number];
  return {
    endpoint: `http://127.0.0.1:${port}`,
    words: new Int32Array(faults),
    stop: async () => {
      await worker.terminate();
      fs.rmSync(directory, { recursive: true, force: true });
    },
  };
}

export function clientFor(endpoint: string): S3Client {
  return new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
}

/** Keys of all objects of the bucket. */
export async function keysIn(client: S3Client): Promise<string[]> {
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: BUCKET }));
  return Contents.map((o) => o.Key ?? '');
}

/** Keys of unfinished multipart uploads. */
export async function uploadsIn(client: S3Client): Promise<string[]> {
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }));
  return Uploads.map((u) => u.Key ?? '');
}

export function errorOf(f: () => unknown): RunError {
  try {
    f();
  } catch (e) {
    if (e instanceof RunError) return e;
    throw e;
  }
  throw new Error('an error was expected');
}

/** Bytes in shared memory, as the arena's are. */
export function sharedBytes(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(new SharedArrayBuffer(length));
  for (let i = 0; i < length; i++) bytes[i] = (Math.imul(seed + i, 0x9e3779b1) >>> 13) & 0xff;
  return bytes;
}
