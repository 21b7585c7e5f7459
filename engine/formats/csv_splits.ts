import { asBuffer } from '../batch/buffers.ts';
import { RunError } from '../errors.ts';
import { kernelsFor } from '../kernels/load.ts';
import type { TaskContext } from '../operators/def.ts';
import type { ScanInput } from '../plan.ts';
import type { Dialect } from './csv_dialect.ts';
import { type CsvLayout, csvLayout, shapeOf } from './csv_file.ts';
import type { RecordShape } from './csv_index.ts';
import { LEAD, type QuoteState, quotesAfter } from './csv_quotes.ts';
import type { Split } from './def.ts';
import { didYouMean } from './nearest.ts';
import { readFully, withFile } from './source.ts';
import { type SplitTuning, splitSize } from './split_size.ts';
import { WINDOW_SLACK } from './window.ts';

/** A range of one file: the records that start in [start, end). */
export interface CsvSplit extends Split {
  readonly local: string;
  readonly gzip: boolean;
  readonly start: number;
  /** Infinity for the last of a file. */
  readonly end: number;
  /** Where the records of the file start. */
  readonly dataStart: number;
  /** Quote state at `start`; 0 until resolved. */
  readonly state: QuoteState;
  /** Fields of a record. */
  readonly width: number;
  readonly trailing: boolean;
  readonly newline: number;
  /** For each column to produce, its field. */
  readonly columns: readonly number[];
}

export async function csvSplits(scan: ScanInput, dialect: Dialect, tuning: SplitTuning): Promise<CsvSplit[]> {
  const { paths, schema, declared } = scan.source;
  const splits: CsvSplit[] = [];
  const names = declared ? schema.map((f) => f.name) : null;
  for (const [file, path] of paths.entries()) {
    const layout = await csvLayout(path, dialect, names);
    const columns = fieldsOf(layout, scan);
    const base = {
      path,
      file,
      columns,
      local: layout.local,
      gzip: layout.gzip,
      dataStart: layout.start,
      width: layout.names.length,
      trailing: layout.trailing,
      newline: layout.newline,
    };
    // Comments may hold anything, quotes too: what a position means is only known by reading from the start.
    const whole = layout.gzip || dialect.comment >= 0 || dialect.escape !== dialect.quote;
    const content = layout.size - layout.start;
    const splitBytes = splitSize(tuning, content);
    const parts = whole ? 1 : Math.max(1, Math.ceil(content / splitBytes));
    for (let i = 0; i < parts; i++) {
      const start = layout.start + i * splitBytes;
      const last = i === parts - 1;
      const end = last ? Number.POSITIVE_INFINITY : start + splitBytes;
      splits.push({
        ...base,
        start,
        end,
        state: 0,
        bytes: layout.gzip ? layout.size : last ? Math.max(0, layout.size - start) : splitBytes,
      });
    }
  }
  return splits;
}

/** Position of each wanted column among the file's fields. RunError FLOW7003 where the file has no such column. */
function fieldsOf(layout: CsvLayout, scan: ScanInput): number[] {
  const { schema, declared, paths } = scan.source;
  if (!declared)
    sameColumns(
      layout,
      schema.map((f) => f.name),
      paths[0]!,
    );
  return scan.schema.map((f) => {
    const at = layout.names.indexOf(f.name);
    if (at < 0) {
      const hint = didYouMean(f.name, layout.names) ?? `its columns: ${shortList(layout.names)}`;
      throw new RunError(
        'FLOW7003',
        `"${layout.path}" has no column "${f.name}"`,
        { file: layout.path, column: f.name },
        hint,
      );
    }
    return at;
  });
}

/** Files of one source hold the same columns, in any order. */
export function sameColumns(layout: Pick<CsvLayout, 'path' | 'names'>, names: readonly string[], other: string): void {
  const missing = names.filter((n) => !layout.names.includes(n));
  const extra = layout.names.filter((n) => !names.includes(n));
  if (missing.length + extra.length === 0) return;
  const parts = [
    ...(missing.length > 0 ? [`lacks ${shortList(missing)}`] : []),
    ...(extra.length > 0 ? [`has ${shortList(extra)} besides`] : []),
  ];
  throw new RunError(
    'FLOW7003',
    `the columns of "${layout.path}" differ from those of "${other}": it ${parts.join(' and ')}`,
    { file: layout.path },
    'declare the columns that all files have: as { … }',
  );
}

function shortList(names: readonly string[]): string {
  const shown = names.slice(0, 8).map((n) => `"${n}"`);
  return shown.join(', ') + (names.length > 8 ? ` and ${names.length - 8} more` : '');
}

/** What a split's quotes make of each state it may start in. */
export type QuoteAnswer = readonly [QuoteState, QuoteState, QuoteState];

const UNCHANGED: QuoteAnswer = [0, 1, 0];

/** Only the splits before the last of a file have somebody to tell. */
export function probeQuotes(split: CsvSplit, dialect: Dialect, ctx: TaskContext, bufferBytes: number): QuoteAnswer {
  if (split.end === Number.POSITIVE_INFINITY || dialect.quote < 0) return UNCHANGED;
  const shape = shapeOf(
    { names: Array.from({ length: split.width }, () => ''), trailing: split.trailing, newline: split.newline },
    dialect,
  );
  const block = ctx.store.allocate(LEAD + bufferBytes + WINDOW_SLACK, 'csv probe');
  try {
    return withFile(split.local, split.path, (fd) => {
      let states: QuoteAnswer = [0, 1, 2];
      let lead = Math.min(LEAD, split.start - split.dataStart);
      readFully(fd, block.view.subarray(0, lead), split.start - lead);
      for (let pos = split.start; pos < split.end; ) {
        const want = Math.min(bufferBytes, split.end - pos);
        const got = readFully(fd, block.view.subarray(lead, lead + want), pos);
        if (got === 0) break;
        const bytes = asBuffer(block.view).subarray(0, lead + got);
        states = quotesThrough(shape, bytes, lead, states);
        const keep = Math.min(LEAD, bytes.length);
        bytes.copyWithin(0, bytes.length - keep);
        lead = keep;
        pos += got;
        ctx.check();
      }
      return states;
    });
  } finally {
    ctx.store.free(block);
  }
}

function quotesThrough(shape: RecordShape, bytes: Buffer, lead: number, states: QuoteAnswer): QuoteAnswer {
  const kernels = shape.dialect.trim ? null : kernelsFor(bytes);
  if (kernels !== null) {
    const { quote, delimiter } = shape.dialect;
    const [a, b, c] = states;
    const at = [bytes.byteOffset, lead, bytes.length] as const;
    const packed = kernels.csv_quotes(...at, quote, delimiter, shape.newline, a | (b << 8) | (c << 16));
    return [stateOf(packed), stateOf(packed >> 8), stateOf(packed >> 16)];
  }
  const after = ([0, 1, 2] as const).map((i) => quotesAfter(shape, bytes, lead, bytes.length, states[i]));
  return [after[0]!, after[1]!, after[2]!];
}

function stateOf(packed: number): QuoteState {
  const state = packed & 3;
  return state === 2 ? 2 : state === 1 ? 1 : 0;
}

/** Chains the answers: every split gets the quote state at its start. */
export function resolveQuotes(splits: readonly CsvSplit[], answers: readonly unknown[]): CsvSplit[] {
  let state: QuoteState = 0;
  return splits.map((split, i) => {
    if (split.start === split.dataStart) state = 0;
    const resolved = { ...split, state };
    const answer = answers[i] as QuoteAnswer | undefined;
    if (answer !== undefined) state = answer[state];
    return resolved;
  });
}
