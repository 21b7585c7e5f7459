import { RunError } from '../errors.ts';
import type { Schema } from '../types.ts';
import { type JsonLayout, jsonLayout } from './json_file.ts';
import { VALUE_COLUMN } from './json_read.ts';
import { indexLines, indexValues, ListFault, type ValueIndex, valueIndex } from './json_records.ts';
import { JsonFault, JsonScanner } from './json_scanner.ts';
import { JsonShape } from './json_shape.ts';
import { pickFiles, type SampleBudget, spotsOf } from './sample.ts';
import { GzipDamage, openSource } from './source.ts';
import { heapMemory, MAX_RECORD_BYTES, recordTooLong, TextWindow } from './window.ts';

/**
 * Columns from the members of the objects: all values of small inputs; of large ones the start, and where values are lines places spread over
 * each file and the end. Inputs of other values than objects become the one column `value`.
 */
export async function inferJson(paths: readonly string[], display: string, inner: string | null): Promise<Schema> {
  const { files, budget } = pickFiles(paths);
  const shape = new JsonShape();
  let values = 0;
  for (const path of files) {
    const sampler = new JsonSampler(await jsonLayout(path, inner), shape, budget);
    await sampler.run();
    values += sampler.values;
  }
  if (values === 0) {
    throw new RunError(
      'FLOW7003',
      `"${display}" holds no values: its columns are unknown`,
      { file: display },
      'declare a schema: as { … }',
    );
  }
  const columns = shape.isTable ? shape.columns() : [{ name: VALUE_COLUMN, type: shape.type(), nullable: true }];
  if (columns.length > 0) return columns;
  throw new RunError('FLOW7003', `the objects of "${display}" have no members: there are no columns`, {
    file: display,
  });
}

class JsonSampler {
  values = 0;
  readonly #layout: JsonLayout;
  readonly #shape: JsonShape;
  readonly #budget: SampleBudget;
  readonly #index: ValueIndex = valueIndex(new Uint8Array(1 << 17));
  readonly #scanner = new JsonScanner();

  constructor(layout: JsonLayout, shape: JsonShape, budget: SampleBudget) {
    this.#layout = layout;
    this.#shape = shape;
    this.#budget = budget;
  }

  async run(): Promise<void> {
    const { gzip, size, start, kind } = this.#layout;
    const { whole, head, headRows } = this.#budget;
    if (gzip || kind !== 'lines' || size - start <= whole) return this.#stretch(whole, Number.POSITIVE_INFINITY);
    await this.#stretch(head, headRows);
    for (const at of spotsOf(start + head, size, this.#budget)) await this.#spot(at);
  }

  async #stretch(bytes: number, rows: number): Promise<void> {
    const { local, path, gzip, start } = this.#layout;
    const begin = gzip ? 0 : start;
    const window = new TextWindow(openSource(local, path, begin, gzip), begin, 1 << 18, heapMemory, MAX_RECORD_BYTES);
    let pos = start - begin;
    let due = true;
    try {
      await window.advance(0);
      while (pos > window.length && !window.final) {
        pos -= window.length;
        await window.advance(window.length);
      }
      for (;;) {
        due = this.#take(window, pos, due);
        pos = this.#index.next;
        const passed = window.offset + pos - start;
        if (
          this.#index.stopped === 'closed' ||
          passed >= this.#budget.whole ||
          (passed >= bytes && this.values >= rows)
        )
          return;
        if (this.#index.stopped === 'full') continue;
        if (window.final) return;
        if (pos > 0) await window.advance(pos);
        else if (!(await window.grow())) {
          if (this.values > 0) return;
          throw recordTooLong(path, MAX_RECORD_BYTES, 1, 'a value ends where its line does: is the file whole?');
        }
        pos = 0;
      }
    } catch (e) {
      // Damage is the reader's to report, with its place.
      if (!(e instanceof GzipDamage || e instanceof ListFault)) throw e;
    } finally {
      window.close();
    }
  }

  async #spot(at: number): Promise<void> {
    const { local, path } = this.#layout;
    const window = new TextWindow(openSource(local, path, at, false), at, this.#budget.spot, heapMemory, 0);
    try {
      await window.advance(0);
      const first = window.text.subarray(0, window.length).indexOf(10);
      if (first >= 0) this.#take(window, first + 1, true);
    } finally {
      window.close();
    }
  }

  #take(window: TextWindow, from: number, due: boolean): boolean {
    const { bytes, text, length, final } = window;
    const index = this.#index;
    const { kind } = this.#layout;
    let next = true;
    if (kind === 'lines') indexLines(text, from, length, length, final, Number.MAX_SAFE_INTEGER, index);
    else next = indexValues(kind, bytes, from, length, final, Number.MAX_SAFE_INTEGER, due, index);
    for (let row = 0; row < index.rows; row++) {
      this.#scanner.over(bytes, text, index.bounds[2 * row]!, index.bounds[2 * row + 1]!);
      this.values++;
      try {
        this.#shape.observe(this.#scanner);
      } catch (e) {
        if (!(e instanceof JsonFault)) throw e;
      }
    }
    return next;
  }
}
