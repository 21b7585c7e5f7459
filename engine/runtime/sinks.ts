import { once } from 'node:events';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { createGzip, type Gzip } from 'node:zlib';
import { RunError } from '../errors.ts';
import type { StoredBytes } from '../formats/def.ts';
import { makeFolders, systemError } from '../io/folders.ts';
import type { StageOutput } from '../plan.ts';
import { randomName } from '../random_name.ts';
import type { ObjectId, Store } from '../store/types.ts';
import type { Schema } from '../types.ts';
import { sinkSpec, writerOf } from './encode_file.ts';
import { lostObject } from './lost.ts';
import { outputError } from './output_error.ts';

type SinkOutput = Extract<StageOutput, { kind: 'sink' }>;

/** Characters of the target's name in the temporary one: file systems take 255 bytes. */
const NAME_SHOWN = 50;

/** Where the bytes of an output go until the run has succeeded: a file, or a folder of files. */
export interface SinkPlace {
  /** As the user wrote it. */
  readonly target: string;
  readonly toStdout: boolean;
  /** Written to in the meantime. */
  readonly place: string;
  /** Tells outputs apart. */
  readonly key: string;
  /** Makes the place, so that a bad one is an error before the work. */
  open(): void;
  commit(): void;
  /** Removes what was made. Never fails: what is reported is why the run failed. */
  discard(): void;
  /** Of what is finished, before it appears. */
  bytes(): number;
}

const temporaries = new Set<string>();

/** A process that ends by process.exit or an uncaught error leaves no half-written output either. */
function removeTemporaries(): void {
  for (const t of temporaries) fs.rmSync(t, { force: true, recursive: true });
}

/** An output file: written beside its place under a temporary name, renamed when the whole run has succeeded. */
export class SinkFile implements SinkPlace {
  readonly target: string;
  readonly toStdout: boolean;
  /** A device or a pipe has no place to be renamed to: it is written as it stands. */
  #direct = false;
  /** The target behind symbolic links. */
  #real: string;
  #temp = '';
  #mode: number | null = null;
  /** Folders that were made for it, outermost first. */
  readonly #made: string[] = [];

  constructor(target: string) {
    this.target = target;
    this.toStdout = target === '-';
    this.#real = path.resolve(target);
  }

  /** Where the bytes go. */
  get place(): string {
    return this.#direct ? this.#real : this.#temp;
  }

  get direct(): boolean {
    return this.#direct;
  }

  /** Tells outputs apart. */
  get key(): string {
    return this.toStdout ? '-' : this.#real;
  }

  /** Makes the folder and an empty temporary file, so that a bad place is an error before the work. */
  open(): void {
    if (this.toStdout) return;
    try {
      const found = fs.statSync(this.#real, { throwIfNoEntry: false });
      if (found?.isDirectory()) throw systemError('EISDIR');
      if (found !== undefined) {
        this.#real = fs.realpathSync(this.#real);
        this.#mode = found.mode & 0o777;
        this.#direct = !found.isFile();
        fs.accessSync(this.#real, fs.constants.W_OK);
      }
      if (!this.#direct) this.#makeTemporary();
    } catch (e) {
      throw outputError(e, this.target);
    }
  }

  #makeTemporary(): void {
    const folder = path.dirname(this.#real);
    makeFolders(folder, this.#made);
    this.#temp = temporaryBeside(this.#real);
    fs.closeSync(fs.openSync(this.#temp, 'wx'));
  }

  commit(): void {
    if (this.toStdout || this.#direct) return;
    try {
      if (this.#mode !== null) fs.chmodSync(this.#temp, this.#mode);
      fs.renameSync(this.#temp, this.#real);
    } catch (e) {
      throw outputError(e, this.target);
    }
    this.#forget();
  }

  /** Removes what was made: the file and the folders. Never fails: what is reported is why the run failed. */
  discard(): void {
    if (this.#temp === '') return;
    try {
      fs.rmSync(this.#temp, { force: true });
      for (const folder of this.#made.reverse()) fs.rmdirSync(folder);
    } catch {
      // A folder that somebody else uses by now stays.
    }
    this.#forget();
  }

  #forget(): void {
    forgetTemporary(this.#temp);
    this.#temp = '';
  }

  /** Of a finished file, before it is renamed. */
  bytes(): number {
    return this.toStdout || this.#direct ? 0 : fs.statSync(this.#temp).size;
  }
}

/** A hidden name beside a target, which goes with the process unless it is forgotten. */
export function temporaryBeside(target: string): string {
  const name = Array.from(path.basename(target)).slice(0, NAME_SHOWN).join('');
  const temp = path.join(path.dirname(target), `.${name}.${randomName()}.tmp`);
  if (temporaries.size === 0) process.once('exit', removeTemporaries);
  temporaries.add(temp);
  return temp;
}

export function forgetTemporary(temp: string): void {
  temporaries.delete(temp);
  if (temporaries.size === 0) process.off('exit', removeTemporaries);
}

type Parts = readonly StoredBytes[];

/** What helps where an object cannot be read any more. */
export interface Recovery {
  /** The object that stands for this one now. */
  current(object: ObjectId): ObjectId;
  /** Makes a lost object again; false when that cannot be done. */
  remake(lost: ObjectId): Promise<boolean>;
}

/** An object is made again so often while its reader waits for it. */
export const REMAKES = 3;

/** Joins the byte objects of a sink in task order, whatever the order they arrive in. */
export class OrderedSink {
  readonly #file: SinkFile;
  readonly #store: Store;
  readonly #output: SinkOutput;
  readonly #schema: Schema;
  readonly #recovery: Recovery;
  readonly #arrived = new Map<number, Parts>();
  readonly #notes: unknown[] = [];
  #next = 0;
  #draining: Promise<void> = Promise.resolve();
  #stream: fs.WriteStream | NodeJS.WriteStream | null = null;
  #gzip: Gzip | null = null;
  #failure: Error | null = null;
  /** Rejects when the sink fails or is given up: whoever waits for a stream waits for this too, as a stream that broke may never answer. */
  readonly #stopped: Promise<never>;
  #stop: (e: unknown) => void = () => undefined;

  constructor(file: SinkFile, store: Store, output: SinkOutput, schema: Schema, recovery: Recovery) {
    this.#file = file;
    this.#recovery = recovery;
    this.#store = store;
    this.#output = output;
    this.#schema = schema;
    this.#stopped = new Promise((_, reject) => {
      this.#stop = reject;
    });
    this.#stopped.catch(() => undefined);
  }

  /** Rows of a block; null: the file is not written in blocks. */
  get blockRows(): number | null {
    const writer = writerOf(this.#output.format);
    return writer.kind === 'blocks' ? writer.blockRows(sinkSpec(this.#output, this.#schema)) : null;
  }

  async open(): Promise<void> {
    const writer = writerOf(this.#output.format);
    if (writer.kind === 'serial') throw new Error(`format ${this.#output.format} is written serially`);
    const spec = sinkSpec(this.#output, this.#schema);
    const stream = this.#file.toStdout ? process.stdout : openStream(this.#file);
    stream.on('error', this.#onError);
    this.#stream = stream;
    if (writer.kind === 'parallel' && writer.compression(spec) === 'gzip') {
      this.#gzip = createGzip();
      this.#gzip.on('error', this.#onError);
      this.#gzip.pipe(stream, { end: !this.#file.toStdout });
    }
    await this.#write(writer.head(spec));
  }

  readonly #onError = (e: unknown): void => this.#fail(e);

  #fail(e: unknown): void {
    const failure = outputError(e, this.#file.target);
    this.#failure ??= failure instanceof Error ? failure : new Error(String(failure));
    this.#stop(this.#failure);
  }

  /** `note`: of a block, what the file's end tells of it. */
  accept(index: number, parts: Parts, note?: unknown): void {
    if (this.#failure !== null) {
      this.#release(parts);
      return;
    }
    this.#arrived.set(index, parts);
    this.#notes[index] = note;
    this.#draining = this.#draining.then(() => this.#drain());
  }

  /** Writes the end. Throws the first failure. */
  async close(): Promise<void> {
    await this.#draining;
    this.#rethrow();
    const writer = writerOf(this.#output.format);
    const spec = sinkSpec(this.#output, this.#schema);
    if (writer.kind === 'parallel') await this.#write(writer.tail(spec));
    if (writer.kind === 'blocks') await this.#write(await writer.tail(spec, this.#notes));
    await this.#end();
    this.#rethrow();
  }

  #rethrow(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  /** Gives the output up: nothing waits for it any more, and its objects are released. */
  async abort(): Promise<void> {
    this.#fail(new RunError('FLOW7012', 'the run was interrupted'));
    await this.#draining;
    for (const parts of this.#arrived.values()) this.#release(parts);
    this.#arrived.clear();
    this.#gzip?.destroy();
    if (this.#file.toStdout) this.#stream?.off('error', this.#onError);
    else this.#stream?.destroy();
  }

  #release(parts: Parts): void {
    for (const p of parts) this.#store.release(p.object);
  }

  async #end(): Promise<void> {
    const stream = this.#stream;
    if (stream === null) return;
    const done = this.#file.toStdout ? (this.#gzip === null ? null : once(this.#gzip, 'end')) : once(stream, 'close');
    if (this.#gzip !== null) this.#gzip.end();
    else if (!this.#file.toStdout) stream.end();
    if (done !== null) await Promise.race([done, this.#stopped]);
    if (this.#file.toStdout) stream.off('error', this.#onError);
  }

  /** Never rejects: a failure is kept for close(), and everything that arrived is released. */
  async #drain(): Promise<void> {
    for (;;) {
      const parts = this.#arrived.get(this.#next);
      if (parts === undefined) return;
      this.#arrived.delete(this.#next);
      this.#next++;
      for (const p of parts) {
        try {
          if (this.#failure === null) await this.#put(p);
        } catch (e) {
          this.#fail(e);
        } finally {
          this.#store.release(p.object);
        }
      }
    }
  }

  async #put(part: Parts[number]): Promise<void> {
    const lease = await this.#read(part);
    try {
      // Standard output may take its time after the run was given up; it must not see the memory's next use.
      await this.#write(this.#file.toStdout ? lease.view.slice() : lease.view);
    } finally {
      lease.release();
    }
  }

  async #read(part: Parts[number]) {
    for (let remakes = 0; ; remakes++) {
      try {
        return this.#store.readBytes(this.#recovery.current(part.object), 0, part.bytes);
      } catch (e) {
        const lost = lostObject(e);
        if (lost === null || remakes === REMAKES || !(await this.#recovery.remake(lost))) throw e;
      }
    }
  }

  /** Resolves when the bytes have left the arena, so that the lease may end. */
  #write(bytes: Uint8Array): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (bytes.length === 0) return Promise.resolve();
    const out = this.#gzip ?? this.#stream;
    if (out === null) return Promise.reject(new Error('the sink is not open'));
    const written = new Promise<void>((resolve, reject) => {
      out.write(bytes, (e) => (e ? reject(outputError(e, this.#file.target)) : resolve()));
    });
    return Promise.race([written, this.#stopped]);
  }
}

/** The temporary file is opened at once: a stream that opens it later could make it again after it was removed. */
function openStream(file: SinkFile): fs.WriteStream {
  if (file.direct) return fs.createWriteStream(file.place);
  return fs.createWriteStream(file.place, { fd: fs.openSync(file.place, 'w') });
}
