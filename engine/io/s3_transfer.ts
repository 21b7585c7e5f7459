import { setTimeout as sleep } from 'node:timers/promises';
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import PQueue from 'p-queue';
import { bodyOf, totalBytes } from './pieces.ts';
import type { S3Connection } from './s3_client.ts';
import { isNamed, isTransient, s3Error } from './s3_errors.ts';

/** What S3 allows. */
const MAX_PARTS = 10_000;
const ATTEMPTS = 5;
const PAUSE_MS = 100;
const MAX_PAUSE_MS = 5000;
/** For tidying up after a failure, when the server may be the failure. */
const TIDY_MS = 5000;

/** Writing and reading objects of a bucket: many transfers at a time, but no more than the address allows. */
export class S3Transfer {
  readonly #connection: S3Connection;
  readonly #writes: PQueue;
  readonly #reads: PQueue;

  constructor(connection: S3Connection) {
    this.#connection = connection;
    const { concurrency } = connection.location;
    this.#writes = new PQueue({ concurrency });
    this.#reads = new PQueue({ concurrency });
  }

  /** Writes the views, one after another, as one object: all of it or nothing. Throws RunError FLOW7008. */
  async write(key: string, views: readonly Uint8Array[], signal: AbortSignal): Promise<void> {
    const total = totalBytes(views);
    try {
      if (total <= this.#connection.location.partBytes) await this.#put(key, views, total, signal);
      else await this.#multipart(key, views, total, signal);
    } catch (e) {
      await this.#dropUnsure(key);
      throw e;
    }
  }

  async #put(key: string, views: readonly Uint8Array[], total: number, signal: AbortSignal): Promise<void> {
    const { sdk, single, location } = this.#connection;
    await this.#attempt('PutObject', this.#writes, signal, async () => {
      const command = new sdk.PutObjectCommand({
        Bucket: location.bucket,
        Key: key,
        Body: bodyOf(views, 0, total),
        ContentLength: total,
      });
      await single.send(command, { abortSignal: signal });
    });
  }

  async #multipart(key: string, views: readonly Uint8Array[], total: number, signal: AbortSignal): Promise<void> {
    const { sdk, single, location } = this.#connection;
    const place = { Bucket: location.bucket, Key: key };
    const size = Math.max(location.partBytes, Math.ceil(total / MAX_PARTS));
    const id = await this.#attempt('CreateMultipartUpload', this.#writes, signal, async () => {
      const { UploadId } = await single.send(new sdk.CreateMultipartUploadCommand(place), { abortSignal: signal });
      return UploadId;
    });
    const upload = { ...place, UploadId: id };
    // One part that fails ends the others: they would be for nothing.
    const own = new AbortController();
    const end = (): void => own.abort();
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    try {
      const parts = Array.from({ length: Math.ceil(total / size) }, (_, i) =>
        this.#part(upload, i + 1, views, i * size, Math.min(total, (i + 1) * size), own.signal),
      );
      await this.#complete(upload, await all(parts, end), total, signal);
    } catch (e) {
      await this.#abort(upload);
      throw e;
    } finally {
      signal.removeEventListener('abort', end);
    }
  }

  async #part(
    upload: Upload,
    number: number,
    views: readonly Uint8Array[],
    from: number,
    to: number,
    signal: AbortSignal,
  ): Promise<Part> {
    const { sdk, single } = this.#connection;
    return this.#attempt(`UploadPart ${number}`, this.#writes, signal, async () => {
      const command = new sdk.UploadPartCommand({
        ...upload,
        PartNumber: number,
        Body: bodyOf(views, from, to),
        ContentLength: to - from,
      });
      const { ETag } = await single.send(command, { abortSignal: signal });
      return { ETag, PartNumber: number };
    });
  }

  async #complete(upload: Upload, parts: readonly Part[], total: number, signal: AbortSignal): Promise<void> {
    const { sdk, single, location } = this.#connection;
    await this.#attempt('CompleteMultipartUpload', this.#writes, signal, async () => {
      try {
        await single.send(
          new sdk.CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: [...parts] } }),
          { abortSignal: signal },
        );
      } catch (e) {
        if (!isNamed(e, 'NoSuchUpload')) throw e;
        // Completed by an attempt whose answer was lost.
        const { ContentLength } = await single.send(
          new sdk.HeadObjectCommand({ Bucket: location.bucket, Key: upload.Key }),
          { abortSignal: signal },
        );
        if (ContentLength !== total) throw e;
      }
    });
  }

  /** Parts of an unfinished upload are stored and paid for until it is aborted. What fails here is found by removeAll. */
  async #abort(upload: Upload): Promise<void> {
    const { sdk, client } = this.#connection;
    await client
      .send(new sdk.AbortMultipartUploadCommand(upload), { abortSignal: AbortSignal.timeout(TIDY_MS) })
      .catch(() => undefined);
  }

  /** A write may have been done although its answer was lost. */
  async #dropUnsure(key: string): Promise<void> {
    const { sdk, client, location } = this.#connection;
    const command = new sdk.DeleteObjectCommand({ Bucket: location.bucket, Key: key });
    await client.send(command, { abortSignal: AbortSignal.timeout(TIDY_MS) }).catch(() => undefined);
  }

  /** Fills `into` from byte `offset` of the object on; large reads as several ranges at a time. Throws RunError FLOW7008. */
  async read(key: string, offset: number, into: Uint8Array, signal: AbortSignal, ended: () => boolean): Promise<void> {
    const { partBytes } = this.#connection.location;
    // Even parts: a last one of a few bytes would cost a request like all others.
    const count = Math.ceil(into.length / partBytes);
    const size = Math.ceil(into.length / Math.max(1, count));
    const own = new AbortController();
    const end = (): void => own.abort();
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    try {
      const ranges = Array.from({ length: count }, (_, i) => {
        const part = into.subarray(i * size, (i + 1) * size);
        return this.#attempt('GetObject', this.#reads, own.signal, () =>
          this.#range(key, offset + i * size, part, own.signal, ended),
        );
      });
      await all(ranges, end);
    } finally {
      signal.removeEventListener('abort', end);
    }
  }

  async #range(
    key: string,
    offset: number,
    into: Uint8Array,
    signal: AbortSignal,
    ended: () => boolean,
  ): Promise<void> {
    const { sdk, single, location } = this.#connection;
    const Range = `bytes=${offset}-${offset + into.length - 1}`;
    const answer = await single.send(new sdk.GetObjectCommand({ Bucket: location.bucket, Key: key, Range }), {
      abortSignal: signal,
    });
    let at = 0;
    for await (const chunk of checkedBody(answer, offset)) {
      // The memory is given to others once the caller is gone.
      if (signal.aborted || ended()) throw new DOMException('aborted', 'AbortError');
      if (at + chunk.length > into.length)
        throw named('ERR_STREAM_PREMATURE_CLOSE', 'the server sent more than was asked for');
      into.set(chunk, at);
      at += chunk.length;
    }
    // The size in the header is the whole object's: a shorter answer to a range within it is a broken connection.
    const whole = Number(/\/(\d+)$/.exec(answer.ContentRange ?? '')?.[1]);
    if (at < into.length)
      throw named(
        whole < offset + into.length ? 'InvalidRange' : 'ERR_STREAM_PREMATURE_CLOSE',
        `the answer ends after ${at} of ${into.length} bytes`,
      );
  }

  /** Runs one transfer in its turn, again with growing pauses where that may help. */
  async #attempt<V>(operation: string, queue: PQueue, signal: AbortSignal, transfer: () => Promise<V>): Promise<V> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await queue.add(() => {
          signal.throwIfAborted();
          return transfer();
        });
      } catch (e) {
        const what = queue === this.#reads ? 'read back from' : 'spill to';
        if (signal.aborted || attempt === ATTEMPTS || !isTransient(e))
          throw s3Error(e, this.#connection, what, operation);
        const pause = Math.min(MAX_PAUSE_MS, PAUSE_MS * 2 ** attempt);
        await sleep(pause / 2 + (Math.random() * pause) / 2, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}

interface Upload {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string | undefined;
}

interface Part {
  readonly ETag: string | undefined;
  readonly PartNumber: number;
}

/** The body of an answer to a request for a range that starts at `offset`. */
function checkedBody(answer: GetObjectCommandOutput, offset: number): AsyncIterable<Uint8Array> {
  // A server that knows no ranges sends the object from its start.
  if (offset > 0 && !answer.ContentRange?.startsWith(`bytes ${offset}-`))
    throw new Error(`the server does not answer requests for ranges (${answer.ContentRange ?? 'no Content-Range'})`);
  return answer.Body as unknown as AsyncIterable<Uint8Array>;
}

/** All results, once all have ended; `onFailure` is called at the first failure, which is thrown. */
async function all<V>(work: readonly Promise<V>[], onFailure: () => void): Promise<V[]> {
  const failures: unknown[] = [];
  const watched = work.map((w) =>
    w.catch((e: unknown) => {
      failures.push(e);
      onFailure();
    }),
  );
  await Promise.all(watched);
  if (failures.length > 0) throw failures[0];
  return Promise.all(work);
}

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}
