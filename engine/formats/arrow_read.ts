import { closeSync, openSync } from 'node:fs';
import type { Batch } from '../batch/column.ts';
import { MORSEL_ROWS } from '../batch/column.ts';
import { RunError } from '../errors.ts';
import type { Scratch } from '../memory/types.ts';
import type { TaskContext } from '../operators/def.ts';
import type { ScanInput, SourceSpec } from '../plan.ts';
import type { Schema } from '../types.ts';
import { loadDictionaries } from './arrow_dictionaries.ts';
import { importColumn } from './arrow_import.ts';
import { damagedArrow, readHeader } from './arrow_ipc.ts';
import { IpcBatch } from './arrow_load.ts';
import type { ArrowFile } from './arrow_schema.ts';
import { openArrow } from './arrow_schema.ts';
import type { FormatReader, SourceEstimate, Split } from './def.ts';
import type { FilePlan } from './file_plan.ts';
import { assemble, inferFiles, planFile, rowLimit } from './file_plan.ts';
import { readError } from './files.ts';
import { hiveValue } from './hive.ts';
import { constantRange, mayMatch } from './prune.ts';
import { localPath } from './stdin.ts';

/** Ranges of rows of record batches, read one after another. */
interface ArrowSplit extends Split {
  readonly parts: readonly { readonly batch: number; readonly from: number; readonly to: number }[];
}

const SPLIT_ROWS = 1 << 17;

export const arrowReader: FormatReader = { infer, estimate, splits, read };

async function infer(spec: Omit<SourceSpec, 'schema' | 'declared'>): Promise<Schema> {
  return inferFiles(spec, (path) => openArrow(localPath(path)).schema);
}

async function estimate(spec: SourceSpec): Promise<SourceEstimate> {
  const files = spec.paths.map((path) => openArrow(localPath(path)).index);
  return {
    rows: files.reduce((n, f) => n + f.batches.reduce((m, b) => m + b.rows, 0), 0),
    bytes: files.reduce((n, f) => n + f.size, 0),
  };
}

async function splits(scan: ScanInput): Promise<readonly Split[]> {
  const found: Split[] = [];
  const limit = rowLimit(scan);
  let rows = 0;
  for (const [file, path] of scan.source.paths.entries()) {
    if (rows >= limit) break;
    const local = localPath(path);
    const source = openArrow(local);
    const plan = planFile(source.schema, local, scan);
    if (!wants(local, plan, scan)) continue;
    for (const split of splitsOf(local, file, source)) {
      if (rows >= limit) break;
      found.push(split);
      rows += split.parts.reduce((n, p) => n + p.to - p.from, 0);
    }
  }
  return found;
}

/** Arrow files keep no statistics: only the values of the path can rule a file out. */
function wants(path: string, plan: FilePlan, scan: ScanInput): boolean {
  if (scan.filter === null || plan.partitions.size === 0) return true;
  return mayMatch(scan.filter, (name) => {
    const partition = plan.partitions.get(name);
    return partition === undefined ? null : constantRange(partition, hiveValue(path, partition), 1);
  });
}

function splitsOf(path: string, file: number, source: ArrowFile): ArrowSplit[] {
  const found: ArrowSplit[] = [];
  let parts: { batch: number; from: number; to: number }[] = [];
  let rows = 0;
  let bytes = 0;
  const close = (): void => {
    if (parts.length > 0) found.push({ path, file, bytes, parts });
    parts = [];
    rows = 0;
    bytes = 0;
  };
  for (const [batch, m] of source.index.batches.entries()) {
    // A compressed batch is decompressed as a whole, so it stays with one task.
    const step = m.compressed ? m.rows : SPLIT_ROWS;
    for (let from = 0; from < m.rows; from += step) {
      const to = Math.min(from + step, m.rows);
      if (rows + to - from > SPLIT_ROWS) close();
      parts.push({ batch, from, to });
      rows += to - from;
      bytes += Math.round((m.bodyBytes * (to - from)) / m.rows);
    }
  }
  close();
  return found;
}

async function* read(
  split: Split,
  scan: ScanInput,
  ctx: TaskContext,
  progress: (bytes: number) => void,
): AsyncIterable<Batch> {
  const { path, parts, bytes } = split as ArrowSplit;
  const source = openArrow(path);
  const plan = planFile(source.schema, path, scan);
  const wanted = plan.names.map((name) => source.schema.findIndex((f) => f.name === name));
  const all = parts.reduce((n, p) => n + p.to - p.from, 0);
  let left = rowLimit(scan);
  const fd = open(path);
  try {
    for (const { batch, from, to } of parts) {
      if (left <= 0) return;
      const rows = openBatch(fd, source, batch, wanted, path, ctx.scratch);
      const before = source.index.batches.slice(0, batch).reduce((n, m) => n + m.rows, 0);
      const end = Math.min(to, from + left);
      left -= end - from;
      for (let at = from; at < end; at += MORSEL_ROWS) {
        ctx.check();
        ctx.scratch.reset();
        const n = Math.min(MORSEL_ROWS, end - at);
        const row = before + at + 1;
        ctx.rowsFrom?.(() => row);
        const columns = wanted.map((c) =>
          located(path, source.schema[c]?.name, () => importColumn(rows.column(c, at, at + n), 0, n, ctx.scratch)),
        );
        yield assemble(path, n, columns, plan, scan, ctx.scratch);
        progress((bytes * n) / all);
      }
    }
  } finally {
    closeSync(fd);
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (e) {
    throw readError(path, e);
  }
}

function openBatch(
  fd: number,
  source: ArrowFile,
  batch: number,
  wanted: readonly number[],
  path: string,
  scratch: Scratch,
): IpcBatch {
  const message = source.index.batches[batch];
  if (message === undefined) throw new RunError('FLOW7002', `"${path}" changed while it was read`, { file: path });
  return located(path, undefined, () => {
    const header = readHeader(fd, path, message, false);
    if (header.rows !== message.rows) throw damagedArrow(path, 'a batch changed its number of rows');
    const fields = source.index.fields;
    const dictionaries = loadDictionaries(
      fd,
      source.index,
      message,
      wanted.map((c) => fields[c]?.type ?? { kind: 'null' }),
    );
    return new IpcBatch(fd, source.index, message, header, fields, dictionaries, scratch);
  });
}

/** Runs a step of decoding; its errors learn the file and column, and what only damage can cause is reported as that. */
function located<R>(path: string, column: string | undefined, run: () => R): R {
  try {
    return run();
  } catch (e) {
    if (e instanceof RangeError) throw damagedArrow(path, `its content makes no sense (${e.message})`);
    throw e instanceof RunError ? e.at(column === undefined ? { file: path } : { file: path, column }) : e;
  }
}
