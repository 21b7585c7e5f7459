// The order of rows as a number, so that sorted files can be compared.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const PRIME = 2147483629;

/** Number of the values, and a sum of each value times its place, modulo a prime: two orders of the same values differ in it. */
export function positions(values) {
  let sum = 0;
  let n = 0;
  for (const v of values) {
    n++;
    sum = (sum + (n % 65521) * (Number(v) % 65537)) % PRIME;
  }
  return [n, sum];
}

/** The same of a column of a Parquet file. */
export async function positionsOf(path, column) {
  const { parquetMetadataAsync, parquetRead } = await import('hyparquet');
  const file = openSync(path, 'r');
  try {
    const buffer = {
      byteLength: fstatSync(file).size,
      slice(start, end = this.byteLength) {
        const bytes = new Uint8Array(end - start);
        readSync(file, bytes, 0, bytes.length, start);
        return bytes.buffer;
      },
    };
    const metadata = await parquetMetadataAsync(buffer);
    const pieces = [];
    await parquetRead({
      file: buffer,
      metadata,
      columns: [column],
      onChunk: ({ columnData, rowStart }) => pieces.push([rowStart, columnData]),
    });
    pieces.sort((a, b) => a[0] - b[0]);
    return positions(
      (function* () {
        for (const [, values] of pieces) yield* values;
      })(),
    );
  } finally {
    closeSync(file);
  }
}
