import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { once } from 'node:events';
import { createGzip, type Gzip } from 'node:zlib';
import type { StageOutput } from '../plan.ts';
import type { ObjectId, Store } from '../store/types.ts';
import type { Schema } from '../types.ts';
import { outputError, sinkSpec, writerOf } from './task.ts';

type SinkOutput = Extract<StageOutput, { kind: 'sink' }>;

export interface SinkSummary {
  readonly path: string;
  readonly format: string;
  readonly rows: number;
  readonly bytes: number;
}

/** An output file: written beside its place under a temporary name, renamed when the whole run has succeeded. */
export class SinkFile {
  readonly target: string;
  readonly temp: string;
  readonly toStdout: boolean;

  constructor(target: string) {
    this.target = target;
    this.toStdout = target === '-';
    this.temp = path.join(path.dirname(target), `.${path.basename(target)}.${randomBytes(6).toString('hex')}.tmp`);
  }

  /** Makes the folder and an empty temporary file, so that a bad place is an error before the work. */
  async open(): Promise<void> {
    if (this.toStdout) return;
    try {
      if (fs.existsSync(this.target) && fs.statSync(this.target).isDirectory()) {
        throw Object.assign(new Error('is a directory'), { code: 'EISDIR', syscall: 'open' });
      }
      await fs.promises.mkdir(path.dirname(this.target), { recursive: true });
      await fs.promises.writeFile(this.temp, '');
    } catch (e) {
      throw outputError(e, this.target);
    }
  }

  async commit(): Promise<void> {
    if (this.toStdout) return;
    try {
      await fs.promises.rename(this.temp, this.target);
    } catch (e) {
      throw outputError(e, this.target);
    }
  }

  discard(): void {
    if (this.toStdout) return;
    try {
      fs.rmSync(this.temp, { force: true });
    } catch {
      // A place that could not be written (a path through a file) holds nothing to remove; the error that matters is the first one.
    }
  }

  bytes(): number {
    return this.toStdout ? 0 : fs.statSync(this.temp).size;
  }
}

/** Joins the byte objects of a parallel sink in task order, whatever the order they arrive in. */
export class OrderedSink {
  readonly #file: SinkFile;
  readonly #store: Store;
  readonly #output: SinkOutput;
  readonly #schema: Schema;
  readonly #arrived = new Map<number, readonly { object: ObjectId; bytes: number }[]>();
  #next = 0;
  #draining: Promise<void> = Promise.resolve();
  #stream: fs.WriteStream | NodeJS.WriteStream | null = null;
  #gzip: Gzip | null = null;
  #failure: unknown = null;

  constructor(file: SinkFile, store: Store, output: SinkOutput, schema: Schema) {
    this.#file = file;
    this.#store = store;
    this.#output = output;
    this.#schema = schema;
  }

  async open(): Promise<void> {
    const writer = writerOf(this.#output.format);
    if (writer.kind !== 'parallel') throw new Error(`format ${this.#output.format} is written serially`);
    const spec = sinkSpec(this.#output, this.#schema);
    const stream = this.#file.toStdout ? process.stdout : fs.createWriteStream(this.#file.temp);
    stream.on('error', (e) => {
      this.#failure ??= e;
    });
    this.#stream = stream;
    if (writer.compression(spec) === 'gzip') {
      this.#gzip = createGzip();
      this.#gzip.pipe(stream, { end: !this.#file.toStdout });
    }
    await this.#write(writer.head(spec));
  }

  accept(index: number, objects: readonly { object: ObjectId; bytes: number }[]): void {
    this.#arrived.set(index, objects);
    this.#draining = this.#draining.then(() => this.#drain());
    // The failure is kept and reported by close(); an unhandled rejection would end the process before that.
    this.#draining.catch((e: unknown) => {
      this.#failure ??= e;
    });
  }

  async close(): Promise<void> {
    await this.#draining;
    const writer = writerOf(this.#output.format);
    if (writer.kind === 'parallel') await this.#write(writer.tail(sinkSpec(this.#output, this.#schema)));
    await this.#end();
    if (this.#failure !== null) throw outputError(this.#failure, this.#file.target);
  }

  destroy(): void {
    this.#gzip?.destroy();
    if (this.#stream !== null && !this.#file.toStdout) this.#stream.destroy();
  }

  async #end(): Promise<void> {
    const stream = this.#stream;
    if (stream === null || this.#failure !== null) return;
    const tail = this.#gzip ?? (this.#file.toStdout ? null : stream);
    if (tail === null) return;
    tail.end();
    if (!this.#file.toStdout) await Promise.race([once(stream, 'close'), once(stream, 'error')]);
    else await once(tail, 'end').catch(() => undefined);
  }

  async #drain(): Promise<void> {
    for (;;) {
      const objects = this.#arrived.get(this.#next);
      if (objects === undefined) return;
      this.#arrived.delete(this.#next);
      this.#next++;
      for (const o of objects) {
        const lease = this.#store.readBytes(o.object, 0, o.bytes);
        try {
          await this.#write(lease.view);
        } finally {
          lease.release();
          this.#store.release(o.object);
        }
      }
    }
  }

  /** Resolves when the bytes have left the arena, so that the lease may end. */
  #write(bytes: Uint8Array): Promise<void> {
    if (this.#failure !== null) return Promise.reject(outputError(this.#failure, this.#file.target));
    if (bytes.length === 0) return Promise.resolve();
    const out = this.#gzip ?? this.#stream;
    if (out === null) return Promise.reject(new Error('the sink is not open'));
    return new Promise((resolve, reject) => {
      out.write(bytes, (e) => (e ? reject(outputError(e, this.#file.target)) : resolve()));
    });
  }
}
