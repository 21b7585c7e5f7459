import { statSync } from 'node:fs';
import { RunError } from '../errors.ts';
import type { Field, Schema } from '../types.ts';
import { T } from '../types.ts';
import { describeArrow, logicalField } from './arrow_types.ts';
import { readError } from './files.ts';
import { arrowFields } from './parquet_decode.ts';
import type { ParquetFooter } from './parquet_footer.ts';
import { readFooter } from './parquet_footer.ts';
import { leafKind } from './parquet_stats.ts';

export interface ParquetFile {
  readonly footer: ParquetFooter;
  readonly schema: Schema;
}

interface Cached extends ParquetFile {
  readonly stamp: string;
}

/** Footers of the files last looked at: planning asks several times, and a worker reads many splits of one file. */
const recent = new Map<string, Cached>();
const KEEP = 16;

/** Footer and schema of a file. RunError FLOW7001, FLOW7002, FLOW7003 as readFooter; FLOW7003 for a column of a type that cannot be read. */
export function openParquet(path: string): ParquetFile {
  const stamp = stampOf(path);
  const known = recent.get(path);
  recent.delete(path);
  const file = known !== undefined && known.stamp === stamp ? known : { stamp, ...load(path) };
  recent.set(path, file);
  for (const oldest of recent.keys()) {
    if (recent.size <= KEEP) break;
    recent.delete(oldest);
  }
  return file;
}

function stampOf(path: string): string {
  try {
    const stats = statSync(path);
    return `${stats.size} ${stats.mtimeMs} ${stats.ino}`;
  } catch (e) {
    throw missingOr(path, e);
  }
}

function missingOr(path: string, e: unknown): RunError {
  if (e instanceof Error && 'code' in e && (e.code === 'ENOENT' || e.code === 'ENOTDIR')) {
    return new RunError('FLOW7001', `no file "${path}"`, { file: path }, 'check the path; relative paths start in the folder the run was started in');
  }
  return readError(path, e);
}

function load(path: string): ParquetFile {
  const footer = readFooter(path);
  const fields = arrowFields(footer).map((f): Field => {
    const field = logicalField(f);
    if (field !== null) return special(footer, field);
    throw new RunError('FLOW7003', `column "${f.name}" of "${path}" has a type that cannot be read: ${describeArrow(f.type)}`, { file: path, column: f.name }, 'write the file again without it');
  });
  checkNames(path, fields);
  return { footer, schema: fields };
}

/** JSON and UUID columns are bytes or text to Arrow. */
function special(footer: ParquetFooter, field: Field): Field {
  const leaf = footer.leaves.find((l) => l.path.length === 1 && l.path[0] === field.name);
  const kind = leaf === undefined ? null : leafKind(leaf);
  if (kind === 'json' && field.type.kind === 'string') return { ...field, type: T.json };
  return kind === 'uuid' && field.type.kind === 'bytes' ? { ...field, type: T.string } : field;
}

export function checkNames(path: string, fields: Schema): void {
  const seen = new Set<string>();
  for (const f of fields) {
    if (seen.has(f.name)) {
      throw new RunError('FLOW7003', `"${path}" has two columns named "${f.name}"`, { file: path, column: f.name }, 'write the file again with names of their own');
    }
    seen.add(f.name);
  }
}
