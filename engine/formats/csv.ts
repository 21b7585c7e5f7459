import { statSync } from 'node:fs';
import { RunError } from '../errors.ts';
import type { ScanInput, SourceSpec } from '../plan.ts';
import { formatType } from '../types.ts';
import { CSV_OPTIONS, type Dialect, dialectOf } from './csv_dialect.ts';
import { csvLayout, shapeOf } from './csv_file.ts';
import { indexRecords, recordIndex } from './csv_index.ts';
import { inferCsv } from './csv_infer.ts';
import { CSV_TUNING, type CsvTuning, canReadFromCsv, readCsv } from './csv_read.ts';
import { type CsvSplit, csvSplits, probeQuotes, resolveQuotes } from './csv_splits.ts';
import { csvWriter } from './csv_write.ts';
import type { FormatDef, FormatReader, SourceEstimate, Split } from './def.ts';
import { HIVE_OPTION, PARTITION_OPTION, withHive } from './hive.ts';
import { readFully, withFile } from './source.ts';
import { localPath } from './stdin.ts';

/** A reader of delimited text. `tuning` is for tests: it changes where splits and batches end, never what they hold. */
export function csvReader(delimiter = ',', tuning: CsvTuning = CSV_TUNING): FormatReader {
  const dialects = new WeakMap<object, Dialect>();
  const dialect = (source: Pick<SourceSpec, 'options'>): Dialect => {
    let d = dialects.get(source.options);
    if (d === undefined) {
      d = dialectOf(source.options, delimiter);
      dialects.set(source.options, d);
    }
    return d;
  };
  return {
    infer: (spec) => inferCsv(spec.paths, dialect(spec)),
    estimate: (spec) => estimateCsv(spec, dialect(spec)),
    splits(scan) {
      checkTypes(scan);
      return csvSplits(scan, dialect(scan.source), tuning);
    },
    probe: (split, scan, ctx) =>
      Promise.resolve(probeQuotes(split as CsvSplit, dialect(scan.source), ctx, tuning.windowBytes)),
    resolve: (splits, answers) => resolveQuotes(splits as readonly Split[] as readonly CsvSplit[], answers),
    read: (split, scan, ctx, progress) => readCsv(split as CsvSplit, scan, dialect(scan.source), ctx, progress, tuning),
  };
}

function checkTypes(scan: ScanInput): void {
  const odd = scan.schema.find((f) => !canReadFromCsv(f.type));
  if (odd === undefined) return;
  throw new RunError(
    'FLOW7004',
    `the column "${odd.name}" is declared as ${formatType(odd.type)}, which delimited text does not hold`,
    { file: scan.source.display, column: odd.name },
    'declare it as string and convert it in a derive step',
  );
}

/** Rows by the length of the first records; unknown for compressed input. */
async function estimateCsv(spec: SourceSpec, dialect: Dialect): Promise<SourceEstimate> {
  const bytes = spec.paths.reduce((n, p) => n + (statSync(localPath(p), { throwIfNoEntry: false })?.size ?? 0), 0);
  const path = spec.paths[0];
  if (path === undefined) return { rows: 0, bytes };
  const layout = await csvLayout(path, dialect, spec.declared ? spec.schema.map((f) => f.name) : null);
  if (layout.gzip) return { rows: null, bytes };
  const sample = new Uint8Array((1 << 16) + 2);
  const length = withFile(layout.local, path, (fd) => readFully(fd, sample.subarray(0, 1 << 16), layout.start));
  const index = recordIndex(layout.names.length);
  const lenient = shapeOf(layout, { ...dialect, onError: 'null' });
  indexRecords(lenient, sample, 0, length, length, length < 1 << 16, Number.MAX_SAFE_INTEGER, index);
  return { rows: index.next === 0 ? 0 : Math.round((bytes * index.rows) / index.next), bytes };
}

const reads =
  'Delimited text, one record a line, quoted fields may hold line ends. Read in parallel by byte ranges; gzip is recognised.';

export const csv: FormatDef = {
  name: 'csv',
  extensions: ['csv'],
  doc: reads,
  options: [...CSV_OPTIONS, HIVE_OPTION, PARTITION_OPTION],
  reader: withHive(csvReader(',')),
  writer: csvWriter(','),
};

export const tsv: FormatDef = {
  name: 'tsv',
  extensions: ['tsv', 'tab'],
  doc: `${reads} The delimiter is a tab.`,
  options: csv.options.map((o) => (o.name === 'delimiter' ? { ...o, default: '\t' } : o)),
  reader: withHive(csvReader('\t')),
  writer: csvWriter('\t'),
};
