import { RunError } from '../errors.ts';
import type { DataType, Field, Schema } from '../types.ts';
import { formatType } from '../types.ts';
import { canConform, commonType } from './conform.ts';

/**
 * One schema for several files that carry schemas of their own: columns by name, in order of first appearance, in the type that all
 * files' columns fit; a column that some files lack is nullable. RunError FLOW7003 names both files when types do not go together.
 */
export function unifySchemas(files: readonly { readonly path: string; readonly schema: Schema }[]): Schema {
  const columns = new Map<string, { field: Field; path: string; seen: number }>();
  for (const { path, schema } of files) {
    for (const f of schema) {
      const known = columns.get(f.name);
      if (known === undefined) {
        columns.set(f.name, { field: f, path, seen: 1 });
        continue;
      }
      const type = commonType(known.field.type, f.type);
      if (type === null) throw differ(f.name, known.path, known.field.type, path, f.type);
      const nullable = known.field.nullable || f.nullable;
      columns.set(f.name, {
        field: { name: f.name, type, nullable },
        path: type === known.field.type ? known.path : path,
        seen: known.seen + 1,
      });
    }
  }
  return [...columns.values()].map(({ field, seen }) => (seen === files.length ? field : { ...field, nullable: true }));
}

function differ(column: string, a: string, typeA: DataType, b: string, typeB: DataType): RunError {
  return new RunError(
    'FLOW7003',
    `column "${column}" is ${formatType(typeA)} in "${a}", but ${formatType(typeB)} in "${b}"`,
    { file: b, column },
    'read the files as two sources and cast one of them before joining them together',
  );
}

/** Checks that a file's column can be read as the scan wants it; `declared` says whose type that is. */
export function checkColumn(path: string, own: Field, wanted: Field, declared: boolean): void {
  if (
    canConform(own.type, wanted.type, declared) ||
    (own.type.kind === 'bytes' && wanted.type.kind === 'string' && !declared)
  )
    return;
  const says = declared ? 'declared as' : 'expected to be';
  throw new RunError(
    'FLOW7004',
    `column "${wanted.name}" of "${path}" is ${formatType(own.type)}, but ${says} ${formatType(wanted.type)}`,
    { file: path, column: wanted.name },
    declared ? `declare it as ${formatType(own.type)} and cast it with ::` : undefined,
  );
}

export function missingColumn(path: string, name: string, has: Schema): RunError {
  return new RunError(
    'FLOW7003',
    `"${path}" has no column "${name}"`,
    { file: path, column: name },
    `it has: ${has.map((f) => f.name).join(', ')}`,
  );
}

/** A file's columns must have names of their own. */
export function checkNames(path: string, fields: Schema): void {
  const seen = new Set<string>();
  for (const f of fields) {
    if (seen.has(f.name)) {
      throw new RunError(
        'FLOW7003',
        `"${path}" has two columns named "${f.name}"`,
        { file: path, column: f.name },
        'write the file again with names of their own',
      );
    }
    seen.add(f.name);
  }
}
