import { RunError } from '../errors.ts';
import type { Field, Schema } from '../types.ts';
import type { IpcIndex } from './arrow_ipc.ts';
import { indexArrow } from './arrow_ipc.ts';
import { describeArrow, logicalField } from './arrow_types.ts';
import { fileCache } from './file_cache.ts';
import { checkNames } from './many_files.ts';

export interface ArrowFile {
  readonly index: IpcIndex;
  readonly schema: Schema;
}

/** Index and schema of a file. RunError as indexArrow, and FLOW7003 for a column of a type that cannot be read. */
export const openArrow: (path: string) => ArrowFile = fileCache(4, (path) => {
  const index = indexArrow(path);
  const schema = index.fields.map((f): Field => {
    const field = logicalField(f);
    if (field !== null) return field;
    throw new RunError(
      'FLOW7003',
      `column "${f.name}" of "${path}" has a type that cannot be read: ${describeArrow(f.type)}`,
      { file: path, column: f.name },
      'write the file again without it',
    );
  });
  checkNames(path, schema);
  return { index, schema };
});
