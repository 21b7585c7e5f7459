import { constantColumn, nullColumn } from '../batch/build.ts';
import type { Batch, Column } from '../batch/column.ts';
import { RunError } from '../errors.ts';
import type { Scratch } from '../memory/types.ts';
import type { ScanInput, SourceSpec } from '../plan.ts';
import type { Field, Schema } from '../types.ts';
import { conform } from './conform.ts';
import { hiveFields, hiveParts, hiveValue } from './hive.ts';
import { checkColumn, missingColumn, unifySchemas } from './many_files.ts';

/** What files that carry their own schema (Parquet, Arrow) share: how one file's columns become the columns of the scan. */
export interface FilePlan {
  /** Columns to decode, in the order of the scan. */
  readonly names: readonly string[];
  /** Columns that the path gives. */
  readonly partitions: ReadonlyMap<string, Field>;
}

/** The schema of all files of a source; `hive: true` adds the columns of their paths. */
export function inferFiles(spec: Omit<SourceSpec, 'schema' | 'declared'>, schemaOf: (path: string) => Schema): Schema {
  const schema = unifySchemas(spec.paths.map((path) => ({ path, schema: schemaOf(path) })));
  if (spec.options.hive !== true) return schema;
  const partitions = hiveFields(spec.paths);
  const names = new Set(partitions.map((f) => f.name));
  return [...schema.filter((f) => !names.has(f.name)), ...partitions];
}

/** Rows after which reading may stop. With a filter the rows that pass are not known, so there is no limit then. */
export function rowLimit(scan: ScanInput): number {
  return scan.filter === null ? (scan.limit ?? Infinity) : Infinity;
}

/** RunError FLOW7003 or FLOW7004 when the file lacks a column or has it in another type. */
export function planFile(own: Schema, path: string, scan: ScanInput): FilePlan {
  const { paths, options, schema, declared } = scan.source;
  const hive = options.hive === true;
  const keys = hive ? new Set([...hiveFields(paths).map((f) => f.name), ...hiveParts(path).keys()]) : new Set<string>();
  const partitions = new Map(schema.filter((f) => keys.has(f.name)).map((f) => [f.name, f]));
  const names: string[] = [];
  for (const f of scan.schema) {
    if (partitions.has(f.name)) continue;
    const found = own.find((g) => g.name === f.name);
    if (found === undefined) {
      if (!f.nullable || paths.length === 1) throw missingColumn(path, f.name, own);
      continue;
    }
    checkColumn(path, found, f, declared);
    names.push(f.name);
  }
  return { names, partitions };
}

/** The batch of the scan; `decoded[i]` is the file's column `plan.names[i]`. */
export function assemble(
  path: string,
  rows: number,
  decoded: readonly Column[],
  plan: FilePlan,
  scan: ScanInput,
  scratch: Scratch,
): Batch {
  const columns = scan.schema.map((f): Column => {
    const col = decoded[plan.names.indexOf(f.name)];
    if (col !== undefined) return checkNulls(path, conform(col, f.type, scratch), f);
    const partition = plan.partitions.get(f.name);
    return partition === undefined
      ? nullColumn(f.type, rows, scratch)
      : constantColumn(f.type, hiveValue(path, partition), rows, scratch);
  });
  return { schema: scan.schema, rows, columns };
}

function checkNulls(path: string, col: Column, f: Field): Column {
  if (f.nullable || col.nullCount === 0) return col;
  throw new RunError(
    'FLOW7004',
    `column "${f.name}" of "${path}" has nulls, but is declared without`,
    { file: path, column: f.name },
    `declare it as nullable: ${f.name}: …?`,
  );
}
