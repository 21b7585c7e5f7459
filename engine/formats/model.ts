import { readFile } from 'node:fs/promises';
import { valueReader } from '../batch/access.ts';
import { columnFromValues } from '../batch/build.ts';
import { RunError } from '../errors.ts';
import { decodeModel, type Model } from '../ml/model.ts';
import { encodeOnnx } from '../ml/onnx/encode.ts';
import { MODEL_SCHEMA } from '../ml/schema.ts';
import { T } from '../types.ts';
import type { FormatDef } from './def.ts';

/** Reads a saved model. RunError FLOW7001 or FLOW7002 when the file cannot be read, FLOW7011 when it is not a model. */
export async function readModel(path: string): Promise<{ readonly bytes: Uint8Array; readonly model: Model }> {
  try {
    const bytes = await readFile(path);
    if (isOnnx(path)) throw onnxRead(path);
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

function onnxRead(path: string): RunError {
  return new RunError(
    'FLOW7011',
    `${path} is an ONNX file, which is for other programs`,
    { file: path },
    'write the model to a .json file as well, and use that here',
  );
}

/** A model for other programs; it cannot be read back. */
function isOnnx(path: string): boolean {
  return path.toLowerCase().endsWith('.onnx');
}

/** A trained model as a JSON file: one row with one column of bytes. */
export const model: FormatDef = {
  name: 'model',
  extensions: [],
  doc: 'A trained model with its features, as JSON; written to a path that ends in `.onnx`, as ONNX for other programs, which is not read back.',
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
    encode: (batch, spec) => {
      const c = batch.columns[0];
      const bytes = c === undefined ? null : valueReader(c)(0);
      if (!(bytes instanceof Uint8Array)) return new Uint8Array(0);
      return isOnnx(spec.path) ? encodeOnnx(decodeModel(bytes, 'the model')) : bytes.slice();
    },
    tail: (spec) => (isOnnx(spec.path) ? new Uint8Array(0) : new TextEncoder().encode('\n')),
    compression: () => null,
  },
};
