import { valueReader } from '../batch/access.ts';
import type { Batch, Column } from '../batch/column.ts';
import { EngineBug, RunError } from '../errors.ts';
import type { Schema } from '../types.ts';
import { hiveFolder } from './hive.ts';

/** Rows that follow one another and go to the same folder. */
export interface FolderRun {
  readonly folder: string;
  readonly rows: number;
}

/** More folders than this are a mistake: a file each. */
const MAX_FOLDERS = 10_000;

/** Collects the runs of rows that are sorted by their partition. */
export class FolderRuns {
  readonly runs: FolderRun[] = [];
  readonly #by: readonly string[];

  constructor(by: readonly string[]) {
    this.#by = by;
  }

  add(batch: Batch): void {
    if (batch.rows === 0) return;
    const columns = this.#by.map((name) => partitionColumn(batch, name));
    const fields = columns.map(({ index }) => batch.schema[index] as Schema[number]);
    const readers = columns.map(({ column }) => valueReader(column));
    let start = 0;
    let values = readers.map((read) => read(0));
    for (let i = 1; i <= batch.rows; i++) {
      const next = i < batch.rows ? readers.map((read) => read(i)) : null;
      if (next?.every((v, k) => v === values[k])) continue;
      this.#append(hiveFolder(fields, values), i - start);
      start = i;
      values = next ?? [];
    }
  }

  #append(folder: string, rows: number): void {
    const last = this.runs.at(-1);
    if (last?.folder === folder) this.runs[this.runs.length - 1] = { folder, rows: last.rows + rows };
    else this.runs.push({ folder, rows });
    checkFolders(this.runs.length);
  }
}

/** Rows of one folder within a relation. */
export interface FolderPart {
  readonly folder: string;
  readonly skip: number;
  readonly rows: number;
}

/** The runs of all tasks, in order, put together. */
export function folderParts(runs: Iterable<FolderRun>): FolderPart[] {
  const parts: FolderPart[] = [];
  const seen = new Set<string>();
  let skip = 0;
  for (const { folder, rows } of runs) {
    const last = parts.at(-1);
    if (last?.folder === folder) parts[parts.length - 1] = { ...last, rows: last.rows + rows };
    else {
      if (seen.has(folder)) throw new EngineBug(`the rows of ${folder} do not stand together`);
      seen.add(folder);
      parts.push({ folder, skip, rows });
    }
    skip += rows;
  }
  checkFolders(parts.length);
  return parts;
}

function checkFolders(count: number): void {
  if (count <= MAX_FOLDERS) return;
  throw new RunError(
    'FLOW7006',
    `the columns of partition_by have more than ${MAX_FOLDERS} combinations of values, and each makes a folder`,
    {},
    'partition by fewer columns, or by coarser values: a month instead of a time',
  );
}

function partitionColumn(batch: Batch, name: string): { index: number; column: Column } {
  const index = batch.schema.findIndex((f) => f.name === name);
  const column = batch.columns[index];
  if (column === undefined) throw new EngineBug(`no column ${name} to partition by`);
  return { index, column };
}

/** What is in the files: the other columns. */
export function withoutColumns(batch: Batch, names: readonly string[], schema: Schema): Batch {
  return {
    schema,
    rows: batch.rows,
    columns: batch.columns.filter((_, i) => !names.includes(batch.schema[i]?.name ?? '')),
  };
}
