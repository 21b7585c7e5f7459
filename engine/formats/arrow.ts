import { arrowReader } from './arrow_read.ts';
import { arrowWriter } from './arrow_write.ts';
import type { FormatDef } from './def.ts';
import { HIVE_OPTION, PARTITION_OPTION } from './hive.ts';

/** Arrow IPC, also known as Feather version 2. */
export const arrow: FormatDef = {
  name: 'arrow',
  extensions: ['arrow', 'arrows', 'feather', 'ipc'],
  doc: 'Arrow IPC files and streams (Feather 2), compressed with LZ4 or, from Node.js 22.15 on, Zstandard. Several files are joined by column name.',
  options: [
    HIVE_OPTION,
    PARTITION_OPTION,
    {
      name: 'stream',
      type: 'bool',
      default: false,
      doc: 'Write the stream format instead of the file format.',
      for: 'write',
    },
  ],
  reader: arrowReader,
  writer: arrowWriter,
};
