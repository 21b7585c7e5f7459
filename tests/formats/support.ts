import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rowsOf } from '../../engine/batch/access.ts';
import type { Batch } from '../../engine/batch/column.ts';
import { RunError } from '../../engine/errors.ts';
import type { LiteralValue } from '../../engine/expr.ts';
import type { FormatReader, FormatWriter, SinkSpec } from '../../engine/formats/def.ts';
import { serialEncoder } from '../../engine/formats/serial.ts';
import { heapScratch } from '../../engine/memory/heap_scratch.ts';
import type { Scratch } from '../../engine/memory/types.ts';
import type { TaskContext } from '../../engine/operators/def.ts';
import type { ScanInput } from '../../engine/plan.ts';
import { testStore } from '../../engine/store/store.ts';
import type { Store } from '../../engine/store/types.ts';
import type { Schema } from '../../engine/types.ts';

export type Row = Record<string, LiteralValue>;

const folder = mkdtempSync(join(tmpdir(), 'flowc-formats-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
let files = 0;

/** A file of the test's own; its path. */
export function fileWith(content: string | Uint8Array, ending = '.csv'): string {
  const path = join(folder, `f${files++}${ending}`);
  writeFileSync(path, content);
  return path;
}

/** Memory that is counted, to see that all of it is given back. */
export class TestContext {
  rejected = 0;
  allocated = 0;

  readonly context: TaskContext;

  constructor(grant = 64 << 20) {
    const store: Pick<Store, 'allocate' | 'free' | 'limit'> = {
      limit: grant,
      allocate: (bytes) => {
        this.allocated += bytes;
        return { address: 0, bytes, view: new Uint8Array(new SharedArrayBuffer(bytes)) };
      },
      free: (block) => {
        this.allocated -= block.bytes;
      },
    };
    this.context = {
      scratch: dirtyScratch(),
      store: store as Store,
      grant,
      index: 0,
      check: () => {},
      reject: (rows) => {
        this.rejected += rows;
      },
      side: () => {
        throw new Error('a reader has no sides');
      },
      shared: (_, make) => make(),
    };
  }
}

/** Memory comes dirty and is spoilt by a reset, as the arena's may be. */
function dirtyScratch(): Scratch {
  const heap = heapScratch();
  let given: ArrayBufferView[] = [];
  const dirty = <A extends ArrayBufferView>(a: A): A => {
    new Uint8Array(a.buffer).fill(0xa5);
    given.push(a);
    return a;
  };
  return {
    ...heap,
    u8: (n) => dirty(heap.u8(n)),
    i32: (n) => dirty(heap.i32(n)),
    u32: (n) => dirty(heap.u32(n)),
    f64: (n) => dirty(heap.f64(n)),
    i64: (n) => dirty(heap.i64(n)),
    reset: () => {
      for (const a of given) new Uint8Array(a.buffer).fill(0x5a);
      given = [];
    },
  };
}

export interface ReadOptions {
  readonly options?: Readonly<Record<string, unknown>>;
  /** Declared; inferred where absent. */
  readonly schema?: Schema;
  readonly columns?: readonly string[];
  readonly limit?: number;
  readonly context?: TestContext;
}

export interface ReadResult {
  readonly schema: Schema;
  readonly rows: Row[];
  readonly batches: number;
  readonly splits: number;
  readonly rejected: number;
  readonly phys: readonly (readonly string[])[];
}

/** Reads as a run would: infer, split, probe, resolve, read every split in order. */
export async function readAll(
  reader: FormatReader,
  paths: string | readonly string[],
  how: ReadOptions = {},
): Promise<ReadResult> {
  const test = how.context ?? new TestContext();
  const list = typeof paths === 'string' ? [paths] : paths;
  const base = { paths: list, display: list.join(','), options: how.options ?? {} };
  const schema = how.schema ?? (await reader.infer(base));
  const wanted = how.columns?.map((name) => schema.find((f) => f.name === name)!) ?? schema;
  const scan: ScanInput = {
    kind: 'scan',
    format: 'test',
    source: { ...base, schema, declared: how.schema !== undefined },
    schema: wanted,
    filter: null,
    limit: how.limit ?? null,
  };
  let splits = await reader.splits(scan);
  if (reader.probe !== undefined && reader.resolve !== undefined) {
    const answers = [];
    for (const s of splits) answers.push(structuredClone(await reader.probe(s, scan, test.context)));
    splits = reader.resolve(splits, answers, scan);
  }
  const rows: Row[] = [];
  const phys: string[][] = [];
  let batches = 0;
  for (const split of splits) {
    for await (const batch of reader.read(structuredClone(split), scan, test.context, () => {})) {
      batches++;
      checkBatch(batch, wanted);
      phys.push(batch.columns.map((c) => c.phys));
      for (const row of rowsOf(batch)) rows.push(row);
    }
  }
  if (test.allocated !== 0) throw new Error(`${test.allocated} bytes of working memory were not given back`);
  return { schema, rows, batches, splits: splits.length, rejected: test.rejected, phys };
}

function checkBatch(batch: Batch, schema: Schema): void {
  if (batch.columns.length !== schema.length) throw new Error('wrong number of columns');
  for (const c of batch.columns) {
    if (c.length !== batch.rows) throw new Error(`a column of ${c.length} rows in a batch of ${batch.rows}`);
    if (c.phys === 'null') continue;
    let nulls = 0;
    if (c.validity !== null)
      for (let i = 0; i < c.length; i++) if (((c.validity[i >> 3]! >> (i & 7)) & 1) === 0) nulls++;
    if (nulls !== c.nullCount || (c.validity !== null && nulls === 0))
      throw new Error(`nullCount ${c.nullCount} where ${nulls} rows are null`);
  }
}

/** The RunError that `run` ends with. */
export async function runError(run: () => Promise<unknown>): Promise<RunError> {
  try {
    await run();
  } catch (e) {
    if (e instanceof RunError) return e;
    throw e;
  }
  throw new Error('no error where one was expected');
}

/** The bytes a sink would write, before compression. */
export async function written(writer: FormatWriter, batches: readonly Batch[], spec: SinkSpec): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  if (writer.kind === 'parallel') {
    parts.push(writer.head(spec));
    for (const b of batches) parts.push(Buffer.from(writer.encode(b, spec)));
    parts.push(writer.tail(spec));
  } else {
    const encoder = await serialEncoder(writer, spec, testStore());
    for (const b of batches) for (const p of await encoder.write(b)) parts.push(Buffer.from(p));
    parts.push(...(await encoder.finish()));
  }
  return Buffer.concat(parts);
}
