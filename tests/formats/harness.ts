import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { rowsOf } from '../../engine/batch/access.ts';
import { batchFromRows } from '../../engine/batch/build.ts';
import type { Batch } from '../../engine/batch/column.ts';
import { RunError } from '../../engine/errors.ts';
import type { Expr, LiteralValue } from '../../engine/expr.ts';
import type { FormatDef, FormatWriter, Split } from '../../engine/formats/def.ts';
import { serialEncoder } from '../../engine/formats/serial.ts';
import { heapScratch } from '../../engine/memory/heap_scratch.ts';
import { arenaScratch } from '../../engine/memory/scratch.ts';
import type { TaskContext } from '../../engine/operators/def.ts';
import type { ScanInput, SourceSpec } from '../../engine/plan.ts';
import { testStore } from '../../engine/store/store.ts';
import type { Store } from '../../engine/store/types.ts';
import type { Schema } from '../../engine/types.ts';

/** Readers and writers driven without the runtime. */

export type Row = Record<string, LiteralValue>;

/** Working memory where kernels do not reach. */
const heapStore: Pick<Store, 'allocate' | 'free'> = {
  allocate: (bytes) => ({ address: 0, bytes, view: new Uint8Array(new ArrayBuffer(bytes)) }),
  free: () => {},
};

/** A scratch whose memory comes dirty and is spoilt when it is reset, as the arena's may be. */
export function fakeContext(): TaskContext {
  const heap = heapScratch();
  let given: (Uint8Array | Int32Array | Uint32Array | Float64Array | BigInt64Array)[] = [];
  const track = <A extends Uint8Array | Int32Array | Uint32Array | Float64Array | BigInt64Array>(a: A): A => {
    new Uint8Array(a.buffer).fill(0xa5);
    given.push(a);
    return a;
  };
  const scratch = {
    ...heap,
    u8: (n: number) => track(heap.u8(n)),
    i32: (n: number) => track(heap.i32(n)),
    u32: (n: number) => track(heap.u32(n)),
    f64: (n: number) => track(heap.f64(n)),
    i64: (n: number) => track(heap.i64(n)),
    reset: () => {
      for (const a of given) new Uint8Array(a.buffer).fill(0x5a);
      given = [];
    },
  };
  const unused = (): never => {
    throw new Error('not part of this test');
  };
  return {
    scratch,
    store: heapStore as Store,
    grant: 1 << 26,
    index: 0,
    side: unused,
    check: () => {},
    shared: (_key, make) => make(),
  };
}

export interface ReadOptions {
  readonly columns?: readonly string[];
  readonly filter?: Expr;
  readonly limit?: number;
  readonly options?: Record<string, unknown>;
  /** A declared schema. */
  readonly schema?: Schema;
  /** In memory that kernels reach. */
  readonly kernels?: boolean;
}

export async function scanOf(format: FormatDef, paths: readonly string[], o: ReadOptions = {}): Promise<ScanInput> {
  const base = { paths, display: paths.join(), options: o.options ?? {} };
  const schema = o.schema ?? (await format.reader?.infer(base)) ?? [];
  const source: SourceSpec = { ...base, schema, declared: o.schema !== undefined };
  const picked =
    o.columns?.map(
      (name) => schema.find((f) => f.name === name) ?? { name, type: { kind: 'null' as const }, nullable: true },
    ) ?? schema;
  return {
    kind: 'scan',
    format: format.name,
    source,
    schema: picked,
    filter: o.filter ?? null,
    limit: o.limit ?? null,
  };
}

/** Every batch as `use` sees it while it is valid. */
export async function eachBatch(
  format: FormatDef,
  scan: ScanInput,
  use: (batch: Batch, split: Split) => void,
  kernels = false,
): Promise<readonly Split[]> {
  const reader = format.reader;
  if (reader === null) throw new Error(`${format.name} has no reader`);
  const splits = structuredClone(await reader.splits(scan));
  const ctx = kernels ? { ...fakeContext(), store: arena, scratch: arenaScratch(arena) } : fakeContext();
  try {
    for (const split of splits) for await (const batch of reader.read(split, scan, ctx, () => {})) use(batch, split);
  } finally {
    ctx.scratch.release();
  }
  return splits;
}

export async function readRows(format: FormatDef, paths: readonly string[], o: ReadOptions = {}): Promise<Row[]> {
  const rows: Row[] = [];
  await eachBatch(
    format,
    await scanOf(format, paths, o),
    (b) => {
      for (const row of rowsOf(b)) rows.push(row);
    },
    o.kernels,
  );
  return rows;
}

/** The bytes of a file of these rows, handed over in batches of the given sizes (the last size repeats). */
export async function encode(
  format: FormatDef,
  schema: Schema,
  rows: readonly Row[],
  options: Record<string, unknown> = {},
  sizes: readonly number[] = [rows.length],
): Promise<Buffer> {
  const batches: Batch[] = [];
  for (let at = 0, k = 0; at < rows.length; k++) {
    const n = Math.max(1, sizes[k % sizes.length] ?? 1);
    batches.push(batchFromRows(schema, rows.slice(at, at + n)));
    at += n;
  }
  return encodeBatches(format, schema, batches, options);
}

export async function encodeBatches(
  format: FormatDef,
  schema: Schema,
  batches: readonly Batch[],
  options: Record<string, unknown> = {},
): Promise<Buffer> {
  const spec = { path: `out.${format.name}`, options, schema };
  const encoder = await serialEncoder(format.writer as FormatWriter, spec, arena);
  const out: Uint8Array[] = [];
  for (const b of batches) for (const part of await encoder.write(b)) out.push(new Uint8Array(part));
  for (const part of await encoder.finish()) out.push(part);
  return Buffer.concat(out);
}

const arena = testStore();

const folder = mkdtempSync(join(tmpdir(), 'flowc-formats-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
let files = 0;

/** A file with this content, gone when the process ends. */
export function file(content: Uint8Array | string, name?: string): string {
  const path = join(folder, name ?? `f${files++}`);
  writeFileSync(path, content);
  return path;
}

export function tempFolder(): string {
  return folder;
}

/** Runs into a RunError of this code and message. */
export async function rejects(run: () => Promise<unknown>, code: string, pattern: RegExp): Promise<void> {
  try {
    await run();
  } catch (e) {
    assert.instance(e, RunError, String(e));
    assert.is((e as RunError).code, code, (e as RunError).message);
    assert.match((e as RunError).message, pattern);
    return;
  }
  assert.unreachable(`no error, but ${code} ${pattern} was expected`);
}
