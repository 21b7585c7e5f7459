import { closeSync, openSync } from 'node:fs';
import type { Batch } from '../batch/column.ts';
import { MORSEL_ROWS } from '../batch/column.ts';
import type { TaskContext } from '../operators/def.ts';
import type { ScanInput, SourceSpec } from '../plan.ts';
import type { DataType, Schema } from '../types.ts';
import type { FormatReader, SourceEstimate, Split } from './def.ts';
import type { FilePlan } from './file_plan.ts';
import { assemble, inferFiles, planFile, rowLimit } from './file_plan.ts';
import { readError } from './files.ts';
import { hiveValue } from './hive.ts';
import { groupAt } from './parquet_decode.ts';
import type { RowGroup } from './parquet_footer.ts';
import { decodeGroup } from './parquet_group.ts';
import { type RowRange, rowRanges } from './parquet_index.ts';
import type { ParquetFile } from './parquet_schema.ts';
import { openParquet } from './parquet_schema.ts';
import { groupRange } from './parquet_stats.ts';
import { type ColumnRange, constantRange, mayMatch } from './prune.ts';
import { localPath } from './stdin.ts';

/** Row groups that one task reads, one after another. */
interface ParquetSplit extends Split {
  readonly groups: readonly number[];
  readonly rows: number;
}

/**
 * Small neighbouring row groups share a split, up to a share of the rows and bytes (of the wanted columns) of the file, within these bounds. That comes from the file alone:
 * a task is worth its cost, and there are enough of them. Each task of a group-by leaves all groups that it met.
 */
const SPLITS = 12;
const SPLIT_ROWS = 1 << 17;
const MOST_ROWS = 1 << 20;
const SPLIT_BYTES = 8 << 20;
const MOST_BYTES = 64 << 20;

export const parquetReader: FormatReader = { infer, estimate, splits, read };

async function infer(spec: Omit<SourceSpec, 'schema' | 'declared'>): Promise<Schema> {
  return inferFiles(spec, (path) => openParquet(localPath(path)).schema);
}

async function estimate(spec: SourceSpec): Promise<SourceEstimate> {
  const footers = spec.paths.map((path) => openParquet(localPath(path)).footer);
  return { rows: footers.reduce((n, f) => n + f.rows, 0), bytes: footers.reduce((n, f) => n + f.size, 0) };
}

async function splits(scan: ScanInput): Promise<readonly Split[]> {
  const found: ParquetSplit[] = [];
  const limit = rowLimit(scan);
  let rows = 0;
  for (const [file, path] of scan.source.paths.entries()) {
    if (rows >= limit) break;
    for (const split of splitsOf(localPath(path), file, scan)) {
      if (rows >= limit) break;
      found.push(split);
      rows += split.rows;
    }
  }
  return found;
}

function splitsOf(path: string, file: number, scan: ScanInput): ParquetSplit[] {
  const source = openParquet(path);
  const plan = planFile(source.schema, path, scan);
  const wanted = new Set(plan.names);
  const leaves = source.footer.leaves.flatMap((l, i) => (wanted.has(l.path[0] ?? '') ? [i] : []));
  const sizes = source.footer.groups.map((g) => leaves.reduce((n, i) => n + (g.chunks[i]?.uncompressed ?? 0), 0));
  const share = (total: number, least: number, most: number): number => Math.min(Math.max(total / SPLITS, least), most);
  const mostRows = share(source.footer.rows, SPLIT_ROWS, MOST_ROWS);
  const mostBytes = share(
    sizes.reduce((n, size) => n + size, 0),
    SPLIT_BYTES,
    MOST_BYTES,
  );
  const found: ParquetSplit[] = [];
  let open: { groups: number[]; rows: number; bytes: number; size: number } | null = null;
  for (const [index, group] of source.footer.groups.entries()) {
    if (group.rows === 0 || !wants(source, group, path, plan, scan)) continue;
    const bytes = leaves.reduce((n, i) => n + (group.chunks[i]?.bytes ?? 0), 0);
    const size = sizes[index] as number;
    if (open !== null && open.rows + group.rows <= mostRows && open.size + size <= mostBytes) {
      open.groups.push(index);
      open.rows += group.rows;
      open.bytes += bytes;
      open.size += size;
      continue;
    }
    if (open !== null) found.push({ path, file, bytes: open.bytes, groups: open.groups, rows: open.rows });
    open = { groups: [index], rows: group.rows, bytes, size };
  }
  if (open !== null) found.push({ path, file, bytes: open.bytes, groups: open.groups, rows: open.rows });
  return found;
}

function wants(source: ParquetFile, group: RowGroup, path: string, plan: FilePlan, scan: ScanInput): boolean {
  return mayPass(source, group, path, plan, scan, (name, type) => groupRange(source.footer, group, name, type));
}

/** Whether a row of a part of a row group may pass the filter; `known`: what is known of a column of the file there. */
function mayPass(
  source: ParquetFile,
  group: RowGroup,
  path: string,
  plan: FilePlan,
  scan: ScanInput,
  known: (name: string, type: DataType) => ColumnRange | null,
): boolean {
  if (scan.filter === null) return true;
  return mayMatch(scan.filter, (name) => {
    const partition = plan.partitions.get(name);
    if (partition !== undefined) return constantRange(partition, hiveValue(path, partition), group.rows);
    const own = source.schema.find((f) => f.name === name);
    const wanted = scan.source.schema.find((f) => f.name === name);
    if (wanted === undefined) return null;
    if (own === undefined) return constantRange(wanted, null, group.rows);
    // A column that is converted on the way has bounds of its old type.
    return own.type.kind === wanted.type.kind ? known(name, own.type) : null;
  });
}

async function* read(
  split: Split,
  scan: ScanInput,
  ctx: TaskContext,
  progress: (bytes: number) => void,
): AsyncIterable<Batch> {
  const { path, groups, bytes, rows } = split as ParquetSplit;
  const source = openParquet(path);
  const plan = planFile(source.schema, path, scan);
  if (plan.names.length === 0) {
    yield* emptyHanded(path, rows, plan, scan, ctx);
    progress(bytes);
    return;
  }
  const fd = open(path);
  try {
    let left = rowLimit(scan);
    for (const index of groups) {
      const first = source.footer.groups.slice(0, index).reduce((n, g) => n + g.rows, 1);
      const ranges = wantedRows(fd, source, groupAt(source.footer, index), path, plan, scan);
      for (const part of decodeGroup(fd, source, index, plan.names, left, ctx, ranges)) {
        ctx.check();
        ctx.rowsFrom?.(() => first + part.from);
        yield assemble(path, part.rows, part.columns, plan, scan, ctx.scratch);
        progress((bytes * part.rows) / rows);
        left -= part.rows;
      }
      if (left <= 0) return;
    }
  } finally {
    closeSync(fd);
  }
}

/** The rows of a group that its pages do not rule out; null: all. */
function wantedRows(
  fd: number,
  source: ParquetFile,
  group: RowGroup,
  path: string,
  plan: FilePlan,
  scan: ScanInput,
): RowRange[] | null {
  if (scan.filter === null) return null;
  return rowRanges(fd, source.footer, group, (known) => mayPass(source, group, path, plan, scan, known));
}

function open(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (e) {
    throw readError(path, e);
  }
}

/** No column of the file is asked for: only its number of rows matters. */
function* emptyHanded(path: string, rows: number, plan: FilePlan, scan: ScanInput, ctx: TaskContext): Generator<Batch> {
  const end = Math.min(rows, rowLimit(scan));
  for (let at = 0; at < end; at += MORSEL_ROWS) {
    ctx.check();
    ctx.scratch.reset();
    yield assemble(path, Math.min(MORSEL_ROWS, end - at), [], plan, scan, ctx.scratch);
  }
}
