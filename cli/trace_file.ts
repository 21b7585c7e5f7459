import { closeSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileError } from './io.ts';

/** A file that appears whole, at the end, or not at all. Its place is checked at the start. */
export class TraceFile {
  readonly #path: string;
  readonly #temporary: string;
  readonly #remove = (): void => rmSync(this.#temporary, { force: true });

  /** @throws UsageError when nothing can be written there */
  constructor(path: string) {
    this.#path = path;
    const target = resolve(path);
    const { randomBytes } = process.getBuiltinModule('node:crypto');
    this.#temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`);
    this.#attempt(() => closeSync(openSync(this.#temporary, 'wx')));
    process.once('exit', this.#remove);
  }

  /** @throws UsageError */
  write(text: string): void {
    this.#attempt(() => {
      writeFileSync(this.#temporary, text);
      renameSync(this.#temporary, resolve(this.#path));
    });
  }

  /** Leaves nothing but what was written. */
  close(): void {
    process.off('exit', this.#remove);
    this.#remove();
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      throw fileError(this.#path, error, 'written');
    }
  }
}
