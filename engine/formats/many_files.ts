import { RunError } from '../errors.ts';
import type { LiteralValue } from '../expr.ts';
import type { DataType, Field, Schema } from '../types.ts';
import { formatType, T } from '../types.ts';
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
  if (canConform(own.type, wanted.type) || (own.type.kind === 'bytes' && wanted.type.kind === 'string' && !declared))
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

const HIVE_NULL = '__HIVE_DEFAULT_PARTITION__';

/** `key=value` folders of a path, in order. */
export function hiveParts(path: string): ReadonlyMap<string, string | null> {
  const parts = path.split(/[/\\]/).slice(0, -1);
  const found = new Map<string, string | null>();
  for (const part of parts) {
    const at = part.indexOf('=');
    if (at <= 0) continue;
    const value = decode(part.slice(at + 1));
    found.set(decode(part.slice(0, at)), value === HIVE_NULL ? null : value);
  }
  return found;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const inferred = new WeakMap<readonly string[], readonly Field[]>();

/** Partition columns of all files: int when every value is a whole number, date when every value is one, else string. */
export function hiveFields(paths: readonly string[]): readonly Field[] {
  let fields = inferred.get(paths);
  if (fields === undefined) {
    fields = inferHive(paths);
    inferred.set(paths, fields);
  }
  return fields;
}

function inferHive(paths: readonly string[]): Field[] {
  const values = new Map<string, (string | null)[]>();
  for (const path of paths) {
    for (const [key, value] of hiveParts(path)) {
      const all = values.get(key);
      if (all === undefined) values.set(key, [value]);
      else all.push(value);
    }
  }
  return [...values].map(([name, all]) => {
    const known = all.filter((v) => v !== null);
    const nullable = known.length < paths.length;
    const type =
      known.length === 0
        ? T.string
        : known.every(isInt)
          ? T.int
          : known.every((v) => dayOf(v) !== null)
            ? T.date
            : T.string;
    return { name, type, nullable };
  });
}

function isInt(text: string): boolean {
  return /^(0|-?[1-9]\d{0,17})$/.test(text);
}

function dayOf(text: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return null;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== text ? null : ms / 86400000;
}

/** A partition's value as the column's type (a declared type may differ from the inferred one). RunError FLOW7004 when it does not fit. */
export function hiveValue(path: string, f: Field): LiteralValue {
  const text = hiveParts(path).get(f.name) ?? null;
  if (text === null || f.type.kind === 'string') return text;
  if (f.type.kind === 'int' && isInt(text)) return Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text);
  if (f.type.kind === 'float' && text.trim() !== '' && !Number.isNaN(Number(text))) return Number(text);
  if (f.type.kind === 'date' && dayOf(text) !== null) return dayOf(text);
  throw new RunError('FLOW7004', `the folder "${f.name}=${text}" is no ${formatType(f.type)}`, {
    file: path,
    column: f.name,
    value: text,
  });
}
