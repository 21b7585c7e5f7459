import { RunError } from '../errors.ts';
import type { Field, Schema } from '../types.ts';
import { T } from '../types.ts';
import type { ArrowField } from './arrow_types.ts';
import { describeArrow, logicalField } from './arrow_types.ts';
import { fileCache } from './file_cache.ts';
import { checkNames } from './many_files.ts';
import { arrowFields } from './parquet_decode.ts';
import type { ParquetFooter } from './parquet_footer.ts';
import { readFooter } from './parquet_footer.ts';
import { leafKind } from './parquet_stats.ts';

export interface ParquetFile {
  readonly footer: ParquetFooter;
  readonly schema: Schema;
  /** Its columns as Arrow has them. */
  readonly fields: readonly ArrowField[];
}

/** Footer and schema of a file. RunError as readFooter, and FLOW7003 for a column of a type that cannot be read. */
export const openParquet: (path: string) => ParquetFile = fileCache(16, (path) => {
  const footer = readFooter(path);
  const fields = arrowFields(footer);
  const schema = fields.map((f): Field => {
    const field = logicalField(f);
    if (field !== null) return special(footer, field);
    throw new RunError(
      'FLOW7003',
      `column "${f.name}" of "${path}" has a type that cannot be read: ${describeArrow(f.type)}`,
      { file: path, column: f.name },
      'write the file again without it',
    );
  });
  checkNames(path, schema);
  return { footer, schema, fields };
});

/** JSON and UUID columns are bytes or text to Arrow. */
function special(footer: ParquetFooter, field: Field): Field {
  const leaf = footer.leaves.find((l) => l.path.length === 1 && l.path[0] === field.name);
  const kind = leaf === undefined ? null : leafKind(leaf);
  if (kind === 'json' && field.type.kind === 'string') return { ...field, type: T.json };
  return kind === 'uuid' && field.type.kind === 'bytes' ? { ...field, type: T.string } : field;
}
