import type { DataType } from '../types.ts';
import type { ParquetFooter, RowGroup } from './parquet_footer.ts';
import { readAt } from './parquet_footer.ts';
import { statisticsRange } from './parquet_stats.ts';
import {
  i64,
  intField,
  listField,
  parseThrift,
  structsField,
  type Thrift,
  ThriftError,
  type ThriftStruct,
  thrift,
} from './parquet_thrift.ts';
import type { ColumnRange } from './prune.ts';

/** Rows [from, to) of a row group. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/** The pages of a column: their first rows, and what is known of each. */
interface ColumnPages {
  readonly starts: readonly number[];
  readonly ranges: readonly ColumnRange[];
}

/** What is known of a column of the row group, as far as its pages go. */
type Ranges = (own: (name: string, type: DataType) => ColumnRange | null) => boolean;

/**
 * Rows of a row group that may pass a filter by what the page indexes tell: stretches between the begins of pages, neighbours put together. `mayPass` is asked with what is
 * known of the columns. Null: all of them, or there are no indexes.
 */
export function rowRanges(fd: number, footer: ParquetFooter, group: RowGroup, mayPass: Ranges): RowRange[] | null {
  const columns = new Map<string, ColumnPages | null>();
  // Which columns the filter looks at.
  mayPass((name, type) => {
    if (!columns.has(name)) columns.set(name, pagesOf(fd, footer, group, name, type));
    return null;
  });
  const known = [...columns.values()].filter((c) => c !== null);
  if (known.length === 0) return null;
  const cuts = [...new Set(known.flatMap((c) => c.starts))].sort((a, b) => a - b);
  const kept: RowRange[] = [];
  cuts.forEach((from, i) => {
    const to = cuts[i + 1] ?? group.rows;
    if (!mayPass((name) => rangeAt(columns.get(name) ?? null, from))) return;
    const last = kept[kept.length - 1];
    if (last?.to === from) kept[kept.length - 1] = { from: last.from, to };
    else kept.push({ from, to });
  });
  return kept[0]?.from === 0 && kept[0].to === group.rows ? null : kept;
}

/** Of the page that a row lies in. */
function rangeAt(pages: ColumnPages | null, row: number): ColumnRange | null {
  if (pages === null) return null;
  let at = pages.starts.length - 1;
  while (at > 0 && (pages.starts[at] as number) > row) at--;
  return pages.ranges[at] ?? null;
}

/** Null where there are no indexes, or they make no sense: nothing is left out then. */
function pagesOf(fd: number, footer: ParquetFooter, group: RowGroup, name: string, type: DataType): ColumnPages | null {
  const at = footer.leaves.findIndex((l) => l.path.length === 1 && l.path[0] === name);
  const leaf = footer.leaves[at];
  const chunk = structsField(group.tree, 1)[at];
  if (leaf === undefined || chunk === undefined) return null;
  try {
    const columns = indexOf(fd, footer, chunk, 6);
    const offsets = indexOf(fd, footer, chunk, 4);
    if (columns === null || offsets === null) return null;
    const starts = structsField(offsets, 1).map((p) => intField(p, 3) ?? -1);
    if (starts[0] !== 0 || starts.some((s, i) => i > 0 && s <= (starts[i - 1] as number))) return null;
    const empty = listField(columns, 1);
    const nulls = listField(columns, 5);
    const bounds = [listField(columns, 2), listField(columns, 3)];
    if ([empty, ...bounds].some((l) => l.length !== starts.length)) return null;
    const ranges = starts.map((start, i) => {
      const rows = (starts[i + 1] ?? group.rows) - start;
      const statistics = pageStatistics(rows, empty[i], nulls[i], [bounds[0]?.[i], bounds[1]?.[i]]);
      return statisticsRange(leaf, type, statistics, rows);
    });
    return { starts, ranges };
  } catch (e) {
    if (e instanceof ThriftError) return null;
    throw e;
  }
}

/** What an index tells of a page, as the statistics of a column chunk would. */
function pageStatistics(
  rows: number,
  empty: Thrift | undefined,
  nulls: Thrift | undefined,
  [min, max]: readonly (Thrift | undefined)[],
): ThriftStruct {
  if (empty?.kind === 'bool' && empty.value) return thrift({ 3: i64(rows) });
  return thrift({ 3: nulls ?? null, 5: max ?? null, 6: min ?? null });
}

function indexOf(fd: number, footer: ParquetFooter, chunk: ThriftStruct, field: 4 | 6): ThriftStruct | null {
  const at = intField(chunk, field);
  const length = intField(chunk, field + 1);
  if (at === undefined || length === undefined || at < 4 || length <= 0 || at + length > footer.size) return null;
  const bytes = new Uint8Array(length);
  readAt(fd, footer.path, bytes, at);
  return parseThrift(bytes);
}
