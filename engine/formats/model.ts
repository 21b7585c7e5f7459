import { readFile } from 'node:fs/promises';
import { valueReader } from '../batch/access.ts';
import { columnFromValues } from '../batch/build.ts';
import { RunError } from '../errors.ts';
import { decodeModel, type Model } from '../ml/model.ts';
import { MODEL_SCHEMA } from '../ml/schema.ts';
import { T } from '../types.ts';
import type { FormatDef } from './def.ts';

/** Reads a saved model. RunError FLOW7001 or FLOW7002 when the file cannot be read, FLOW7011 when it is not a model. */
export async function readModel(path: string): Promise<{ readonly bytes: Uint8Array; readonly model: Model }> {
  try {
    const bytes = await readFile(path);
    return { bytes, model: decodeModel(bytes, path) };
  } catch (e) {
    if (e instanceof Error && 'code' in e && !(e instanceof RunError)) {
      const missing = e.code === 'ENOENT';
      throw new RunError(
        missing ? 'FLOW7001' : 'FLOW7002',
        missing ? `there is no model file ${path}` : `cannot read ${path}: ${e.message}`,
        { file: path },
      );
    }
    throw e;
  }
}

/** A trained model as a JSON file: one row with one column of bytes. */
export const model: FormatDef = {
  name: 'model',
  extensions: [],
  doc: 'A trained model with its features, as JSON.',
  options: [],
  reader: {
    infer: async (spec) => {
      for (const path of spec.paths) await readModel(path);
      return MODEL_SCHEMA;
    },
    estimate: () => Promise.resolve({ rows: 1, bytes: 0 }),
    splits: (scan) => Promise.resolve(scan.source.paths.map((path, file) => ({ path, file, bytes: 0 }))),
    async *read(split, scan, ctx) {
      const { bytes } = await readModel(split.path);
      ctx.scratch.reset();
      yield {
        schema: scan.schema,
        rows: 1,
        columns: scan.schema.map(() => columnFromValues(T.bytes, [bytes], ctx.scratch)),
      };
    },
  },
  writer: {
    kind: 'parallel',
    head: () => new Uint8Array(0),
    encode: (batch) => {
      const c = batch.columns[0];
      const bytes = c === undefined ? null : valueReader(c)(0);
      return bytes instanceof Uint8Array ? bytes.slice() : new Uint8Array(0);
    },
    tail: () => new TextEncoder().encode('\n'),
    compression: () => null,
  },
};
