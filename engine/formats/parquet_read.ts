import { closeSync, openSync } from 'node:fs';
import { constantColumn, nullColumn } from '../batch/build.ts';
import type { Batch, Column } from '../batch/column.ts';
import { MORSEL_ROWS } from '../batch/column.ts';
import { RunError } from '../errors.ts';
import type { LiteralValue } from '../expr.ts';
import type { TaskContext } from '../operators/def.ts';
import type { ScanInput, SourceSpec } from '../plan.ts';
import type { Field, Schema } from '../types.ts';
import { conform } from './conform.ts';
import type { FormatReader, SourceEstimate, Split } from './def.ts';
import { readError } from './files.ts';
import { checkColumn, hiveFields, hiveParts, hiveValue, missingColumn, unifySchemas } from './many_files.ts';
import { decodeGroup } from './parquet_decode.ts';
import type { RowGroup } from './parquet_footer.ts';
import { localPath } from './stdin.ts';
import type { ParquetFile } from './parquet_schema.ts';
import { openParquet } from './parquet_schema.ts';
import { groupRange } from './parquet_stats.ts';
import type { Bound, ColumnRange } from './prune.ts';
import { mayMatch } from './prune.ts';

/** Row groups that one task reads, one after another. */
interface ParquetSplit extends Split {
  readonly groups: readonly number[];
  readonly rows: number;
}

/** Small neighbouring row groups share a split, up to these; both come from the file alone. */
const SPLIT_ROWS = 1 << 17;
const SPLIT_BYTES = 8 << 20;

export const parquetReader: FormatReader = { infer, estimate, splits, read };

async function infer(spec: Omit<SourceSpec, 'schema' | 'declared'>): Promise<Schema> {
  const files = spec.paths.map((path) => ({ path, schema: openParquet(localPath(path)).schema }));
  const schema = unifySchemas(files);
  if (spec.options['hive'] !== true) return schema;
  const partitions = hiveFields(spec.paths);
  const names = new Set(partitions.map((f) => f.name));
  return [...schema.filter((f) => !names.has(f.name)), ...partitions];
}

async function estimate(spec: SourceSpec): Promise<SourceEstimate> {
  const footers = spec.paths.map((path) => openParquet(localPath(path)).footer);
  return { rows: footers.reduce((n, f) => n + f.rows, 0), bytes: footers.reduce((n, f) => n + f.size, 0) };
}

async function splits(scan: ScanInput): Promise<readonly Split[]> {
  const found: ParquetSplit[] = [];
  // With a filter the rows that pass are not known, so only a bare limit ends the list early.
  const limit = scan.filter === null ? (scan.limit ?? Infinity) : Infinity;
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
  const plan = planFile(source, path, scan);
  const wanted = new Set(plan.names);
  const leaves = source.footer.leaves.flatMap((l, i) => (wanted.has(l.path[0] ?? '') ? [i] : []));
  const found: ParquetSplit[] = [];
  let open: { groups: number[]; rows: number; bytes: number; size: number } | null = null;
  for (const [index, group] of source.footer.groups.entries()) {
    if (group.rows === 0 || !wants(source, group, path, plan, scan)) continue;
    const bytes = leaves.reduce((n, i) => n + (group.chunks[i]?.bytes ?? 0), 0);
    const size = leaves.reduce((n, i) => n + (group.chunks[i]?.uncompressed ?? 0), 0);
    if (open !== null && open.rows + group.rows <= SPLIT_ROWS && open.size + size <= SPLIT_BYTES) {
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
  if (scan.filter === null) return true;
  return mayMatch(scan.filter, (name) => {
    const partition = plan.partitions.get(name);
    if (partition !== undefined) return constantRange(partition, hiveValue(path, partition), group.rows);
    const own = source.schema.find((f) => f.name === name);
    const wanted = scan.source.schema.find((f) => f.name === name);
    if (wanted === undefined) return null;
    if (own === undefined) return constantRange(wanted, null, group.rows);
    // A column that is converted on the way has bounds of its old type.
    return own.type.kind === wanted.type.kind ? groupRange(source.footer, group, name, own.type) : null;
  });
}

function constantRange(f: Field, value: LiteralValue, rows: number): ColumnRange {
  const bound: Bound | null = typeof value === 'string' ? Buffer.from(value) : typeof value === 'number' || typeof value === 'bigint' ? value : null;
  return { type: f.type, rows, nulls: value === null ? rows : 0, min: bound, max: bound };
}

/** How a file's columns become the scan's. */
interface FilePlan {
  /** Columns to decode, in the order of the scan. */
  readonly names: readonly string[];
  /** Columns that the path gives. */
  readonly partitions: ReadonlyMap<string, Field>;
}

function planFile(source: ParquetFile, path: string, scan: ScanInput): FilePlan {
  const parts = scan.source.options['hive'] === true ? hiveParts(path) : new Map<string, string | null>();
  const hive = scan.source.options['hive'] === true ? new Set(hiveFields(scan.source.paths).map((f) => f.name)) : new Set<string>();
  const partitions = new Map(scan.source.schema.filter((f) => hive.has(f.name) || parts.has(f.name)).map((f) => [f.name, f]));
  const names: string[] = [];
  for (const f of scan.schema) {
    if (partitions.has(f.name)) continue;
    const own = source.schema.find((g) => g.name === f.name);
    if (own === undefined) {
      if (!f.nullable || scan.source.paths.length === 1) throw missingColumn(path, f.name, source.schema);
      continue;
    }
    checkColumn(path, own, f, scan.source.declared);
    names.push(f.name);
  }
  return { names, partitions };
}

async function* read(split: Split, scan: ScanInput, ctx: TaskContext, progress: (bytes: number) => void): AsyncIterable<Batch> {
  const { path, groups, bytes, rows } = split as ParquetSplit;
  const source = openParquet(path);
  const plan = planFile(source, path, scan);
  if (plan.names.length === 0) {
    yield* emptyHanded(path, rows, plan, scan, ctx);
    progress(bytes);
    return;
  }
  const fd = open(path);
  try {
    let left = scan.limit !== null && scan.filter === null ? scan.limit : null;
    for (const group of groups) {
      for (const part of decodeGroup(fd, source.footer, group, plan.names, left, ctx.scratch)) {
        ctx.check();
        yield assemble(path, part.rows, part.columns, plan, scan, ctx);
        progress((bytes * part.rows) / rows);
        if (left !== null) left -= part.rows;
      }
      if (left !== null && left <= 0) return;
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

/** No column of the file is asked for: only its number of rows matters. */
function* emptyHanded(path: string, rows: number, plan: FilePlan, scan: ScanInput, ctx: TaskContext): Generator<Batch> {
  const end = scan.limit !== null && scan.filter === null ? Math.min(rows, scan.limit) : rows;
  for (let at = 0; at < end; at += MORSEL_ROWS) {
    ctx.check();
    ctx.scratch.reset();
    yield assemble(path, Math.min(MORSEL_ROWS, end - at), [], plan, scan, ctx);
  }
}

function assemble(path: string, rows: number, decoded: readonly Column[], plan: FilePlan, scan: ScanInput, ctx: TaskContext): Batch {
  const columns = scan.schema.map((f): Column => {
    const at = plan.names.indexOf(f.name);
    const col = decoded[at];
    if (col !== undefined) return checkNulls(path, conform(col, f.type, ctx.scratch), f);
    const partition = plan.partitions.get(f.name);
    return partition === undefined ? nullColumn(f.type, rows, ctx.scratch) : constantColumn(f.type, hiveValue(path, partition), rows, ctx.scratch);
  });
  return { schema: scan.schema, rows, columns };
}

function checkNulls(path: string, col: Column, f: Field): Column {
  if (f.nullable || col.nullCount === 0) return col;
  throw new RunError('FLOW7004', `column "${f.name}" of "${path}" has nulls, but is declared without`, { file: path, column: f.name }, `declare it as nullable: ${f.name}: …?`);
}
