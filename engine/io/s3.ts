import type { ListMultipartUploadsCommandOutput } from '@aws-sdk/client-s3';
import { EngineBug, RunError } from '../errors.ts';
import { isGone, OWNER_FILE, type Owner, ownOwner, SPILL_FOLDER } from '../store/spill_owner.ts';
import { parseS3Url, type S3Location } from '../store/targets/s3_url.ts';
import { connectS3, type S3Connection } from './s3_client.ts';
import { isNamed, s3Error } from './s3_errors.ts';
import { S3Transfer } from './s3_transfer.ts';

/** A server that does not answer at all keeps a run from starting no longer than this. */
const PREPARE_MS = 30_000;
/** What dead processes left is somebody else's: not worth waiting long for. */
const STALE_MS = 30_000;
/** For tidying up after a failure, when the server may be the failure. */
const TIDY_MS = 5000;
/** Objects that one DeleteObjects takes. */
const DELETE_BATCH = 1000;

interface Opened {
  readonly connection: S3Connection;
  readonly transfer: S3Transfer;
}

/** A store's folder in a bucket: the keys below `<prefix>/flowc-<pid>-<random>/`. Lives on the I/O thread. */
export class S3Folder {
  readonly #location: S3Location;
  /** Key prefix of the place, with its slash. */
  readonly #base: string;
  readonly #folder: string;
  /** Whether memory must not be touched any more. */
  readonly #ended: () => boolean;
  /** Aborted by removeAll. */
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #opened: Promise<Opened> | null = null;

  constructor(url: string, folder: string, ended: () => boolean) {
    this.#location = parseS3Url(url);
    this.#base = this.#location.prefix === '' ? '' : `${this.#location.prefix}/`;
    this.#folder = folder;
    this.#ended = ended;
  }

  #open(): Promise<Opened> {
    this.#opened ??= connectS3(this.#location).then((connection) => ({
      connection,
      transfer: new S3Transfer(connection),
    }));
    return this.#opened;
  }

  #key(file: string): string {
    return `${this.#base}${this.#folder}/${file}`;
  }

  /** Writes, lists and deletes a little: what is missing is told before a run starts. Then removes what dead processes of this machine left. */
  async prepare(): Promise<void> {
    const { connection } = await this.#open();
    const signal = AbortSignal.timeout(PREPARE_MS);
    try {
      await this.#write(connection, this.#key(OWNER_FILE), JSON.stringify(ownOwner()), signal);
      await this.#write(connection, this.#key('probe'), 'probe', signal);
      await this.#delete(connection, this.#key('probe'), 'spill to', signal);
      await step(connection, 'spill to', 'ListObjectsV2', signal, async () => {
        await this.#keys(connection, `${this.#base}${this.#folder}/`, signal);
      });
    } catch (e) {
      await this.#deleteOne(connection, this.#key(OWNER_FILE), AbortSignal.timeout(TIDY_MS)).catch(() => undefined);
      throw e;
    }
    // Others clean up as well, and what is left must not keep a run from starting.
    await this.#cleanStale(connection, AbortSignal.timeout(STALE_MS)).catch(() => undefined);
  }

  async write(file: string, views: readonly Uint8Array[], signal: AbortSignal): Promise<void> {
    await this.#track(signal, async (own) => (await this.#open()).transfer.write(this.#key(file), views, own));
  }

  async read(file: string, offset: number, into: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#track(signal, async (own) =>
      (await this.#open()).transfer.read(this.#key(file), offset, into, own, this.#ended),
    );
  }

  async remove(file: string, signal: AbortSignal): Promise<void> {
    await this.#track(signal, async (own) => {
      const { connection } = await this.#open();
      await this.#delete(connection, this.#key(file), 'remove a spill file from', own);
    });
  }

  /** Runs a transfer until the caller or the whole folder is given up. */
  async #track(signal: AbortSignal, transfer: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const own = new AbortController();
    const abort = (): void => own.abort();
    const signals = [signal, this.#closing.signal];
    if (signals.some((s) => s.aborted)) throw new EngineBug('the store is closed');
    for (const s of signals) s.addEventListener('abort', abort, { once: true });
    const work = transfer(own.signal).finally(() => {
      for (const s of signals) s.removeEventListener('abort', abort);
    });
    const settled = work.catch(() => undefined);
    this.#running.add(settled);
    try {
      await work;
    } finally {
      this.#running.delete(settled);
    }
  }

  /** Throws RunError FLOW7008 when something is left. */
  async removeAll(ms: number): Promise<void> {
    this.#closing.abort();
    if (this.#opened === null) return;
    const { connection } = await this.#opened;
    await Promise.all(this.#running);
    const signal = AbortSignal.timeout(ms);
    await step(connection, 'remove spill files from', 'DeleteObjects', signal, () =>
      this.#removeFolder(connection, this.#folder, signal),
    );
    connection.client.destroy();
    connection.single.destroy();
  }

  /** The owner's name goes last: while something is left, others can tell whose it was. */
  async #removeFolder(connection: S3Connection, folder: string, signal: AbortSignal): Promise<void> {
    const prefix = `${this.#base}${folder}/`;
    // Not allowed, or not known to the server: each write aborts its own, so that only a broken connection leaves any.
    await this.#abortUploads(connection, prefix, signal).catch(() => signal.throwIfAborted());
    const keys = (await this.#keys(connection, prefix, signal)).filter((k) => k !== `${prefix}${OWNER_FILE}`);
    for (let i = 0; i < keys.length; i += DELETE_BATCH)
      await this.#deleteMany(connection, keys.slice(i, i + DELETE_BATCH), signal);
    await this.#deleteOne(connection, `${prefix}${OWNER_FILE}`, signal);
  }

  async #abortUploads({ sdk, client, location }: S3Connection, prefix: string, signal: AbortSignal): Promise<void> {
    const Bucket = location.bucket;
    for (let marker: { KeyMarker?: string; UploadIdMarker?: string } | null = {}; marker !== null; ) {
      const page: ListMultipartUploadsCommandOutput = await client.send(
        new sdk.ListMultipartUploadsCommand({ Bucket, Prefix: prefix, ...marker }),
        {
          abortSignal: signal,
        },
      );
      for (const { Key, UploadId } of page.Uploads ?? []) {
        // A server that ignores the prefix must not make us end the uploads of others.
        if (Key?.startsWith(prefix))
          await client.send(new sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId }), { abortSignal: signal });
      }
      marker = page.IsTruncated ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker } : null;
    }
  }

  async #keys({ sdk, client, location }: S3Connection, prefix: string, signal: AbortSignal): Promise<string[]> {
    const keys: string[] = [];
    for (let token: string | undefined; ; ) {
      const command = new sdk.ListObjectsV2Command({
        Bucket: location.bucket,
        Prefix: prefix,
        ContinuationToken: token,
      });
      const page = await client.send(command, { abortSignal: signal });
      for (const { Key } of page.Contents ?? []) if (Key?.startsWith(prefix)) keys.push(Key);
      token = page.NextContinuationToken;
      if (!page.IsTruncated || token === undefined) return keys;
    }
  }

  /** Not every compatible server has DeleteObjects, or takes the checksum it comes with: one by one then. */
  async #deleteMany(connection: S3Connection, keys: readonly string[], signal: AbortSignal): Promise<void> {
    const { sdk, client, location } = connection;
    const command = new sdk.DeleteObjectsCommand({
      Bucket: location.bucket,
      Delete: { Quiet: true, Objects: keys.map((Key) => ({ Key })) },
    });
    let left = keys;
    try {
      const { Errors } = await client.send(command, { abortSignal: signal });
      left = (Errors ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key]));
    } catch {
      signal.throwIfAborted();
    }
    for (const key of left) await this.#deleteOne(connection, key, signal);
  }

  async #deleteOne({ sdk, client, location }: S3Connection, key: string, signal: AbortSignal): Promise<void> {
    try {
      await client.send(new sdk.DeleteObjectCommand({ Bucket: location.bucket, Key: key }), { abortSignal: signal });
    } catch (e) {
      if (!isNamed(e, 'NoSuchKey', 'NotFound')) throw e;
    }
  }

  #write(connection: S3Connection, key: string, text: string, signal: AbortSignal): Promise<void> {
    const { sdk, client, location } = connection;
    return step(connection, 'spill to', 'PutObject', signal, async () => {
      const command = new sdk.PutObjectCommand({ Bucket: location.bucket, Key: key, Body: text });
      await client.send(command, { abortSignal: signal });
    });
  }

  #delete(connection: S3Connection, key: string, what: string, signal: AbortSignal): Promise<void> {
    return step(connection, what, 'DeleteObject', signal, () => this.#deleteOne(connection, key, signal));
  }

  async #cleanStale(connection: S3Connection, signal: AbortSignal): Promise<void> {
    const { sdk, client, location } = connection;
    for (let token: string | undefined; ; ) {
      const command = new sdk.ListObjectsV2Command({
        Bucket: location.bucket,
        Prefix: `${this.#base}flowc-`,
        Delimiter: '/',
        ContinuationToken: token,
      });
      const page = await client.send(command, { abortSignal: signal });
      for (const { Prefix } of page.CommonPrefixes ?? []) {
        const folder = Prefix?.slice(this.#base.length, -1) ?? '';
        if (folder !== this.#folder && SPILL_FOLDER.test(folder) && (await this.#isStale(connection, folder, signal))) {
          await this.#removeFolder(connection, folder, signal);
        }
      }
      token = page.NextContinuationToken;
      if (!page.IsTruncated || token === undefined) return;
    }
  }

  async #isStale({ sdk, client, location }: S3Connection, folder: string, signal: AbortSignal): Promise<boolean> {
    const command = new sdk.GetObjectCommand({ Bucket: location.bucket, Key: `${this.#base}${folder}/${OWNER_FILE}` });
    try {
      const { Body } = await client.send(command, { abortSignal: signal });
      return isGone(JSON.parse((await Body?.transformToString()) ?? '') as Owner);
    } catch (e) {
      // Without its owner's name nobody can tell: it is being made or removed, or is not ours.
      if (isNamed(e, 'NoSuchKey') || e instanceof SyntaxError || e instanceof RunError) return false;
      throw e;
    }
  }
}

/** Runs requests; what they throw is told as an error for people. */
async function step(
  connection: S3Connection,
  what: string,
  operation: string,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (e) {
    // The reason, a time that is over, says more than that something was aborted.
    throw s3Error(signal.aborted ? signal.reason : e, connection, what, operation);
  }
}
