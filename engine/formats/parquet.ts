import type { FormatDef } from './def.ts';
import { HIVE_OPTION, PARTITION_OPTION } from './hive.ts';
import { COMPRESSIONS } from './parquet_codec.ts';
import { parquetReader } from './parquet_read.ts';
import { parquetWriter, ROW_GROUP_ROWS } from './parquet_write.ts';

/** Apache Parquet: columns, compressed, in row groups with statistics. */
export const parquet: FormatDef = {
  name: 'parquet',
  extensions: ['parquet', 'pq'],
  doc: 'Apache Parquet. Reads only the columns and row groups a pipeline needs; several files are joined by column name.',
  options: [
    HIVE_OPTION,
    PARTITION_OPTION,
    {
      name: 'compression',
      type: 'string',
      default: 'snappy',
      values: COMPRESSIONS,
      doc: 'Codec of the pages.',
      for: 'write',
    },
    {
      name: 'row_group_rows',
      type: 'int',
      default: ROW_GROUP_ROWS,
      doc: 'Rows of a row group at most; wide rows make smaller ones.',
      for: 'write',
    },
  ],
  reader: parquetReader,
  writer: parquetWriter,
};
