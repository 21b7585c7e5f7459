import { constantColumn } from '../batch/build.ts';
import type { Column } from '../batch/column.ts';
import { RunError } from '../errors.ts';
import { evaluateConstant } from '../expr/compile.ts';
import type { LiteralValue } from '../expr.ts';
import { formatValue } from '../functions/format.ts';
import type { ScanInput, SourceSpec } from '../plan.ts';
import type { DataType, Field, Schema } from '../types.ts';
import { formatType, T } from '../types.ts';
import type { FormatOption, FormatReader } from './def.ts';
import { constantRange, mayMatch } from './prune.ts';

/** Columns in the folders of a path, as in `day=2024-01-01/part-0.parquet`: how they are read, and how they are written. */

export const HIVE_OPTION: FormatOption = {
  name: 'hive',
  type: 'bool',
  default: false,
  doc: 'Take columns from the folders of the path: `day=2024-01-01/part-0.csv` has a column `day`.',
  for: 'read',
};

export const PARTITION_OPTION: FormatOption = {
  name: 'partition_by',
  type: 'strings',
  default: null,
  doc: "Write a folder with a file for each combination of these columns, which stand in the folders' names and not in the files: `good/day=2024-01-01/part-0.parquet`.",
  for: 'write',
};

const HIVE_NULL = '__HIVE_DEFAULT_PARTITION__';

/** `key=value` folders of a path, in order. */
export function hiveParts(path: string): ReadonlyMap<string, string | null> {
  const parts = path.split(/[/\\]/).slice(0, -1);
  const found = new Map<string, string | null>();
  for (const part of parts) {
    const at = part.indexOf('=');
    if (at <= 0) continue;
    const value = part.slice(at + 1);
    found.set(decode(part.slice(0, at)), value === HIVE_NULL ? null : decode(value));
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

/** Partition columns of all files: int, date or bool when every value is one, else string. */
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
            : known.every((v) => v === 'true' || v === 'false')
              ? T.bool
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
  try {
    const arg = { kind: 'literal' as const, type: T.string, nullable: false, value: text };
    return evaluateConstant({ kind: 'cast', arg, safe: false, type: f.type, nullable: false });
  } catch (e) {
    if (!(e instanceof RunError)) throw e;
    throw new RunError('FLOW7004', `the folder "${f.name}=${text}" is no ${formatType(f.type)}`, {
      file: path,
      column: f.name,
      value: text,
    });
  }
}

/** A reader that takes columns from the folders when the source says `hive: true`: it reads the other columns, and skips files that a filter rules out. */
export function withHive(reader: FormatReader): FormatReader {
  const { probe, resolve } = reader;
  const on = ({ options }: Pick<SourceSpec, 'options'>): boolean => options.hive === true;
  const inner = (scan: ScanInput): ScanInput => (on(scan.source) ? filesOnly(scan) : scan);
  return {
    ...reader,
    async infer(spec) {
      const schema = await reader.infer(spec);
      if (!on(spec)) return schema;
      const partitions = hiveFields(spec.paths);
      return [...without(schema, partitions), ...partitions];
    },
    estimate: (spec) =>
      reader.estimate(on(spec) ? { ...spec, schema: without(spec.schema, hiveFields(spec.paths)) } : spec),
    async splits(scan) {
      if (!on(scan.source)) return reader.splits(scan);
      const found = await reader.splits(filesOnly(scan));
      const kept = scan.source.paths.map((path) => mayHold(path, scan));
      return found.filter((split) => kept[split.file] === true);
    },
    async *read(split, scan, ctx, progress) {
      if (!on(scan.source)) {
        yield* reader.read(split, scan, ctx, progress);
        return;
      }
      const files = filesOnly(scan);
      const path = scan.source.paths[split.file] ?? split.path;
      const names = files.schema.map((f) => f.name);
      for await (const b of reader.read(split, files, ctx, progress)) {
        const columns = scan.schema.map((f): Column => {
          const own = b.columns[names.indexOf(f.name)];
          return own ?? constantColumn(f.type, hiveValue(path, f), b.rows, ctx.scratch);
        });
        yield { schema: scan.schema, rows: b.rows, columns };
      }
    },
    ...(probe === undefined ? {} : { probe: (split, scan, ctx) => probe(split, inner(scan), ctx) }),
    ...(resolve === undefined ? {} : { resolve: (splits, answers, scan) => resolve(splits, answers, inner(scan)) }),
  };
}

/** The scan of what is in the files. */
function filesOnly(scan: ScanInput): ScanInput {
  const { source } = scan;
  const partitions = hiveFields(source.paths);
  return {
    ...scan,
    schema: without(scan.schema, partitions),
    source: { ...source, schema: without(source.schema, partitions) },
  };
}

function without(schema: Schema, fields: readonly Field[]): Schema {
  const names = new Set(fields.map((f) => f.name));
  return schema.filter((f) => !names.has(f.name));
}

/** False when the values in the path rule out that a row passes the filter. */
function mayHold(path: string, scan: ScanInput): boolean {
  if (scan.filter === null) return true;
  const partitions = new Set(hiveFields(scan.source.paths).map((f) => f.name));
  return mayMatch(scan.filter, (name) => {
    const field = scan.source.schema.find((f) => f.name === name);
    return field === undefined || !partitions.has(name) ? null : constantRange(field, hiveValue(path, field), 1);
  });
}

/** Types whose values have one text each. */
export function canPartition(type: DataType): boolean {
  return ['bool', 'int', 'decimal', 'string', 'date'].includes(type.kind);
}

/** `day=2024-01-01/region=a%2Fb`: a path below a folder whatever the values are. */
export function hiveFolder(fields: readonly Field[], values: readonly LiteralValue[]): string {
  return fields
    .map((f, i) => {
      const value = values[i] ?? null;
      return `${encode(f.name)}=${value === null ? HIVE_NULL : encodeValue(formatValue(f.type, value))}`;
    })
    .join('/');
}

function encodeValue(text: string): string {
  // The text that stands for null is written as something else, and read as what it is.
  return text === HIVE_NULL ? `%5F${text.slice(1)}` : encode(text);
}

/** Everything that means something to a file system, a shell or a glob is written by its code; letters of all scripts stay. */
function encode(text: string): string {
  return text.replace(/[^\p{L}\p{N} _.,@+-]/gu, (c) =>
    Array.from(Buffer.from(c), (b) => `%${b.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}
