import * as fs from 'node:fs';
import type { FormatWriter, SerialEncoder, SinkSpec } from '../formats/def.ts';
import { withoutColumns } from '../formats/partition_runs.ts';
import { format } from '../formats/registry.ts';
import { serialEncoder } from '../formats/serial.ts';
import type { Stage, StageOutput } from '../plan.ts';
import { relationReader } from '../shuffle/reader.ts';
import type { Schema } from '../types.ts';
import type { TaskScope } from './context.ts';
import { partitionOf } from './graph.ts';
import type { TaskInput, TaskOutput } from './messages.ts';
import { outputError } from './output_error.ts';

export type SinkOutput = Extract<StageOutput, { kind: 'sink' }>;

export function sinkSpec(output: SinkOutput, schema: Schema): SinkSpec {
  return { path: output.path, options: output.options, schema };
}

export function writerOf(name: string): FormatWriter {
  const w = format(name).writer;
  if (w === null) throw new Error(`format ${name} cannot be written`);
  return w;
}

/** The serial half of a sink: rows of a collected relation become a file. */
export async function encodeFile(
  stage: Stage,
  input: Extract<TaskInput, { kind: 'encode' }>,
  ctx: TaskScope,
): Promise<{ readonly rows: number; readonly output: TaskOutput }> {
  const output = stage.output as SinkOutput;
  const by = partitionOf(output) ?? [];
  const schema = input.schema.filter((f) => !by.includes(f.name));
  let rows = 0;
  let encoder: SerialEncoder | null = null;
  try {
    const fd = input.place === null ? STDOUT : fs.openSync(input.place, 'w');
    try {
      encoder = await serialEncoder(writerOf(output.format), sinkSpec(output, schema), ctx.store);
      const put = (parts: readonly Uint8Array[]): void => {
        for (const p of parts) writeAll(fd, p, ctx);
      };
      for (const b of relationReader(ctx.store, input.refs, input.schema, input.cut ?? undefined).batches()) {
        ctx.check();
        rows += b.rows;
        put(await encoder.write(by.length === 0 ? b : withoutColumns(b, by, schema)));
        ctx.scratch.reset();
      }
      put(await encoder.finish());
    } finally {
      encoder?.free?.();
      if (fd !== STDOUT) fs.closeSync(fd);
    }
  } catch (e) {
    throw outputError(e, output.path);
  }
  return { rows, output: { kind: 'file' } };
}

/** A block of rows of a collected relation becomes bytes in the store. */
export async function encodeBlock(
  stage: Stage,
  input: Extract<TaskInput, { kind: 'block' }>,
  ctx: TaskScope,
): Promise<{ readonly rows: number; readonly output: TaskOutput }> {
  const output = stage.output as SinkOutput;
  const writer = writerOf(output.format);
  if (writer.kind !== 'blocks') throw new Error(`format ${output.format} is not written in blocks`);
  const encoder = await writer.open(sinkSpec(output, stage.schema), ctx.store);
  let rows = 0;
  try {
    for (const b of relationReader(ctx.store, input.refs, stage.schema, input.cut).batches()) {
      ctx.check();
      rows += b.rows;
      encoder.write(b);
    }
    return { rows, output: { kind: 'bytes', ...encoder.finish() } };
  } finally {
    encoder.free();
  }
}

const STDOUT = 1;
const FULL_PIPE_MS = 5;

/** A pipe that is full in non-blocking mode is asked again, unless the run is over by then. */
function writeAll(fd: number, bytes: Uint8Array, ctx: TaskScope): void {
  for (let done = 0; done < bytes.length; ) {
    try {
      done += fs.writeSync(fd, bytes, done, bytes.length - done);
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== 'EAGAIN') throw e;
      ctx.check();
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE_MS);
    }
  }
}
