import { MORSEL_ROWS } from '../batch/column.ts';
import type { TaskContext } from '../operators/def.ts';
import type { DecodedRows } from './parquet_decode.ts';
import { checkCodecs, decodeRows, groupAt } from './parquet_decode.ts';
import { DirectColumns } from './parquet_direct.ts';
import { damaged } from './parquet_footer.ts';
import type { ParquetFile } from './parquet_schema.ts';

type Context = Pick<TaskContext, 'scratch' | 'store' | 'grant'>;

/**
 * Decodes a row group's columns, at most `limit` rows, in batches of at most MORSEL_ROWS rows in scratch (reset before each).
 * RunError FLOW7003 names the file, the row group and the column that cannot be decoded.
 */
export function* decodeGroup(
  fd: number,
  file: ParquetFile,
  index: number,
  names: readonly string[],
  limit: number,
  ctx: Context,
): Generator<DecodedRows> {
  const { footer } = file;
  const group = groupAt(footer, index);
  checkCodecs(footer, index, names);
  const end = Math.min(group.rows, limit);
  const direct = DirectColumns.open(fd, footer, group, names, file.fields, ctx);
  let at = 0;
  if (direct !== null) {
    try {
      for (const part of directRows(direct, fd, file, index, names, end, ctx)) {
        yield part;
        at += part.rows;
      }
    } finally {
      direct.free();
    }
  }
  if (at < end) yield* decodeRows(fd, footer, index, names, at, end, ctx.scratch);
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
): Generator<DecodedRows> {
  const others = names.filter((n) => !direct.names.includes(n));
  const places = names.map((n) => [direct.names.indexOf(n), others.indexOf(n)] as const);
  if (others.length === 0) {
    for (let at = 0; at < end; at += MORSEL_ROWS) {
      scratch.reset();
      const rows = Math.min(MORSEL_ROWS, end - at);
      const columns = direct.take(rows, scratch);
      if (columns === null) return;
      yield { rows, columns: places.map(([i]) => found(columns[i], footer.path)) };
    }
    return;
  }
  for (const part of decodeRows(fd, footer, index, others, 0, end, scratch)) {
    const columns = direct.take(part.rows, scratch);
    if (columns === null) return;
    yield {
      rows: part.rows,
      columns: places.map(([i, k]) => found(i < 0 ? part.columns[k] : columns[i], footer.path)),
    };
  }
}

function found<T>(column: T | undefined, path: string): T {
  if (column === undefined) throw damaged(path, 'a column is missing from its data');
  return column;
}
