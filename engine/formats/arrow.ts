import { arrowReader } from './arrow_read.ts';
import { arrowWriter } from './arrow_write.ts';
import type { FormatDef } from './def.ts';

/** Arrow IPC, also known as Feather version 2. */
export const arrow: FormatDef = {
  name: 'arrow',
  extensions: ['arrow', 'arrows', 'feather', 'ipc'],
  doc: 'Arrow IPC files and streams (Feather 2), compressed with LZ4 or, from Node.js 22.15 on, Zstandard. Several files are joined by column name.',
  options: [
    {
      name: 'hive',
      type: 'bool',
      default: false,
      doc: 'Take columns from the folders of the path: `day=2024-01-01/part.arrow` has a column `day`.',
      for: 'read',
    },
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
