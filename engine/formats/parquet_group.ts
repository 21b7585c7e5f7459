import { MORSEL_ROWS } from '../batch/column.ts';
import type { TaskContext } from '../operators/def.ts';
import type { DecodedRows } from './parquet_decode.ts';
import { checkCodecs, decodeRows, groupAt } from './parquet_decode.ts';
import { DirectColumns } from './parquet_direct.ts';
import { damaged } from './parquet_footer.ts';
import type { RowRange } from './parquet_index.ts';
import type { ParquetFile } from './parquet_schema.ts';

type Context = Pick<TaskContext, 'scratch' | 'store' | 'grant'>;

/** Rows of a row group from its row `from` on. */
export interface GroupRows extends DecodedRows {
  readonly from: number;
}

/**
 * Decodes a row group's columns, at most the first `limit` rows, in batches of at most MORSEL_ROWS rows in scratch (reset before each). `ranges`: rows of which others may be left
 * out, as far as that is less work; null: none may be. RunError FLOW7003 names the file, the row group and the column that cannot be decoded.
 */
export function* decodeGroup(
  fd: number,
  file: ParquetFile,
  index: number,
  names: readonly string[],
  limit: number,
  ctx: Context,
  ranges: readonly RowRange[] | null = null,
): Generator<GroupRows> {
  const { footer } = file;
  const group = groupAt(footer, index);
  checkCodecs(footer, index, names);
  const end = Math.min(group.rows, limit);
  const direct = DirectColumns.open(fd, footer, group, names, file.fields, ctx);
  let at = 0;
  if (direct !== null) {
    try {
      const parts =
        ranges !== null && direct.names.length === names.length
          ? directRanges(direct, footer.path, names, ranges, end, ctx)
          : directRows(direct, fd, file, index, names, end, ctx);
      for (const part of parts) {
        at = part.from + part.rows;
        if (part.columns.length > 0) yield part;
      }
    } finally {
      direct.free();
    }
  }
  for (const part of at < end ? decodeRows(fd, footer, index, names, at, end, ctx.scratch) : []) {
    yield { ...part, from: at };
    at += part.rows;
  }
}

/** Batches of the ranges only; the last one, without columns, tells how far all was read. */
function* directRanges(
  direct: DirectColumns,
  path: string,
  names: readonly string[],
  ranges: readonly RowRange[],
  end: number,
  { scratch }: Context,
): Generator<GroupRows> {
  const places = names.map((n) => direct.names.indexOf(n));
  let at = 0;
  for (const range of ranges) {
    const to = Math.min(range.to, end);
    while (at < to) {
      scratch.reset();
      if (at < range.from && !direct.skip(range.from - at, scratch)) return;
      at = Math.max(at, range.from);
      scratch.reset();
      const rows = Math.min(MORSEL_ROWS, to - at);
      const columns = direct.take(rows, scratch);
      if (columns === null) return;
      yield { rows, from: at, columns: places.map((i) => found(columns[i], path)) };
      at += rows;
    }
  }
  yield { rows: end - at, from: at, columns: [] };
}

/** Batches as long as the kernels can read all that they were given; other columns come from the complete decoder. */
function* directRows(
  direct: DirectColumns,
  fd: number,
  { footer }: ParquetFile,
  index: number,
  names: readonly string[],
  end: number,
  { scratch }: Context,
): Generator<GroupRows> {
  const others = names.filter((n) => !direct.names.includes(n));
  const places = names.map((n) => [direct.names.indexOf(n), others.indexOf(n)] as const);
  if (others.length === 0) {
    for (let at = 0; at < end; at += MORSEL_ROWS) {
      scratch.reset();
      const rows = Math.min(MORSEL_ROWS, end - at);
      const columns = direct.take(rows, scratch);
      if (columns === null) return;
      yield { rows, from: at, columns: places.map(([i]) => found(columns[i], footer.path)) };
    }
    return;
  }
  let at = 0;
  for (const part of decodeRows(fd, footer, index, others, 0, end, scratch)) {
    const columns = direct.take(part.rows, scratch);
    if (columns === null) return;
    yield {
      rows: part.rows,
      from: at,
      columns: places.map(([i, k]) => found(i < 0 ? part.columns[k] : columns[i], footer.path)),
    };
    at += part.rows;
  }
}

function found<T>(column: T | undefined, path: string): T {
  if (column === undefined) throw damaged(path, 'a column is missing from its data');
  return column;
}
