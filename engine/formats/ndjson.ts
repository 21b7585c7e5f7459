import { statSync } from 'node:fs';
import { RunError } from '../errors.ts';
import type { ScanInput, SourceSpec } from '../plan.ts';
import { formatType } from '../types.ts';
import type { OnError } from './csv_dialect.ts';
import type { FormatDef, FormatOption, FormatReader, SourceEstimate } from './def.ts';
import { HIVE_OPTION, PARTITION_OPTION, withHive } from './hive.ts';
import { jsonLayout } from './json_file.ts';
import { inferJson } from './json_infer.ts';
import { canReadFromJson } from './json_nested.ts';
import { JSON_TUNING, type JsonSplit, type JsonTuning, readJson } from './json_read.ts';
import { jsonListWriter, ndjsonWriter } from './json_write.ts';
import { readFully, withFile } from './source.ts';
import { type SplitTuning, splitSize } from './split_size.ts';
import { localPath } from './stdin.ts';

/** A reader of JSON values: one a line, the elements of one list, or one after another; found out from the file. `tuning` is for tests. */
export function jsonReader(tuning: JsonTuning = JSON_TUNING): FormatReader {
  return {
    infer: (spec) => inferJson(spec.paths, spec.display, innerPath(spec)),
    estimate: estimateJson,
    splits(scan) {
      checkTypes(scan);
      return jsonSplits(scan, tuning);
    },
    read: (split, scan, ctx, progress) =>
      readJson(split as JsonSplit, scan, onErrorOf(scan.source), ctx, progress, tuning),
  };
}

function innerPath(spec: Pick<SourceSpec, 'options'>): string | null {
  const path = spec.options.path;
  return typeof path === 'string' && path !== '' ? path : null;
}

function onErrorOf(spec: Pick<SourceSpec, 'options'>): OnError {
  const mode = spec.options.on_error;
  return mode === 'reject' || mode === 'null' ? mode : 'error';
}

function checkTypes(scan: ScanInput): void {
  const odd = scan.schema.find((f) => !canReadFromJson(f.type));
  if (odd === undefined) return;
  throw new RunError(
    'FLOW7004',
    `the column "${odd.name}" is declared as ${formatType(odd.type)}, which JSON does not hold`,
    { file: scan.source.display, column: odd.name },
    'declare it as json or string and convert it in a derive step',
  );
}

async function jsonSplits(scan: ScanInput, tuning: SplitTuning): Promise<JsonSplit[]> {
  const splits: JsonSplit[] = [];
  for (const [file, path] of scan.source.paths.entries()) {
    const { local, size, gzip, kind, inside, start: dataStart } = await jsonLayout(path, innerPath(scan.source));
    const base = { path, file, local, gzip, kind, inside, dataStart };
    const splitBytes = splitSize(tuning, size - dataStart);
    const parts = gzip || kind !== 'lines' ? 1 : Math.max(1, Math.ceil((size - dataStart) / splitBytes));
    for (let i = 0; i < parts; i++) {
      const start = dataStart + i * splitBytes;
      const last = i === parts - 1;
      splits.push({
        ...base,
        start,
        end: last ? Number.POSITIVE_INFINITY : start + splitBytes,
        bytes: gzip ? size : last ? Math.max(0, size - start) : splitBytes,
      });
    }
  }
  return splits;
}

/** Rows by the number of lines at the start; unknown for lists and compressed input. */
async function estimateJson(spec: SourceSpec): Promise<SourceEstimate> {
  const bytes = spec.paths.reduce((n, p) => n + (statSync(localPath(p), { throwIfNoEntry: false })?.size ?? 0), 0);
  const path = spec.paths[0];
  if (path === undefined) return { rows: 0, bytes };
  const layout = await jsonLayout(path, innerPath(spec));
  if (layout.gzip || layout.kind !== 'lines') return { rows: null, bytes };
  const sample = new Uint8Array(1 << 16);
  const length = withFile(layout.local, path, (fd) => readFully(fd, sample, layout.start));
  let lines = 0;
  for (let i = 0; i < length; i++) if (sample[i] === 10) lines++;
  return { rows: length === 0 ? 0 : Math.max(1, Math.round((bytes * lines) / length)), bytes };
}

const OPTIONS: readonly FormatOption[] = [
  {
    name: 'path',
    type: 'string',
    default: null,
    for: 'read',
    doc: 'Names, joined by dots, that lead from the one object of a file to the list to read: "features".',
  },
  {
    name: 'on_error',
    type: 'string',
    default: 'error',
    values: ['error', 'reject', 'null'],
    for: 'read',
    doc: 'A value that does not fit: stop with an error, leave the row out, or make it null. A line that is no JSON is left out with either.',
  },
  {
    name: 'compression',
    type: 'string',
    default: null,
    values: ['none', 'gzip'],
    for: 'write',
    doc: 'gzip where the path ends in .gz.',
  },
  HIVE_OPTION,
  PARTITION_OPTION,
];

const reads =
  'JSON objects, one a line or as one list; members become columns, nested objects and lists stay nested. Integers keep 64 bits. Of columns that mix kinds, scalars become strings and others json.';

export const ndjson: FormatDef = {
  name: 'ndjson',
  extensions: ['ndjson', 'jsonl'],
  doc: `${reads} Written as one object a line.`,
  options: OPTIONS,
  reader: withHive(jsonReader()),
  writer: ndjsonWriter(),
};

export const json: FormatDef = {
  name: 'json',
  extensions: ['json', 'geojson'],
  doc: `${reads} Written as one list.`,
  options: OPTIONS.filter((o) => o.name !== 'compression'),
  reader: withHive(jsonReader()),
  writer: jsonListWriter(),
};
