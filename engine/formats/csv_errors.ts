import { RunError } from '../errors.ts';
import { formatType } from '../types.ts';
import type { Cells, ColumnPlan, MisfitReason, Misfits } from './csv_columns.ts';
import { indexRecords, type RecordFault, type RecordShape, recordIndex } from './csv_index.ts';
import type { CsvSplit } from './csv_splits.ts';
import { openSource } from './source.ts';
import { heapMemory, MAX_RECORD_BYTES, TextWindow } from './window.ts';

const SHOWN_VALUE = 60;

/** The number in its file (from 1, the header not counted) of the record that starts at byte `offset`, by counting. */
export async function rowNumberAt(split: CsvSplit, s: RecordShape, offset: number): Promise<number> {
  const begin = split.gzip ? 0 : split.dataStart;
  const window = new TextWindow(
    openSource(split.local, split.path, begin, split.gzip),
    begin,
    1 << 20,
    heapMemory,
    MAX_RECORD_BYTES,
  );
  const index = recordIndex(s.width);
  const lenient: RecordShape = { ...s, dialect: { ...s.dialect, onError: 'null' } };
  let rows = 0;
  let pos = split.dataStart - begin;
  try {
    await window.advance(0);
    while (pos > window.length) {
      pos -= window.length;
      await window.advance(window.length);
    }
    for (;;) {
      const stop = Math.min(window.length, offset - window.offset);
      indexRecords(lenient, window.bytes, pos, stop, window.length, window.final, Number.MAX_SAFE_INTEGER, index);
      rows += index.rows + index.rejected;
      pos = index.next;
      if (pos + window.offset >= offset || index.stopped === 'fault') return rows + 1;
      if (index.stopped === 'full') continue;
      if (pos > 0) {
        await window.advance(pos);
        pos = 0;
      } else if (window.final || !(await window.grow())) return rows + 1;
    }
  } finally {
    window.close();
  }
}

export function faultError(path: string, s: RecordShape, fault: RecordFault, row: number): RunError {
  const where = { file: path, row };
  if (fault.kind === 'open') {
    return new RunError(
      'FLOW7003',
      'a quoted field that starts in this row is never closed',
      where,
      'if the file has no quoting: quote: ""',
    );
  }
  if (fault.kind === 'junk') {
    return new RunError(
      'FLOW7003',
      'text follows a closing quote',
      where,
      'a quote inside quotes is written twice, or after a backslash with escape: "\\\\"',
    );
  }
  const expected = s.width === 1 ? '1 field' : `${s.width} fields`;
  return new RunError(
    'FLOW7003',
    `a row has ${fault.found} where ${expected} are expected`,
    where,
    'on_error: "reject" leaves such rows out; another delimiter, or quotes missing around one?',
  );
}

const REASONS: Record<MisfitReason, (value: string, p: ColumnPlan) => string> = {
  type: (v, p) => `${v} is not ${article(formatType(p.type))}`,
  null: (_, p) => `null in the column "${p.name}", which is declared without "?"`,
  scale: (v, p) => `${v} has more decimals than ${formatType(p.type)} holds`,
  precision: (v, p) => `${v} is too large for ${formatType(p.type)}`,
  encoding: (_, p) => `the text in column "${p.name}" is not UTF-8`,
};

function article(type: string): string {
  return `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`;
}

export function misfitError(path: string, inferred: boolean, c: Cells, found: Misfits, row: number): RunError {
  const p = found.column!;
  const at = found.row * c.index.stride + p.source;
  c.cell.find(c.index.ends[at]! + 1, c.index.ends[at + 1]!, true);
  const value = cut(c.cell.string());
  const message = REASONS[found.reason](JSON.stringify(value), p);
  return new RunError(
    'FLOW7004',
    message,
    { file: path, row, column: p.name, value },
    hintFor(found.reason, p, inferred),
  );
}

function hintFor(reason: MisfitReason, p: ColumnPlan, inferred: boolean): string {
  if (reason === 'encoding') return 'encoding: "latin1" reads other Western European text';
  if (reason === 'null') return `declare it as ${p.name}: ${formatType(p.type)}?`;
  const lenient = 'on_error: "null" makes such values null, "reject" leaves their rows out';
  if (!inferred) return lenient;
  return `the type ${formatType(p.type)} was inferred from samples; declare the column: as { ${quoted(p.name)}: string, … }; or ${lenient}`;
}

function quoted(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : `\`${name}\``;
}

export function cut(value: string): string {
  return value.length > SHOWN_VALUE ? `${value.slice(0, SHOWN_VALUE)}…` : value;
}
