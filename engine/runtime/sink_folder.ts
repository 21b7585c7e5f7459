import * as fs from 'node:fs';
import * as path from 'node:path';
import { RunError } from '../errors.ts';
import { format } from '../formats/registry.ts';
import { makeFolders, systemError } from '../io/folders.ts';
import type { StageOutput } from '../plan.ts';
import { outputError } from './output_error.ts';
import { forgetTemporary, type SinkPlace, temporaryBeside } from './sinks.ts';

/** The one file in each folder of a partitioned output. */
const PART = 'part-0';

/**
 * A folder of partitions, written beside its place and renamed when the whole run has succeeded. What stood there is replaced as a whole, but only where it was written
 * like this: a folder with anything else in it is left alone.
 */
export class SinkFolder implements SinkPlace {
  readonly target: string;
  readonly toStdout = false;
  readonly #real: string;
  readonly #file: string;
  #temp = '';
  readonly #made: string[] = [];

  constructor(output: Extract<StageOutput, { kind: 'sink' }>) {
    this.target = output.path;
    this.#real = path.resolve(output.path);
    const [extension = output.format] = format(output.format).extensions;
    this.#file = `${PART}.${extension}${output.options.compression === 'gzip' ? '.gz' : ''}`;
  }

  get place(): string {
    return this.#temp;
  }

  get key(): string {
    return this.#real;
  }

  open(): void {
    try {
      const found = fs.statSync(this.#real, { throwIfNoEntry: false });
      if (found !== undefined && !found.isDirectory()) throw systemError('ENOTDIR');
      const strange = found === undefined ? null : strangerIn(this.#real, '');
      if (strange !== null) {
        throw new RunError(
          'FLOW7006',
          `cannot write ${this.target}: the folder holds ${strange}, which is no partition`,
          { file: this.target },
          'name a folder that is not there yet, or remove what is in it',
        );
      }
      makeFolders(path.dirname(this.#real), this.#made);
      this.#temp = temporaryBeside(this.#real);
      fs.mkdirSync(this.#temp);
    } catch (e) {
      throw outputError(e, this.target);
    }
  }

  /** The file of a partition; its folders are there then. */
  part(folder: string): string {
    try {
      const at = path.join(this.#temp, folder);
      makeFolders(at);
      return path.join(at, this.#file);
    } catch (e) {
      throw outputError(e, this.target);
    }
  }

  commit(): void {
    try {
      const old = fs.existsSync(this.#real) ? temporaryBeside(this.#real) : null;
      if (old !== null) fs.renameSync(this.#real, old);
      try {
        fs.renameSync(this.#temp, this.#real);
      } catch (e) {
        if (old !== null) fs.renameSync(old, this.#real);
        throw e;
      } finally {
        if (old !== null) {
          fs.rmSync(old, { recursive: true, force: true });
          forgetTemporary(old);
        }
      }
    } catch (e) {
      throw outputError(e, this.target);
    }
    this.#forget();
  }

  discard(): void {
    if (this.#temp === '') return;
    try {
      fs.rmSync(this.#temp, { recursive: true, force: true });
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

  bytes(): number {
    return fs
      .readdirSync(this.#temp, { recursive: true, withFileTypes: true })
      .reduce((n, e) => n + (e.isFile() ? fs.statSync(path.join(e.parentPath ?? e.path, e.name)).size : 0), 0);
  }
}

/** The first thing in a folder that a partitioned output does not have; null: there is none. */
function strangerIn(folder: string, below: string): string | null {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const name = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory() && entry.name.includes('=')) {
      const inner = strangerIn(path.join(folder, entry.name), name);
      if (inner !== null) return inner;
    } else if (!entry.isFile() || !entry.name.startsWith(`${PART}.`) || below === '') return name;
  }
  return null;
}
